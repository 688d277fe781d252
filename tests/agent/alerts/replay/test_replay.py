"""Replays: what the agent told is told again, and what a change would have told is told beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.alerts import BurnMemory, evaluate
from agent.alerts.replay import Replay, replay
from agent.alerts.replay.caps import Lead
from agent.domain.alert import AlertRule
from agent.domain.allocation import Allocation, Scope
from agent.domain.usage import Dimensions
from agent.errors import ConfigError, LedgerError
from agent.ledger import open_reader, open_writer
from agent.settings import Settings
from agent.settings_change import assigned, changed
from tests.agent.alerts.build import DAY, HOUR, NOON, Town, Use
from tests.agent.ledger.build import batch, event
from tests.agent.ledger.look import rows as ask
from tests.agent.reports.world import NANO, SEARCH, SUPPORT, use

START = NOON - NOON % DAY - 12 * DAY  # 2026-11-06 00:00 UTC
END = START + 10 * DAY
SEARCH_TEAM = Allocation("org-1-team-search", Scope.parse("team:search"), 20_000 * NANO)
SETTINGS = Settings(
    allocations=(Allocation("org-1", Scope.parse("organization"), 80_000 * NANO), SEARCH_TEAM)
)


def tried(settings: Settings, *assignments: str) -> Settings:
    """Settings with keys under [alerts] changed; allocations stay."""
    alerts = changed(Settings(), assigned(assignments, Settings())).alerts
    return replace(settings, alerts=alerts)


def play(
    path: Path,
    rule: str,
    *assignments: str,
    settings: Settings = SETTINGS,
    start: int = START,
    end: int = END,
) -> Replay:
    """A replay of a ledger, with a change where there is one."""
    with open_reader(path) as reader:
        other = tried(settings, *assignments) if assignments else None
        return replay(reader, settings, other, rule, start, end)


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str, int]]]:
    """Six days of next to nothing, and three and a half that are judged by the hour as they come.

    Beside the ledger: (rule, fingerprint, fired at) of what was told.
    """
    path = tmp_path_factory.mktemp("growing") / "ledger.sqlite"
    quiet, end = START + 6 * DAY, START + 6 * DAY + 84 * HOUR
    told: list[tuple[str, str, int]] = []
    memory = BurnMemory()
    with open_writer(path) as writer:
        rows = [use(hour, HOUR, SEARCH, 1.0) for hour in range(START, quiet, HOUR)]
        writer.write_usage_window("openai", START, quiet, {"completions": rows}, read_at=quiet)
        for hour in range(quiet, end, HOUR):
            rows = [use(hour, HOUR, SEARCH, 240.0), use(hour, HOUR, SUPPORT, 90.0)]
            writer.write_usage_window("openai", hour, hour + HOUR, {"completions": rows}, read_at=hour + HOUR)
            fired = evaluate(writer, SETTINGS, hour + HOUR, memory).fired
            told += [(each.signal.rule.value, each.signal.fingerprint, each.fired_at or 0) for each in fired]
    return path, told


@pytest.mark.parametrize("rule", ["budget", "pace", "runway", "day_forecast"])
def test_a_replay_tells_what_the_agent_told(
    growing: tuple[Path, list[tuple[str, str, int]]], rule: str
) -> None:
    path, told = growing

    found = play(path, rule, end=START + 6 * DAY + 84 * HOUR).now.episodes

    mine = [(alert.signal.rule.value, alert.signal.fingerprint, alert.fired_at) for alert in found]
    assert sorted(mine) == sorted(each for each in told if each[0] == rule)
    assert mine, "the world has something to tell by every rule"


def test_nothing_is_written(growing: tuple[Path, list[tuple[str, str, int]]]) -> None:
    path, _ = growing
    before = ask(path, "SELECT count(*), max(id), max(last_at) FROM alert")

    play(path, "budget", "alerts.tiers.warning.at=0.1")

    assert ask(path, "SELECT count(*), max(id), max(last_at) FROM alert") == before
    with open_reader(path) as reader, pytest.raises(LedgerError, match="only reads"):
        reader.alert_store().save([], play(path, "budget").now.episodes)


def burn(path: Path, hours: Sequence[tuple[float, float]], start: int = START) -> Path:
    """A ledger in which search and support burn so many credits an hour."""
    rows = [
        use(start + place * HOUR, HOUR, who, amount)
        for place, amounts in enumerate(hours)
        for who, amount in zip((SEARCH, SUPPORT), amounts, strict=True)
    ]
    with open_writer(path) as writer:
        end = start + len(hours) * HOUR
        writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=end)
    return path


@pytest.fixture
def steady(tmp_path: Path) -> Path:
    """Ten days of 100 and 50 credits an hour: search passes its 20,000 in the 200th hour."""
    return burn(tmp_path / "steady.sqlite", [(100.0, 50.0)] * 240)


def test_shares_that_are_reached_have_the_hour_and_how_long_before_somebody_was_told(steady: Path) -> None:
    found = play(steady, "budget")

    of_team = {each.level: (each.at, found.now.leads[place]) for place, each in enumerate(found.reached)
               if each.allocation == SEARCH_TEAM}  # fmt: skip
    reached, leads = zip(*of_team.values(), strict=True)
    assert list(of_team) == ["70 %", "90 %", "hard cap"]
    assert reached == (START + 140 * HOUR, START + 180 * HOUR, START + 200 * HOUR)
    assert [lead.alert_s for lead in leads] == [0, 40 * HOUR, 60 * HOUR]
    assert [lead.page_s for lead in leads] == [None, 0, 20 * HOUR]
    assert found.now.capped_unpaged == ()


def test_a_tier_that_comes_earlier_gains_lead_time(steady: Path) -> None:
    found = play(steady, "budget", "alerts.tiers.critical.at=0.80")

    assert found.changed is not None
    place = [each.level for each in found.reached if each.allocation == SEARCH_TEAM].index("hard cap")
    assert found.now.leads[place].page_s == 20 * HOUR
    assert found.changed.leads[place].page_s == 40 * HOUR
    assert found.gone == found.new == ()


def test_an_episode_says_what_was_so_when_it_fired(steady: Path) -> None:
    found = play(steady, "budget", "alerts.tiers.warning.at=0.35")

    warning = next(each for each in found.now.episodes if each.signal.tier == "warning")
    critical = next(each for each in found.now.episodes if each.signal.tier == "critical")
    assert "burnt 70.0% of its" in warning.signal.summary
    assert "burnt 90.0% of its" in critical.signal.summary
    assert found.changed is not None
    early = next(each for each in found.changed.episodes if each.signal.allocation_id == SEARCH_TEAM.id)
    assert "burnt 35.0% of its" in early.signal.summary


def test_a_change_that_misses_a_cap_says_so(steady: Path) -> None:
    found = play(steady, "runway", "alerts.rules.runway.enabled=false")

    assert found.changed is not None
    assert [each.allocation.id for each in found.changed.capped_unpaged] == ["org-1-team-search"]
    assert found.now.capped_unpaged == ()
    assert found.changed.loudness.pages == 0
    assert {alert.signal.tier for alert in found.gone} == {"warning", "critical"}


def test_pages_and_tickets_are_counted_by_the_week(steady: Path) -> None:
    loudness = play(steady, "budget").now.loudness

    # search: 70, 90 and 100 %; the organization burns 36,000 of 80,000.
    assert (loudness.pages, loudness.tickets, loudness.digests) == (2, 1, 0)
    assert loudness.pages_per_week == Decimal("1.40")
    assert loudness.tickets_per_week == Decimal("0.70")


def test_what_was_told_before_the_stretch_is_not_told_again_in_it(steady: Path) -> None:
    found = play(steady, "budget", start=START + 150 * HOUR)

    assert [alert.signal.tier for alert in found.now.episodes] == ["critical", "hard_cap"]
    assert [each.level for each in found.reached] == ["90 %", "hard cap"]
    assert found.now.leads[0].alert_s == 40 * HOUR


NOVEMBER = START - 5 * DAY
DECEMBER = NOVEMBER + 30 * DAY


def test_a_cap_that_is_reached_in_the_last_hour_of_a_month_is_told_and_counted_in_it(tmp_path: Path) -> None:
    hours = [(400.0, 50.0)] * 48 + [(2_000.0, 50.0)] + [(400.0, 50.0)] * 2
    path = burn(tmp_path / "l.sqlite", hours, DECEMBER - 49 * HOUR)

    found = play(path, "budget", start=DECEMBER - 2 * DAY, end=DECEMBER + 2 * HOUR)

    last = found.reached[-1]
    assert (last.level, last.at, last.period, last.month_start) == (
        "hard cap",
        DECEMBER,
        "2026-11",
        NOVEMBER,
    )
    assert found.now.leads[-1].page_s is not None
    assert found.now.capped_unpaged == ()
    assert ("hard_cap", "2026-11", DECEMBER) in {
        (alert.signal.tier, alert.signal.period, alert.fired_at) for alert in found.now.episodes
    }


def test_what_is_told_at_the_end_of_a_month_is_no_warning_of_the_next(tmp_path: Path) -> None:
    small = replace(SEARCH_TEAM, monthly_nano=2_000 * NANO)
    hours = [(10.0, 5.0)] * 47 + [(2_000.0, 5.0)] + [(2_000.0, 5.0)] * 2
    path = burn(tmp_path / "l.sqlite", hours, DECEMBER - 2 * DAY)

    found = play(
        path,
        "budget",
        settings=Settings(allocations=(small,)),
        start=DECEMBER - DAY,
        end=DECEMBER + 2 * HOUR,
    )

    leads = {each.period: lead for each, lead in zip(found.reached, found.now.leads, strict=True)}
    assert leads == {"2026-11": Lead(0, 0), "2026-12": Lead(0, 0)}


def test_a_month_is_compared_with_the_last_one_to_its_last_hour(tmp_path: Path) -> None:
    hours = [(100.0, 5.0)] * (61 * 24 - 1) + [(80_000.0, 5.0)] + [(100.0, 5.0)] * 2
    path = burn(tmp_path / "l.sqlite", hours, NOVEMBER - 31 * DAY)

    found = play(path, "last_month", start=DECEMBER - 2 * DAY, end=DECEMBER + 2 * HOUR)

    assert {(alert.signal.period, alert.fired_at) for alert in found.now.episodes} == {("2026-11", DECEMBER)}


@pytest.fixture(scope="module")
def spiky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six weeks of hours; one key burns ten times as much for four hours, another 1.8 times for six."""
    begin, mild = NOON - 5 * DAY, NOON - 2 * DAY
    uses = (Use("key_a", "search"), Use("key_b", "support"), Use("key_c", "support", 300.0))

    def change(at: int, ordinary: Sequence[Use]) -> Sequence[Use]:
        factors = {"key_a": 10.0 if begin <= at < begin + 4 * HOUR else 1.0,
                   "key_b": 1.8 if mild <= at < mild + 6 * HOUR else 1.0}  # fmt: skip
        return [each.times(requests=factors.get(each.key, 1.0)) for each in ordinary]

    path = tmp_path_factory.mktemp("spiky") / "ledger.sqlite"
    town = Town(path, uses=uses, change=change, history_d=42)
    town.close()
    return path


def spikes(path: Path, *assignments: str) -> Replay:
    return play(path, "burn_spike", *assignments, settings=Settings(), start=NOON - 10 * DAY, end=NOON)


def test_a_spike_names_the_key_in_the_hour_after_it_began(spiky: Path) -> None:
    alert = spikes(spiky).now.episodes[0]

    assert (alert.signal.scope_kind, alert.signal.scope, alert.signal.team) == ("api_key", "key_a", "search")
    assert alert.fired_at == NOON - 5 * DAY + HOUR
    assert alert.resolved_at is not None
    assert alert.resolved_at <= NOON - 5 * DAY + 6 * HOUR
    assert alert.signal.tier == "critical"


def test_a_floor_that_is_raised_misses_it_and_says_so(spiky: Path) -> None:
    found = spikes(spiky, 'alerts.spike.min_credits_per_hour="50000"')

    assert found.changed is not None
    assert "key_a" in {alert.signal.scope for alert in found.gone}
    assert found.changed.episodes == ()
    key, since = Scope.parse("api_key:key_a"), NOON - 5 * DAY
    assert (found.rises[0].scope, found.rises[0].start, found.rises[0].end) == (key, since, since + 4 * HOUR)
    assert found.rises[0] not in found.now.rises_missed
    assert found.rises[0] in found.changed.rises_missed


def test_a_rise_of_one_key_in_a_large_team_is_listed_by_the_key(spiky: Path) -> None:
    rises = {str(rise.scope): (rise.start, rise.end) for rise in spikes(spiky).rises}

    assert rises["api_key:key_b"] == (NOON - 2 * DAY, NOON - 2 * DAY + 6 * HOUR)
    assert "team:support" not in rises


def test_an_alert_that_is_open_for_long_tells_of_no_rise(spiky: Path) -> None:
    small = replace(SEARCH_TEAM, monthly_nano=NANO)

    found = play(spiky, "budget", settings=Settings(allocations=(small,)), start=NOON - 10 * DAY, end=NOON)

    assert found.rises[0].scope == Scope.parse("api_key:key_a")
    assert found.rises[0] in found.now.rises_missed


def test_an_alert_lasts_while_its_burn_is_still_too_high(tmp_path: Path) -> None:
    begin = NOON - 5 * DAY

    def change(at: int, ordinary: Sequence[Use]) -> Sequence[Use]:
        factor = 1.6 if begin <= at < begin + HOUR else 1.35 if begin <= at < begin + 3 * HOUR else 1.0
        return [each.times(requests=factor if each.key == "key_a" else 1.0) for each in ordinary]

    uses = (Use("key_a", "search"), Use("key_b", "support"), Use("key_c", "support", 300.0))
    Town(tmp_path / "l.sqlite", uses=uses, change=change, history_d=42).close()

    (alert,) = spikes(tmp_path / "l.sqlite").now.episodes

    assert alert.fired_at == begin + HOUR
    assert alert.resolved_at == begin + 4 * HOUR


def test_more_sensitivity_tells_of_smaller_rises(spiky: Path) -> None:
    found = spikes(spiky, "alerts.spike.sensitivity=3")

    assert found.changed is not None
    assert found.gone == ()
    assert len(found.changed.episodes) >= len(found.now.episodes)
    assert {"key_b", "support"} & {alert.signal.scope for alert in found.changed.episodes}


def test_quiet_weeks_have_no_spikes(spiky: Path) -> None:
    found = play(spiky, "burn_spike", settings=Settings(), start=NOON - 12 * DAY, end=NOON - 6 * DAY)

    assert found.now.episodes == ()
    assert found.rises == ()


@pytest.mark.parametrize(
    "rule", ["last_month", "rate_of_change", "new_burner", "untagged", "errors", "cache"]
)
def test_every_other_rule_can_be_replayed_and_says_of_what(steady: Path, rule: str) -> None:
    found = play(steady, rule)

    assert found.rule is AlertRule(rule)
    assert "every whole hour" in found.notes[0]
    minutes = rule in ("rate_of_change", "new_burner", "errors", "cache")
    assert any("minutes" in note for note in found.notes) == minutes


def test_burn_without_a_team_is_found_in_the_past(tmp_path: Path) -> None:
    from tests.agent.reports.world import NOBODY

    path = tmp_path / "l.sqlite"
    hours = range(START, START + 48 * HOUR, HOUR)
    rows = [use(hour, HOUR, who, 500.0) for hour in hours for who in (SEARCH, NOBODY)]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", START, hours[-1] + HOUR, {"completions": rows}, read_at=END)

    found = play(path, "untagged", "alerts.rules.untagged.above=0.6", end=START + 48 * HOUR)

    assert len(found.now.episodes) == 1
    assert len(found.gone) == 1


@pytest.mark.parametrize("rule", ["silent_data", "budgets"])
def test_a_rule_that_cannot_be_replayed_is_an_error_that_names_those_that_can(
    steady: Path, rule: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        play(steady, rule)

    assert rule in caught.value.message
    assert "burn_spike" in caught.value.hint


def test_a_replay_ends_where_the_ledger_does(steady: Path) -> None:
    found = play(steady, "budget", end=END + 200 * DAY)

    assert (found.start, found.end) == (START, END)
    assert found.now.loudness == play(steady, "budget").now.loudness


def test_quiet_hours_that_were_read_are_a_part_of_the_past(tmp_path: Path) -> None:
    path = burn(tmp_path / "l.sqlite", [(100.0, 50.0)] * 24)
    with open_writer(path) as writer:
        writer.write_usage_window("openai", START + DAY, START + 2 * DAY, {"completions": []}, read_at=END)

    assert play(path, "budget").end == START + 2 * DAY


def test_the_last_hour_of_events_is_played(tmp_path: Path) -> None:
    who = Dimensions("gateway", api_key="key_g", team="labs")
    rows = [event(f"g-{n}", START + n * HOUR + 60, dimensions=who, credits_nano=NANO) for n in range(5)]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_events(batch(rows))

    assert play(tmp_path / "l.sqlite", "budget").end == START + 5 * HOUR


def test_without_any_past_there_is_nothing_to_replay(tmp_path: Path, steady: Path) -> None:
    open_writer(tmp_path / "empty.sqlite").close()

    for path, end in ((tmp_path / "empty.sqlite", END), (steady, START - DAY), (steady, END + 9 * DAY)):
        with pytest.raises(LedgerError, match="knows nothing of that time"):
            play(path, "budget", start=end - DAY, end=end)
