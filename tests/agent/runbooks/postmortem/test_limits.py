"""Every rule with tighter limits: what it would have caught, and that the printed command tries the same."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from agent.alerts import BurnMemory, evaluate, rules
from agent.alerts.context import Rule
from agent.domain.alert import AlertRule
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import SourceStatus
from agent.ledger.writer import LedgerWriter
from agent.runbooks.postmortem.limits import tighter
from agent.runbooks.postmortem.model import Earlier
from agent.runbooks.postmortem.write import of_incident
from agent.settings import Settings
from agent.settings_alerts import Tier
from agent.settings_change import assigned, changed
from tests.agent.reports.world import NOBODY, SEARCH, use

DAY, HOUR = 86_400, 3_600
START = 1_793_577_600  # Monday 2026-11-02 00:00 UTC
RISES = START + 9 * DAY + 9 * HOUR
END = RISES + 12 * HOUR


@pytest.mark.parametrize("rule", list(AlertRule))
def test_the_command_that_is_printed_tries_the_very_limits(rule: AlertRule) -> None:
    before = Settings()

    made = tighter(before, rule)

    assert made is not None
    words = shlex.split(made.command)
    assert words[:4] == ["burndeck", "alerts", "test", rule.value]
    assert set(words[4::2]) == {"--set"}
    assert changed(before, assigned(words[5::2], before)).alerts == made.settings.alerts != before.alerts


@pytest.mark.parametrize(
    ("at", "lowered"),
    [("0.05", "0.025"), ("0.10", "0.05"), ("0.15", "0.075"), ("0.20", "0.10"), ("0.70", "0.60")],
)
def test_a_tier_at_a_low_share_is_lowered_by_no_more_than_half_of_it(at: str, lowered: str) -> None:
    tiers = (Tier(name="warning", at=Decimal(at)), Tier(name="info", at=Decimal(at), of="day_forecast"))
    before = Settings(alerts=msgspec.structs.replace(Settings().alerts, tiers=tiers))

    budget, day = tighter(before, AlertRule.BUDGET), tighter(before, AlertRule.DAY_FORECAST)

    assert budget is not None and day is not None
    assert f"--set alerts.tiers.warning.at={lowered}" in budget.command
    assert f"--set alerts.tiers.info.at={lowered}" in day.command
    halved = Decimal(at) < Decimal("0.20")
    assert budget.words.endswith("half of what it was") is day.words.endswith("half of what it was") is halved
    words = shlex.split(budget.command)
    assert changed(before, assigned(words[5::2], before)).alerts == budget.settings.alerts


def test_limits_that_cannot_be_any_tighter_are_left_alone() -> None:
    alerts = Settings().alerts
    tiers = tuple(msgspec.structs.replace(each, over_last_month=None) for each in alerts.tiers)

    assert (
        tighter(Settings(alerts=msgspec.structs.replace(alerts, tiers=tiers)), AlertRule.LAST_MONTH) is None
    )


def untagged(writer: LedgerWriter, start: int, end: int) -> None:
    """What nobody owns: a hundredth more of the burn every hour."""
    hours = range(start, end, HOUR)
    rows = [use(hour, HOUR, SEARCH, 10_000.0) for hour in hours]
    rows += [use(hour, HOUR, NOBODY, 150.0 * ((hour - RISES) // HOUR + 1)) for hour in hours if hour >= RISES]
    writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=end)


def unread(writer: LedgerWriter, start: int, end: int) -> None:
    """A source that is stuck."""
    if end <= RISES:
        rows = [use(hour, HOUR, SEARCH, 1_000.0) for hour in range(start, end, HOUR)]
        writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=end)
        writer.save_source_status(SourceStatus("openai", "openai", "openai", "ok", "", "", end, end, end))


def earlier(path: Path, write: Callable[[LedgerWriter, int, int], None], rule: Rule) -> Earlier:
    """What the postmortem of the first alert of a rule says, with every hour judged as it comes."""
    memory, incident = BurnMemory(), None
    with open_writer(path) as writer:
        write(writer, START, RISES)
        for hour in range(RISES, END, HOUR):
            write(writer, hour, hour + HOUR)
            fired = evaluate(writer, Settings(), hour + HOUR, memory, rules=[rule]).fired
            incident = incident or next((each.incident for each in fired), None)
    assert incident is not None
    with open_reader(path) as reader:
        return of_incident(reader, Settings(ledger_path=path), incident, END).earlier


def test_a_share_that_grows_is_told_of_earlier_from_half_of_it_on(tmp_path: Path) -> None:
    said = earlier(tmp_path / "l.sqlite", untagged, rules.untagged.judge)

    (catch,) = (each for each in said.catches if each.policy.startswith("untagged"))
    assert catch.earlier_s is not None and HOUR <= catch.earlier_s <= 6 * HOUR
    assert catch.setting == "burndeck alerts test untagged --set alerts.rules.untagged.above=0.05"
    assert "rules were judged at whole hours, as the agent judges them" in said.notes


def test_a_rule_that_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    said = earlier(tmp_path / "l.sqlite", unread, rules.silent_data.judge)

    (note,) = (each for each in said.notes if each.startswith("not tried: "))
    assert "silent_data cannot be replayed" in note and "openai" in note
    assert not [each for each in said.catches if "silent_data" in each.policy]
