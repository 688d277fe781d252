"""What was done about an incident, with everybody's word on it, as it stood at an instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionState
from agent.reports.action_report import ActionEntry, ApprovalLine
from agent.reports.actions import approval_line, entry, read_actions, read_approvals
from agent.reports.around import read_around
from agent.reports.own_actions import foreign_of

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """One action of an incident."""

    entry: ActionEntry
    approvals: tuple[ApprovalLine, ...]  # every word, also a no and what counts no more


def incident_actions(reader: LedgerReader, incident: int, until: int) -> tuple[ActionTaken, ...]:
    """The actions of an incident that were asked for up to an instant, the oldest first."""
    found = read_actions(reader, reader.rows("actions_of_incident", {"incident": incident}))
    asked = [_as_of(action, until) for action in found if action.requested_at <= until]
    said = read_approvals(reader, asked)
    around = read_around(reader, asked)
    foreign = foreign_of(reader, found, read_approvals(reader, found))
    taken = []
    for action in asked:
        heard = [each for each in said.get(action.id or 0, ()) if each.at <= until]
        lines = tuple(approval_line(action, each) for each in heard)
        taken.append(ActionTaken(entry(action, heard, until, around, foreign.get(action.id or 0, ())), lines))
    return tuple(taken)


def _as_of(action: Action, until: int) -> Action:
    """What came after an instant taken off again: ends, then proof by traffic, then the beginning."""
    if action.ended_at is not None and action.ended_at > until:
        action = replace(action, ended_at=None, ended_by="", why="", state=_before_its_end(action))
    if action.confirmed_at is not None and action.confirmed_at > until:
        action = replace(action, confirmed_at=None, effect="", state=_not_past(action, ActionState.ACCEPTED))
    if action.accepted_at is not None and action.accepted_at > until:
        action = replace(action, accepted_at=None, state=_not_past(action, ActionState.EXECUTING))
    if action.begun_at is not None and action.begun_at > until:
        waited = ActionState.STANDBY if action.needs else ActionState.PENDING
        action = replace(action, begun_at=None, state=_not_past(action, waited))
    return action


def _before_its_end(action: Action) -> ActionState:
    if action.confirmed_at is not None:
        return ActionState.CONFIRMED
    if action.accepted_at is not None:
        return ActionState.ACCEPTED
    if action.begun_at is not None:
        return ActionState.EXECUTING
    return ActionState.STANDBY if action.needs else ActionState.PENDING


def _not_past(action: Action, state: ActionState) -> ActionState:
    """An end that had come by then stays."""
    return action.state if action.state.ended else state
