"""The guide's seven items of the first 90 days, each detected from what really is so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import Limit, LimitUnit
from agent.ledger import open_writer
from agent.ledger.rows import CostRow
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings, parse_settings
from agent.settings_gateways import Acting
from tests.agent.reports.world import CHAT, NOW, SEARCH, SETTINGS, use
from tests.agent.runbooks.asked.look import AT, NANO, ask, judge

DAY = 86_400
TODAY = NOW // DAY * DAY
TEAMS = """
[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = 1000
chargeback = "showback"

[[allocations]]
id = "org-1-team-support"
scope = "team:support"
monthly_credits = 1000
chargeback = "chargeback"
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    """Two days of search, of which the first is billed."""
    first = TODAY - 2 * DAY
    with open_writer(tmp_path / "l.sqlite") as opened:
        hours = [use(hour, 3_600, SEARCH, 10) for hour in range(first, TODAY + 12 * 3_600, 3_600)]
        opened.write_usage_window("openai", first, NOW - 1_800, {"completions": hours}, read_at=NOW)
        minutes = [use(minute, 60, SEARCH, 1) for minute in range(NOW - 1_800, NOW, 60)]
        opened.write_usage_window("openai", NOW - 1_800, NOW, {"completions": minutes}, read_at=NOW)
        bill = [CostRow(first, SEARCH, CHAT, "gpt", NANO, "USD", 240 * NANO)]
        opened.write_costs("openai", first, first + DAY, bill, final_before=first + DAY, read_at=NOW)
        yield opened


def done(writer: LedgerWriter, name: str, settings: Settings, *, now: float = AT) -> bool:
    return judge(writer.path, f"ninety-{name}", settings, now=now).met


def acted(writer: LedgerWriter, spec: ActionSpec, at: int) -> None:
    writer.actions.add(
        Action(spec, ActionState.EXPIRED, "ada", at, "tried", accepted_at=at, ended_at=at + 60)
    )


def test_a_pool_needs_an_allocation_for_every_billing_group(writer: LedgerWriter) -> None:
    pool, group = SETTINGS.allocations[:2]

    assert done(writer, "pool", SETTINGS)
    assert not done(writer, "pool", Settings(allocations=(pool,)))
    assert not done(writer, "pool", Settings(allocations=(group,)))


def test_labels_need_a_rule_for_keys_without_them(writer: LedgerWriter) -> None:
    assert done(writer, "labels", Settings(acting=Acting(untagged_keys="propose")))
    assert not done(writer, "labels", Settings(acting=Acting(untagged_keys="report")))
    assert not done(writer, "labels", Settings(acting=Acting(required_labels=())))
    department = Acting(untagged_keys="block", required_labels=("department", "owner"))
    assert done(writer, "labels", Settings(acting=department))


def test_usage_streams_and_costs_arrive_daily(writer: LedgerWriter) -> None:
    assert done(writer, "streaming", Settings())
    assert not done(writer, "streaming", Settings(), now=NOW + 2 * 3_600)  # nothing streams any more
    four_days = TODAY + 3 * DAY
    rows = {"completions": [use(four_days, 60, SEARCH, 1)]}
    writer.write_usage_window("openai", four_days, four_days + 60, rows, read_at=four_days)
    late = judge(writer.path, "ninety-streaming", now=four_days + 120)
    assert (late.met, "costs are known up to 2026-11-17" in late.evidence.sentence) == (False, True)


def test_the_dashboard_is_fresh_and_attributed(writer: LedgerWriter, spike: Path) -> None:
    assert done(writer, "dashboard", Settings())
    assert not done(writer, "dashboard", Settings(), now=NOW + 2 * 3_600)
    assert not judge(spike, "ninety-dashboard").met  # 94 % have a team


def telling(tmp_path: Path) -> Settings:
    text = (
        '[[alerts.channels]]\nkind = "webhook"\nname = "ops"\nurl = "https://example.com/x"\n'
        '[[alerts.routes]]\nsend = ["ops"]\n'
    )
    return parse_settings(text, tmp_path / "burndeck.toml")


def throttle(*, drill: bool = False) -> ActionSpec:
    limit = Limit(1, LimitUnit.RPS)
    return ActionSpec(ActionKind.THROTTLE, Scope.parse("team:search"), limit=limit, expires_s=60, drill=drill)


@pytest.mark.parametrize("drill", [False, True])
def test_alerts_need_channels_and_a_throttle_that_was_tried(
    writer: LedgerWriter, tmp_path: Path, drill: bool
) -> None:
    settings = telling(tmp_path)
    acted(writer, throttle(), NOW - 91 * DAY)
    assert not done(writer, "alerts", settings)

    acted(writer, throttle(drill=drill), NOW - 80 * DAY)

    found = judge(writer.path, "ninety-alerts", settings)
    assert found.met
    assert ("as a drill" if drill else "for real") in found.evidence.sentence
    assert not done(writer, "alerts", Settings())  # nobody is told


def test_a_forecast_is_reconciled_by_a_change_of_this_month_or_last(writer: LedgerWriter) -> None:
    change = ActionSpec(
        ActionKind.ALLOCATE, Scope.parse("team:search"), change={"id": "org-1-team-search", "monthly_nano": 1}
    )
    acted(writer, change, NOW - 60 * DAY)
    assert not done(writer, "forecast", SETTINGS)

    acted(writer, change, NOW - 40 * DAY)

    assert done(writer, "forecast", SETTINGS)
    assert not done(writer, "forecast", Settings())  # no allocation


def test_chargeback_is_a_policy_of_two_teams_at_least(writer: LedgerWriter, tmp_path: Path) -> None:
    settings = parse_settings(TEAMS, tmp_path / "burndeck.toml")

    found = judge(writer.path, "ninety-chargeback", settings)

    assert found.met
    assert "2 teams in it: search showback, support chargeback" in found.evidence.sentence
    alone = replace(settings, allocations=settings.allocations[:1])
    assert not done(writer, "chargeback", alone)
    mine = Allocation("org-1-team-x", Scope.parse("team:x"), NANO)
    unset = judge(writer.path, "ninety-chargeback", Settings(allocations=(mine,)))
    assert unset.evidence.sentence.startswith("Not set: no team has a policy; set chargeback")


def test_the_seven_items_stand_in_one_table(writer: LedgerWriter) -> None:
    found = ask(writer.path, "first-90-days", SETTINGS)

    assert [row[1] for row in found.rows] == [
        *("done", "missing", "done", "done", "missing", "missing", "missing"),
    ]
    assert found.sentence == "3 of 7 items are done; next: Tagging standard and key issuance."
