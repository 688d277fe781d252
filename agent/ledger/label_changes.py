"""Known requests that came again with other labels: refused, and told to the audit log, a record a key."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.domain.person import AGENT
from agent.ledger.kinds import Kind
from agent.ledger.names import CONTEXT_KINDS
from agent.ledger.sql import statement
from agent.ledger.state import MOST_FINDINGS, Finding

if TYPE_CHECKING:
    from agent.ledger.corrections import StoredEvent
    from agent.ledger.names import Names

Audit = Callable[[int, str, str, str, Mapping[str, Any]], int]
"""Appends a record to the audit log, in the transaction under way: time, actor, kind, subject, detail."""

KIND = "label_changed"
"""Of the findings and of the audit records."""
WHY = "possible cost evasion: a known request came again with other labels; they were refused"
_MOST_NAMED = 5
_KEY = CONTEXT_KINDS.index(Kind.API_KEY)


class LabelChanges:
    """The refused rows of one batch."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._findings: list[Finding] = []
        self._keys: list[str] = []

    def __len__(self) -> int:
        return len(self._findings)

    @property
    def finding(self) -> Finding:
        """The newest one as a finding."""
        return self._findings[-1]

    def note(self, request_id: str, change: str, context: int, held: StoredEvent) -> None:
        """Add a refused row; `context` is the one that it came with."""
        self._findings.append((KIND, request_id, change, held.at))
        self._keys.append(self._key(context) or self._key(held.context))

    def audit(self, conn: sqlite3.Connection, audit: Audit) -> None:
        """One record a key, with how many there were. The same rows read again are no news.

        A record bears the time of the newest request in it.
        """
        news: dict[str, list[Finding]] = {}
        known = self._known(conn)
        for place, (key, finding) in enumerate(zip(self._keys, self._findings, strict=True)):
            if place not in known:
                news.setdefault(key, []).append(finding)
        if len(known) >= MOST_FINDINGS:  # of so many only the first are kept, so the others look new for ever
            return
        for key, found in sorted(news.items()):
            detail = {
                "why": WHY,
                "count": len(found),
                "requests": [subject for _, subject, _, _ in found[:_MOST_NAMED]],
                "changes": list(dict.fromkeys(change for _, _, change, _ in found))[:_MOST_NAMED],
            }
            audit(max(at for *_, at in found), AGENT, KIND, f"api_key:{key}", detail)

    def _key(self, context: int) -> str:
        return self._names.value(self._names.contexts[context][_KEY])

    def _known(self, conn: sqlite3.Connection) -> set[int]:
        """Places of those that are findings already."""
        if not self._findings:
            return set()
        asked = json.dumps([finding[:3] for finding in self._findings[:MOST_FINDINGS]])
        return {int(place) for (place,) in conn.execute(statement("finding_known"), {"findings": asked})}
