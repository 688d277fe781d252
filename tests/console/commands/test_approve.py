"""`burndeck approve`, `actions`, `amend`, `top-up`, `incident`: two people, one exact text."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.identity import VARIABLE, new_identity, write_identity
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.incident import Incident
from agent.domain.money import NANO
from agent.domain.person import AGENT
from agent.ledger import open_writer
from tests.console.commands.acting_world import World, at_its_cap

BLOCK = ("block", "api_key:key_prod", "--reason", "leaked", "--yes")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    with made.agent():
        yield made
    made.admin.close()


def blocked(world: World) -> list[str]:
    return [key for key, _ in world.entries("block.map")]


def test_a_block_of_production_begins_with_the_second_approval(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*BLOCK) == 0
    assert "waits for the approval of finance and engineering" in capsys.readouterr().out
    assert world.run("approve", "1", "--yes") == 1
    assert "ada asked for it" in capsys.readouterr().err

    world.as_("bo")
    assert world.run("approve", "1", "--yes", "--note", "seen") == 0
    assert blocked(world) == []
    world.as_("cy")
    assert world.run("approve", "1", "--yes") == 0

    assert "action 1 is in force" in capsys.readouterr().out
    assert blocked(world) == ["key_prod"]


def test_what_waits_is_not_called_done_in_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*BLOCK, "--json") == 0

    assert json.loads(capsys.readouterr().out)["state"] == "standby"
    assert world.run("block", "--help") == 0
    assert "also when it waits for approvals" in " ".join(capsys.readouterr().out.split())


def test_the_list_says_what_waits_and_which_of_it_is_mine(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*BLOCK) == 0
    yours = []
    for who in ("ada", "bo", "eve"):
        world.as_(who)
        capsys.readouterr()
        assert world.run("approve", "--json") == 0
        (found,) = json.loads(capsys.readouterr().out)["waiting"]
        yours.append(found["yours"])

    assert yours == ["no: you asked for it", "yes, for finance", "no: it takes finance and engineering"]


def test_somebody_without_an_identity_is_told_how_to_be_known(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.run(*BLOCK) == 0
    capsys.readouterr()
    monkeypatch.setenv(VARIABLE, str(world.folder / "nobody.key"))

    assert world.run("approve") == 0
    listed = capsys.readouterr()
    assert "no: nobody is known here" in listed.out
    assert "burndeck identity create" in listed.err and VARIABLE in listed.err
    for command in (
        ("approve", "1", "--yes"),
        ("throttle", "api_key:key_dev", "--rpm", "5", "--yes", "--reason", "x"),
    ):
        assert world.run(*command) == 2
        said = capsys.readouterr().err
        assert "burndeck identity create" in said and VARIABLE in said


def test_a_key_that_nothing_reaches_is_named_with_the_reason_after_it_is_in_force(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.burns_unserved("key_ci")
    assert world.run("off-board", "search", "--reason", "dissolved", "--yes") == 0
    capsys.readouterr()
    assert world.run("actions", "show", "1") == 0
    assert "in force" not in capsys.readouterr().out, "it waits"

    world.as_("bo")
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert world.run("approve", "1") == 0
    ends = "off-board team:search: block of 2 of 3 keys, without end until released"
    assert capsys.readouterr().out.count(ends) == 2, "above the change, and in the question"
    assert world.run("approve", "1", "--export") == 0
    line = capsys.readouterr().out.strip()
    world.as_("cy")
    assert world.run("approve", "--request", line, "--yes") == 0
    assert "off-board team:search: block of all its keys, without end" in capsys.readouterr().err
    assert world.run("approve", "1", "--yes") == 0
    said = "in force for 2 of 3 keys; not reached: key_ci (no gateway serves it)"
    assert said in capsys.readouterr().out
    assert world.run("actions", "show", "1") == 0
    assert said in capsys.readouterr().out


def test_one_no_ends_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*BLOCK) == 0
    world.as_("bo")

    assert world.run("approve", "1", "--deny", "--note", "too wide", "--yes") == 0

    assert "action 1 is declined: denied by bo: too wide" in capsys.readouterr().out
    assert world.run("approve", "1", "--yes") == 1


def test_an_approval_from_another_machine_counts_when_its_token_is_brought(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*BLOCK) == 0
    world.as_("bo")
    assert world.run("approve", "1", "--yes") == 0
    capsys.readouterr()
    assert world.run("approve", "1", "--export") == 0
    request = capsys.readouterr().out.strip()

    world.as_("cy")
    elsewhere = ("approve", "--request", request, "--yes", "--note", "from home")
    assert world.run(*elsewhere) == 0
    shown = capsys.readouterr()
    world.as_("ada")
    assert world.run("approve", "1", "--token", shown.out.strip()) == 0

    assert "block api_key:key_prod for 1 h" in shown.err
    assert "changes     haproxy/key/key_prod: blocked true" in shown.err
    _, _, told = shown.err.partition("your signature does not cover it")
    assert "hits        1 key of search: key_prod" in told
    assert "production: 100.0 % of the burn that it hits" in told
    assert re.search(r"burn  +\d+\.\d\d credits/min, 0\.0000 after: saves \d", told)
    assert "600 of 600 requests would have been refused" in told
    assert blocked(world) == ["key_prod"]
    assert world.run("actions", "show", "1") == 0
    said = capsys.readouterr().out
    assert "by cy for engineering" in said
    assert "from home" in said


def test_a_token_needs_nobody_who_may_sign_where_it_is_pasted(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert world.run(*BLOCK) == 0
    capsys.readouterr()
    assert world.run("approve", "1", "--export") == 0
    request = capsys.readouterr().out.strip()
    tokens = []
    for name in ("bo", "cy"):
        world.as_(name)
        assert world.run("approve", "--request", request, "--yes") == 0
        tokens.append(capsys.readouterr().out.strip())

    write_identity(new_identity("zoe"), tmp_path / "stranger.key")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "stranger.key"))
    assert world.run("approve", "1", "--deny", "--token", tokens[0]) == 1
    assert "the token says approved" in capsys.readouterr().err
    assert world.run("approve", "1", "--token", tokens[0][:-9]) == 1
    assert "that is no token" in capsys.readouterr().err
    assert blocked(world) == []
    assert [world.run("approve", "1", "--token", each) for each in tokens] == [0, 0]

    assert blocked(world) == ["key_prod"]


def test_whoever_asked_signs_no_approval_elsewhere_either(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*BLOCK) == 0
    capsys.readouterr()
    assert world.run("approve", "1", "--export") == 0
    request = capsys.readouterr().out.strip()

    assert world.run("approve", "--request", request, "--yes") == 1

    said = capsys.readouterr()
    assert "ada asked for it" in said.err
    assert said.out == ""


@pytest.mark.parametrize("spoilt", ["burndeck-request-1:AAAA", "", "x" * 40])
def test_a_spoilt_request_is_refused(world: World, spoilt: str, capsys: pytest.CaptureFixture[str]) -> None:
    world.as_("cy")

    assert world.run("approve", "--request", spoilt, "--yes") == 1

    assert "that is no whole request" in capsys.readouterr().err


def test_an_approval_is_not_given_unseen(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*BLOCK) == 0
    world.as_("bo")

    assert world.run("approve", "1") == 2

    assert "pass --yes" in capsys.readouterr().err


def test_whoever_asked_may_change_it_and_approvals_are_given_anew(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("top-up", "team:search", "--credits", "500", "--reason", "busy", "--yes") == 0
    world.as_("bo")
    assert world.run("approve", "1", "--yes") == 0
    world.as_("ada")

    assert world.run("amend", "1", "--credits", "300", "--yes") == 0

    capsys.readouterr()
    assert world.run("actions", "show", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["entry"]["title"] == "top team:search up by 300 credits"
    assert found["entry"]["given"] == []
    assert found["approvals"][0]["void"] == "the request was changed after it"


def test_a_top_up_that_the_pool_has_not_says_who_holds_what(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("top-up", "org-1-team-search", "--credits", "999999", "--reason", "x", "--dry-run") == 1

    assert "org-1-team-search holds 10,000" in capsys.readouterr().err


def test_a_broken_glass_acts_at_once_and_owes_a_postmortem(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("cap", "team:search", "hard_cap", "load", world.now))
        writer.alerts.save([at_its_cap(world.now, opened)])
    number = str(opened.id)
    top_up = ("top-up", "team:search", "--credits", "50", "--incident", number, "--reason", "nobody answers")
    assert world.run(*top_up, "--break-glass", "--yes") == 0
    assert world.run("incident", "postmortem", number, "--text", " ") == 2
    assert world.run("incident", "postmortem", number, "--text", "we learnt") == 2
    text = "Cause: a cap from before the launch. Follow-up: ada asks for more by Friday."
    capsys.readouterr()
    assert world.run("incident", "postmortem", number, "--text", text) == 1
    told = capsys.readouterr().err
    assert "ada broke the glass, so somebody else signs the postmortem" in told
    assert "It takes admin, engineering, finance, lead or operator, such as bo, cy" in told
    world.as_("bo")
    assert world.run("incident", "postmortem", number, "--text", text) == 0
    assert world.run("incident", "postmortem", number, "--text", text) == 1

    assert "bo has signed it already" in capsys.readouterr().err


def test_a_top_up_says_whether_it_lifts_the_cap(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    config = world.config.read_text()
    world.config.write_text(config.replace("monthly_credits = 10000\n", "monthly_credits = 100\n"))
    capsys.readouterr()

    assert world.run("top-up", "team:search", "--credits", "5", "--dry-run") == 0
    assert "note        the cap stays reached: 120 of 105 credits are burnt, 16 credits more are needed" in (
        capsys.readouterr().out
    )
    assert world.run("top-up", "team:search", "--credits", "50", "--dry-run") == 0
    assert "note        the cap is lifted: 30 credits left, about " in capsys.readouterr().out


def test_an_incident_is_assessed_by_engineering(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("cap", "team:search", "hard_cap", "load", world.now))
    number = str(opened.id)
    assert world.run("incident", "assess", number) == 2
    assert world.run("incident", "assess", number, "--critical") == 1
    world.as_("cy")

    assert world.run("incident", "assess", number, "--not-critical", "--note", "batch only") == 0
    world.as_("ada")
    capsys.readouterr()
    assert (
        world.run("top-up", "team:search", "--credits", "5", "--incident", number, "--reason", "x", "--yes")
        == 1
    )

    assert "production is not affected" in capsys.readouterr().err


def test_actions_lists_open_ones_first(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("throttle", "api_key:key_dev", "--rpm", "9", "--reason", "x", "--yes") == 0
    assert world.run("release", "1") == 0
    assert world.run(*BLOCK) == 0
    capsys.readouterr()

    assert world.run("actions") == 0

    lines = capsys.readouterr().out.splitlines()[2:]
    assert lines[0].split()[:2] == ["2", "standby"]
    assert "0 of 2, waits for finance and engineering" in lines[0]
    assert lines[1].split()[:2] == ["1", "reversed"]


def test_a_release_of_an_incident_undoes_all_of_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("spike", "team:search", "critical", "x", world.now))
    number = str(opened.id)
    of = ("--incident", number, "--reason", "spike", "--yes")
    assert world.run("throttle", "api_key:key_dev", "--rps", "1", *of) == 0
    assert world.run("throttle", "api_key:key_prod", "--rpm", "9", *of) == 0

    assert world.run("release", "--incident", number) == 0

    assert world.entries("rps.map") == world.entries("rpm.map") == []


def test_what_outlasts_the_release_of_an_incident_is_said_with_its_reason(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("spike", "team:search", "critical", "x", world.now))
        scope = Scope.parse("team:search")
        top_up = ActionSpec(ActionKind.TOP_UP, scope, amount_nano=NANO)
        about = {"incident": opened.id, "reason": "x", "requested_at": world.now - 60}
        writer.actions.add(Action(top_up, ActionState.ACCEPTED, "bo", accepted_at=world.now, **about))
        block = ActionSpec(ActionKind.BLOCK, scope, expires_s=3_600)
        writer.actions.add(Action(block, ActionState.STANDBY, AGENT, needs=(("finance",),), **about))
    number = str(opened.id)
    of = ("--incident", number, "--reason", "spike", "--yes")
    assert world.run("throttle", "api_key:key_dev", "--rps", "1", *of) == 0
    capsys.readouterr()

    assert world.run("release", "--incident", number) == 1

    out = capsys.readouterr().out
    assert "stays: a top-up is taken back by finance" in out
    assert "1 request of the agent still waits: approve or deny it, `burndeck approve 2`" in out
    assert "action 2 (" not in out
    assert "action 3 is reversed" in out


def test_what_the_agent_asks_for_does_not_fail_the_release_of_an_incident(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("spike", "team:search", "critical", "x", world.now))
        about = {"incident": opened.id, "reason": "x", "requested_at": world.now - 60}
        for scope in ("team:search", "api_key:key_dev"):
            spec = ActionSpec(ActionKind.BLOCK, Scope.parse(scope), expires_s=3_600)
            writer.actions.add(Action(spec, ActionState.STANDBY, AGENT, needs=(("finance",),), **about))
    number = str(opened.id)
    of = ("--incident", number, "--reason", "spike", "--yes")
    assert world.run("throttle", "api_key:key_dev", "--rps", "1", *of) == 0
    capsys.readouterr()

    assert world.run("release", "--incident", number, "--json") == 0

    told = {each["action"]["id"]: each for each in json.loads(capsys.readouterr().out)["actions"]}
    assert {ident: each["action"]["state"] for ident, each in told.items()} == {
        1: "standby",
        2: "standby",
        3: "reversed",
    }
    assert told[1]["stays"] == "the agent asks for it, and nothing of it is done"
    assert told[3]["stays"] is None
    assert world.run("release", "--incident", number) == 1
    assert "2 requests of the agent still wait" in capsys.readouterr().err


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_whoever_approves_sees_why_it_takes_two_and_the_figures_before_the_question(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.run(*BLOCK) == 0
    world.as_("bo")
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    capsys.readouterr()

    assert world.run("approve", "1") == 1

    shown = capsys.readouterr().out
    assert "two people  production is hit\n" in shown
    assert "changes     haproxy/key/key_prod: no limit -> blocked" in shown
    assert "hits        1 key of search: key_prod" in shown
    assert "production  production: 100.0 % of the burn that it hits" in shown
    assert "600 of 600 requests would have been refused" in shown


def test_a_top_up_that_is_filed_under_the_incident_of_its_own_cap_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_writer(world.ledger) as writer:
        own, other = (
            writer.incidents.add_incident(Incident(each, each, "hard_cap", "load", world.now))
            for each in ("cap", "spike")
        )
        writer.alerts.save([at_its_cap(world.now, own)])
    glass = ("top-up", "team:search", "--credits", "5", "--reason", "nobody answers", "--break-glass")
    named = ("--incident", str(other.id), "--yes")

    with world.agent():
        assert world.run(*glass, *named) == 0

    said = capsys.readouterr().out
    assert f"it stands in incident {own.id}, that of its own hard cap, and not in {other.id}" in said
