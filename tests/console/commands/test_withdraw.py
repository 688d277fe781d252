"""`burndeck withdraw`: what was signed while no agent ran is taken back before one comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.ledger import open_writer
from tests.agent.ledger.look import rows
from tests.console.commands.acting_world import World


def test_what_waits_is_listed_and_taken_back_by_its_signer_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, monkeypatch)
    world.as_("ada")
    asked = ("throttle", "team:search", "--non-prod", "--rpm", "10", "--reason", "loops", "--yes")
    assert world.run(*asked, "--wait", "0") == 1
    assert "`burndeck withdraw 1` takes it back" in capsys.readouterr().err
    assert world.run("withdraw") == 0
    assert "throttle non-prod of team:search to 10 rpm" in capsys.readouterr().out

    world.as_("bo")
    assert world.run("withdraw", "1") != 0
    assert "ada signed intent 1, so only they withdraw it" in capsys.readouterr().err
    world.as_("ada")
    assert world.run("withdraw", "1", "--wait", "0") == 1
    assert "finds it withdrawn" in capsys.readouterr().err

    with world.agent():
        assert world.run(*asked) == 0
    states = rows(world.ledger, "SELECT id, state FROM intent ORDER BY id")
    assert states == [(1, "refused"), (2, "refused"), (3, "done"), (4, "done")]
    assert world.run("withdraw", "1") != 0
    assert "intent 1 is withdrawn already: nothing of it was done" in capsys.readouterr().err
    world.admin.close()


@pytest.mark.parametrize(
    ("number", "why"), [("1", "intent 1 is done already"), ("2", "there is no intent 2")]
)
def test_the_number_of_an_action_is_led_to_the_command_that_undoes_actions(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: str,
    why: str,
) -> None:
    world = World(tmp_path, monkeypatch)
    with world.agent():
        assert world.run("block", "api_key:key_prod", "--reason", "leaked", "--yes") == 0
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:key_dev"), expires_s=3_600)
    with open_writer(world.ledger) as writer:
        writer.actions.add(
            Action(spec, ActionState.STANDBY, "ada", world.now, "leaked", needs=(("finance",),))
        )
    capsys.readouterr()

    assert world.run("withdraw", number) != 0

    said = " ".join(capsys.readouterr().err.split())
    key = {"1": "key_prod", "2": "key_dev"}[number]
    assert why in said
    assert f"Action {number} (block api_key:{key} for 1 h) is another thing" in said
    assert f"`burndeck release {number}` withdraws it" in said
    world.admin.close()
