"""Copies of open actions: what somebody else has spoilt is put back as the agent had written it.

A copy counts only while the audit log's chain holds the proof of it, as the rows themselves do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from agent.domain.action import Action, ActionState, Approval, StepState, Verdict
from agent.ledger.action_rows import Row, action_of, step_of
from agent.ledger.seals import ACTION, FIXED, SAID, Seals, digest_of
from agent.ledger.store import Store

HELD = (ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED, ActionState.REVERSING)
"""States in which something may hold outside the ledger."""


class Copies(Store):
    """What the agent has written of actions that are not over."""

    def keep(self, action: Action, text: str) -> None:
        """Keeps how an action reads now; nothing of one that is over."""
        if action.state.ended:
            self._write("drop_copy", {"action": action.id})
        else:
            self._write("put_copy", {"action": action.id, "text": text})

    def lost(self, there: Collection[int]) -> list[int]:
        """Actions that are not over by their copies, and not among `there`, the open ones."""
        return [row["action"] for row in self._rows("copies") if row["action"] not in there]

    def read(self, ident: int, seals: Seals) -> tuple[Action, list[Approval]] | None:
        """An action as the agent had written it last; None where nothing proves the copy."""
        rows = self._rows("copy_of", action=ident)
        text = rows[0]["text"].decode("utf-8", "replace") if rows else ""
        if not rows or not seals.holds(ACTION, f"action:{ident}", digest_of(text)):
            return None
        return _parsed(ident, text, self._came(ident))

    def _came(self, ident: int) -> dict[tuple[Any, ...], Row]:
        """How far the steps came by their rows, as far as these can be read."""
        try:
            rows = self._rows("steps_of_actions", actions=json.dumps([ident]))
        except sqlite3.OperationalError:  # text that is none
            return {}
        return {tuple(row[name] for name in FIXED): row for row in rows if row["state"] in tuple(StepState)}


def _parsed(ident: int, text: str, came: Mapping[tuple[Any, ...], Row]) -> tuple[Action, list[Approval]]:
    row, steps, said = json.loads(text)
    # Where nobody knows how far a step came it may hold: undoing looks at the target first.
    doubtful = {"state": StepState.APPLYING.value, "detail": "", "at": None}
    read = []
    for step in steps:
        found = came.get(tuple(step), doubtful)
        about = {name: found[name] for name in doubtful}
        read.append(step_of(dict(zip(FIXED, step, strict=True)) | about))
    action = action_of(row | {"preview": "{}", "effect": ""}, read)
    approvals = [dict(zip(SAID, each, strict=True)) for each in said]
    return action, [
        Approval(action=ident, **{**each, "verdict": Verdict(each["verdict"])}) for each in approvals
    ]
