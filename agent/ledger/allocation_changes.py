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


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change as the agent has written it."""

    change: AllocationChange
    undone_at: int | None = None
    forged: bool = False  # its row says something else, or is gone

    def holds(self, now: int) -> bool:
        """Whether it is in force. In the past those count that were undone since."""
        ends = (at for at in (self.change.ends_at, self.undone_at) if at is not None)
        return self.change.starts_at <= now and all(at > now for at in ends)


@dataclass(frozen=True, slots=True)
class ForgedChange:
    """A row that is not as the agent wrote it."""

    action: int
    allocation: str  # as its row says
    kept: KeptChange | None  # what the agent had written; None where nothing proves that any more

    def of(self, allocation: str) -> bool:
        """Whether it is about an allocation, by its row or by what the agent had written."""
        return allocation in (self.allocation, self.kept.change.allocation if self.kept else "")

    @property
    def words(self) -> str:
        """What holds in its place."""
        row = f"the change of {self.allocation or 'an allocation'} by action {self.action}"
        if self.kept is None:
            return f"{row}: it counts for nothing, and what the agent had written there is not known"
        return f"{row}: what the agent had written there holds on"


class AllocationChangeStore(Store):
    """Reads which changes are in force, without a word of what else actions are."""

    @property
    def burn(self) -> RuleStore:
        """What was burnt, on the same connection."""
        return RuleStore(self._all)

    def allocation_changes(self, now: int) -> list[AllocationChange]:
        """The changes of allocations that are in force, oldest first; those that the agent has made.

        Where a row was changed or taken away, what the agent had written there holds on.
        """
        return [each.change for each in self._changes_now(now)[0]]

    def forged_changes(self, now: int) -> list[ForgedChange]:
        """Rows that say of what is in force what the agent has not written."""
        return self._changes_now(now)[1]

    def allocation_change(self, action: int) -> KeptChange | None:
        """What an action has made of an allocation, by its row or, where that is forged, by the audit log."""
        with self._lock:
            rows = self._rows("allocation_change_of", action=action)
            for row in rows:
                if self._owns(row):
                    return KeptChange(allocation_change_of(row), row["undone_at"])
            return self._noted(action)

    def allocation_change_row(self, action: int) -> tuple[int, str, bool] | None:
        """The row of an action's change: its number, the allocation that it names, and whether it is own."""
        with self._lock:
            rows = self._rows("allocation_change_of", action=action)
            return (rows[0]["id"], str(rows[0]["allocation"]), self._owns(rows[0])) if rows else None

    def sealed(self, kind: str, subject: str) -> Mapping[str, Any]:
        """What the audit log's chain holds of a subject; nothing where nothing was noted."""
        with self._lock:
            return self._seals.noted(kind, subject)

    def _changes_now(self, now: int) -> tuple[list[KeptChange], list[ForgedChange]]:
        kept: list[tuple[int, KeptChange]] = []
        forged: list[ForgedChange] = []
        with self._lock:
            rows = self._rows("allocation_changes_in_force", now=now)
            for row in rows:
                if self._owns(row):
                    kept.append((row["place"], KeptChange(allocation_change_of(row), row["undone_at"])))
                    continue
                found = self._noted(row["action"])
                forged.append(ForgedChange(row["action"], str(row["allocation"]), found))
                if found is not None and found.holds(now):
                    kept.append((row["place"], found))
            there = {row["action"] for row in rows}
            for row in self._rows("allocation_changes_missed", now=now):
                found = self._noted(row["action"]) if row["action"] not in there else None
                if found is not None and found.holds(now):
                    forged.append(ForgedChange(row["action"], found.change.allocation, found))
                    kept.append((row["place"], found))
        return [each for _, each in sorted(kept, key=lambda each: each[0])], forged

    def _noted(self, action: int) -> KeptChange | None:
        """What the agent has written of an action's change, by the audit log alone."""
        from agent.ledger.seals import ALLOCATION, change_proof

        noted = self._seals.noted(ALLOCATION, f"action:{action}")
        try:
            row, undone_at = noted["was"]
            change = AllocationChange(*row)
            whole = change.action == action and change_proof(change, undone_at) == noted["proof"]
        except (KeyError, ValueError, TypeError):
            return None  # noted by a version that kept the proof alone
        return KeptChange(change, undone_at, forged=True) if whole else None

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
