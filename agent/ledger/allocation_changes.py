"""Changes of allocations that actions have made: all that is needed to know which caps hold at a moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.ledger.rule_store import RuleStore
from agent.ledger.store import Store

if TYPE_CHECKING:
    from agent.ledger.seals import Seals


@dataclass(frozen=True, slots=True)
class AllocationChange:
    """What an action has made of an allocation. `change` has `top_up_nano`, or the fields that are set."""

    action: int
    allocation: str
    change: Mapping[str, Any]
    starts_at: int
    ends_at: int | None = None  # None: until it is undone


class AllocationChangeStore(Store):
    """Reads which changes are in force, without a word of what else actions are."""

    @property
    def burn(self) -> RuleStore:
        """What was burnt, on the same connection."""
        return RuleStore(self._all)

    def allocation_changes(self, now: int) -> list[AllocationChange]:
        """The changes of allocations that are in force, oldest first; those that the agent has made."""
        with self._lock:
            rows = [row for row in self._rows("allocation_changes_in_force", now=now) if self._owns(row)]
        return [allocation_change_of(row) for row in rows]

    def _rows(self, name: str, **bound: Any) -> list[dict[str, Any]]:
        """Rows with their columns by name. Text that is none, by somebody else's hand, hides no other row."""
        with self._lock:
            try:
                return super()._rows(name, **bound)
            except sqlite3.OperationalError as error:
                if "UTF-8" not in str(error):
                    raise
            usual = self._conn.text_factory
            self._conn.text_factory = _lenient
            try:
                return super()._rows(name, **bound)
            finally:
                self._conn.text_factory = usual

    @property
    def _seals(self) -> Seals:
        from agent.ledger.seals import Seals  # only where there is something to be proved

        return Seals(self._conn, self._lock, self._transaction)

    def _owns(self, row: Mapping[str, Any]) -> bool:
        from agent.ledger.seals import ALLOCATION, change_proof

        try:
            proof = change_proof(allocation_change_of(row), row["undone_at"])
        except (ValueError, TypeError):
            return False
        return self._seals.holds(ALLOCATION, f"action:{row['action']}", proof)


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def allocation_change_of(row: Mapping[str, Any]) -> AllocationChange:
    """The change of a row."""
    return AllocationChange(
        row["action"], row["allocation"], json.loads(row["change"]), row["starts_at"], row["ends_at"]
    )
