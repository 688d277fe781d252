"""Open actions that are the agent's own. A row that somebody else has written or changed is not acted on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import Action, ActionState
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

FORGED = "forged"
NOT_OURS = "its row was not written by the agent"
_log = logging.getLogger(__name__)


@dataclass
class Owning:
    """Proves open actions, each again whenever its row has changed."""

    _proved: dict[int, Action] = field(default_factory=dict)

    def open_actions(self, writer: LedgerWriter, now: int, tell: Tell) -> list[Action]:
        """What is open and the agent's own, oldest first; all else ends here, and people are told."""
        actions, unreadable = writer.actions.open_rows()
        for ident in unreadable:
            _disown(writer, ident, now)
        proved: dict[int, Action] = {}
        for action in actions:
            ident = action.id or 0
            if self._proved.get(ident) == action or writer.actions.own(action):
                proved[ident] = action
            else:
                _disown(writer, ident, now, action, tell)
        self._proved = proved
        return list(proved.values())


def _disown(
    writer: LedgerWriter, ident: int, now: int, action: Action | None = None, tell: Tell | None = None
) -> None:
    _log.error("action %d: %s", ident, NOT_OURS)
    with writer.transaction():
        writer.actions.disown(ident, NOT_OURS, now)
        if action is None or tell is None:
            detail = {"reason": f"{NOT_OURS}, and cannot be read"}
            writer.control.audit(now, AGENT, f"action.{FORGED}", f"action:{ident}", detail)
            return
        over = replace(action, state=ActionState.FAILED, ended_at=now, ended_by=AGENT, why=NOT_OURS)
        text = f"nothing is done of it: {NOT_OURS}"
        if action.state.active and action.steps:
            text += f"; look at what holds now for {action.steps[0].target}"
            text += f" and {len(action.steps) - 1} more" if len(action.steps) > 1 else ""
        occasion = Occasion(
            FORGED, over, text, recipients=("ops_on_call",), next_command="burndeck audit verify"
        )
        record(writer, occasion, now, tell)
