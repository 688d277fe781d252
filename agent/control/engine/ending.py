"""How actions end: not approved in time, their time up, undone, or never begun. Inside the transaction."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.control.engine.steps import irreversible
from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import Action, ActionState, StepState
from agent.domain.person import AGENT
from agent.domain.unseen import overwritten
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.ledger.writer import LedgerWriter

_log = logging.getLogger(__name__)
_FAILED = "failed"
TIME_UP = "its time was up"
DRILL_OVER = "drill over: nothing was changed"
RUNNING = (
    ActionState.PENDING,
    ActionState.EXECUTING,
    ActionState.ACCEPTED,
    ActionState.CONFIRMED,
)


@dataclass
class Deadlines:
    """Ends of actions. A clock that is set back makes none of them later: real time is counted too."""

    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    _ends: dict[int, tuple[int, float]] = field(default_factory=dict)
    _failing: set[int | None] = field(default_factory=set)

    def fails_anew(self, action: Action) -> bool:
        """Notes that an action could not be ended; whether that is news."""
        known = action.id in self._failing
        self._failing.add(action.id)
        return not known

    def over(self, action: Action, now: int) -> bool:
        """Whether the time of an action is up."""
        if action.id is None or action.expires_at is None:
            return False
        left = action.expires_at - now
        known = self._ends.get(action.id)
        if known is None or known[0] != action.expires_at:
            real_s = max(self.clock.real_seconds(left), float(left))
            known = self._ends[action.id] = (action.expires_at, self.monotonic() + real_s)
        return left <= 0 or self.monotonic() >= known[1]

    def left(self, action: Action, now: int) -> int:
        """Seconds until the time of an action is up, by the clock or by real time, whichever is sooner."""
        left = (action.expires_at or now) - now
        known = self._ends.get(action.id or 0)
        if known is None or known[0] != action.expires_at:
            return left
        return min(left, math.ceil(known[1] - self.monotonic()))

    def keep(self, actions: Iterable[Action]) -> None:
        """Forgets all others."""
        open_ = {action.id for action in actions}
        self._ends = {ident: end for ident, end in self._ends.items() if ident in open_}
        self._failing &= open_


def ended_in_time(
    writer: LedgerWriter,
    actions: Iterable[Action],
    now: int,
    tell: Tell,
    deadlines: Deadlines,
    valid_s: int | None = None,
) -> list[Action]:
    """Declines what was not approved in time and begins to undo what has expired; what is open then.

    `valid_s`: so long after somebody wanted or approved an action it may still begin. It is for the state
    that people saw then, and an agent that was away would surprise them with it.
    """
    found = []
    for action in actions:
        try:
            after = _in_time(writer, action, now, tell, deadlines, valid_s)
        except Exception:  # noqa: BLE001 - one that cannot be ended holds up the end of no other
            if deadlines.fails_anew(action):  # it is tried again at every look, some times a second
                _log.exception("action %s cannot be ended in time; it is tried on", action.id)
            after = action
        if after is not None:
            found.append(after)
    deadlines.keep(found)
    return found


def _in_time(
    writer: LedgerWriter, action: Action, now: int, tell: Tell, deadlines: Deadlines, valid_s: int | None
) -> Action | None:
    """The action as it goes on, None where it is over."""
    if action.state is ActionState.STANDBY and action.approve_by is not None and now >= action.approve_by:
        _decline(writer, action, now, tell, "not approved in time")
        return None
    if valid_s is not None and _stale(writer, action, now, valid_s):
        _decline(writer, action, now, tell, "not begun in time: ask for it anew")
        return None
    if action.state in RUNNING and not irreversible(action) and deadlines.over(action, now):
        action = replace(action, state=ActionState.REVERSING, ended_by=AGENT, why=by_itself(action))
        with writer.transaction():
            writer.actions.save(action)
    return action


def by_itself(action: Action) -> str:
    """Why an action ends that nobody has ended: a drill is over once it has gone the whole way."""
    return DRILL_OVER if action.spec.drill else TIME_UP


def _stale(writer: LedgerWriter, action: Action, now: int, valid_s: int) -> bool:
    """Whether an action that may begin has waited for so long that nobody expects it any more."""
    if action.state is not ActionState.PENDING or now - action.requested_at < valid_s:
        return False
    said = [each.at for each in writer.actions.approvals(action.id or 0) if not each.void]
    return now - max((action.requested_at, *said)) >= valid_s


def finish(writer: LedgerWriter, ident: int, now: int, tell: Tell) -> None:
    """Everything of an action is undone, or left alone with its reason."""
    with writer.transaction():
        action = writer.actions.action(ident)
        if action is None or action.state is not ActionState.REVERSING:
            return
        in_time = action.ended_by == AGENT and action.why in (TIME_UP, DRILL_OVER)
        state = ActionState.EXPIRED if in_time else ActionState.REVERSED
        if _given_up(writer, action):
            state = ActionState.FAILED
        kept = [step for step in action.steps if step.state is StepState.KEPT]
        blind = overwritten(action.steps)
        effect = "; ".join(filter(None, (action.effect, blind)))
        after = writer.actions.save(replace(action, state=state, ended_at=now, effect=effect))
        text = "; ".join(filter(None, (_said_of_end(action, in_time=in_time), blind)))
        if kept:
            text += f"; {plural(len(kept), 'target')} left alone: {kept[0].target.id}: {kept[0].detail}"
        whom = ("ops_on_call",) if kept or in_time or blind else ()
        record(writer, Occasion("undone", after, text, recipients=whom), now, tell)


def _given_up(writer: LedgerWriter, action: Action) -> bool:
    """Whether no target took it, as `not_begun` has recorded: one that was released before is only undone."""
    if action.accepted_at is not None or action.ended_by != AGENT or action.why in (TIME_UP, DRILL_OVER):
        return False
    return writer.control.newest(f"action.{_FAILED}", f"action:{action.id}") is not None


def _said_of_end(action: Action, *, in_time: bool) -> str:
    if action.spec.drill:
        return DRILL_OVER if in_time else f"drill ended by {action.ended_by}: nothing was changed"
    return f"undone: {TIME_UP}" if in_time else f"undone by {action.ended_by}"


def not_begun(writer: LedgerWriter, action: Action, now: int, trouble: str, tell: Tell) -> None:
    """No target took it. What may have arrived although nobody could say so is undone first, if it can be."""
    why = next((step.detail for step in action.steps if step.state in _NOT_DONE), "") or trouble
    doubtful = not irreversible(action) and any(step.state is StepState.APPLYING for step in action.steps)
    state = ActionState.REVERSING if doubtful else ActionState.FAILED
    after = replace(
        action, state=state, ended_at=None if doubtful else now, ended_by=AGENT, why=trouble or why
    )
    writer.actions.save(after)
    occasion = Occasion(
        _FAILED,
        after,
        f"failed: {trouble or why}" + ("; what may have arrived is undone" if doubtful else ""),
        recipients=("ops_on_call",),
        next_command=f"burndeck actions show {action.id}",
    )
    record(writer, occasion, now, tell)


def partly(action: Action, trouble: str) -> str:
    """Which part of an action was not done; empty when all of it was."""
    rest = [step for step in action.steps if step.state in (*_NOT_DONE, StepState.APPLYING)]
    if not rest:
        return ""
    detail = rest[0].detail if rest[0].state in _NOT_DONE else trouble
    return f"{len(rest)} of {plural(len(action.steps), 'target')} not done: {rest[0].target.id}: {detail}"


def _decline(writer: LedgerWriter, action: Action, now: int, tell: Tell, why: str) -> None:
    with writer.transaction():
        writer.actions.void_approvals(action.id or 0, "the time for approvals was over")
        over = replace(action, state=ActionState.DECLINED, ended_at=now, ended_by=AGENT, why=why)
        writer.actions.save(over)
        record(writer, Occasion("declined", over, why, recipients=("ops_on_call",)), now, tell)


_NOT_DONE = (StepState.PLANNED, StepState.FAILED, StepState.KEPT)
