"""What becomes of signals: pending, firing, lasting, over. No ledger, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from agent.alerts.lifecycle import Changes, Judged, Patience, step
from agent.domain.alert import Alert, AlertRule, AlertState, Signal

PATIENT = Patience(hold_s=60, clear_s=600, settle_s=300)
RISE = Signal(
    fingerprint="burn_spike:api_key:1",
    rule=AlertRule.BURN_SPIKE,
    tier="critical",
    at=0,
    scope_kind="api_key",
    scope="key_a",
    current_nano=2,
    expected_nano=1,
    threshold=Decimal("0.5"),
)


def judge(known: Sequence[Alert], at: int, *signals: Signal) -> Changes:
    judged = Judged(AlertRule.BURN_SPIKE, at, tuple(replace(s, at=at) for s in signals), PATIENT)
    return step(known, judged, at + 30)


def firing(at: int) -> Alert:
    (pending,) = judge([], at - 60, RISE).saved
    (alert,) = judge([pending], at, RISE).fired
    return alert


def test_a_rise_is_pending_until_it_has_lasted() -> None:
    first = judge([], 0, RISE)
    soon = judge(first.saved, 59, RISE)
    later = judge(first.saved, 60, RISE)

    assert [alert.state for alert in first.saved] == [AlertState.PENDING]
    assert not soon.fired
    assert [(alert.state, alert.started_at, alert.fired_at) for alert in later.fired] == [
        (AlertState.FIRING, 0, 90)
    ]


def test_a_suspicion_that_does_not_last_is_forgotten() -> None:
    first = judge([], 0, RISE)

    after = judge(first.saved, 60)

    assert after.dropped == first.saved
    assert not after.fired
    assert not after.resolved


def test_a_rise_that_is_too_small_to_begin_keeps_an_alert_open() -> None:
    small = replace(RISE, breach=False, current_nano=0)

    begun = judge([], 0, small)
    lasting = judge([firing(0)], 300, small)

    assert begun == Changes()
    (alert,) = lasting.saved
    assert alert.last_at == 300
    assert alert.signal.current_nano == RISE.current_nano


def test_an_alert_ends_when_its_rise_has_been_gone_for_long_enough() -> None:
    alert = firing(0)

    assert judge([alert], 599) == Changes()
    (ended,) = judge([alert], 600).resolved
    assert (ended.state, ended.resolved_at) == (AlertState.RESOLVED, 630)


def test_data_that_stands_still_neither_fires_nor_ends_anything() -> None:
    (pending,) = judge([], 0, RISE).saved

    assert judge([pending], 0, RISE).fired == ()
    assert judge([firing(0)], 0).resolved == ()
    assert judge([pending], 0).dropped == ()


def test_alerts_of_another_rule_are_left_alone() -> None:
    other = firing(0)
    budget = replace(other, signal=replace(other.signal, rule=AlertRule.BUDGET))

    assert judge([budget], 10_000) == Changes()


def test_an_acknowledged_alert_stays_acknowledged_while_it_lasts() -> None:
    alert = replace(firing(0), state=AlertState.ACKNOWLEDGED)

    after = judge([alert], 60, RISE)

    assert [one.state for one in after.saved] == [AlertState.ACKNOWLEDGED]
    assert not after.fired


def test_a_cause_is_settled_some_minutes_after_it_was_found_amounts_go_on() -> None:
    alert = firing(0)
    other = replace(RISE, cause="more_requests", current_nano=9)

    (soon,) = judge([alert], 240, other).saved
    (later,) = judge([alert], 360, other).saved

    assert (soon.signal.cause, soon.signal.current_nano) == ("more_requests", 9)
    assert (later.signal.cause, later.signal.current_nano) == ("", 9)


def test_a_tier_that_rises_is_told_anew_and_must_be_taken_anew() -> None:
    warning = replace(RISE, tier="warning")
    alert = replace(
        firing(0), signal=warning, state=AlertState.ACKNOWLEDGED, acknowledged_by="ada", told=1, told_at=9
    )

    (graver,) = judge([alert], 60, RISE).saved
    (milder,) = judge([graver], 120, warning).saved

    assert (graver.state, graver.acknowledged_by, graver.told_at) == (AlertState.FIRING, "", None)
    assert (graver.signal.tier, milder.signal.tier) == ("critical", "critical")
