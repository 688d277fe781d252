"""A preview in words: whom it hits, over what stretch its figures are, what a cap finds spent."""

from __future__ import annotations

import pytest

from agent.control.planning import Plan, PlannedKey
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from console.commands.kept_preview import kept_lines
from console.commands.preview_text import preview_lines, question
from console.screens.acting.aim import Aim
from console.screens.acting.words import draw_plan

NANO = 1_000_000_000
NOW = 1_795_003_200
SCOPE = Scope.parse("api_key:k")
CAP = ActionSpec(ActionKind.CAP, SCOPE, amount_nano=40 * NANO)
BLOCK = ActionSpec(ActionKind.BLOCK, SCOPE, expires_s=60)
PROD = PlannedKey("k", "k", environment="prod")


def both(made: Plan) -> tuple[str, str]:
    """As the command says it, and as the console does."""
    drawn = draw_plan(made, Aim(SCOPE, "k"), NOW, 200)
    return "\n".join(preview_lines(made, NOW)), "\n".join("".join(s.text for s in line) for line in drawn)


def test_a_key_of_an_unknown_environment_is_said_to_be_one() -> None:
    made = Plan(BLOCK, (), (PlannedKey("k", "k"),))

    for said in (*both(made), question(made)):
        assert "production, or of unknown environment" in said
        assert "0.0 %" not in said


def test_a_key_of_production_that_burns_nothing_is_no_share_of_nothing() -> None:
    made = Plan(BLOCK, (), (PROD,))

    assert all("production among them" in said for said in both(made))


@pytest.mark.parametrize(("burn_s", "stretch"), [(60, "last minute"), (300, "mean of 5 min")])
def test_the_burn_names_its_stretch(burn_s: int, stretch: str) -> None:
    made = Plan(BLOCK, (), (PROD,), burn_nano=NANO, saved_nano=NANO, burn_s=burn_s)

    assert all(f"({stretch})" in said for said in both(made))


def test_a_cap_says_what_is_spent_and_that_it_stops_at_once() -> None:
    made = Plan(CAP, (), (PROD,), burn_nano=NANO, saved_nano=NANO, spent_nano=60 * NANO)

    for said in both(made):
        assert "already spent 60" in said
        assert "production stops at once" in said


def test_a_cap_that_is_not_reached_says_what_is_spent() -> None:
    made = Plan(CAP, (), (PROD,), burn_nano=NANO, spent_nano=10 * NANO)
    command, screen = both(made)

    assert "10.00 this month so far, of 40.00" in command
    assert "10 spent this month; nothing is refused before 40" in screen


def test_keys_that_nobody_asked_for_are_counted_once_and_alike_everywhere() -> None:
    others = tuple(PlannedKey(f"o{each}", f"o{each}", environment="prod") for each in range(5))
    made = Plan(BLOCK, (), (PROD,), bystanders=others)

    for said in both(made):
        assert "6 keys: " in said and "5 of them nobody asked for" in said
        assert "5 keys" not in said and "other" not in said
    kept = "\n".join(kept_lines(BLOCK, made.preview()))
    assert "hits        6 keys: " in kept and "5 of them nobody asked for: o0" in kept
