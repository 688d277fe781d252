"""Actions as the agent has written them, remembered by what proves that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.domain.action import Action, Step

_MOST = 64


@dataclass(frozen=True, slots=True)
class Written:
    """An action as the agent has written it, and what proves that."""

    proof: str
    action: Action
    steps: Mapping[int, Step]  # by their places

    def as_far_as(self, row: Step) -> Step | None:
        """One of its steps, as far as the row says that it came; None where it has no such one."""
        known = self.steps.get(row.seq)
        return None if known is None else replace(known, state=row.state, detail=row.detail, at=row.at)


@dataclass(slots=True)
class Remembered:
    """The actions that were asked for last."""

    _known: dict[int, Written] = field(default_factory=dict)

    def get(self, ident: int) -> Written | None:
        """What is remembered of an action; it may not be what the ledger proves any more."""
        return self._known.get(ident)

    def keep(self, ident: int, written: Written) -> None:
        """Remembers an action in place of that which was asked for longest ago."""
        self._known.pop(ident, None)
        self._known[ident] = written
        if len(self._known) > _MOST:
            self._known.pop(next(iter(self._known)))
