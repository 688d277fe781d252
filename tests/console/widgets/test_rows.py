"""Columns that fit, sorting, filtering."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.widgets.rows import GAP, Brief, Cell, Column, Filter, Order, Row, fit_columns, sort_rows

COLUMNS = (
    Column("name", 12, grow=True, most=20, at_right=False),
    Column("now", 7),
    Column("usual", 7, 1),
    Column("share", 6, 2),
)


def test_a_brief_wording_keeps_its_figure_in_every_width():
    cell = Cell("a long sentence", brief=Brief("org-8898-team-finance-ops", " 71 % of the month"))

    assert cell.shown(32, at_right=False).endswith(" 71 % of the month")
    assert cell.shown(32, at_right=False).startswith("org-8898")
    assert all(len(cell.shown(width, at_right=False)) == width for width in range(1, 90))
    assert cell.shown(80, at_right=False).strip() == "a long sentence"


def row(key: str, value: int | None = None) -> Row:
    return Row(key, (Cell(key, key), Cell(str(value), value)))


def keys(rows):
    return [row.key for row in rows]


def test_the_least_important_columns_go_first():
    assert [index for index, _ in fit_columns(COLUMNS, 33)] == [0, 1, 2]
    assert [index for index, _ in fit_columns(COLUMNS, 25)] == [0, 1]


def test_columns_without_priority_stay_even_when_too_wide():
    assert [index for index, _ in fit_columns(COLUMNS, 12)] == [0, 1]


def test_room_left_over_goes_to_growing_columns_up_to_their_limit():
    assert dict(fit_columns(COLUMNS, 60))[0] == 20


@given(st.integers(22, 200))
def test_what_is_fitted_fits(width):
    fitted = fit_columns(COLUMNS, width)

    assert sum(size for _, size in fitted) + GAP * (len(fitted) - 1) <= width


def test_rows_without_a_value_come_last_in_both_directions():
    rows = [row("none"), row("one", 1), row("two", 2)]

    assert keys(sort_rows(rows, Order(1))) == ["two", "one", "none"]
    assert keys(sort_rows(rows, Order(1, downwards=False))) == ["one", "two", "none"]


def test_equal_rows_keep_their_order():
    rows = [row("b", 1), row("a", 1)]

    assert keys(sort_rows(rows, Order(1))) == ["b", "a"]


def test_a_filter_is_a_regular_expression_that_ignores_case():
    chosen = Filter.of("^SEARCH|pay")

    assert [chosen.matches(row(key)) for key in ("search-prod", "payments", "growth")] == [True, True, False]


def test_an_exclamation_mark_turns_the_filter_round():
    assert [Filter.of("!prod").matches(row(key)) for key in ("a-prod", "a-dev")] == [False, True]


def test_an_unfinished_expression_filters_as_text_and_says_so():
    chosen = Filter.of("gpt(")

    assert chosen.problem
    assert chosen.matches(row("gpt(x")) and not chosen.matches(row("gpt"))


def test_a_filter_also_looks_where_nothing_is_shown():
    hidden = Row("key_1", (Cell("label", "label"),), search="key_1")

    assert Filter.of("key_1").matches(hidden)


def test_an_empty_filter_keeps_everything():
    assert Filter.of("").matches(row("any")) and Filter.of("!").matches(row("any"))
