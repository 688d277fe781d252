from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from agent.allocations import settings_now
from agent.control.duties import hard_cap_incident
from agent.domain.alert import HARD_CAP, AlertState
from agent.domain.allocation import Scope
from agent.domain.money import NANO, to_credits
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.reader import LedgerReader
from agent.reports.alert_detail import alert_detail
from agent.reports.burn import burn
from tests.agent.alerts.office import DAY, HOUR, MONTHLY, NOVEMBER, NOW, PAYMENTS, Office

END = NOVEMBER + 30 * DAY
TOP_UP = AllocationChange(1, PAYMENTS.id, {"top_up_nano": 200_000 * NANO}, NOW, END)


def test_a_top_up_resolves_the_hard_cap_and_its_incident_and_ends_with_the_month(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS)
    office.burnt("1050000")
    office.judge()
    assert office.alert(HARD_CAP).incident is not None
    mark = office.writer.alerts.mark(office.now)

    office.writer.actions.add_allocation_change(TOP_UP)

    assert office.writer.alerts.mark(office.now) != mark  # the agent judges at once
    resolved = {alert.signal.tier: alert for alert in office.judge(60).resolved}
    assert resolved[HARD_CAP].state is AlertState.RESOLVED
    assert HARD_CAP not in {alert.signal.tier for alert in office.writer.alerts.open_alerts()}
    office.burnt("1200000")
    office.judge(60)
    assert office.alert(HARD_CAP).signal.expected_nano == 1_200_000 * NANO

    assert not office.judge(20 * DAY).open  # the next month begins without it
    after = settings_now(office.settings, office.writer.actions, office.now)
    assert after.allocations == (PAYMENTS,)


def test_a_top_up_that_is_taken_back_holds_no_more_but_did(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS)
    office.writer.actions.add_allocation_change(TOP_UP)
    office.writer.actions.undo_allocation_change(1, NOW + HOUR)

    assert [monthly(office, at) for at in (NOW - 1, NOW + HOUR - 1, NOW + HOUR)] == [
        1_000_000,
        1_200_000,
        1_000_000,
    ]


def test_asking_twice_adds_nothing_twice(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS)
    office.writer.actions.add_allocation_change(TOP_UP)

    once = settings_now(office.settings, office.writer.actions, NOW)

    assert settings_now(once, office.writer.actions, NOW) == once
    assert settings_now(once, office.writer.actions, END) == replace(
        office.settings, unchanged_allocations=(PAYMENTS,)
    )


def test_reports_show_the_credits_of_the_moment_they_look_at(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS)
    office.burnt("1050000")
    office.judge()
    alert = office.alert(HARD_CAP)
    office.writer.actions.add_allocation_change(TOP_UP)

    with LedgerReader(office.path) as reader:
        topped = burn(reader, office.settings, NOW + 60)
        before = burn(reader, office.settings, NOW + 60, at=NOW - HOUR)
        detail = alert_detail(reader, office.settings, alert.id or 0, NOW + 60)

    assert topped.budgets[0].monthly.value == to_credits(MONTHLY + 200_000 * NANO)
    assert before.budgets[0].monthly.value == to_credits(MONTHLY)
    assert detail is not None
    assert detail.budgets[0].monthly.value == to_credits(MONTHLY + 200_000 * NANO)


OCTOBER = NOVEMBER - 31 * DAY
ROLLING = replace(PAYMENTS, rollover=Decimal("0.10"))


def monthly(office: Office, at: int) -> int:
    (found,) = settings_now(office.settings, office.writer.actions, at).allocations
    return found.monthly_nano // NANO


def test_what_was_left_of_last_month_is_carried_on_up_to_its_share(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", ROLLING)
    office.burnt("600000", hour=OCTOBER - HOUR)
    office.burnt("700000", hour=OCTOBER + DAY)

    assert monthly(office, NOW) == 1_100_000  # 300,000 are left, 100,000 may be carried
    office.burnt("940000", hour=OCTOBER + DAY)
    assert monthly(office, NOW) == 1_060_000
    assert monthly(office, NOVEMBER - 1) == 1_000_000
    once = settings_now(office.settings, office.writer.actions, NOW)
    assert settings_now(once, office.writer.actions, NOW) == once


def test_nothing_is_carried_out_of_a_month_that_is_not_wholly_known(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", ROLLING)
    assert monthly(office, NOW) == 1_000_000
    office.burnt("1", hour=OCTOBER + HOUR)

    assert monthly(office, NOW) == 1_000_000


def test_alerts_count_what_was_carried_on(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", ROLLING)
    office.burnt("1", hour=OCTOBER - HOUR)
    office.burnt("1050000")

    tiers = {alert.signal.tier for alert in office.judge().open}

    assert tiers == {"critical"}  # 95 % of 1,100,000, not the hard cap of 1,000,000


def test_an_allocation_that_only_the_ledger_knows_has_its_alerts_and_their_incident(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS)
    change = {"create": True, "scope": "team:wallet", "monthly_nano": 1_000 * NANO}
    office.writer.actions.add_allocation_change(AllocationChange(1, "org-1234-team-wallet", change, NOW))
    office.burnt("1000")
    office.judge()

    assert office.alert(HARD_CAP).signal.allocation_id == "org-1234-team-wallet"
    wallet = Scope.parse("team:wallet")
    assert hard_cap_incident(office.writer.alerts, wallet) == office.alert(HARD_CAP).incident is not None
    assert hard_cap_incident(office.writer.alerts, PAYMENTS.scope) is None
