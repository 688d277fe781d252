"""What the Actions screen asks the ledger; reports are imported in the thread of the live link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.live import Question
from console.questions import read_status_now

if TYPE_CHECKING:
    from agent.control.queued import Queued
    from agent.ledger.reader import LedgerReader
    from agent.reports.action_report import ActionDetail, ActionEntry
    from agent.reports.status import Status
    from agent.settings import Settings

ACTIONS, ACTION, WITHDRAW = "actions", "actions/detail", "actions/withdraw"
FOLDED = "actions/folded"
OWN = "burndeck"
"""The gateway of targets that are allocations."""
RECENT_S = 30 * 86_400
"""How far the history goes back."""


@dataclass(frozen=True, slots=True)
class ActionBoard:
    """Everything on the Actions screen."""

    entries: tuple[ActionEntry, ...]
    status: Status
    queued: tuple[Queued, ...] = ()  # signed, and no agent has taken it yet

    def entry(self, ident: int) -> ActionEntry | None:
        """The action of an id."""
        return next((entry for entry in self.entries if entry.id == ident), None)

    def intent(self, ident: int) -> Queued | None:
        """What waits for the agent, by the id of its intent."""
        return next((each for each in self.queued if each.id == ident), None)

    @property
    def agent_alive(self) -> bool:
        """Whether an agent is there to take what waits."""
        return self.status.agent.state == "alive"


def actions_question() -> Question:
    """All actions that are open, those of the last weeks, and what no agent has taken yet."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionBoard:
        from agent.control.queued import queued
        from agent.reports.actions import actions

        with reader.snapshot():
            found = tuple(actions(reader, now, RECENT_S))
            waiting = tuple(queued(reader, settings, now))
            return ActionBoard(found, read_status_now(reader, settings, now), waiting)

    return Question(ACTIONS, ask)


def action_question(ident: int) -> Question:
    """One action with everything around it."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionDetail | None:
        return action_detail_of(reader, settings, ident, now)

    return Question(ACTION, ask, (ident,))


def folded_question(idents: tuple[int, ...]) -> Question:
    """Each of some actions with everything around it."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> tuple[ActionDetail, ...]:
        from agent.control.words import gateway_words
        from agent.reports.actions import action_details

        return tuple(action_details(reader, idents, now, gateway_words(settings)))

    return Question(FOLDED, ask, idents)


def withdraw_question(ident: int, person: str) -> Question:
    """Whether this person may take an intent back: the intent, or why not, as the command says it."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Queued | str:
        from agent.control.queued import waiting
        from agent.errors import BurndeckError

        try:
            with reader.snapshot():
                return waiting(reader, settings, ident, person, now)
        except BurndeckError as error:
            return f"{error.message[:1].upper()}{error.message[1:]}."

    return Question(WITHDRAW, ask, (ident, person))


def action_detail_of(reader: LedgerReader, settings: Settings, ident: int, now: float) -> ActionDetail | None:
    """The report on one action, with what gateways hold in their words."""
    from agent.control.words import gateway_words
    from agent.reports.actions import action_detail

    return action_detail(reader, ident, now, gateway_words(settings))
