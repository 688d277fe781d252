"""Every refusal as a user meets it, at the command, and its row in `burndeck audit list`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.identity import new_identity, write_identity
from agent.domain.incident import Incident
from agent.ledger import open_writer
from tests.console.commands.acting_world import World, at_its_cap

Capture = pytest.CaptureFixture[str]
BLOCK = ("block", "api_key:key_prod", "--reason", "leaked", "--yes")
TOP_UP = ("top-up", "team:search", "--credits", "500", "--reason", "busy", "--yes")
APPROVE = ("approve", "1", "--yes")
PATIENCE_S = 10


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    identity = write_identity(new_identity("dee"), tmp_path / "dee.key")
    second = identity.config_block().replace("operator", "finance")
    made.config.write_text(f"{made.config.read_text()}\n{second}")
    with made.agent():
        yield made
    made.admin.close()


def refused(world: World, capsys: Capture, who: str, *words: str) -> str:
    """Somebody asks and is refused; what they are told."""
    world.as_(who)
    capsys.readouterr()
    assert world.run(*words) == 1
    return capsys.readouterr().err


def on_record(world: World, capsys: Capture, who: str, kind: str, words: str) -> dict[str, object]:
    """The row that the audit log has of a refusal, as the command lists it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        capsys.readouterr()
        assert world.run("audit", "list", "--json") == 0
        records = json.loads(capsys.readouterr().out)["records"]
        for record in records:
            detail = record["detail"]
            mine = record["kind"] == "intent_refused" and record["actor"] == who
            if mine and detail["kind"] == kind and words in detail["reason"]:
                return dict(record)
    raise AssertionError(f"no row of {who} about {words!r} in {records}")


def test_an_approval_by_whoever_asked(world: World, capsys: Capture) -> None:
    assert world.run(*BLOCK) == 0

    assert "ada asked for it" in refused(world, capsys, "ada", *APPROVE)

    on_record(world, capsys, "ada", "approve", "ada asked for it")


def test_the_same_person_twice_and_two_of_finance(world: World, capsys: Capture) -> None:
    assert world.run(*TOP_UP) == 0
    world.as_("bo")
    assert world.run(*APPROVE) == 0

    assert "bo has approved it already" in refused(world, capsys, "bo", *APPROVE)
    assert "of engineering" in refused(world, capsys, "dee", *APPROVE)

    on_record(world, capsys, "bo", "approve", "bo has approved it already")
    on_record(world, capsys, "dee", "approve", "still to be given is the approval of engineering")


def test_an_approval_by_a_viewer_is_refused_before_it_is_asked(world: World, capsys: Capture) -> None:
    assert world.run(*BLOCK) == 0

    assert "eve may not approve" in refused(world, capsys, "eve", *APPROVE)

    row = on_record(world, capsys, "eve", "approve", "eve may not approve")
    assert row["subject"] == "action:1"


def test_an_approval_of_what_is_decided(world: World, capsys: Capture) -> None:
    assert world.run(*BLOCK) == 0
    world.as_("bo")
    assert world.run("approve", "1", "--deny", "--yes") == 0

    assert "nothing to decide" in refused(world, capsys, "cy", *APPROVE)

    on_record(world, capsys, "cy", "approve", "action 1 is declined")


def test_an_approval_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    world = World(tmp_path, monkeypatch)
    world.config.write_text('[acting]\napproval_valid = "1s"\n' + world.config.read_text())
    with world.agent():
        assert world.run(*BLOCK) == 0
        capsys.readouterr()
        assert world.run("actions", "show", "1", "--json") == 0
        over = json.loads(capsys.readouterr().out)["entry"]["approve_by"]
        while time.time() < over:
            time.sleep(0.02)

        refused(world, capsys, "bo", *APPROVE)

        row = on_record(world, capsys, "bo", "approve", "")
    world.admin.close()
    assert any(word in str(row["detail"]) for word in ("too late", "nothing to decide"))


def test_an_approval_of_another_amount(world: World, capsys: Capture) -> None:
    assert world.run(*TOP_UP) == 0
    capsys.readouterr()
    assert world.run("approve", "1", "--export") == 0
    line = capsys.readouterr().out.strip()
    world.as_("bo")
    assert world.run("approve", "--request", line, "--yes") == 0
    token = capsys.readouterr().out.strip()
    world.as_("ada")
    assert world.run("amend", "1", "--credits", "900", "--yes") == 0

    refused(world, capsys, "bo", "approve", "1", "--token", token)

    on_record(world, capsys, "bo", "approve", "what was approved is not what is asked for now")


def test_a_top_up_that_the_pool_does_not_hold(world: World, capsys: Capture) -> None:
    asked = ("top-up", "team:search", "--credits", "999999", "--reason", "busy", "--yes")

    assert "the pool is short" in refused(world, capsys, "ada", *asked)
    assert "the pool is short" in refused(world, capsys, "ada", *asked)

    row = on_record(world, capsys, "ada", "top_up", "the pool is short")
    assert row["subject"] == "team:search"


def test_a_change_of_a_request_to_more_than_the_pool_holds(world: World, capsys: Capture) -> None:
    assert world.run(*TOP_UP) == 0

    refused(world, capsys, "ada", "amend", "1", "--credits", "999999", "--yes")

    assert on_record(world, capsys, "ada", "amend", "the pool is short")["subject"] == "action:1"


def test_a_top_up_of_an_incident_that_is_not_critical(world: World, capsys: Capture) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("cap", "team:search", "hard_cap", "load", world.now))
    number = str(opened.id)
    assert "ada may not assess" in refused(world, capsys, "ada", "incident", "assess", number, "--critical")
    world.as_("cy")
    assert world.run("incident", "assess", number, "--not-critical") == 0

    refused(world, capsys, "ada", *TOP_UP, "--incident", number)

    on_record(world, capsys, "ada", "top_up", "production is not affected")
    on_record(world, capsys, "ada", "assess", "ada may not assess")


def test_an_approval_of_a_drill_for_the_real_request(world: World, capsys: Capture) -> None:
    assert world.run(*BLOCK, "--drill") == 0
    assert world.run(*BLOCK) == 0
    capsys.readouterr()
    assert world.run("approve", "1", "--export") == 0
    line = capsys.readouterr().out.strip()
    world.as_("bo")
    assert world.run("approve", "--request", line, "--yes") == 0
    shown = capsys.readouterr()
    assert "drill: block api_key:key_prod" in shown.err
    assert "your word counts for this drill alone" in shown.err

    refused(world, capsys, "bo", "approve", "2", "--token", shown.out.strip())

    row = on_record(world, capsys, "bo", "approve", "about something else")
    assert row["subject"] == "action:2"
    assert world.run("approve", "1", "--token", shown.out.strip()) == 0
    world.as_("cy")
    assert world.run(*APPROVE) == 0
    assert "the drill is over (action 1): nothing was changed" in capsys.readouterr().out
    assert world.entries("block.map") == []
    assert world.run("actions", "show", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["entry"]["state"] == "standby"


def test_an_approval_of_a_drill_by_whoever_asked(world: World, capsys: Capture) -> None:
    assert world.run(*BLOCK, "--drill") == 0

    assert "ada asked for it" in refused(world, capsys, "ada", *APPROVE)

    on_record(world, capsys, "ada", "approve", "ada asked for it")


def test_a_postmortem_by_whoever_broke_the_glass(world: World, capsys: Capture) -> None:
    with open_writer(world.ledger) as writer:
        opened = writer.incidents.add_incident(Incident("cap", "team:search", "hard_cap", "load", world.now))
        writer.alerts.save([at_its_cap(world.now, opened)])
    assert world.run(*TOP_UP, "--break-glass") == 0
    learnt = "Cause: a cap from before the launch. Follow-up: ada asks for more by Friday."

    told = refused(world, capsys, "ada", "incident", "postmortem", str(opened.id), "--text", learnt)

    assert "ada broke the glass" in told
    on_record(world, capsys, "ada", "postmortem", "ada broke the glass")


def test_what_was_typed_wrong_or_only_looked_at_leaves_no_row(world: World, capsys: Capture) -> None:
    assert world.run("approve", "77", "--yes") == 1
    assert world.run("block", "api_key:key_other", "--reason", "leaked", "--yes") == 2
    assert world.run("block", "api_key:key_prod", "--yes") == 2
    assert world.run("top-up", "team:search", "--credits", "999999", "--reason", "x", "--dry-run") == 1
    assert world.run(*BLOCK) == 0  # heard after whatever was signed before it

    capsys.readouterr()
    assert world.run("audit", "list", "--json") == 0
    kinds = [each["kind"] for each in json.loads(capsys.readouterr().out)["records"]]
    assert "intent_refused" not in kinds
