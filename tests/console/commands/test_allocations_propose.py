"""`burndeck allocations propose` and `cap set`: what is asked for, by whom, and when it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.domain.intent import IntentKind
from tests.agent.ledger.look import rows
from tests.console.commands.acting_world import World

PROPOSE = ("allocations", "propose", "org-1-team-search")
WHY = ("--reason", "reviewed", "--yes")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    made.as_("bo")
    yield made
    made.admin.close()


def asked(world: World, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The change that a command would ask for."""
    assert world.run(*words, "--dry-run", "--json") == 0
    change: dict[str, Any] = json.loads(capsys.readouterr().out)["preview"]["spec"]["change"]
    return change


def test_a_change_holds_when_finance_and_engineering_have_approved_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.config.write_text(world.config.read_text().replace('["operator"]', '["finance"]'))
    with world.agent():
        assert world.run(*PROPOSE, "--monthly", "12,000", "--soft", "80%", *WHY) == 0
        for who in ("ada", "cy"):
            world.as_(who)
            assert world.run("approve", "1", "--yes") == 0
    capsys.readouterr()

    assert world.run("allocations", "show", "org-1-team-search") == 0

    said = capsys.readouterr().out
    assert "Monthly Credits: 12,000" in said
    assert "80 %" in said


def test_a_policy_that_was_shown_and_edited_is_a_proposal(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("allocations", "show", "org-1-team-search") == 0
    policy = world.folder / "policy.txt"
    policy.write_text(capsys.readouterr().out.replace("Monthly Credits: 10,000", "Monthly Credits: 9,000"))

    change = asked(world, capsys, "allocations", "propose", "--file", str(policy))

    assert (change["id"], change["monthly_nano"]) == ("org-1-team-search", 9_000 * 10**9)
    assert "hard_cap" not in change  # it is so already, and nobody need sign it


def test_a_new_one_says_what_it_is_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    new = ("allocations", "propose", "org-1-team-new", "--monthly", "500")
    assert world.run(*new, "--dry-run") == 1
    assert "With --create and --scope it is made" in capsys.readouterr().err

    change = asked(world, capsys, *new, "--create", "--scope", "team:new", "--contact", "ada")

    assert change == {
        "id": "org-1-team-new",
        "create": True,
        "monthly_nano": 500 * 10**9,
        "contacts": ["ada"],
    }


def test_more_than_the_pool_has_is_refused_with_who_holds_what(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*PROPOSE, "--monthly", "900000", "--dry-run") == 1

    assert "org-1 has 105,000 credits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("allocations", "propose", "--monthly", "5"), 2, "say which ALLOCATION"),
        ((*PROPOSE, "--create", "--retire"), 2, "one of them"),
        ((*PROPOSE, "--monthly", "-5"), 2, "more than nothing"),
        ((*PROPOSE, "--soft", "most"), 2, "is no share such as 0.85"),
        ((*PROPOSE, "--at-hard-cap", "maybe"), 2, "maybe"),
        (PROPOSE, 1, "nothing is changed"),
        ((*PROPOSE, "--hard", "1.0"), 1, "nothing changes: org-1-team-search is so already"),
        (("allocations", "propose", "org-1-team-no", "--monthly", "5"), 1, "there is no allocation"),
        (("cap", "set", "team:search/non-prod", "--credits", "5"), 2, "cannot spare production"),
        (
            ("cap", "set", "team:search", "--credits", "5"),
            1,
            "haproxy cannot cap a team It can throttle or block it.",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_asked_for(
    world: World, words: tuple[str, ...], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*words, *WHY) == code

    assert why in " ".join(capsys.readouterr().err.split())
    asked = f"SELECT count(*) FROM intent WHERE instr(body, '{IntentKind.REFUSED_ASK}') = 0"
    assert rows(world.ledger, asked) == [(0,)]


def test_a_policy_with_a_wrong_line_names_file_line_and_field(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = world.folder / "policy.txt"
    policy.write_text("Allocation Policy\n- Monthly Credits: plenty\n")

    assert world.run("allocations", "propose", "--file", str(policy), *WHY) == 2

    assert "policy.txt: line 2, Monthly Credits: 'plenty'" in capsys.readouterr().err


def test_the_scope_of_an_allocation_names_it_as_it_does_for_a_top_up(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    change = asked(world, capsys, "allocations", "propose", "team:search", "--monthly", "9000")

    assert (change["id"], change["monthly_nano"]) == ("org-1-team-search", 9_000 * 10**9)


def test_a_new_one_for_what_the_ledger_does_not_know_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    new = (
        "allocations",
        "propose",
        "org-1-team-serach",
        "--create",
        "--monthly",
        "500",
        "--dry-run",
        "--scope",
    )

    assert world.run(*new, "team:serach") == 0
    assert "note: the ledger knows no team 'serach'; did you mean search?" in capsys.readouterr().err
