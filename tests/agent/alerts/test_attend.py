"""What follows from an alert: who is told, how often, what mutes it, and when nobody takes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.domain.alert import AlertRule, AlertState
from agent.domain.allocation import Allocation, Scope
from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from agent.settings_alerts import Tier
from agent.settings_channels import Route
from agent.settings_rules import Rules
from tests.agent.alerts.office import DAY, HOUR, MONTHLY, NOVEMBER, PAYMENTS, WALLET, Member, Office

SILENCE = {"seconds": 2 * HOUR, "limit_nano": 100_000 * NANO, "reason": "load test"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "ledger.sqlite")
    yield made
    made.writer.close()


def test_an_alert_is_told_once_and_says_why_and_what_to_do(office: Office) -> None:
    office.burnt("710000")
    office.judge()
    office.judge(60)

    (notice,) = office.notices()

    assert (notice.kind.value, notice.tier, notice.severity) == ("fired", "warning", "warning")
    assert notice.why == "70 % of the month's credits, the tier warning, is reached"
    assert notice.dedup_key == "org-1234-bg-payments/warning/2026-11"
    assert (notice.threshold, notice.current_nano) == ("0.70", 710_000 * NANO)
    assert notice.monthly_nano == MONTHLY
    assert notice.acknowledge == f"burndeck alerts ack {notice.alert}"
    assert notice.acknowledge_by == office.now - 60 + DAY
    assert notice.action == {"type": "ticket", "params": {}}
    assert notice.binding_cap == "hard cap of org-1234-bg-payments: 710,000 of 1,000,000 credits"
    assert notice.layer == "metered"
    assert notice.notify == ("hook",)


def test_nobody_is_told_without_routes_and_the_alert_is_there_all_the_same(office: Office) -> None:
    office.tell(routes=())
    office.burnt("710000")

    office.judge()

    assert office.notices() == []
    assert office.alert("warning").told_at == office.now


def test_a_warning_that_nobody_takes_escalates_after_24_hours_to_the_second(office: Office) -> None:
    office.tell(tiers=tuple(replace_tier(tier, repeat=None) for tier in office.settings.alerts.tiers))
    office.burnt("710000")
    office.judge()

    office.judge(DAY - 1)
    before = office.told()
    office.judge(1)
    office.judge(HOUR)

    assert before == ["fired warning"]
    assert office.told() == ["fired warning", "escalated warning"]
    assert "nobody acknowledged it within 1d" in office.notices()[-1].why


def test_an_alert_that_somebody_took_neither_escalates_nor_repeats(office: Office) -> None:
    office.burnt("910000")
    office.judge()

    refused = office.want(IntentKind.ACKNOWLEDGE, f"alert:{office.alert('critical').id}")
    for _ in range(50):
        office.judge(HOUR)

    assert refused == ""
    assert office.told() == ["fired critical", "acknowledged critical"]
    alert = office.alert("critical")
    assert (alert.state, alert.acknowledged_by) == (AlertState.ACKNOWLEDGED, "ada")
    assert (
        office.want(IntentKind.ACKNOWLEDGE, f"alert:{alert.id}", "bob") == "ada has acknowledged it already"
    )


def test_what_still_fires_is_told_again_at_the_pace_of_its_tier(office: Office) -> None:
    office.tell(
        tiers=tuple(replace_tier(tier, acknowledge_within=None) for tier in office.settings.alerts.tiers)
    )
    office.burnt("910000")
    office.judge()

    for _ in range(6):
        office.judge(1_200)

    assert office.told() == ["fired critical", "repeated critical", "repeated critical"]


def test_the_graver_step_of_a_budget_mutes_the_milder_one(office: Office) -> None:
    office.burnt("710000")
    office.judge()
    office.burnt("910000")
    office.judge(60)
    office.judge(2 * DAY)

    warning = office.alert("warning")

    assert warning.muted_by == f"alert:{office.alert('critical').id}"
    assert not any(told.endswith("warning") for told in office.told()[1:])


def test_a_parents_cap_mutes_its_children(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS, replace(WALLET, monthly_nano=MONTHLY // 2))
    office.burnt("600000", Member("wallet"))
    office.burnt("500000", Member("cards"))

    office.judge()

    told = {(notice.allocation_id, notice.tier) for notice in office.notices()}
    child = next(
        alert for alert in office.writer.alerts.open_alerts() if alert.signal.allocation_id == WALLET.id
    )
    assert told == {(PAYMENTS.id, "hard_cap")}
    assert child.muted_by.startswith("alert:")
    office.writer.close()


def test_the_cap_of_a_stranger_mutes_nothing(tmp_path: Path) -> None:
    other = Allocation("org-1234-bg-search", Scope.parse("billing_group:search"), MONTHLY)
    office = Office(tmp_path / "l.sqlite", other, WALLET)
    office.burnt("1100000", Member("query", "search"))
    office.burnt("710000", Member("wallet"))

    office.judge()

    assert {(notice.allocation_id, notice.tier) for notice in office.notices()} == {
        (other.id, "hard_cap"),
        (WALLET.id, "warning"),
    }
    office.writer.close()


def test_the_cap_of_a_parent_that_a_team_has_left_mutes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path / "l.sqlite", PAYMENTS, WALLET)
    office.burnt("300000", Member("wallet", "payments"))
    office.burnt("410000", Member("wallet", "search"), NOVEMBER + 5 * DAY)
    office.burnt("900000", Member("cards", "payments"))

    office.judge()

    assert {(notice.allocation_id, notice.tier) for notice in office.notices()} == {
        (PAYMENTS.id, "hard_cap"),
        (WALLET.id, "warning"),
    }
    office.writer.close()


def test_a_silence_mutes_until_its_time_and_announces_its_end(office: Office) -> None:
    assert office.want(IntentKind.SILENCE, "silence", matchers={"tier": "w*"}, **SILENCE) == ""
    office.burnt("710000")

    office.judge()
    office.judge(2 * HOUR - 1)
    during = office.told()
    office.judge(1)

    assert during == []
    assert sorted(office.told()) == ["silence_ended info", "unmuted warning"]
    ended = next(notice for notice in office.notices() if notice.rule == "silence")
    assert "its time is up; 1 alert that it muted still fire" in ended.summary


def test_a_silence_ends_when_enough_was_burnt_under_it(office: Office) -> None:
    office.burnt("710000")
    office.judge()
    office.want(IntentKind.SILENCE, "silence", matchers={"tier": "warning"}, **SILENCE)
    office.judge(60)

    office.burnt("809999")
    office.judge(60)
    before = office.told()
    office.burnt("810000")
    office.judge(60)

    assert before == ["fired warning"]
    assert sorted(office.told()) == ["fired warning", "silence_ended info", "unmuted warning"]


def test_a_lifted_silence_tells_at_once_what_it_muted(office: Office) -> None:
    office.want(IntentKind.SILENCE, "silence", matchers={"tier": "warning"}, **SILENCE)
    office.burnt("710000")
    office.judge()

    office.want(IntentKind.UNSILENCE, "silence:1", reason="over")
    office.judge(1)

    assert office.told() == ["unmuted warning"]
    assert office.want(IntentKind.UNSILENCE, "silence:1", reason="") == "silence 1 has ended already (lifted)"


def test_a_hard_cap_is_told_over_every_silence(office: Office) -> None:
    refused = office.want(IntentKind.SILENCE, "silence", matchers={"tier": "hard_cap"}, **SILENCE)
    office.want(IntentKind.SILENCE, "silence", matchers={"rule": "*"}, **SILENCE)
    office.burnt("1000000")

    office.judge()

    assert refused == "a hard cap is never silenced"
    assert office.told() == ["fired hard_cap"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reason": " "}, "a silence needs a reason"),
        ({"seconds": 8 * DAY}, "no silence lasts longer than 7d"),
        ({"seconds": 0}, "a silence ends after it begins"),
        ({"seconds": -1}, "seconds: must lie between 0 and 4611686018427387904"),
        ({"limit_nano": 10**30}, "limit_nano: must lie between 0 and 4611686018427387904"),
        (
            {"matchers": {"team": "a", " team": "b"}},
            "team is there twice, and no alert has two: make a silence for each",
        ),
        ({"limit_nano": 0}, "a silence ends at an amount above zero"),
        ({"limit_nano": "5"}, "limit_nano: must be a whole number"),
        ({"matchers": {}}, "a silence without matchers would mute everything"),
        ({"matchers": ["tier"]}, "a silence needs matchers"),
    ],
)
def test_a_silence_without_bounds_is_refused(office: Office, changes: dict[str, object], why: str) -> None:
    payload = {"matchers": {"team": "wallet"}, **SILENCE, **changes}

    assert office.want(IntentKind.SILENCE, "silence", **payload) == why
    assert office.writer.incidents.open_silences() == []


def test_a_top_up_ends_the_alert_and_tells_those_who_knew(office: Office) -> None:
    office.burnt("910000")
    office.judge()

    more = replace(PAYMENTS, monthly_nano=2 * MONTHLY)
    office.settings = replace(office.settings, allocations=(more,))
    office.judge(60)

    assert office.told() == ["fired critical", "resolved critical"]
    first, last = office.notices()
    assert first.dedup_key == last.dedup_key
    assert last.why == "its share is no longer reached: usage was revised, or its credits were raised"
    assert last.summary.startswith("over: org-1234-bg-payments has burnt 91.0%")


def test_a_new_month_ends_the_alert_and_says_so(office: Office) -> None:
    office.burnt("910000")
    office.judge()
    office.want(IntentKind.ACKNOWLEDGE, f"alert:{office.alert('critical').id}")

    office.now = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
    office.judge()

    assert office.told()[-1] == "resolved critical"
    assert office.notices()[-1].why == "a new month has begun"


def test_what_belongs_together_is_one_incident_with_its_timeline(office: Office) -> None:
    office.burnt("710000")
    office.judge()
    office.burnt("910000")
    office.judge(60)
    (incident,) = office.writer.incidents.open_incidents()
    office.burnt("1")
    office.judge(60)

    assert (incident.group, incident.tier) == ("allocation:org-1234-bg-payments", "critical")
    assert incident.title.startswith("org-1234-bg-payments has burnt 91.0%")
    assert office.writer.incidents.open_incidents() == []
    assert [kind for kind, _ in office.timeline()] == [
        "fired",
        "told",
        "fired",
        "told",
        "muted",
        "resolved",
        "told",
        "resolved",
        "told",
    ]


def test_what_begins_again_after_its_end_is_told_again_and_must_be_taken_again(office: Office) -> None:
    office.burnt("910000")
    office.judge()
    office.want(IntentKind.ACKNOWLEDGE, f"alert:{office.alert('critical').id}")
    office.burnt("1")
    office.judge(3_600)
    office.burnt("920000")
    office.judge(3_600)
    office.judge(60)

    (incident,) = office.writer.incidents.open_incidents()
    alert = office.alert("critical")
    assert office.told() == ["fired critical", "acknowledged critical", "resolved critical", "fired critical"]
    assert office.notices()[-1].why.startswith("it is back")
    assert (alert.state, alert.acknowledged_by, alert.asked_at) == (AlertState.FIRING, "", office.now - 60)
    assert alert.incident == incident.id


@pytest.mark.parametrize(("monthly", "told"), [(1_200_000, []), (2_600_000, ["resolved hard_cap"])])
def test_a_top_up_that_does_not_help_closes_no_page_and_makes_no_other(
    office: Office, monthly: int, told: list[str]
) -> None:
    office.burnt("1300000")
    office.judge()

    office.settings = replace(office.settings, allocations=(replace(PAYMENTS, monthly_nano=monthly * NANO),))
    office.judge(60)

    assert office.told()[1:] == told


def test_the_same_tier_is_told_again_after_a_top_up(office: Office) -> None:
    office.burnt("1000000")
    office.judge()
    office.settings = replace(office.settings, allocations=(replace(PAYMENTS, monthly_nano=2 * MONTHLY),))
    office.judge(60)
    office.burnt("2000000")
    office.judge(60)

    assert office.told() == ["fired hard_cap", "resolved hard_cap", "fired hard_cap"]


def test_a_pace_says_nothing_of_credits_that_an_allocation_no_longer_has(office: Office) -> None:
    office.tell(rules=Rules())
    office.burnt("300000", hour=office.now - HOUR)
    office.judge()
    paces = [alert for alert in office.writer.alerts.open_alerts() if alert.signal.rule is AlertRule.PACE]

    more = replace(PAYMENTS, monthly_nano=100 * MONTHLY)
    office.settings = replace(office.settings, allocations=(more,))
    after = office.judge(1)

    assert [alert.signal.tier for alert in paces] == ["critical"]
    assert paces[0].signal.fingerprint in {alert.signal.fingerprint for alert in after.resolved}


def test_a_route_with_hours_delays_a_message_and_loses_none(tmp_path: Path) -> None:
    day = Route(recipient="team_lead", send=("hook",), hours="mon-fri 08:00-18:00")
    office = Office(tmp_path / "l.sqlite", routes=[day])
    office.burnt("710000")  # on a Wednesday at midnight

    for _ in range(8):
        office.judge(HOUR - 1)
    night = office.told()
    office.judge(2 * HOUR)

    assert night == []
    assert office.told() == ["fired warning"]
    assert office.alert("warning").asked_at == office.now
    office.writer.close()


def test_nobody_is_blamed_for_what_a_silence_kept_from_them(office: Office) -> None:
    office.want(IntentKind.SILENCE, "silence", matchers={"tier": "critical"}, **SILENCE)
    office.burnt("910000")
    office.judge()

    office.judge(2 * HOUR)
    office.judge(899)
    before = [told for told in office.told() if told.endswith("critical")]
    office.judge(1)

    assert before == ["unmuted critical"]
    assert office.told()[-1] == "escalated critical"


def test_what_only_explains_an_alert_keeps_none_from_being_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("agent.alerts.facts.suggestions", fails)
    office.burnt("710000")
    office.judge()

    assert office.told() == ["fired warning"]


def replace_tier(tier: Tier, **changes: object) -> Tier:
    """A tier with some of its keys changed."""
    return Tier(**{name: getattr(tier, name) for name in tier.__struct_fields__} | changes)
