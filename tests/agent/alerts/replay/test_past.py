"""Reading the past: the same figures as the ledger gives, and nothing that has not happened yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.alerts.replay.past import PastRules
from agent.domain.allocation import Scope
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.reader import LedgerReader
from agent.ledger.rule_store import RuleStore
from tests.agent.reports.world import NOW, SEARCH, SUPPORT, use

HOUR, DAY = 3_600, 86_400
END = NOW // HOUR * HOUR
START = END - 20 * DAY
SCOPES = [Scope.parse(text) for text in ("organization", "team:search", "project:proj_support")]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerReader]:
    """Twenty days of hours, no two alike; the last six hours by the minute."""
    path: Path = tmp_path_factory.mktemp("past") / "ledger.sqlite"
    fine = END - 6 * HOUR
    with open_writer(path) as writer:
        rows = [
            use(hour, HOUR, who, 1.0 + (hour // HOUR % 37) * share)
            for hour in range(START, fine, HOUR)
            for who, share in ((SEARCH, 1.0), (SUPPORT, 0.25))
        ]
        writer.write_usage_window("openai", START, fine, {"completions": rows}, read_at=END)
        minutes = [use(at, 60, SEARCH, 0.5 + at // 60 % 7) for at in range(fine, END, 60)]
        writer.write_usage_window("openai", fine, END, {"completions": minutes}, read_at=END)
    with open_reader(path) as opened:
        yield opened


hours = st.integers(0, 20 * 24)


@given(low=hours, high=hours, days=st.booleans(), cut=st.sampled_from([0, 300, 900, 2_700]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_burnt_is_what_the_ledger_says(
    reader: LedgerReader, low: int, high: int, days: bool, cut: int
) -> None:
    past, plain = PastRules(reader.rows, START, END), RuleStore(reader.rows)
    past.at = START + max(low, high) * HOUR
    start = min(START + min(low, high) * HOUR + cut, past.at)
    series = set(past.series(SCOPES).values())

    assert past.burnt(series, start, past.at, days=days) == plain.burnt(series, start, past.at, days=days)


@given(at=st.integers(1, 20 * 24))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_after_the_instant_has_happened(reader: LedgerReader, at: int) -> None:
    past = PastRules(reader.rows, START, END)
    past.at = START + at * HOUR
    series = list(past.series(SCOPES).values())

    by_hour = past.hours(series, range(START, END, HOUR))
    so_far = {each: sum(sums.credits_nano for sums in by_hour[each].values()) for each in series}

    assert all(hour < past.at for known in by_hour.values() for hour in known)
    assert past.burnt(series, START, END) == so_far
    assert past.burnt(series, START, END, days=True) == so_far
    by_day = past.days(series, range(START // DAY * DAY, END, DAY))
    assert {each: sum(by_day[each].values()) for each in series} == so_far


def test_a_scope_that_never_burnt_is_left_out(reader: LedgerReader) -> None:
    past = PastRules(reader.rows, START, END)

    assert past.series([Scope.parse("team:nobody"), Scope.parse("team:search")]).keys() == {
        Scope.parse("team:search")
    }


def test_a_key_is_no_newcomer_before_it_was_seen(reader: LedgerReader) -> None:
    past = PastRules(reader.rows, START, END)

    past.at = START
    before = past.newcomers(START - DAY)
    past.at = END

    assert before == []
    assert {each.name for each in past.newcomers(START - DAY) if each.series[0] is Kind.API_KEY} == {
        "key_search",
        "key_support",
    }


def test_what_a_rule_asks_of_times_long_before_comes_from_the_ledger(reader: LedgerReader) -> None:
    past = PastRules(reader.rows, END - HOUR, END)
    past.at = END
    series = list(past.series(SCOPES).values())
    long_ago = START - 100 * DAY

    assert past.burnt(series, long_ago, END) == RuleStore(reader.rows).burnt(series, long_ago, END)
