"""`{name}` in texts: which there are, what becomes of them, and what a value may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.runbook import ParameterKind
from agent.runbooks.filling import (
    MissingParameter,
    brace_problem,
    check_value,
    fill,
    fill_given,
    names_in,
)


def test_names_are_found_once_each_and_doubled_braces_are_braces() -> None:
    text = "{scope} burns since {started}; {scope} is {{not a name}}"

    assert names_in(text) == ("scope", "started")
    assert fill(text, {"scope": "team:search", "started": "10:05"}) == (
        "team:search burns since 10:05; team:search is {not a name}"
    )


def test_what_is_filled_in_is_never_read_again() -> None:
    assert fill("{a}{{b}}", {"a": "{b}", "b": "x"}) == "{b}{b}"


@pytest.mark.parametrize("values", [{}, {"key": ""}])
def test_a_name_without_a_value_is_named(values: dict[str, str]) -> None:
    with pytest.raises(MissingParameter, match="'key' has no value") as raised:
        fill("api_key:{key}", values)

    assert raised.value.name == "key"
    assert "key=VALUE" in raised.value.hint


def test_a_parameter_that_may_be_left_out_is_left_out_where_nothing_fills_it() -> None:
    using = {"incident": "{incident}", "scope": "{scope}"}

    assert fill_given(using, {"scope": "organization"}, {"incident": False, "scope": True}) == {
        "scope": "organization"
    }
    with pytest.raises(MissingParameter):
        fill_given(using, {"scope": "organization"}, {"incident": True, "scope": True})


@given(st.text(alphabet="{}ab "))
def test_texts_whose_braces_are_sound_are_filled_whatever_they_are(text: str) -> None:
    filled = fill(text, dict.fromkeys(names_in(text), "x"))

    if not brace_problem(text) and "{{" not in text and "}}" not in text:
        assert "{" not in filled


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ParameterKind.TEXT, "anything at all", ""),
        (ParameterKind.SCOPE, "team:search", "search"),
        (ParameterKind.KEY, "key_1", " "),
        (ParameterKind.TEAM, "Search and Ads", "a\nb"),
        (ParameterKind.MODEL, "gpt-5-mini", "gpt 5"),
        (ParameterKind.ALLOCATION, "org-1-team-search", "org 1"),
        (ParameterKind.RATE, "10 rps", "10 per second"),
        (ParameterKind.CREDITS, "25,000.5", "0"),
        (ParameterKind.DURATION, "2h", "0m"),
        (ParameterKind.INSTANT, "2026-03-01T14:02:00Z", "yesterday"),
        (ParameterKind.NUMBER, "1,000.5", "nan"),
        (ParameterKind.PERSON, "ada", "ada lovelace"),
    ],
)
def test_a_value_is_one_of_its_kind_or_said_to_be_none(kind: ParameterKind, good: str, bad: str) -> None:
    assert check_value(kind, good) == ""
    assert check_value(kind, bad) != ""


@given(st.sampled_from(ParameterKind), st.text())
def test_no_value_breaks_the_check(kind: ParameterKind, text: str) -> None:
    check_value(kind, text)
