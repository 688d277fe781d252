"""Tables as text: aligned, and as wide as a terminal where they are read on one."""

from __future__ import annotations

from console.commands.tables import shortened, table

COLUMNS = ("id", "state", "summary")
ROWS = [(12, "firing", "team search burns 30 credits/min where 5 are usual at this hour of the week")]


def test_a_table_that_is_not_for_a_terminal_is_never_cut() -> None:
    assert table(COLUMNS, ROWS).splitlines()[-1].endswith("of the week")


def test_the_last_column_is_cut_between_words_at_the_width_of_the_terminal() -> None:
    lines = table(COLUMNS, ROWS, most=60).splitlines()

    assert lines[-1] == "12  firing  team search burns 30 credits/min where 5 are ..."
    assert max(map(len, lines)) <= 60


def test_on_the_narrowest_terminal_thirty_characters_are_left() -> None:
    last = table(COLUMNS, ROWS, most=10).splitlines()[-1].removeprefix("12  firing  ")

    assert last == "team search burns 30 ..."
    assert shortened("x" * 40, 30) == "x" * 27 + "..."
