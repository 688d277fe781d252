"""Actions are told by the names that the directory has for projects and keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.domain.money import NANO
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import DirectoryKey, DirectoryProject
from agent.reports.actions import action_detail, action_entry, actions

NOW = 1_795_003_200
CAP = ActionSpec(ActionKind.CAP, Scope.parse("project:proj_1"), amount_nano=500 * NANO, gateway="openai")
AT_MODEL = Target("openai", TargetKind.PROJECT_MODEL, "proj_1/gpt-5")


def ledger(path: Path, spec: ActionSpec, *names: str, target: Target = AT_MODEL) -> Path:
    """One action of a spec, and a directory in which `proj_1`, `proj_2`, ... and `key_1` have names."""
    file = path / "ledger.sqlite"
    projects = [DirectoryProject(f"proj_{1 + place}", name, "active") for place, name in enumerate(names)]
    with open_writer(file) as writer:
        writer.save_directory(
            "openai", projects, [DirectoryKey("key_1", "proj_1", "ci", "sk-...1")], None, NOW
        )
        step = Step(0, target, {"rpm": 60}, {"rpm": None})
        writer.actions.add(Action(spec, ActionState.STANDBY, "agent", NOW - 60, "x", steps=(step,)))
    return file


def test_a_project_is_named_in_lists_and_with_its_id_behind_it_in_details(tmp_path: Path) -> None:
    with open_reader(ledger(tmp_path, CAP, "search-api", "ranking")) as reader:
        (listed,) = actions(reader, NOW)
        found = action_detail(reader, 1, NOW)

    assert found is not None
    assert listed.named == "cap project:search-api at 500 credits a month"
    assert found.entry.named_fully == "cap project:search-api (proj_1) at 500 credits a month"
    assert found.steps[0].named == "openai/project_model/search-api (proj_1)/gpt-5"


def test_what_scripts_read_and_what_is_approved_stay_as_they_are(tmp_path: Path) -> None:
    with open_reader(ledger(tmp_path, CAP, "search-api")) as reader:
        found = action_detail(reader, 1, NOW)

    assert found is not None
    assert (found.entry.title, found.entry.scope) == (
        "cap project:proj_1 at 500 credits a month",
        "project:proj_1",
    )
    assert found.steps[0].target == "openai/project_model/proj_1/gpt-5"
    assert found.digest == found.action.digest


def test_a_key_is_named_too(tmp_path: Path) -> None:
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:key_1"), expires_s=3_600)
    with open_reader(ledger(tmp_path, spec)) as reader:
        found = action_entry(reader, 1, NOW)

    assert found is not None
    assert found.named == "block api_key:ci for 1 h"
    assert found.named_fully == "block api_key:ci (key_1) for 1 h"


@pytest.mark.parametrize(
    "names",
    [(), ("",), ("proj_1",), ("same", "same"), ("same", "same\x00")],
    ids=["unknown", "none", "its id", "of two", "alike"],
)
def test_without_a_name_of_its_own_the_id_is_all_there_is(tmp_path: Path, names: tuple[str, ...]) -> None:
    with open_reader(ledger(tmp_path, CAP, *names)) as reader:
        found = action_detail(reader, 1, NOW)

    assert found is not None
    assert found.entry.named == found.entry.named_fully == found.entry.title
    assert found.steps[0].named == found.steps[0].target


def test_a_name_is_shown_in_one_line_without_what_moves_a_terminal(tmp_path: Path) -> None:
    with open_reader(ledger(tmp_path, CAP, "search\x1b[2J\n api")) as reader:
        found = action_entry(reader, 1, NOW)

    assert found is not None
    assert found.named == "cap project:search [2J api at 500 credits a month"


def test_a_target_in_no_project_has_no_name(tmp_path: Path) -> None:
    at_team = Target("proxy", TargetKind.TEAM, "proj_1")
    with open_reader(ledger(tmp_path, replace(CAP, gateway="proxy"), "search-api", target=at_team)) as reader:
        found = action_detail(reader, 1, NOW)

    assert found is not None
    assert found.steps[0].named == "proxy/team/proj_1"
