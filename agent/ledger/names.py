"""Names to numbers and back: the dictionary of dimensions, contexts, services and team x model pairs."""

from __future__ import annotations

import sqlite3
from operator import attrgetter

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.kinds import Kind
from agent.ledger.sql import statement

CONTEXT_KINDS = (
    Kind.ACCOUNT,
    Kind.API_KEY,
    Kind.USER,
    Kind.PROJECT,
    Kind.ENVIRONMENT,
    Kind.TEAM,
    Kind.DEPARTMENT,
    Kind.BILLING_GROUP,
    Kind.COST_CENTER,
    Kind.OWNER,
    Kind.PATTERN,
)
"""Kinds of the columns of `context`, in the order of the fields of `Dimensions`."""

SERVICE_KINDS = (Kind.MODEL, Kind.OPERATION, Kind.ENDPOINT, Kind.TIER)
"""Kinds of the columns of `service`, in the order of the fields of `Service`."""

_DIMENSIONS = attrgetter(*Dimensions.__slots__)
_SERVICE = attrgetter(*Service.__slots__)

LABELS = (Kind.TEAM, Kind.COST_CENTER, Kind.PROJECT, Kind.ENVIRONMENT)
"""The labels of a request that never change once they are set."""


class Names:
    """The dictionary in memory. Ask it only inside a write transaction that began with `catch_up`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drop everything, for a transaction that was rolled back; the next `catch_up` reads it again."""
        self._dims: dict[tuple[int, str], int] = {}
        self._values: dict[int, str] = {}
        self._context_ids: dict[tuple[int, ...], int] = {}
        self._service_ids: dict[tuple[int, ...], int] = {}
        self._pair_ids: dict[tuple[int, int], int] = {}
        self._by_dimensions: dict[Dimensions, int] = {}
        self._by_service: dict[Service, int] = {}
        self._first_seen: dict[int, int] = {}
        self._newest = (0, 0, 0, 0)
        self.contexts: dict[int, tuple[int, ...]] = {}  # context.id -> dim ids, as CONTEXT_KINDS
        self.services: dict[int, tuple[int, ...]] = {}  # service.id -> dim ids, as SERVICE_KINDS

    def catch_up(self, conn: sqlite3.Connection) -> None:
        """Learn the names that another process added since."""
        newest = conn.execute(statement("names_newest")).fetchone()
        if newest == self._newest:
            return
        dims, contexts, services, pairs = self._newest
        for ident, kind, value in conn.execute(statement("dims_after"), (dims,)):
            self._dims[kind, value] = ident
            self._values[ident] = value
        for ident, *row in conn.execute(statement("contexts_after"), (contexts,)):
            self.contexts[ident] = tuple(row)
            self._context_ids[tuple(row)] = ident
        for ident, *row in conn.execute(statement("services_after"), (services,)):
            self.services[ident] = tuple(row)
            self._service_ids[tuple(row)] = ident
        for ident, team, model in conn.execute(statement("team_models_after"), (pairs,)):
            self._pair_ids[team, model] = ident
        self._newest = newest

    def dim(self, conn: sqlite3.Connection, kind: Kind, value: str) -> int:
        """Id of a name, added when it is new."""
        found = self._dims.get((kind, value))
        if found is None:
            found = self._grow(0)
            conn.execute(statement("add_dim"), (found, int(kind), value))
            self._dims[kind, value] = found
            self._values[found] = value
        return found

    def value(self, ident: int) -> str:
        """The name of a dim id."""
        return self._values[ident]

    def context(self, conn: sqlite3.Connection, dimensions: Dimensions) -> int:
        """Id of a tuple of dimensions, added when it is new."""
        found = self._by_dimensions.get(dimensions)
        if found is None:
            row = tuple(
                self.dim(conn, kind, value)
                for kind, value in zip(CONTEXT_KINDS, _DIMENSIONS(dimensions), strict=True)
            )
            found = self._context_ids.get(row)
            if found is None:
                found = self._grow(1)
                conn.execute(statement("add_context"), (found, *row))
                self._context_ids[row] = found
                self.contexts[found] = row
            self._by_dimensions[dimensions] = found
        return found

    def service(self, conn: sqlite3.Connection, service: Service) -> int:
        """Id of a service, added when it is new."""
        found = self._by_service.get(service)
        if found is None:
            row = tuple(
                self.dim(conn, kind, str(value))
                for kind, value in zip(SERVICE_KINDS, _SERVICE(service), strict=True)
            )
            found = self._service_ids.get(row)
            if found is None:
                found = self._grow(2)
                conn.execute(statement("add_service"), (found, *row))
                self._service_ids[row] = found
                self.services[found] = row
            self._by_service[service] = found
        return found

    def team_model(self, conn: sqlite3.Connection, team: int, model: int) -> int:
        """Id of a team x model pair, added when it is new."""
        found = self._pair_ids.get((team, model))
        if found is None:
            found = self._grow(3)
            conn.execute(statement("add_team_model"), (found, team, model))
            self._pair_ids[team, model] = found
        return found

    def is_completion(self, service: int) -> bool:
        """Whether a service is a completion, the operation whose requests count as inferences."""
        return self._values[self.services[service][1]] == Operation.COMPLETION

    def service_words(self, service: int | None) -> str:
        """Model, operation, endpoint and tier of a service."""
        return "" if service is None else " ".join(self.value(ident) for ident in self.services[service])

    def seen_earlier(self, ident: int, at: int) -> bool:
        """Whether `at` is earlier than all that this writer has seen of a key or model; notes it if so."""
        if at >= self._first_seen.get(ident, at + 1):
            return False
        self._first_seen[ident] = at
        return True

    def label_change(self, first: int, later: int) -> str:
        """What differs between two contexts in labels that both of them set; empty when nothing does."""
        changes = []
        for label in LABELS:
            column = CONTEXT_KINDS.index(label)
            before, after = self.value(self.contexts[first][column]), self.value(self.contexts[later][column])
            if before and after and before != after:
                changes.append(f"{label.name.lower()} {before} -> {after}")
        return ", ".join(changes)

    def _grow(self, table: int) -> int:
        counts = list(self._newest)
        counts[table] += 1
        self._newest = (counts[0], counts[1], counts[2], counts[3])
        return counts[table]
