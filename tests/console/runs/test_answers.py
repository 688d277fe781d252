"""Answers of a drill: by id or number, one or several, and checked against the runbook before it starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import BurndeckError, ConfigError
from agent.runbooks.format import parse
from agent.runbooks.library import library
from agent.settings import Settings
from console.runs.answers import PLACEHOLDER, Answers, answers_of, read_answers
from tests.console.commands.run_world import QUIET

RUNBOOK = parse(QUIET)


def step(ident: str) -> Any:
    found = RUNBOOK.named(ident)
    assert found is not None
    return found


def test_a_step_is_named_by_its_id_or_its_number() -> None:
    assert answers_of({"answers": {"2": "not"}}, RUNBOOK) == answers_of({"answers": {"how": "not"}}, RUNBOOK)


def test_several_answers_are_given_one_a_try_and_the_last_one_stays() -> None:
    said = answers_of({"answers": {"how": ["hard", "not"]}}, RUNBOOK)

    assert [said.answer(step("how"), attempt) for attempt in (1, 2, 3)] == ["hard", "not", "not"]


def test_without_an_answer_a_decision_goes_one_way_after_the_other_and_a_note_says_drill() -> None:
    said = Answers()

    assert [said.answer(step("how"), attempt) for attempt in (1, 2, 3)] == ["hard", "not", "hard"]
    assert said.answer(step("close"), 1) == PLACEHOLDER


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"answers": {"how": "maybe"}}, "step 2 (How hard?): 'maybe' is none of its choices"),
        ({"answers": {"9": "x"}}, "quiet has no step '9'"),
        ({"answers": {"who": "x"}}, "is a query: it takes no answer"),
        ({"answers": {"close": ""}}, "answers.close: it must be text"),
        ({"answers": {"how": []}}, "'nothing' is none of its choices"),
        ({"act": {"throttle": {"speed": "1"}}}, "an action has no speed"),
        ({"act": {"close": {"limit": "1 rps"}}}, "is no action that could be changed"),
        ({"skip": {"5": 3}}, "skip.tell: it must be text"),
        ({"approve": {"agree": "mallory"}}, "approve.agree: there is no 'mallory' in a drill"),
        ({"approve": {"close": "finance"}}, "is a note: nobody approves it"),
        ({"skipp": {}}, "skipp: it is none of answers"),
        ({"set": []}, "set: it is no table"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(told: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        answers_of(told, RUNBOOK)

    assert message in caught.value.message


def test_a_decision_that_is_answered_wrongly_is_shown_its_choices() -> None:
    with pytest.raises(ConfigError) as caught:
        answers_of({"answers": {"how": "maybe"}}, RUNBOOK)

    assert "hard: throttle what is not production; not: not at all" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", '[answers]\n2 = "not"\n'), ("a.json", '{"answers": {"2": "not"}}')],
)
def test_a_file_is_toml_or_json(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    assert read_answers(tmp_path / name, RUNBOOK).answers == {"how": ("not",)}


@pytest.mark.parametrize("name", ["a.toml", "a.json"])
@settings(max_examples=60)
@given(raw=st.binary(max_size=200))
def test_no_file_ends_in_anything_but_an_error_that_names_it(
    tmp_path_factory: pytest.TempPathFactory, name: str, raw: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(raw)

    try:
        read_answers(file, RUNBOOK)
    except BurndeckError as error:
        assert error.message.startswith(str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_answers(tmp_path / "none.toml", RUNBOOK)


def test_the_answers_that_the_readme_shows_fit_the_runbook_that_it_drills() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    shown = readme.partition("# drill.toml\n")[2].partition("```")[0]
    cost_spike = library(Settings()).find("cost-spike")
    assert cost_spike is not None

    said = answers_of(tomllib.loads(shown), cost_spike)

    assert said.answers["how-hard"] == ("key",)
    assert "cost-spike --scenario retry-storm --answers drill.toml" in readme
