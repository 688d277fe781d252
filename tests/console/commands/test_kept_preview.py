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
