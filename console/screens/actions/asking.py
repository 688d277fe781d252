"""What the Actions screen asks the ledger; reports are imported in the thread of the live link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.live import Question
from console.questions import read_status_now

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.action_report import ActionDetail, ActionEntry
    from agent.reports.status import Status
    from agent.settings import Settings

ACTIONS, ACTION = "actions", "actions/detail"
OWN = "burndeck"
"""The gateway of targets that are allocations."""
RECENT_S = 30 * 86_400
"""How far the history goes back."""


@dataclass(frozen=True, slots=True)
class ActionBoard:
    """Everything on the Actions screen."""

    entries: tuple[ActionEntry, ...]
    status: Status

    def entry(self, ident: int) -> ActionEntry | None:
        """The action of an id."""
        return next((entry for entry in self.entries if entry.id == ident), None)


def actions_question() -> Question:
    """All actions that are open, and those of the last weeks."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionBoard:
        from agent.reports.actions import actions

        with reader.snapshot():
            found = tuple(actions(reader, now, RECENT_S))
            return ActionBoard(found, read_status_now(reader, settings, now))

    return Question(ACTIONS, ask)


def action_question(ident: int) -> Question:
    """One action with everything around it."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionDetail | None:
        return action_detail_of(reader, settings, ident, now)

    return Question(ACTION, ask, (ident,))


def action_detail_of(reader: LedgerReader, settings: Settings, ident: int, now: float) -> ActionDetail | None:
    """The report on one action, with what gateways hold in their words."""
    from agent.control.words import gateway_words
    from agent.reports.actions import action_detail

    return action_detail(reader, ident, now, gateway_words(settings))
