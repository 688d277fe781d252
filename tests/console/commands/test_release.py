"""`burndeck release`: what it lifts is shown, and where it cannot see what others have set, that is said."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step, StepState
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.domain.money import NANO
from agent.domain.unseen import BLINDLY, UNTOLD
from agent.ledger import open_reader, open_writer
from agent.ledger.gateway_store import GatewayStatus
from agent.reports.actions import action_entry
from console.commands.watching import Watched, say_end
from tests.agent.ledger.look import rows
from tests.console.commands.acting_world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Keys that are blocked at OpenAI; no agent runs."""
    made = World(tmp_path, monkeypatch)
    made.admin.close()
    target = Target("oa", TargetKind.KEY_SCOPES, "proj/key_dev")
    step = Step(0, target, {"scopes": ["api.all.read"]}, {"scopes": "all"}, state=StepState.APPLIED)
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:key_dev"), expires_s=3_600)
    preview = {"production": True, "production_share": "0.7500", "saved_nano": 6 * NANO}
    with open_writer(made.ledger) as writer:
        action = Action(spec, ActionState.CONFIRMED, "ada", made.now, "leaked", preview=preview)
        writer.actions.add(replace(action, begun_at=made.now, steps=(step,)))
    return made


def seen(world: World, message: str) -> None:
    """How the agent found the gateway when it read it last."""
    with open_writer(world.ledger) as writer:
        writer.actions.save_gateway(GatewayStatus("oa", "openai", "ok", message, "", world.now, world.now))


def test_a_person_is_warned_before_it_is_signed_and_it_is_signed_all_the_same(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(world, f"1 keys, 2 targets; {UNTOLD}")

    assert world.run("release", "1", "--wait", "0") == 1

    told = capsys.readouterr().err
    assert "action 1: UNSEEN: oa refuses its audit log" in told
    assert told.index("UNSEEN") < told.index("signed by ada")


def test_nobody_is_warned_while_the_log_is_read(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    seen(world, "1 keys, 2 targets")

    assert world.run("release", "1", "--wait", "0") == 1

    assert "UNSEEN" not in capsys.readouterr().err


def test_of_what_an_action_did_and_its_undo_overwrote_only_the_last_is_the_undos(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    over = f"{BLINDLY}: look at proj/key_dev"
    with open_writer(world.ledger) as writer:
        made = writer.actions.action(1)
        assert made is not None
        effect = f"burn fell from 5.8 to 0.0 credits/min, 220 s after; {over}"
        after = replace(made, state=ActionState.REVERSED, ended_at=world.now, why="fixed", effect=effect)
        writer.actions.save(after)
    with open_reader(world.ledger) as reader:
        found = action_entry(reader, 1, world.now)
    assert found is not None

    say_end(Watched(found, ()), 15, of_undo=True)

    assert capsys.readouterr().out == f"{over}\naction 1 is reversed: fixed\n"


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_is_shown_what_is_lifted_and_nothing_is_sent_without_a_yes(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))

    assert world.run("release", "1", "--wait", "0") != 0

    told = capsys.readouterr()
    assert "action 1: block api_key:key_dev for 1 h, confirmed, asked for by ada" in told.out
    assert "It holds production, 75 % of the burn" in told.out
    assert "up to 6.0 credits/min of burn comes back" in told.out
    assert "nothing was sent" in told.err
    assert rows(world.ledger, "SELECT count(*) FROM intent") == [(0,)]


@pytest.mark.parametrize(("typed", "more"), [("y\n", ()), ("", ("--yes",))])
def test_it_is_sent_after_a_yes_and_unasked_with_yes(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))

    world.run("release", "1", "--wait", "0", *more)

    assert rows(world.ledger, "SELECT count(*) FROM intent") == [(1,)]
