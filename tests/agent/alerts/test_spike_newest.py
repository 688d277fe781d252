"""Burn spikes told from the newest minutes, planned activity, and that only what matters is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.alerts import BurnMemory
from agent.alerts.scene import view
from agent.alerts.spike import limits_of, spike_signals
from agent.domain.alert import Signal
from agent.domain.cause import Cause
from agent.domain.planned import Planned
from agent.settings_alerts import Spike
from tests.agent.alerts.build import DAY, HOUR, NOON, TOWN, Change, Town, Use

_STRIKE = NOON + 600
_A = TOWN[0]
SPIKE = Spike()


def struck(*uses: Use, start: int = _STRIKE, end: int = 2**40) -> Change:
    """The key of the uses does these instead, for a while."""

    def change(at: int, ever: Sequence[Use]) -> Sequence[Use]:
        if not start <= at < end:
            return ever
        return [*(use for use in ever if use.key != uses[0].key), *uses]

    return change


def signals(
    ledger: Path,
    change: Change,
    at: int,
    *,
    planned: Sequence[Planned] = (),
    spike: Spike = SPIKE,
    uses: Sequence[Use] = TOWN,
) -> tuple[Signal, ...]:
    """What is unusual at `at`, seen by an agent that starts then."""
    town, memory, limits = Town(ledger, change=change, uses=uses), BurnMemory(), limits_of(spike)
    town.advance(at)
    store = town.writer.alerts
    scene = view(store, memory, at, limits, planned=planned)
    found = spike_signals(store, memory, scene, limits, ())
    town.close()
    assert found is not None
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_the_first_minute_of_a_rise_fires_without_waiting(ledger: Path) -> None:
    (signal,) = signals(ledger, struck(_A.times(requests=8)), _STRIKE + 60)

    assert signal.sure
    assert (signal.api_key, signal.evidence["window_s"]) == ("key_a", 60)


def test_a_few_strange_requests_on_an_old_key_tell_in_their_first_minute(ledger: Path) -> None:
    quiet = TOWN[4]
    strange = replace(quiet, model="o3", requests=300.0, credits=4.0)

    (signal,) = signals(ledger, struck(quiet, strange), _STRIKE + 60)

    assert signal.sure
    assert signal.cause == Cause.LEAKED_KEY


def test_rises_below_the_floor_in_credits_never_tell(ledger: Path) -> None:
    change = struck(_A.times(requests=8))
    floor = replace_spike(min_credits_per_hour=Decimal(20_000))

    assert not signals(ledger, change, _STRIKE + 180, spike=floor)


def test_rises_below_the_floor_in_share_never_tell(ledger: Path) -> None:
    change = struck(_A.times(requests=3))
    floor = replace_spike(min_share=Decimal(1))

    assert signals(ledger, change, _STRIKE + 600)
    assert not signals(ledger, change, _STRIKE + 600, spike=floor)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("api_key", "key_a"), ("team", "search"), ("billing_group", "product"), ("organization", "")],
)
def test_planned_activity_is_no_rise_of_anything(ledger: Path, kind: str, scope: str) -> None:
    planned = Planned(kind, scope, _STRIKE - 600, _STRIKE + 2 * HOUR)

    assert not signals(ledger, struck(_A.times(requests=8)), _STRIKE + 900, planned=[planned])


def test_planned_activity_that_is_over_leaves_no_rise_in_longer_windows(ledger: Path) -> None:
    over = _STRIKE + 1_200
    planned = Planned("api_key", "key_a", _STRIKE, over)

    assert not signals(ledger, struck(_A.times(requests=8), end=over), over + 300, planned=[planned])


def test_planned_activity_of_one_key_hides_no_other(ledger: Path) -> None:
    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [
            use.times(requests=8) if at >= _STRIKE and use.key in ("key_a", "key_c") else use for use in uses
        ]

    planned = Planned("api_key", "key_a", _STRIKE, _STRIKE + HOUR)

    (signal,) = signals(ledger, change, _STRIKE + 300, planned=[planned])

    assert signal.api_key == "key_c"


def test_what_was_planned_last_week_does_not_make_it_usual(ledger: Path) -> None:
    """Weeks of twice the burn at noon, all planned: the same burn unplanned is a rise."""

    def change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        busy = at % DAY in range(11 * HOUR, 14 * HOUR) and at < NOON - 2 * HOUR
        return [
            use.times(requests=5) if use.key == "key_a" and (busy or at >= _STRIKE) else use for use in uses
        ]

    planned = [
        Planned("api_key", "key_a", NOON - day * DAY - HOUR, NOON - day * DAY + 2 * HOUR)
        for day in range(1, 31)
    ]

    assert [each.api_key for each in signals(ledger, change, _STRIKE + 360, planned=planned)] == ["key_a"]


def test_only_series_that_burn_enough_to_matter_are_looked_at(ledger: Path) -> None:
    small = [Use(f"key_{number}", "crowd", 6.0) for number in range(300)]
    town, memory = Town(ledger, uses=[*TOWN, *small], history_d=8), BurnMemory()

    scene = view(town.writer.alerts, memory, NOON, limits_of(SPIKE))
    town.close()

    assert len(scene.series) < 20


def replace_spike(**changed: Decimal) -> Spike:
    """The shipped limits with some of them changed."""
    return Spike(**changed)
