"""Which contexts and services a report keeps when it looks inside a team, a project, a key, a model, ..."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.ledger.kinds import Kind
from agent.reports.cells import Cell, Names, is_service

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

Within = tuple[Kind, str]
"""A dimension and a value of it: (Kind.TEAM, "search")."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The contexts and services to keep; None keeps all."""

    contexts: frozenset[int] | None = None
    services: frozenset[int] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.contexts is None and self.services is None

    def context_list(self) -> list[int] | None:
        """The contexts in order, for a query."""
        return None if self.contexts is None else sorted(self.contexts)

    def keep(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells of the selection."""
        return [
            cell
            for cell in cells
            if (self.contexts is None or cell.context in self.contexts)
            and (self.services is None or cell.service in self.services)
        ]


def select(reader: LedgerReader, names: Names, wanted: Iterable[Within]) -> Selection:
    """What has all the wanted values; a value that the ledger does not know selects nothing."""
    contexts: frozenset[int] | None = None
    services: frozenset[int] | None = None
    for kind, value in wanted:
        if kind is Kind.TOTAL:
            continue
        rows = reader.rows("dim_ids", {"kind": int(kind), "names": [value]})
        ident = rows[0]["id"] if rows else -1
        if is_service(kind):
            found = frozenset(names.services_with(kind, ident))
            services = found if services is None else services & found
        else:
            found = frozenset(names.contexts_with(kind, ident))
            contexts = found if contexts is None else contexts & found
    return Selection(contexts, services)
