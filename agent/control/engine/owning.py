"""Open actions that are the agent's own. Rows that somebody else has written or changed are not acted on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion, Tell, record
from agent.domain.action import Action, ActionState, Approval
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter

_Proved = dict[int, "tuple[Action, list[Approval]]"]
_Spoilt = dict[int, "Action | None"]

FORGED = "forged"
NOT_OURS = "its row was not written by the agent"
_log = logging.getLogger(__name__)


@dataclass
class Owning:
    """Proves open actions, each again whenever its row, or what people said of it, has changed."""

    _proved: _Proved = field(default_factory=dict)

    def open_actions(self, writer: LedgerWriter, now: int, tell: Tell) -> list[Action]:
        """What is open and the agent's own, oldest first; all else ends here, and people are told."""
        proved, spoilt = self._prove(writer)
        if spoilt:
            # These were several reads. What was written between two of them is not forged: once more, as one.
            self._proved = proved
            with writer.transaction():
                proved, spoilt = self._prove(writer)
        for ident, was in spoilt.items():
            if (back := _put_back(writer, ident, now, tell)) is not None:
                proved[ident] = back, writer.actions.approvals(ident)
            else:
                _disown(writer, ident, now, was, tell)
        self._proved = dict(sorted(proved.items()))
        return [action for action, _ in self._proved.values()]

    def _prove(self, writer: LedgerWriter) -> tuple[_Proved, _Spoilt]:
        """What is open and reads as the agent wrote it, and what does not."""
        actions, unreadable = writer.actions.open_rows()
        spoilt: _Spoilt = dict.fromkeys(unreadable)
        proved: _Proved = {}
        for action in actions:
            ident = action.id or 0
            read = action, writer.actions.approvals(ident)
            if self._proved.get(ident) == read or writer.actions.own(action):
                proved[ident] = read
            else:
                spoilt[ident] = action
        return proved, spoilt | dict.fromkeys(writer.actions.lost({*proved, *spoilt}))


def _put_back(writer: LedgerWriter, ident: int, now: int, tell: Tell) -> Action | None:
    """The action as the agent had written it, so that it ends in time; None where nothing of it may hold."""
    with writer.transaction():
        action = writer.actions.restore(ident)
        if action is None:
            return None
        text = "its row was changed by somebody else than the agent: it is as it was before"
        _log.error("action %d: %s", ident, text)
        occasion = Occasion(
            FORGED, action, text, recipients=("ops_on_call",), next_command="burndeck audit verify"
        )
        record(writer, occasion, now, tell)
        return action


def _disown(
    writer: LedgerWriter, ident: int, now: int, action: Action | None = None, tell: Tell | None = None
) -> None:
    _log.error("action %d: %s", ident, NOT_OURS)
    with writer.transaction():
        writer.actions.disown(ident, NOT_OURS, now)
        writer.actions.undo_allocation_change(
            ident, now
        )  # where it is the agent's own, whatever the row says
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
