"""What belongs together, and what an incident has cost. No ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.alerts.grouping import above, accrued, begin, group_of, update
from agent.alerts.mute import muted_by
from agent.domain.alert import Alert, AlertRule, AlertState
from agent.domain.allocation import Scope
from agent.domain.silence import Silence, parse_matcher
from tests.agent.alerts.signals import firing

NANO = 10**9


def everything_is_inside(inner: Scope, outer: Scope) -> bool:
    return inner != outer


def nothing_is_inside(inner: Scope, outer: Scope) -> bool:
    return False


def test_the_pace_of_an_allocation_joins_the_spike_that_drives_it() -> None:
    spike = firing(1, incident=7)
    pace = firing(
        2, rule=AlertRule.PACE, scope_kind="organization", scope="", team="", api_key="", incident=None
    )

    inside = group_of(pace, [spike, pace], {7: "team:search"}, everything_is_inside)
    elsewhere = group_of(pace, [spike, pace], {7: "team:search"}, nothing_is_inside)

    assert inside == "team:search"
    assert elsewhere == "organization:"


def test_what_belongs_to_an_incident_that_people_know_of_is_a_line_and_no_page() -> None:
    spike = firing(1)
    errors = firing(2, rule=AlertRule.ERRORS, tier="warning", told=False)
    graver = firing(3, rule=AlertRule.ERRORS, tier="critical", told=False)
    other = firing(4, rule=AlertRule.ERRORS, tier="warning", told=False, incident=2)
    milder = replace(spike, signal=replace(spike.signal, tier="warning"))

    assert muted_by(errors, [spike, errors], (), nothing_is_inside, 0) == "alert:1"
    assert muted_by(graver, [milder, graver], (), nothing_is_inside, 0) == ""
    assert muted_by(other, [spike, other], (), nothing_is_inside, 0) == ""


def test_a_new_culprit_is_news_whatever_else_fires_in_its_incident() -> None:
    known = firing(1)
    taken = replace(known, state=AlertState.ACKNOWLEDGED)
    other = firing(2, fingerprint="burn_spike:api_key:2", api_key="key_b", scope="key_b", told=False)
    its_errors = firing(3, rule=AlertRule.ERRORS, tier="warning", api_key="key_b", told=False)
    same_key = firing(4, rule=AlertRule.ERRORS, tier="warning", told=False)

    assert muted_by(other, [known, other], (), nothing_is_inside, 0) == ""
    assert muted_by(its_errors, [known, its_errors], (), nothing_is_inside, 0) == "alert:1"
    assert muted_by(its_errors, [taken, its_errors], (), nothing_is_inside, 0) == ""
    assert muted_by(same_key, [taken, same_key], (), nothing_is_inside, 0) == "alert:1"


def test_what_mutes_must_still_fire() -> None:
    over = replace(firing(1), state=AlertState.RESOLVED)
    errors = firing(2, rule=AlertRule.ERRORS, tier="warning", told=False)

    assert muted_by(errors, [over, errors], (), nothing_is_inside, 0) == ""


def test_a_silence_mutes_what_all_of_its_matchers_fit() -> None:
    silence = Silence("ada", "test", {"team": "sea*", "environment": "dev"}, 0, 60, NANO, id=3)
    dev = firing(1, environment="dev")
    prod = firing(2, environment="prod")

    assert muted_by(dev, [dev], [silence], nothing_is_inside, 59) == "silence:3"
    assert muted_by(dev, [dev], [silence], nothing_is_inside, 60) == ""
    assert muted_by(prod, [prod], [silence], nothing_is_inside, 59) == ""


def test_spend_above_expected_is_counted_exactly_from_minute_to_minute() -> None:
    first = firing(at=600)
    later = firing(at=630)

    assert accrued(None, first) == 4 * NANO * 600 // 60
    assert accrued(first, later) == 2 * NANO
    assert accrued(later, first) == 0  # data that goes back costs nothing
    assert accrued(first, firing(at=660, rule=AlertRule.BUDGET)) == 0
    assert accrued(first, firing(at=660, current_nano=0)) == 0


def test_spend_is_what_was_burnt_and_not_what_a_mean_would_make_of_it() -> None:
    """An hour at little more than usual, while the signal still says what the rise was at its worst."""
    began = firing(at=600)
    later = firing(at=4_200)

    def burnt(alert: object, start: int, end: int) -> int:
        return 61 * NANO if (start, end) == (600, 4_200) else 0

    assert accrued(began, later, burnt) == 1 * NANO


def test_an_incident_costs_what_its_culprits_cost_and_nothing_twice() -> None:
    spike, other = replace(firing(1), above_nano=5), replace(firing(2), above_nano=7)
    errors = replace(firing(3, rule=AlertRule.ERRORS), above_nano=9)

    assert above([spike, other, errors]) == 12
    assert above([errors]) == 9
    assert above([]) == 0


def test_an_incident_keeps_its_gravest_tier_and_first_cause_and_closes_with_its_last_alert() -> None:
    warning = firing(1, tier="warning", cause="retry_storm")
    incident = begin(warning, "team:search", 10)

    graver = update(incident, [warning, firing(2, tier="critical", cause="new_key")], 20)
    milder = update(graver, [warning], 30)
    over = update(milder, [replace(warning, state=AlertState.RESOLVED)], 40)

    assert (graver.tier, milder.tier) == ("critical", "critical")
    assert graver.cause == "retry_storm"
    assert (milder.closed_at, over.closed_at) == (None, 40)


def test_an_incident_is_called_by_what_its_gravest_and_then_newest_alert_says_now() -> None:
    first = firing(1, tier="warning", summary="79%")
    incident = begin(first, "team:search", 10)

    def called(*members: Alert) -> str:
        return update(incident, members, 20).title

    cap = firing(2, tier="hard_cap", summary="100.5%")
    newer = firing(3, tier="warning", summary="newer")
    assert called() == "79%"
    assert called(firing(1, tier="warning", summary="81%")) == "81%"
    assert called(newer, first) == "newer"
    assert called(cap, newer, first) == "100.5%"
    assert called(replace(cap, state=AlertState.RESOLVED), newer) == "100.5%"
    assert called(replace(newer, state=AlertState.RESOLVED), first) == "79%"
    assert called(replace(newer, muted_by="alert:1"), first) == "79%"


@pytest.mark.parametrize("text", ["team", "team=", "colour=red", "=search", "team search"])
def test_a_matcher_that_nobody_understands_is_refused_with_the_fields(text: str) -> None:
    with pytest.raises(ValueError, match="FIELD=PATTERN"):
        parse_matcher(text)
