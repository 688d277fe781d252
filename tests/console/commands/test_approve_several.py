"""`burndeck approve 1 2 3`: a word on each for itself, and what became of every one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.identity import VARIABLE
from agent.domain.action import ActionState
from agent.ledger import open_writer
from tests.console.commands.acting_world import World
from tests.console.commands.test_approve import BLOCK, Terminal, blocked


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    with made.agent():
        yield made
    made.admin.close()


@pytest.fixture
def asked(world: World, capsys: pytest.CaptureFixture[str]) -> World:
    """Ada has asked for a block of production and for two top-ups; bo of finance is here now."""
    assert world.run(*BLOCK) == 0
    for amount in ("500", "700"):
        assert world.run("top-up", "team:search", "--credits", amount, "--reason", "busy", "--yes") == 0
    world.as_("bo")
    capsys.readouterr()
    return world


def states(world: World) -> list[str]:
    with open_writer(world.ledger) as writer:
        found = [writer.actions.action(ident) for ident in (1, 2, 3)]
    return [each.state.value for each in found if each is not None]


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, list)
    return found


def test_each_is_approved_for_itself_and_begins_with_its_second_approval(
    asked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.run("approve", "1", "2", "3", "--yes") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "action 1, block api_key:key_prod for 1 h: approved by bo; waits for engineering"
    assert said[2].startswith("action 3, top team:search up by 700 credits: approved by bo")
    assert blocked(asked) == []

    asked.as_("cy")
    assert asked.run("approve", "1", "2", "3", "--yes") == 0

    assert "for 1 h: approved by cy; in force" in capsys.readouterr().out
    assert blocked(asked) == ["key_prod"]
    with open_writer(asked.ledger) as writer:
        given = [writer.actions.approvals(ident) for ident in (1, 2, 3)]
    assert [[word.person for word in words] for words in given] == [["bo", "cy"]] * 3
    assert len({word.digest for words in given for word in words}) == 3


def test_one_that_is_refused_keeps_none_back_and_the_exit_code_says_so(
    asked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.run("approve", "2", "--yes") == 0
    capsys.readouterr()

    assert asked.run("approve", "1", "2", "3", "--yes") == 1

    said = capsys.readouterr()
    assert "action 1, block api_key:key_prod for 1 h: approved by bo" in said.out
    assert "action 3, top team:search up by 700 credits: approved by bo" in said.out
    refused = "action 2, top team:search up by 500 credits: refused: bo has approved it already"
    assert refused in said.err


def test_what_waits_no_more_and_what_never_was_are_refused_each_with_its_reason(
    asked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.run("approve", "2", "--deny", "--yes") == 0
    capsys.readouterr()

    assert asked.run("approve", "2", "99", "3", "--yes") == 1

    said = capsys.readouterr()
    assert "action 2: refused: action 2 is declined: there is nothing to decide" in said.err
    assert "action 99: refused: there is no action 99" in said.err
    assert "action 3, top team:search up by 700 credits: approved by bo" in said.out
    assert asked.run("actions", "show", "2") == 0
    assert "refused      bo        approve: action 2 is declined" in capsys.readouterr().out, "on record"


def test_json_is_a_list_of_several_and_stays_an_object_for_one(
    asked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.run("approve", "1", "99", "1", "--yes", "--json") == 1
    first, other = listed(capsys)
    assert (first["id"], first["state"], first["reason"], first["person"]) == (1, "standby", "", "bo")
    assert first["action"]["waits_for"] == [["engineering"]]
    refused = {"id": 99, "intent": None, "state": "refused", "reason": "there is no action 99"}
    assert other == refused | {"person": ""}

    assert asked.run("approve", "2", "2", "--yes", "--json") == 0

    one = json.loads(capsys.readouterr().out)
    assert set(one) == {"intent", "state", "reason", "person", "action", "states"}


def test_several_are_denied_at_once(asked: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked.run("approve", "1", "2", "--deny", "--note", "too wide", "--yes") == 0

    assert capsys.readouterr().out.count("denied by bo: too wide") == 2
    assert states(asked) == [ActionState.DECLINED, ActionState.DECLINED, ActionState.STANDBY]


def test_every_change_is_shown_before_the_one_question(
    asked: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert asked.run("approve", "1", "3") == 1
    said = capsys.readouterr()
    assert "changes     haproxy/key/key_prod" in said.out
    assert "top team:search up by 700 credits" in said.out
    assert said.out.count("digest  ") == 2
    assert "approve these 2 changes?" in said.out
    assert "nothing was signed" in said.err
    with open_writer(asked.ledger) as writer:
        assert [*writer.actions.approvals(1), *writer.actions.approvals(3)] == []

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert asked.run("approve", "1", "99") == 1
    assert "approve action 1 alone?" in capsys.readouterr().out


def test_several_are_not_approved_unseen(asked: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked.run("approve", "1", "2") == 2

    assert "pass --yes" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--export",), ("--token", "x")])
def test_a_line_or_a_token_is_about_one(
    asked: World, option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.run("approve", "1", "2", *option) == 2

    assert "it is about one ACTION" in capsys.readouterr().err


def test_whoever_has_no_identity_is_told_how_to_be_known(
    asked: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(asked.folder / "nobody.key"))

    assert asked.run("approve", "1", "2", "--yes") == 2

    assert "burndeck identity create" in capsys.readouterr().err


def test_somebody_whose_role_decides_nothing_is_refused_each(
    asked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.as_("eve")

    assert asked.run("approve", "1", "2", "--yes") == 1

    assert capsys.readouterr().err.count("refused: ") == 2


def test_without_an_agent_it_says_that_each_waits_and_how_to_take_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, monkeypatch)
    with world.agent():
        assert world.run(*BLOCK) == 0
        assert world.run("top-up", "team:search", "--credits", "5", "--reason", "busy", "--yes") == 0
    world.as_("bo")
    capsys.readouterr()

    assert world.run("approve", "1", "2", "--yes", "--wait", "0.1") == 1

    said = capsys.readouterr().err
    assert said.count("signed by bo, and no agent has taken it yet; `burndeck withdraw ") == 2
    world.admin.close()
