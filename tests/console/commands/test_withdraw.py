"""`burndeck withdraw`: what was signed while no agent ran is taken back before one comes."""

from __future__ import annotations

from pathlib import Path

import pytest

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
