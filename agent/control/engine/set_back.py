"""A clock that is set back, also while no agent runs, makes no action last longer: its end moves with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.control.engine.ending import RUNNING, Deadlines
from agent.domain.action import Action, ActionState
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

KEPT, SET_BACK = "clock.kept", "clock.set_back"
"""Kinds of audit records: the newest time that was seen, and how far the clock was set back from it."""
KEEP_EVERY_S = 600
BEARABLE_S = 60
"""Clocks are put right by a little all the time."""
_SUBJECT = "clock"
_log = logging.getLogger(__name__)


@dataclass
class NewestTime:
    """The newest time that was seen while actions were open; the audit log keeps it."""

    _newest: int | None = None
    _kept_at: int = 0
    _kept_for: frozenset[int | None] = frozenset()

    def moved(
        self, writer: LedgerWriter, actions: list[Action], now: int, deadlines: Deadlines
    ) -> list[Action]:
        """The open actions, with earlier ends where the clock was set back."""
        if self._newest is None:
            found = writer.control.newest(KEPT, _SUBJECT)
            self._newest = found.at if found else now
        newest, back = self._newest, self._newest - now
        lasting = frozenset(action.id for action in actions if _ends(action))
        with writer.transaction():
            if back > BEARABLE_S:
                actions = [_moved(writer, action, now, newest, deadlines) for action in actions]
                detail = {"seconds": back, "actions": len(lasting)}
                writer.control.audit(now, AGENT, SET_BACK, _SUBJECT, detail)
                _log.warning("the clock was set back by %d s; actions end as if it were not", back)
            if (
                back > BEARABLE_S
                or lasting - self._kept_for
                or (lasting and now - self._kept_at >= KEEP_EVERY_S)
            ):
                writer.control.audit(now, AGENT, KEPT, _SUBJECT, {})
                self._kept_at, self._kept_for = now, lasting
        self._newest = now if back > BEARABLE_S else max(newest, now)
        return actions


def _moved(writer: LedgerWriter, action: Action, now: int, newest: int, deadlines: Deadlines) -> Action:
    if not _ends(action):
        return action
    if action.state is ActionState.STANDBY:
        after = replace(action, approve_by=(action.approve_by or newest) - newest + now)
    else:
        after = replace(action, expires_at=now + deadlines.left(action, newest))
    return writer.actions.save(after)


def _ends(action: Action) -> bool:
    """Whether it ends so long after it began; what an allocation is given ends with the month."""
    if action.state is ActionState.STANDBY:
        return action.approve_by is not None
    return action.state in RUNNING and action.expires_at is not None and action.spec.kind.at_gateways
