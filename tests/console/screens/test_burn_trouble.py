"""The Burn screen where something is missing: data, prices, the agent, the ledger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.errors import ConfigError, LedgerError
from agent.reports.status import AgentState, Reading
from tests.console import samples
from tests.console.harness import FixedLive, console, piloted

SIZES = [(80, 24), (120, 40), (200, 60)]


@piloted
async def test_an_empty_ledger_says_what_to_do():
    async with console(live=FixedLive(samples.empty_report())) as burn:
        assert "burndeck agent start" in burn.text and "burndeck demo" in burn.text
        assert "BURN NOW" not in burn.text

        burn.live.change(samples.burn_report())
        await burn.settle()
        assert "BURN NOW" in burn.text


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("burndeck.toml, line 7: sources: unknown key 'evry'", hint="Did you mean 'every'?"),
        LedgerError("there is no ledger at /x/ledger.sqlite", hint="Run burndeck agent start."),
    ],
)
@piloted
async def test_trouble_is_shown_with_its_way_out(error):
    async with console(live=FixedLive(trouble=error)) as burn:
        assert error.message in burn.text and error.hint in burn.text


@piloted
async def test_trouble_after_a_report_leaves_the_report_and_says_so():
    async with console((120, 40)) as burn:
        burn.live.trouble = LedgerError("the ledger is locked", hint="Try again")
        burn.live.ask(burn.live.watched)
        await burn.settle()

        assert "BURN NOW" in burn.text and "the ledger is locked" in burn.lines[-1]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("stopped", "▲ no agent: run `burndeck agent start`"),
        ("dead", "▲ the agent has died: run `burndeck agent start`"),
        ("over", "▲ the demo's other half has died: q, then `burndeck demo` again"),
    ],
)
@piloted
async def test_a_dead_agent_is_named_with_the_command_that_starts_it(state, said):
    status = replace(samples.STATUS, agent=AgentState(state, None, "", "", None))
    async with console(live=FixedLive(replace(samples.burn_report(), status=status))) as burn:
        assert said in burn.text


@piloted
async def test_a_report_without_allocation_history_or_price_is_no_crash():
    nothing = samples.figure(None)
    report = samples.burn_report()
    bare = replace(
        report,
        budgets=(),
        runway=None,
        alerts=(),
        change=None,
        verdict="unknown",
        attributed=None,
        usual=replace(report.usual, expected=nothing, low=nothing, high=nothing, basis="none", samples=0),
        forecast=replace(report.forecast, projected=nothing, smoothed=nothing),
        teams=tuple(
            replace(row, change=None, usual=nothing, share=None, sparkline=()) for row in report.teams
        ),
        hour=replace(report.hour, points=()),
    )
    for size in SIZES:
        async with console(size, FixedLive(bare)) as burn:
            assert "no allocation" in burn.text and "usual not known" in burn.text


@piloted
async def test_data_that_ended_long_ago_says_when():
    old = replace(samples.burn_report(), at=samples.AT - 86_400)
    async with console(live=FixedLive(old)) as burn:
        assert "DATA ENDS 20 Sep 11:30" in burn.lines[0]


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_burn_that_nobody_priced_is_no_zero(size):
    report = samples.burn_report()
    unknown = replace(report, burn=replace(report.burn, value=Decimal(0)))
    async with console(size, FixedLive(unknown)) as burn:
        assert "unpriced" in burn.lines[3] + burn.lines[2] + burn.lines[4]
        assert "requests/min" in burn.text


@piloted
async def test_while_the_history_is_read_nothing_is_foretold():
    report = samples.burn_report()
    reading = replace(report, status=replace(report.status, reading=Reading(12, 30)))
    async with console((200, 60), FixedLive(reading)) as burn:
        assert "reading the history: 12 of 30 days" in burn.text
        assert "not yet" in burn.text
        assert "40.9M" not in burn.text
