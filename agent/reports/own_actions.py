"""Actions that read otherwise than the agent has written them: none of them is told as truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from agent.ledger.own_rows import OwnRows

if TYPE_CHECKING:
    from agent.domain.action import Action, Approval
    from agent.ledger.own_rows import ForeignRow
    from agent.ledger.reader import LedgerReader

_MOST = 2_000


def foreign_of(
    reader: LedgerReader, found: Iterable[Action], said: Mapping[int, Sequence[Approval]]
) -> Mapping[int, tuple[ForeignRow, ...]]:
    """What of some actions is not as the agent wrote it, by action.

    What was proved is proved again only when it reads differently.
    """
    own, proved = OwnRows(reader), reader.proved
    foreign: dict[int, tuple[ForeignRow, ...]] = {}
    for action in found:
        ident = action.id or 0
        read = action, tuple(said.get(ident, ()))
        if proved.pop(ident, None) != read and (rows := own.action(ident)):
            foreign[ident] = tuple(rows)
            continue
        proved[ident] = read
        if len(proved) > _MOST:
            proved.pop(next(iter(proved)))
    return foreign
