"""`burndeck throttle`, `block`, `release`: what is shown before, what the gateway gets, and its undo."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.identity import VARIABLE
from agent.domain.intent import IntentKind
from agent.ledger import open_writer
from tests.agent.ledger.look import rows
from tests.console.commands.acting_world import World

THROTTLE = ("throttle", "team:search/non-prod", "--rpm", "30", "--reason", "retry storm")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.admin.close()


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def intents(world: World) -> int:
    """What was asked for; a note of a refusal asks for nothing."""
    asked = f"SELECT count(*) FROM intent WHERE instr(body, '{IntentKind.REFUSED_ASK}') = 0"
    return int(rows(world.ledger, asked)[0][0])


def test_a_throttle_reaches_the_gateway_and_prints_each_state_with_its_seconds(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.agent():
        assert world.run(*THROTTLE, "--yes", "--for", "2h") == 0

    said = capsys.readouterr().out
    assert "s  accepted by haproxy" in said
    assert "`burndeck release 1` undoes it now" in said
    assert world.entries("rpm.map") == [("key_dev", "30")]


def test_json_has_the_states_with_their_times(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.agent():
        assert world.run(*THROTTLE, "--yes", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["action"]["state"] == "accepted"
    assert found["states"][-1]["state"] == "accepted"
    assert 0 < found["states"][-1]["after_ms"] < 10_000


def test_models_that_a_gateway_does_not_know_are_refused_with_what_it_can(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("allow-models", "team:search", "--only", "gpt-a", "--reason", "x", "--yes") == 1

    assert "haproxy cannot take models from a team\n  It can throttle or block it." in capsys.readouterr().err


def test_a_dry_run_says_in_numbers_what_it_would_do_and_sends_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("throttle", "--scope", "team:search/non-prod", "--rpm", "30", "--dry-run") == 0

    said = capsys.readouterr().out
    for line in (
        "throttle non-prod of team:search to 30 rpm for 1 h",
        "hits        1 key of search: key_dev",
        "spared      1 key of production",
        "production  no production",
        "haproxy/key/key_dev: no limit -> 30 rpm",
        "approvals   none",
        "by itself, 1 h after it begins",
    ):
        assert line in said
    assert "of 600 requests would have been refused" in said
    assert intents(world) == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("throttle", "--rpm", "900", "--for", "30h"), "it holds production longer than 1 d"),
        (("throttle", "--rpm", "1"), "it would have refused 95 % of the calls or more"),
        (("block",), "production is hit"),
    ],
)
def test_why_it_takes_two_people_is_said_beside_it(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    assert world.run(words[0], "api_key:key_prod", *words[1:], "--dry-run") == 0

    assert f"approvals   finance and engineering: {why}" in capsys.readouterr().out


def test_json_has_the_same_figures(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*THROTTLE, "--dry-run", "--json") == 0

    found = json.loads(capsys.readouterr().out)["preview"]
    assert found["keys"] == ["key_dev"]
    assert found["spared"] == 1
    assert found["requests"] == 600
    assert 0 < found["refused"] < 600
    assert found["needs"] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (THROTTLE, "pass --yes"),
        ((*THROTTLE, "--rps", "1", "--yes"), "give one limit"),
        (("throttle", "team:search", "--reason", "x", "--yes"), "give one limit"),
        (("throttle", "--rps", "1", "--reason", "x", "--yes"), "say what is hit, once"),
        (("throttle", "serach", "--rps", "1", "--reason", "x", "--yes"), "is none of organization"),
        ((*THROTTLE[:-1], " ", "--yes"), "cannot stay empty"),
        ((*THROTTLE, "--yes", "--replay", "1h"), "only with --dry-run"),
        ((*THROTTLE, "--yes", "--for", "40d"), "31 days at most"),
        (("revoke", "team:search", "--reason", "x"), "name one key"),
        (("release",), "say what is undone"),
        (("release", "1", "--incident", "2"), "say what is undone"),
    ],
)
def test_what_is_wrong_is_a_usage_error_and_nothing_is_signed(
    world: World, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*words) == 2

    assert why in " ".join(capsys.readouterr().err.split())
    assert intents(world) == 0


def test_a_scope_that_nobody_knows_says_what_it_may_have_meant(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("throttle", "team:serach", "--rps", "1", "--reason", "x", "--yes") == 2

    assert "there is no team 'serach'; did you mean search?" in capsys.readouterr().err
    assert intents(world) == 0


@pytest.mark.parametrize("who", ["eve", "nobody"])
def test_who_may_not_is_told_before_anything_is_signed(
    world: World, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if who == "nobody":
        world.monkeypatch.setenv(VARIABLE, str(world.folder / "none.key"))
    else:
        world.as_(who)

    assert world.run(*THROTTLE, "--yes", "--wait", "0") in (1, 2)

    assert ("may not throttle" if who == "eve" else "no identity") in capsys.readouterr().err
    assert intents(world) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("eve", "eve may not throttle: it takes admin, engineering, lead or operator"), ("ada", "")],
)
def test_a_dry_run_says_too_that_somebody_may_not(
    world: World, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    world.as_(name)

    assert world.run(*THROTTLE, "--dry-run") == 0

    told = capsys.readouterr().err
    assert told.startswith(said) if said else not told


def test_who_may_not_is_not_even_asked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.as_("eve")
    world.monkeypatch.setattr("sys.stdin", Terminal("y\n"))

    assert world.run(*THROTTLE, "--wait", "0") == 1

    assert capsys.readouterr().out == ""


def test_the_same_again_is_an_action_of_its_own(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.agent():
        for _ in range(2):
            capsys.readouterr()
            assert world.run(*THROTTLE, "--yes") == 0
            said = capsys.readouterr().out
            assert world.run("release", said.split("burndeck release ")[1].split("`")[0]) == 0

    assert "action 2 is in force" in said


def test_a_release_that_nobody_has_taken_is_not_done(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.agent():
        assert world.run(*THROTTLE, "--yes") == 0

    assert world.run("release", "1", "--wait", "0") == 1

    assert "no agent has taken it yet" in capsys.readouterr().err


def test_without_an_agent_it_waits_and_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*THROTTLE, "--yes", "--wait", "0") == 1

    assert "no agent has taken it yet" in capsys.readouterr().err
    assert intents(world) == 1


def test_for_an_agent_that_has_died_nobody_waits(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as over:
        over.wait()
    with open_writer(world.ledger) as writer:
        writer.beat(over.pid, socket.gethostname(), "0.1", world.now, world.now)
    begun = time.monotonic()

    assert world.run(*THROTTLE, "--yes", "--wait", "600") == 1

    assert time.monotonic() - begun < 300
    said = " ".join(capsys.readouterr().err.split())
    assert f"the agent (process {over.pid}) has died: `burndeck agent start` starts it again" in said


def test_a_release_restores_what_was_there(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.agent():
        assert world.run("block", "api_key:key_dev", "--reason", "loop", "--yes") == 0
        assert [key for key, _ in world.entries("block.map")] == ["key_dev"]
        assert world.run("release", "1", "--reason", "fixed") == 0

    assert "action 1 is reversed" in capsys.readouterr().out
    assert world.entries("block.map") == []


def test_a_release_does_not_tell_what_the_action_did_as_if_it_had_done_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.agent():
        assert world.run("block", "api_key:key_dev", "--reason", "loop", "--yes") == 0
    fell = "burn fell from 5.8 to 0.0 credits/min, 220 s after"
    with open_writer(world.ledger) as writer:
        made = writer.actions.action(1)
        assert made is not None
        writer.actions.save(replace(made, effect=fell))
    capsys.readouterr()

    with world.agent():
        assert world.run("release", "1", "--reason", "fixed") == 0

    told = capsys.readouterr().out
    assert "action 1 is reversed: fixed" in told
    assert "burn fell" not in told
    assert world.run("actions", "show", "1") == 0
    assert f"effect      {fell}" in capsys.readouterr().out


def test_a_drill_goes_all_the_way_and_changes_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.agent():
        assert world.run("block", "team:search", "--reason", "exercise", "--drill", "--yes") == 0
        assert "action 1, a drill, waits for the approval of finance and eng" in capsys.readouterr().out
        for name in ("bo", "cy"):
            world.as_(name)
            assert world.run("approve", "1", "--yes") == 0

    assert "the drill is over (action 1): nothing was changed" in capsys.readouterr().out
    assert world.entries("block.map") == []
    assert world.run("actions", "show", "1") == 0
    shown = capsys.readouterr().out
    assert "accepted by 2 targets" in shown
    assert "by agent: drill over: nothing was changed" in shown
    assert "its time was up" not in shown


def test_what_no_gateway_has_taken_is_not_called_in_force_and_the_gateways_reason_is_given(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.admin.close()
    with world.agent():
        assert world.run(*THROTTLE, "--yes", "--wait", "1") == 1
        waited = capsys.readouterr().err
        assert world.run("actions", "show", "1") == 0
        shown = capsys.readouterr().out
        assert world.run("actions") == 0
        listed = capsys.readouterr().out

    assert "action 1 stays executing, not yet written" in waited and "no agent runs" in waited
    assert "action 1: executing, not yet written" in shown
    assert "why         " in shown and "admin.sock: Connection refused" in shown
    assert "ends        by itself" not in shown
    assert "not yet written" in listed and "executing" not in listed


def test_a_gateway_that_refuses_is_an_action_that_failed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.admin.maps[str(world.folder / "keys.map")] = []  # the keys are gone since they were read
    with world.agent():
        assert world.run(*THROTTLE, "--yes") == 1

    assert "failed" in capsys.readouterr().out


def test_a_renewal_says_until_when(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.agent():
        assert world.run(*THROTTLE, "--yes") == 0
        assert world.run("renew", "1", "--for", "3h") == 1
        assert "for 1 h at most" in capsys.readouterr().err
        assert world.run("renew", "1", "--for", "1h", "--json") == 0

    entry = json.loads(capsys.readouterr().out)["action"]
    assert 3_500 < entry["expires_in_s"] <= 3_600


def test_off_boarding_lists_all_keys_of_the_team_first(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("off-board", "search", "--dry-run") == 0

    said = capsys.readouterr().out
    head, _, rest = said.partition("block team:search")
    assert "key_dev" in head
    assert "key_prod" in head
    assert "not by itself" in rest
    assert "finance and engineering" in rest


REPLAY = ("throttle", "--dry-run", "--scope", "non-prod", "--replay", "24h")


def test_a_replay_tries_the_limit_on_the_traffic_of_the_ledger(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*REPLAY, "--rpm", "30") == 0
    said = capsys.readouterr().out
    assert world.run(*REPLAY, "--rpm", "30", "--json") == 0
    found = json.loads(capsys.readouterr().out)["replay"]

    assert found["calls"] == 600
    assert 290 <= found["refused"] <= 310
    assert f"refused     {found['refused']} of 600 calls" in said
    assert "haproxy: a sliding minute by key" in said
    assert "throttle non-prod of organization to 30 rpm" in said
    assert found["production_share"] == "0.0000"
    assert intents(world) == 0


def test_a_replay_needs_no_gateway_and_says_that_nothing_could_be_done(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    text = world.config.read_text()
    world.config.write_text(text[text.index("[[allocations]]") :])

    assert world.run(*REPLAY, "--rps", "10") == 0

    said = capsys.readouterr().out
    assert "no gateway is known where this could be done, so this throttle cannot be set: below is" in said
    assert "if each key had the limit for itself" in said
    assert "refused     0 of 600 calls" in said


@pytest.mark.parametrize(
    ("what", "typed", "sent"),
    [
        (THROTTLE, "y", True),
        (THROTTLE, "n", False),
        (("block", "team:search", "--reason", "x"), "y", False),
        (("block", "team:search", "--reason", "x"), "team:search", True),
    ],
)
def test_the_graver_it_is_the_more_has_to_be_typed(
    world: World, what: tuple[str, ...], typed: str, sent: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    world.monkeypatch.setattr("sys.stdin", Terminal(typed + "\n"))

    assert world.run(*what, "--wait", "0") == 1

    said = capsys.readouterr()
    assert "of 600 requests" in said.out or "of 1,200 requests" in said.out
    assert intents(world) == (1 if sent else 0)
    assert ("nothing was sent" in said.err) != sent


def test_what_is_typed_wrong_is_said_in_json_too(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("throttle", "team:search", "--json") == 2

    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "error": "give one limit: --rps, --rpm, --tpm or --parallel.",
        "hint": "`burndeck throttle --help` shows how.",
    }
    assert "give one limit" in said.err


def test_without_an_agent_json_says_that_it_waits_and_until_when(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*THROTTLE, "--yes", "--json", "--wait", "0") == 1

    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["reason"]) == ("new", "no agent has taken it yet")
    assert 0 < found["lapses_at"] - world.now <= 1_900
    assert "burndeck agent status" in found["hint"]


@pytest.mark.parametrize("named", [("--alert", "999"), ("--incident", "99")])
@pytest.mark.parametrize("command", [THROTTLE, ("top-up", "team:search", "--credits", "5", "--reason", "x")])
def test_not_even_a_dry_run_answers_what_there_is_not(
    world: World, capsys: pytest.CaptureFixture[str], named: tuple[str, ...], command: tuple[str, ...]
) -> None:
    assert world.run(*command, *named, "--dry-run") != 0

    assert f"there is no {named[0].removeprefix('--')} {named[1]}" in capsys.readouterr().err
