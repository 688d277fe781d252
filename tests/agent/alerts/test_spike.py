"""Burn spikes, from buckets in a ledger to alerts in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts import BurnMemory, Evaluation, evaluate
from agent.domain.alert import Alert, AlertRule, AlertState
from agent.domain.cause import Cause
from agent.domain.usage import Operation
from agent.settings import Settings
from tests.agent.alerts.build import DAY, HOUR, NOON, TOWN, Change, Town, Use

SETTINGS = Settings()
_STRIKE = NOON + 600


class Watch:
    """A town under watch: time moves minute by minute, and every evaluation is kept."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.memory = BurnMemory()
        self.fired: list[Alert] = []
        self.resolved: list[Alert] = []

    def until(self, end: int, step: int = 60) -> Evaluation:
        """Moves on to `end`; the last evaluation."""
        now = self.town.covered_to
        while True:
            now = min(now + step, end)
            self.town.advance(now)
            last = evaluate(self.town.writer, SETTINGS, now, self.memory)
            self.fired += _spikes(last.fired)
            self.resolved += _spikes(last.resolved)
            if now >= end:
                return replace(last, open=tuple(_spikes(last.open)))


def _spikes(alerts: Sequence[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.signal.rule is AlertRule.BURN_SPIKE]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "ledger.sqlite"


def watch(ledger: Path, change: Change | None = None, **town: object) -> Watch:
    if change is not None:
        town["change"] = change
    return Watch(Town(ledger, **town))  # type: ignore[arg-type]


def from_strike(key: str, *struck: Use, end: int = 2**40) -> Change:
    """`key` does something else from the strike until `end`."""

    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        if not _STRIKE <= at < end:
            return uses
        return [*(use for use in uses if use.key != key), *struck]

    return change


def test_an_ordinary_day_and_night_stay_silent(ledger: Path) -> None:
    seen = watch(ledger)

    last = seen.until(NOON + DAY, step=600)

    assert not seen.fired
    assert not last.open


_A, _C, _E = TOWN[0], TOWN[2], TOWN[4]


@pytest.mark.parametrize(
    ("key", "team", "struck", "cause"),
    [
        pytest.param(
            "key_a", "search", [_A.times(requests=8, tokens_output=0.3, credits=0.6)], Cause.RETRY_STORM
        ),
        pytest.param("key_a", "search", [_A.times(tokens_input=5, credits=4)], Cause.LONGER_PROMPTS),
        pytest.param("key_c", "support", [_C.times(tokens_output=5, credits=4)], Cause.LONGER_ANSWERS),
        pytest.param("key_a", "search", [replace(_A, model="gpt-5-pro", credits=20.0)], Cause.DEARER_MODEL),
        pytest.param(
            "key_e", "labs", [_E, replace(_E, model="o3", requests=600, credits=9.0)], Cause.LEAKED_KEY
        ),
        pytest.param("key_e", "labs", [_E, replace(_E, tier="batch", requests=6e3)], Cause.RUNAWAY_BATCH),
        pytest.param("key_e", "labs", [_E.times(requests=90)], Cause.RUNAWAY_BATCH),
        pytest.param(
            "key_c",
            "support",
            [_C, replace(_C, model="text-embedding-3-large", operation=Operation.EMBEDDING, requests=9e3)],
            Cause.RE_EMBEDDING,
        ),
        pytest.param("key_a", "search", [_A.times(requests=5)], Cause.MORE_REQUESTS),
        pytest.param("key_a", "search", [_A.times(credits=4)], Cause.PRICE_CHANGE),
    ],
)
def test_one_key_that_burns_more_is_found_with_its_team_and_cause(
    ledger: Path, key: str, team: str, struck: list[Use], cause: Cause
) -> None:
    seen = watch(ledger, from_strike(key, *struck))

    seen.until(_STRIKE + 540)

    (alert,) = seen.fired
    assert (alert.signal.api_key, alert.signal.team, alert.signal.cause) == (key, team, cause)
    assert alert.signal.scope_kind == "api_key"
    assert key in alert.signal.summary


def test_a_cache_that_is_lost_is_told_from_longer_prompts(ledger: Path) -> None:
    uses = [replace(use, cached=0.8) if use.key == "key_a" else use for use in TOWN]
    seen = watch(ledger, from_strike("key_a", replace(_A, cached=0.02, credits=4.0)), uses=uses)

    seen.until(_STRIKE + 540)

    (alert,) = seen.fired
    assert alert.signal.cause == Cause.LOST_CACHE


def test_a_key_that_was_never_seen_before_is_called_new(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [*uses, Use("key_new", "search", 1_500.0)] if at >= _STRIKE else uses

    seen = watch(ledger, change)

    seen.until(_STRIKE + 540)

    (alert,) = seen.fired
    assert (alert.signal.api_key, alert.signal.cause) == ("key_new", Cause.NEW_KEY)


def test_a_rise_that_many_keys_of_a_team_share_is_the_teams(ledger: Path) -> None:
    uses = [Use(f"key_{number}", "search", 300.0) for number in range(8)] + list(TOWN[2:])

    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [use.times(requests=4) if use.team == "search" and at >= _STRIKE else use for use in uses]

    seen = watch(ledger, change, uses=uses)

    seen.until(_STRIKE + 540)

    (alert,) = seen.fired
    assert (alert.signal.scope_kind, alert.signal.scope, alert.signal.api_key) == ("team", "search", "")


def test_two_keys_that_run_away_apart_are_two_alerts(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [
            use.times(requests=6) if use.key in ("key_a", "key_c") and at >= _STRIKE else use for use in uses
        ]

    seen = watch(ledger, change)

    seen.until(_STRIKE + 540)

    assert sorted(alert.signal.api_key for alert in seen.fired) == ["key_a", "key_c"]


def test_a_tiny_amount_never_alerts_however_much_it_grows(ledger: Path) -> None:
    seen = watch(ledger, from_strike("key_e", _E.times(requests=20, credits=0.02)))

    last = seen.until(_STRIKE + 900)

    assert not seen.fired
    assert not last.open


def test_one_dear_request_is_no_rise(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        once = Use("key_e", "labs", requests=60.0, model="o3", credits=500.0, environment="dev")
        return [*uses, once] if at == _STRIKE else uses

    seen = watch(ledger, change)

    seen.until(_STRIKE + 900)

    assert not seen.fired


def test_a_spike_ends_some_time_after_the_burn_is_usual_again(ledger: Path) -> None:
    over = _STRIKE + 1_800
    seen = watch(ledger, from_strike("key_a", _A.times(requests=8), end=over))

    during = seen.until(over)
    seen.until(over + 2_400)

    assert [alert.state for alert in during.open] == [AlertState.FIRING]
    assert len(seen.fired) == 1
    (ended,) = seen.resolved
    assert ended.resolved_at is not None
    assert over + 600 < ended.resolved_at <= over + 2_400


def test_yesterdays_spike_does_not_hide_todays(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        struck = any(start <= at < start + 2 * HOUR for start in (_STRIKE // HOUR * HOUR - DAY, _STRIKE))
        return [use.times(requests=5) if use.key == "key_a" and struck else use for use in uses]

    seen = watch(ledger, change)

    seen.until(_STRIKE + 540)

    assert [alert.signal.api_key for alert in seen.fired] == ["key_a"]


def test_growth_of_some_percent_a_day_is_found_as_creep(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        days = max(at - NOON, 0) / DAY
        return [use.times(requests=1.055**days) if use.key == "key_c" else use for use in uses]

    seen = watch(ledger, change)

    seen.until(NOON + 13 * DAY, step=6 * HOUR)

    (alert,) = seen.fired
    assert (alert.signal.api_key, alert.signal.cause) == ("key_c", Cause.SLOW_CREEP)


def test_a_key_that_runs_away_is_found_within_the_first_hour_or_two_of_data(ledger: Path) -> None:
    seen = watch(ledger, from_strike("key_a", _A.times(requests=8)), history_d=1 / 24)

    seen.until(_STRIKE + 180)

    (alert,) = seen.fired
    assert alert.signal.api_key == "key_a"
    assert alert.signal.evidence["window_s"] <= 180


def test_such_an_alert_goes_on_while_the_key_burns_and_ends_after_it(ledger: Path) -> None:
    over = _STRIKE + 1_500
    seen = watch(ledger, from_strike("key_a", _A.times(requests=8), end=over), history_d=1 / 24)

    during = seen.until(over)
    seen.until(over + 2_400)

    assert [alert.state for alert in during.open] == [AlertState.FIRING]
    assert len(seen.fired) == 1
    assert len(seen.resolved) == 1


def test_the_first_morning_of_data_is_no_rise(ledger: Path) -> None:
    seen = watch(ledger, epoch=NOON - 8 * HOUR, history_d=1 / 24)

    seen.until(NOON, step=300)

    assert not seen.fired


def test_without_new_data_nothing_begins_and_nothing_ends(ledger: Path) -> None:
    seen = watch(ledger, from_strike("key_a", _A.times(requests=8)))
    seen.until(_STRIKE + 540)

    later = evaluate(seen.town.writer, SETTINGS, _STRIKE + 2 * HOUR, seen.memory)

    assert not later.resolved
    assert len(later.open) == 1


def test_an_agent_that_starts_anew_goes_on_with_the_same_alert(ledger: Path) -> None:
    seen = watch(ledger, from_strike("key_a", _A.times(requests=8)))
    before = seen.until(_STRIKE + 540)

    seen.memory = BurnMemory()
    after = seen.until(_STRIKE + 840)

    assert [alert.id for alert in after.open] == [alert.id for alert in before.open]
    assert len(seen.fired) == 1
