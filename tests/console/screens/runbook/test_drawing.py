"""Prose, evidence and the head of a run as lines: pure, for widths that are narrow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.change import PlotMark
from agent.domain.run import Evidence, KeptEvidence
from agent.domain.run import Line as BurnLine
from console.screens.runbook.evidence import draw_evidence, draw_line, draw_table
from console.screens.runbook.machine import letter
from console.screens.runbook.prose import draw_prose
from console.widgets.ink import Line, Tone, width_of

NANO = 10**9


def texts(lines: list[Line]) -> list[str]:
    return ["".join(span.text for span in line) for line in lines]


def test_prose_keeps_lists_code_and_emphasis() -> None:
    prose = """Look at the **share**, not at `now`.

- one key:
  a client
- all of them

1. first
2. second

```
burndeck burn
```
"""

    lines = draw_prose(prose, 30)

    assert texts(lines) == [
        "Look at the share, not at now.",
        "",
        "•  one key: a client",
        "•  all of them",
        "",
        "1. first",
        "2. second",
        "",
        "  burndeck burn",
    ]
    tones = {span.text.strip(): span.tone for span in lines[0]}
    assert (tones["share,"[:5]], tones["now"]) == (Tone.STRONG, Tone.ACCENT)


@given(st.text(max_size=300), st.integers(min_value=1, max_value=60))
def test_any_prose_stays_in_its_width(prose: str, width: int) -> None:
    assert all(width_of(line) <= max(width, 12) for line in draw_prose(prose, width))


def test_numbers_stand_at_the_right_and_share_their_unit_below() -> None:
    rows = [("search", "6.00 credits/min", "93 %"), ("ads", "0.4 credits/min", "–")]

    lines = texts(draw_table(("team", "now", "share"), rows, 60))

    assert lines == [
        "team     now  share",
        "search  6.00   93 %",
        "ads      0.4      –",
        "now in credits/min",
    ]


def test_a_column_of_several_units_keeps_them() -> None:
    lines = texts(draw_table(("what", "now"), [("a", "3 credits"), ("b", "4 tokens")], 60))

    assert lines[1:] == ["a     3 credits", "b     4 tokens"]


def test_what_has_no_room_is_named_and_long_cells_are_cut() -> None:
    rows = [("key_" + "x" * 40, "a sentence of many words that is longer than its place", "12", "34")]

    lines = texts(draw_table(("key", "why", "calls", "errors"), rows, 36))

    assert all(len(line) <= 36 for line in lines)
    assert "…" in lines[1]
    assert "no room here, Tab widens" in " ".join(lines)


@given(
    st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30)), max_size=25),
    st.integers(min_value=20, max_value=90),
)
def test_any_table_stays_in_its_width(rows: list[tuple[str, str, str]], width: int) -> None:
    assert all(width_of(line) <= width for line in draw_table(("one", "two", "three"), rows, width))


def test_rows_beyond_the_first_twenty_are_counted() -> None:
    lines = texts(draw_table(("n",), [(str(number),) for number in range(23)], 40))

    assert lines[-1] == "3 more rows"


def test_a_line_that_knows_nothing_is_not_drawn() -> None:
    assert draw_line(BurnLine(0, 60, (None, None)), 40, 7) == []
    drawn = texts(draw_line(BurnLine(0, 60, (NANO, 2 * NANO), (NANO, NANO)), 40, 7))
    assert "░ expected" in drawn[0]
    assert len(drawn) == 8


def test_what_was_changed_meanwhile_stands_below_the_burn() -> None:
    line = BurnLine(0, 60, (NANO,) * 60, marks=(PlotMark(1_800, "search-api 2.4.1", release=True),))

    assert "00:30 search-api 2.4.1" in "\n".join(texts(draw_line(line, 60, 7)))


def kept(attempt: int, sentence: str, ident: int) -> KeptEvidence:
    return KeptEvidence(
        1, attempt, 60 * attempt, "agent", Evidence("burn", "Burn", sentence=sentence), "ab" * 32, ident
    )


def test_earlier_tries_shrink_to_a_line_and_changed_evidence_is_named() -> None:
    found = (kept(1, "it burns", 1), kept(2, "it still burns", 2))

    lines = texts(draw_evidence(found, "", (2,), 200, 60, 20))

    assert lines[:2] == ["Burn", "it still burns"]
    assert any("reads differently than when it was kept" in line for line in lines)
    assert lines[-1] == "try 1, 00:01:00: it burns"


def test_a_sentence_that_is_said_already_is_not_repeated() -> None:
    lines = texts(draw_evidence((kept(1, "it burns", 1),), "step done: it burns", (), 200, 60, 20))

    assert "it burns" not in lines


@pytest.mark.parametrize("place", range(21))
def test_letters_of_choices_are_none_that_move(place: int) -> None:
    assert letter(place) not in "jkgq"
