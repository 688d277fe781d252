"""What the undo of all of an incident makes of each of its actions: foreseen as it is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.lasting import asks_itself, not_released
from agent.domain.unseen import foreseen
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.domain.action import Action
    from agent.domain.person import Person
    from agent.ledger.action_store import ActionStore
    from agent.ledger.alert_store import AlertStore

ASKED = "the agent asks for it, and nothing of it is done"


@dataclass(frozen=True, slots=True)
class Fate:
    """One action of an incident."""

    action: Action
    stays: str  # why it is not undone; empty where it is, or where a request is withdrawn
    unseen: str = ""  # what its undo overwrites without anybody having seen it

    @property
    def asked(self) -> bool:
        """Whether it is a request of the agent, which goes on waiting."""
        return asks_itself(self.action)


def fates(
    actions: ActionStore, alerts: AlertStore, incident: int, person: Person, blind: Collection[str] = ()
) -> list[Fate]:
    """What becomes of all that goes on of an incident when this person undoes it, the newest first.

    `blind`: gateways that do not tell what others change at them.

    What the agent itself only asks for stays asked: it has changed nothing, and an end would count as an
    answer.
    """
    going = [each for each in reversed(actions.of_incident(incident)) if not each.state.ended]
    stays = [_stays(actions, alerts, each, person) for each in going]
    return [
        Fate(each, why, "" if why else foreseen(each, blind)) for each, why in zip(going, stays, strict=True)
    ]


def still_wait(asked: int) -> str:
    """`2 requests of the agent still wait`; empty where there are none."""
    return f"{plural(asked, 'request')} of the agent still wait{'s' if asked == 1 else ''}" if asked else ""


def _stays(actions: ActionStore, alerts: AlertStore, action: Action, person: Person) -> str:
    if not actions.own(action):
        return f"action {action.id} was changed by somebody else than the agent"
    return ASKED if asks_itself(action) else not_released(alerts, action, person)
