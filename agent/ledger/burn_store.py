"""What the detection of burn spikes reads: single minutes whole, hours and cells of few series only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.ledger.kinds import Kind
from agent.ledger.sql import statement
from agent.ledger.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SOUGHT = 64  # contexts up to which single rows are sought; for more, the window is read through
_MINUTE_S = 60

Series = tuple[Kind, int]
"""A dimension kind and the dim id of one of its values; (TOTAL, 0) is the whole."""

MINUTE_COLUMNS = ("context", "service", "requests", "tokens_input", "tokens_cached", "credits_nano")
"""Columns of what `BurnStore.minute` returns, in their order."""


@dataclass(frozen=True, slots=True)
class BurnCell:
    """Effective sums of one context and service over a window."""

    context: int
    service: int
    requests: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    credits_nano: int
    errors: int = 0


class BurnStore(Store):
    """Reads on the connection of the ledger's writer, and the state of detectors."""

    def minute_marks(self, start: int, end: int) -> dict[int, tuple[int, ...]]:
        """For each known minute what changes whenever its rows do."""
        rows = self._all("burn_minute_marks", {"start": start, "end": end})
        return {row[0]: tuple(row[1:]) for row in rows}

    def minute(self, minute: int) -> NDArray[np.int64]:
        """Everything that burnt in a minute: a row a context and service, columns as `MINUTE_COLUMNS`."""
        return _table(self._all("burn_minute", {"minute": minute}))

    def wide(self, hour: int) -> NDArray[np.int64]:
        """The same of an hour, as far as it is known by the whole hour only."""
        return _table(self._all("burn_wide", {"hour": hour}))

    def hour_marks(self, start: int, end: int) -> dict[int, tuple[int, ...]]:
        """For each known hour what changes whenever its rows do."""
        rows = self._all("burn_hour_marks", {"start": start, "end": end})
        return {row[0]: tuple(row[1:]) for row in rows}

    def hours(self, series: Sequence[Series], hours: Collection[int]) -> Iterator[tuple[int, int, int, int]]:
        """Position of a series, hour, nano-credits and requests, wherever one of the series burnt."""
        if series and hours:
            bound = {
                "series": json.dumps([[int(kind), ident] for kind, ident in series]),
                "hours": json.dumps(sorted(hours)),
            }
            yield from self._all("burn_hours", bound)

    def largest(self, kinds: Sequence[Kind], hours: Collection[int], least_nano: int) -> list[Series]:
        """The series of some kinds that burnt at least `least_nano` in some hours together."""
        bound = {
            "kinds": json.dumps([int(kind) for kind in kinds]),
            "hours": json.dumps(sorted(hours)),
            "least": least_nano,
        }
        return [(Kind(kind), ident) for kind, ident in self._all("burn_largest", bound)]

    def series(self, kind: Kind, value: str) -> Series | None:
        """The series of a dimension value; None where it never burnt."""
        rows = self._all("burn_series", {"kind": int(kind), "value": value})
        return (kind, rows[0][0]) if rows else None

    def burnt(self, context: int, service: int, start: int, end: int) -> bool:
        """Whether buckets know of any burn of a context and service in `[start, end)`, at any width."""
        bound = {"context": context, "service": service, "start": start, "end": end}
        return bool(self._all("burn_ever", bound))

    def contexts(self, start: int, end: int) -> list[tuple[int, int]]:
        """Nano-credits of `[start, end)` by context."""
        return [tuple(row) for row in self._all("burn_contexts", {"start": start, "end": end})]

    def cells(self, start: int, end: int, contexts: Collection[int]) -> list[BurnCell]:
        """Effective burn of `[start, end)` (whole minutes) by context and service, of these contexts."""
        bound = {"start": start, "end": end, "contexts": json.dumps(sorted(contexts))}
        if len(contexts) <= _SOUGHT:
            minutes = {"minutes": json.dumps(list(range(start, end, _MINUTE_S)))}
            found = self._all("burn_cells_of", bound | minutes)
        else:
            found = self._all("burn_cells_among", bound)
        return [BurnCell(*row) for row in (*found, *self._all("burn_event_cells", bound))]

    def state(self, name: str) -> tuple[int, dict[str, bytes]] | None:
        """The blocks that a detector kept, and up to when it had judged."""
        rows = self._all("burn_state", {"name": name})
        return (rows[0][0], {block: state for _, block, state in rows}) if rows else None

    def keep_state(self, name: str, at: int, blocks: Iterable[tuple[str, bytes]]) -> None:
        """Keeps what a detector remembers, all blocks or none, instead of what it kept before."""
        with self._transaction() as conn:
            conn.execute(statement("drop_burn_state"), {"name": name})
            for block, state in blocks:
                bound = {"name": name, "block": block, "at": at, "state": state}
                conn.execute(statement("keep_burn_state"), bound)


def _table(rows: list[tuple[int, ...]]) -> NDArray[np.int64]:
    import numpy as np

    return np.array(rows, dtype=np.int64).reshape(-1, len(MINUTE_COLUMNS))
