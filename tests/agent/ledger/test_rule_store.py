"""Burn between any two minutes by any series, against a sum over the rows that were written."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.allocation import Scope, ScopeKind
from agent.domain.usage import Dimensions
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.pieces import pieces
from agent.ledger.rule_store import WHOLE, RuleStore, Sums
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import DAY, batch, bucket, event

HOUR = 3_600
START = DAY + 22 * HOUR  # so that a day ends within
END = START + 5 * HOUR
# Team "a" is in one group, "b" in two; the metered account has minutes, the other one events only.
WHO = (
    Dimensions("openai", api_key="k-1", team="a", project="p-1", billing_group="g-1", department="d"),
    Dimensions("openai", api_key="k-2", team="b", project="p-1", billing_group="g-1", department="d"),
    Dimensions("openai", api_key="k-3", team="b", project="p-2", billing_group="g-2", department="d"),
    Dimensions("gateway", api_key="k-4", team="", project="p-2", billing_group="g-2", department="e"),
)
SCOPES = tuple(
    Scope.parse(text)
    for text in (
        *("organization", "team:a", "team:b", "billing_group:g-1", "billing_group:g-2"),
        *("department:d", "department:e", "project:p-1", "project:p-2", "api_key:k-1", "api_key:k-4"),
    )
)
Row = tuple[int, int, int]  # who, minute, nano-credits


def nano_of(number: int, minute: int) -> int:
    """An amount that no other sum is mistaken for."""
    return 10**9 * (number + 1) + 7_919 * minute


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[LedgerWriter, list[Row]]]:
    """Five hours: every third minute of each key, metered or as events."""
    rows = [
        (number, START + minute * 60, nano_of(number, minute))
        for number in range(len(WHO))
        for minute in range(number, 300, 3)
    ]
    with tempfile.TemporaryDirectory() as folder, open_writer(Path(folder) / "l.sqlite") as writer:
        metered = [
            bucket(at, nano=nano, dimensions=WHO[number])
            for number, at, nano in rows
            if WHO[number].account == "openai"
        ]
        events = [
            event(f"r-{at}", at + 5, dimensions=WHO[number], credits_nano=nano)
            for number, at, nano in rows
            if WHO[number].account == "gateway"
        ]
        writer.write_usage_window("openai", START, END, {"completions": metered}, read_at=END)
        writer.write_events(batch(events))
        yield writer, rows


def plain(rows: list[Row], scope: Scope, start: int, end: int) -> int:
    """The same sum, counted from scratch."""

    def mine(who: Dimensions) -> bool:
        return scope.kind is ScopeKind.ORGANIZATION or getattr(who, scope.kind.value) == scope.value

    return sum(nano for number, at, nano in rows if start <= at < end and mine(WHO[number]))


@given(first=st.integers(0, 300), last=st.integers(0, 300), days=st.booleans())
def test_any_stretch_of_minutes_is_summed_exactly(
    filled: tuple[LedgerWriter, list[Row]], first: int, last: int, days: bool
) -> None:
    writer, rows = filled
    start, end = START + min(first, last) * 60, START + max(first, last) * 60
    series = writer.rules.series(SCOPES)

    burnt = writer.rules.burnt(series.values(), start, end, days=days)

    assert {scope: burnt[each] for scope, each in series.items()} == {
        scope: plain(rows, scope, start, end) for scope in SCOPES
    }


def test_many_contexts_are_read_through_and_come_to_the_same(
    filled: tuple[LedgerWriter, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, _ = filled
    series = writer.rules.series(SCOPES)
    sought = writer.rules.burnt(series.values(), START + 600, START + 1_800)

    monkeypatch.setattr("agent.ledger.rule_store._MOST_LOOK_UPS", 0)

    assert writer.rules.burnt(series.values(), START + 600, START + 1_800) == sought


def test_what_is_known_by_the_hour_gives_its_share_of_time(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        rows = [bucket(START, HOUR, nano=3_600, dimensions=WHO[0])]
        writer.write_usage_window("openai", START, START + HOUR, {"completions": rows}, read_at=END)
        series = writer.rules.series(SCOPES)

        burnt = writer.rules.burnt(series.values(), START + 600, START + 1_800)

    assert {str(scope): burnt[each] for scope, each in series.items()} == dict.fromkeys(
        ("organization", "team:a", "billing_group:g-1", "department:d", "project:p-1", "api_key:k-1"), 1_200
    )


def test_scopes_that_never_burnt_have_no_series(filled: tuple[LedgerWriter, list[Row]]) -> None:
    writer, _ = filled

    found = writer.rules.series([Scope.parse("team:nobody"), Scope.parse("organization")])

    assert found == {Scope.parse("organization"): WHOLE}
    assert writer.rules.find(Kind.TEAM, "") is not None


def test_busy_series_are_those_that_burn_or_fail_enough(writer: LedgerWriter) -> None:
    fine = [event(f"r-{n}", DAY + n, dimensions=WHO[0], credits_nano=10) for n in range(10)]
    bad = [event(f"x-{n}", DAY + n, dimensions=WHO[1], credits_nano=0, error_code="500") for n in range(3)]
    writer.write_events(batch(fine + bad))
    keys = {name: writer.rules.find(Kind.API_KEY, name) for name in ("k-1", "k-2")}

    def busy(nano: int, errors: int) -> dict[int, Sums]:
        return writer.rules.busy(Kind.API_KEY, DAY, DAY + HOUR, least_nano=nano, least_errors=errors)

    assert {(Kind.API_KEY, ident) for ident in busy(100, 4)} == {keys["k-1"]}
    assert {(Kind.API_KEY, ident) for ident in busy(101, 3)} == {keys["k-2"]}
    assert Counter(sums.errors for sums in busy(0, 0).values()) == {0: 1, 3: 1}


def test_a_reader_answers_as_the_writer_does(writer: LedgerWriter) -> None:
    writer.write_events(batch([event(at=DAY)]))

    with open_reader(writer.path) as reader:
        rules = RuleStore(reader.rows)
        assert rules.known_since() == writer.rules.known_since() == DAY
        assert rules.burnt([WHOLE], DAY, DAY + 60) == writer.rules.burnt([WHOLE], DAY, DAY + 60)


@given(first=st.integers(0, 5 * 1_440), last=st.integers(0, 5 * 1_440), days=st.booleans())
def test_pieces_cover_a_stretch_once(first: int, last: int, days: bool) -> None:
    start, end = min(first, last) * 60, max(first, last) * 60

    cut = pieces(start, end, days=days)

    seconds = Counter(
        minute
        for low, high in (
            *((day, day + 86_400) for day in cut.days),
            *((hour, hour + HOUR) for hour in cut.hours),
            *cut.parts,
        )
        for minute in range(low, high, 60)
    )
    assert seconds == Counter(range(start, end, 60))
    assert all(high - low < HOUR for low, high in cut.parts)
    assert days or not cut.days
