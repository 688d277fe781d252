"""What the Actions screen asks the ledger; reports are imported in the thread of the live link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from console import format as fmt
from console.live import Question
from console.questions import read_status_now

if TYPE_CHECKING:
    from agent.domain.gateway import Fields
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
    from agent.control.gateways.base import dialect_of
    from agent.domain.action_words import plain_words
    from agent.reports.actions import action_detail

    kinds = {gateway.name: gateway.kind for gateway in settings.gateways}

    def words(gateway: str, fields: Fields) -> str:
        kind = kinds.get(gateway)
        if gateway == OWN:
            return allocation_words(fields)
        return plain_words(fields) if kind is None else dialect_of(kind).words(fields)

    return action_detail(reader, ident, now, words)


def allocation_words(fields: Fields) -> str:
    """What becomes of an allocation: `500 credits more until 1 Dec 00:00`, `60,000 credits a month`."""
    said = []
    for name, value in sorted(fields.items()):
        if value in (None, False, "") or name == "from":
            continue
        if name == "top_up_nano":
            said.append(f"{_credits(value)} more")
        elif name == "until":
            said.append(f"until {fmt.moment(value)} UTC")
        elif name == "monthly_nano":
            said.append(f"{_credits(value)} a month")
        elif name.endswith("_nano"):
            said.append(f"{name.removesuffix('_nano')} {_credits(value)}")
        else:
            said.append(name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}")
    return ", ".join(said) or "nothing"


def _credits(nano: object) -> str:
    return f"{to_credits(nano):,.0f} credits" if isinstance(nano, int) else str(nano)
