"""What is in force and what waits for approval now: the badge that every screen carries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.domain.action import Needs
    from agent.domain.person import Person
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class WaitingAction:
    """One action that waits for approvals."""

    id: int
    requested_by: str
    needs: Needs
    given: tuple[str, ...]  # people who have approved it
    roles: tuple[str, ...]  # in which they did
    drill: bool = False

    def asks(self, person: Person) -> bool:
        """Whether this person's approval would count: not who asked, nobody twice, a role still open."""
        if person.name == self.requested_by or person.name in self.given:
            return False
        from agent.domain.action_words import assigned

        before = [{role} for role in self.roles]
        return assigned(self.needs, [*before, {role.value for role in person.roles}]) is not None


@dataclass(frozen=True, slots=True)
class ActionBadge:
    """What acts now, and what waits."""

    in_force: int = 0  # at gateways: credits that were given hold nothing, nor does what none has taken yet
    waiting: tuple[WaitingAction, ...] = ()

    def asked_of(self, person: Person | None, *, drill: bool = False) -> int:
        """How many wait for this person, real ones or drills; none for somebody who is not known."""
        return 0 if person is None else sum(each.asks(person) for each in self.waiting if each.drill is drill)


def action_badge(reader: LedgerReader, now: float) -> ActionBadge:
    """What is in force and what waits; a look at a small index, so cheap that it follows every change."""
    rows = reader.rows("actions_badge")
    if not rows:
        return ActionBadge()
    from agent.domain.action import ActionKind, ActionState  # the first frame has mostly no use for it

    in_force, waiting = 0, []
    for row in rows:
        state = ActionState(row["state"])
        if state is ActionState.STANDBY:
            if row["approve_by"] is None or row["approve_by"] > now:
                said = json.loads(row["given"])
                people, roles = (tuple(each[place] for each in said) for place in (0, 1))
                needs = tuple(tuple(roles_) for roles_ in json.loads(row["needs"]))
                drill = bool(row["drill"])
                waiting.append(WaitingAction(row["id"], row["requested_by"], needs, people, roles, drill))
        elif not row["drill"] and ActionKind(row["kind"]).at_gateways:
            begins = state in (ActionState.PENDING, ActionState.EXECUTING)
            in_force += state.active and bool(row["written"] or not begins)
    return ActionBadge(in_force, tuple(waiting))
