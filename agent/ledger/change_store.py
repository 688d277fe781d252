"""The change feed: what was changed around the burn, each thing once however often it is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict

from agent.domain.change import Change
from agent.ledger.store import Store
from agent.secrets import redact


class ChangeStore(Store):
    """Writes the change feed. Writes join the transaction that is open."""

    def add(self, changes: Iterable[Change]) -> int:
        """Keeps changes; one that is known already takes its newest wording. Returns how many were news."""
        found = list(changes)
        if not found:
            return 0
        with self._transaction():
            return sum(self._write("put_change", _row(each)).rowcount for each in found)

    def replace(
        self,
        source: str,
        changes: Iterable[Change],
        *,
        since: int = 0,
        keep: Collection[str] = (),
        cancelled: Collection[str] = (),
    ) -> int:
        """Keeps all that a source lists; what it no longer lists goes, as far as it lies at `since` or later.

        `keep` are ids that stay although they are not listed, `cancelled` those that the source has taken
        back, whenever they were. Returns how many were news.
        """
        found = list(changes)
        with self._transaction():
            listed = sorted({*(each.id for each in found), *keep})
            self._write("drop_changes", {"source": source, "since": since, "ids": json.dumps(listed)})
            if cancelled:
                self._write("drop_change_ids", {"source": source, "ids": json.dumps(sorted(cancelled))})
            return self.add(found)

    def keep_sources(self, prefix: str, names: Iterable[str], *, since: int) -> None:
        """Forgets what lies ahead of sources that are read no longer: those of a prefix and another name."""
        ending = f"{prefix}\U0010ffff"
        bound = {"first": prefix, "end": ending, "names": json.dumps(list(names)), "since": since}
        self._write("drop_change_sources", bound)


def _row(change: Change) -> dict[str, object]:
    """The columns of a change, without the keys that somebody has left in a title or an address."""
    columns = asdict(change) | {"id": change.id}
    return {name: redact(value) if type(value) is str else value for name, value in columns.items()}
