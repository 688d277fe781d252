"""What is kept of a preview, in words: also of what another machine sent."""

from __future__ import annotations

from typing import Any

import pytest

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.money import NANO
from console.commands.kept_preview import change_lines, kept_lines

BLOCK = ActionSpec(ActionKind.BLOCK, Scope.parse("team:search"))


def test_a_change_of_an_allocation_is_told_in_credits_and_words() -> None:
    change = {"id": "org-1", "monthly_nano": 5000 * NANO, "block_expires_s": 3600, "contacts": ["a", "b"]}

    assert list(change_lines(change | {"create": True, "retire": False})) == [
        "sets        block expires after: 1 h",
        "sets        contacts: a, b",
        "sets        it is made anew",
        "allocation  org-1",
        "sets        monthly credits: 5,000",
    ]


@pytest.mark.parametrize(
    "kept", [{"teams": 5}, {"burn_nano": "x"}, {"production_share": "much"}, {"data_at": 10**30}]
)
def test_what_is_no_preview_is_said_to_be_none(kept: dict[str, Any]) -> None:
    assert kept_lines(BLOCK, kept) == ["figures     cannot be read"]


def test_all_keys_are_counted_of_which_a_preview_keeps_the_first_by_name() -> None:
    others = [f"o{each}" for each in range(50)]
    kept = {
        "key_count": 3,
        "keys": ["k1", "k2", "k3"],
        "names": ["one", "two", "three"],
        "unreached": ["k2"],
        "unreached_count": 1,
        "missed": ["two (no gateway serves it)"],
        "bystanders": others,
        "bystanders_count": 80,
    }

    lines = kept_lines(BLOCK, kept)

    assert "hits        82 keys: one, three and 80 more" in lines
    assert "            80 of them nobody asked for: o0, o1, o2, o3, o4, o5 and 74 more" in lines
    assert "not reached 1 key: two (no gateway serves it)" in lines
