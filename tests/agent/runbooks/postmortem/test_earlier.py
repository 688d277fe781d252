"""What would have caught an incident earlier, tried on ledgers in which it is known."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from agent.alerts import BurnMemory, evaluate
from agent.domain.alert import AlertRule
from agent.ledger import open_reader
from agent.ledger.reader import LedgerReader
from agent.runbooks.postmortem.model import Catch, Postmortem
from agent.runbooks.postmortem.write import of_incident
from agent.settings import Settings
from tests.agent.alerts.build import NOON, Change, Town, Use
from tests.agent.runbooks.postmortem.storm import STRIKE, World


def told(path: Path, change: Change, last: int) -> Postmortem:
    """The postmortem, at `last`, of the spike that is told of first."""
    town, memory = Town(path, change=change, history_d=15), BurnMemory()
    incident = None
    for now in range(STRIKE - 60, last, 60):
        town.advance(now)
        fired = evaluate(town.writer, Settings(), now + 20, memory).fired
        spikes = [each for each in fired if each.signal.rule is AlertRule.BURN_SPIKE]
        if spikes and incident is None:
            incident = spikes[0].incident
    town.close()
    assert incident is not None
    with open_reader(path) as reader:
        return of_incident(reader, Settings(ledger_path=path), incident, last)


def catches(made: Postmortem, policy: str) -> list[Catch]:
    return [each for each in made.earlier.catches if policy in each.policy]


def test_a_rise_that_grows_is_told_of_earlier_by_a_more_sensitive_rule(tmp_path: Path) -> None:
    def growing(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        factor = 1 + min(2.0, max(0, at - STRIKE) // 60 * 0.06)
        return [use.times(credits=factor) if use.key == "key_a" else use for use in uses]

    made = told(tmp_path / "ledger.sqlite", growing, STRIKE + 1_320)

    twice, four_times = catches(made, "burn_spike")
    assert made.times is not None and made.times.fired is not None
    assert twice.at is not None and twice.earlier_s is not None and four_times.earlier_s is not None
    assert STRIKE < twice.at < made.times.fired
    assert made.times.fired - twice.at == twice.earlier_s
    assert four_times.earlier_s >= twice.earlier_s
    assert "earlier" in twice.sentence
    assert twice.setting.startswith("burndeck alerts test burn_spike --set alerts.spike.sensitivity=2 ")


def test_where_nothing_would_have_helped_it_says_so(tmp_path: Path) -> None:
    def dearer(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [use.times(credits=4) if use.key == "key_a" and at >= STRIKE else use for use in uses]

    made = told(tmp_path / "ledger.sqlite", dearer, STRIKE + 420)

    assert made.earlier.sentence == "Nothing that was tried would have caught it earlier or saved any of it."
    (standing,) = catches(made, "standing limit")
    assert standing.saved is None and "would have refused none" in standing.sentence
    assert not [each for each in made.follow_ups if each.source == "replay"]


def test_a_standing_limit_saves_what_it_refuses_and_spares_the_day_before(
    world: World, reader: LedgerReader
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)

    (standing,) = catches(made, "standing limit")
    # Twenty calls a minute are usual at noon, so that 31 pass; 160 came for a quarter of an hour.
    assert standing.policy.startswith("a standing limit of 31 rpm on api_key:key_a")
    assert standing.saved is not None and abs(standing.saved - Decimal(15 * (160 - 31))) < 40
    assert standing.at is not None and STRIKE <= standing.at < STRIKE + 60
    assert standing.price.startswith("on the day before it refuses 0 of ")
    assert made.earlier.sentence.startswith(standing.sentence.rstrip("."))
    assert "burndeck throttle api_key:key_a --rpm 31" in standing.setting


def test_a_daily_limit_is_reached_when_the_day_has_burnt_it(tmp_path: Path) -> None:
    def flood(at: int, uses: Sequence[Use]) -> Sequence[Use]:
        return [use.times(requests=100) if use.key == "key_a" and at >= STRIKE else use for use in uses]

    made = told(tmp_path / "ledger.sqlite", flood, STRIKE + 960)

    (daily,) = catches(made, "daily limit")
    assert daily.at is not None and STRIKE < daily.at < STRIKE + 960
    limit = int(daily.policy.split()[4].replace(",", ""))
    burnt = 0
    path = tmp_path / "ledger.sqlite"
    with open_reader(path) as reader:
        from agent.ledger.kinds import Kind
        from agent.reports.alert_series import Burnt

        hours = Burnt(reader, Kind.API_KEY, "key_a").hours(NOON // 86_400 * 86_400, NOON)
        minutes = Burnt(reader, Kind.API_KEY, "key_a").minutes(NOON, daily.at)
        burnt = sum(hours.values()) + sum(minutes.values())
        assert burnt >= limit * 10**9 > burnt - minutes[daily.at - 60]
    assert daily.saved is not None and daily.saved > 0
