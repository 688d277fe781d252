"""Alerts in the ledger, and what their evaluation reads. All on the writer's connection."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.allocation import Scope, ScopeKind
from agent.ledger.burn_store import BurnStore
from agent.ledger.kinds import Kind
from agent.ledger.sql import statement
from agent.ledger.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Whose:
    """What alerts need of a context: names, and the dim ids under which rollups know them."""

    api_key_id: int
    api_key: str
    team_id: int
    team: str
    environment: str
    project: str = ""
    department: str = ""
    billing_group: str = ""

    def level(self, kind: ScopeKind) -> str:
        """The name of a level of the hierarchy; empty for the organization."""
        return "" if kind is ScopeKind.ORGANIZATION else str(getattr(self, kind.value))

    def within(self, scope: Scope) -> bool:
        """Whether it lies in a scope."""
        return self.level(scope.kind) == scope.value


@dataclass(frozen=True, slots=True)
class Called:
    """What alerts need of a service."""

    model_id: int
    model: str
    operation: str
    tier: str


class AlertStore(Store):
    """What alerts need of the ledger, on the connection of its writer."""

    def __init__(self, conn: sqlite3.Connection, lock: threading.RLock, transaction: Transaction) -> None:
        super().__init__(conn, lock, transaction)
        self.burn = BurnStore(conn, lock, transaction)
        self._contexts: dict[int, Whose] = {}
        self._services: dict[int, Called] = {}

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see one state of the ledger."""
        with self._lock:
            self._conn.execute("BEGIN")
            try:
                yield
            finally:
                self._conn.execute("COMMIT")

    def mark(self, now: int) -> tuple[int, ...]:
        """Changes whenever burn of today or yesterday does, or an allocation."""
        today = now // 86_400 * 86_400
        rows = self._all("alert_mark", {"days": json.dumps([today - 86_400, today])})
        return tuple(value for row in rows for value in row)

    def covered_to(self) -> list[int]:
        """How far the provider's usage is complete, for each account that is metered."""
        return [end for _, end in self._all("alert_coverage_ends")]

    def newest_event(self) -> int | None:
        """Time of the newest event; None without any."""
        ((at,),) = self._all("alert_newest_event")
        return None if at is None else int(at)

    def burnt_days(self, days: Sequence[int], kinds: Iterable[Kind]) -> dict[tuple[int, str], int]:
        """Nano-credits by (kind, value) over whole UTC days, billed where they are billed."""
        return self._burnt("alert_burnt_days", "days", days, kinds)

    def burnt_hours(self, hours: Sequence[int], kinds: Iterable[Kind]) -> dict[tuple[int, str], int]:
        """Nano-credits by (kind, value) over whole hours."""
        return self._burnt("alert_burnt_hours", "hours", hours, kinds)

    def burnt_part(self, start: int, end: int, kinds: Iterable[Kind]) -> dict[tuple[int, str], int]:
        """Nano-credits by (kind, value) over a part of one hour; wider buckets give their share of time."""
        bound = {
            "hour": start // 3_600 * 3_600,
            "start": start,
            "end": end,
            "kinds": json.dumps([int(kind) for kind in kinds]),
        }
        return {(kind, value): nano for kind, value, nano in self._all("alert_burnt_part", bound)}

    def first_seen(self, kind: Kind, ident: int) -> int | None:
        """When a key or model first burnt; None when it is not known."""
        rows = self._all("alert_first_seen", (int(kind), ident))
        return int(rows[0][0]) if rows else None

    def key_name(self, api_key: str) -> str:
        """What the provider's directory calls a key; its id where the directory does not know it."""
        rows = self._all("alert_key_name", (api_key,))
        return str(rows[0][0]) if rows else api_key

    def key_names(self) -> dict[str, str]:
        """What the provider's directory calls keys, by id; without those that it does not name."""
        return dict(self._all("alert_key_names"))

    def contexts(self) -> Mapping[int, Whose]:
        """Every context by id; only those added since are read."""
        after = max(self._contexts, default=0)
        for ident, *row in self._all("alert_contexts_after", (after,)):
            self._contexts[ident] = Whose(*row)
        return self._contexts

    def services(self) -> Mapping[int, Called]:
        """Every service by id; only those added since are read."""
        after = max(self._services, default=0)
        for ident, *row in self._all("alert_services_after", (after,)):
            self._services[ident] = Called(*row)
        return self._services

    def open_alerts(self) -> list[Alert]:
        """Every alert that is not resolved."""
        return [_alert(row) for row in self._rows("alerts_open")]

    def alert(self, ident: int) -> Alert | None:
        """The alert of an id; None when there is none."""
        found = [_alert(row) for row in self._rows("alert_by_id", id=ident)]
        return found[0] if found else None

    def alerts_of_incidents(self, incidents: Iterable[int]) -> list[Alert]:
        """Every alert of some incidents, resolved ones too."""
        bound = json.dumps(sorted(incidents))
        return [_alert(row) for row in self._rows("alerts_of_incidents", incidents=bound)]

    def alerts_of_period(self, rule: AlertRule, period: str, since: int) -> list[Alert]:
        """Alerts of a rule and period that began at `since` or later, resolved ones too."""
        return [
            _alert(row) for row in self._rows("alerts_of_period", rule=rule.value, period=period, since=since)
        ]

    def save(self, changed: Iterable[Alert], dropped: Iterable[Alert] = ()) -> list[Alert]:
        """Keeps new and changed alerts and forgets suspicions that came to nothing, all or none of it.

        Returns the changed ones, with the ids that new ones got.
        """
        changed, dropped = list(changed), list(dropped)
        if not changed and not dropped:
            return []
        kept = []
        with self._transaction() as conn:
            for alert in changed:
                name = "add_alert" if alert.id is None else "update_alert"
                added = conn.execute(statement(name), _columns(alert)).lastrowid
                kept.append(replace(alert, id=added) if alert.id is None else alert)
            for alert in dropped:
                conn.execute(statement("drop_alert"), {"id": alert.id})
        return kept

    def _burnt(
        self, name: str, key: str, buckets: Sequence[int], kinds: Iterable[Kind]
    ) -> dict[tuple[int, str], int]:
        bound = {key: json.dumps(list(buckets)), "kinds": json.dumps([int(kind) for kind in kinds])}
        return {(kind, value): nano for kind, value, nano in self._all(name, bound)}


def _columns(alert: Alert) -> dict[str, object]:
    signal = alert.signal
    return {
        "id": alert.id,
        "fingerprint": signal.fingerprint,
        "rule": signal.rule.value,
        "tier": signal.tier,
        "state": alert.state.value,
        "scope_kind": signal.scope_kind,
        "scope": signal.scope,
        "allocation_id": signal.allocation_id,
        "period": signal.period,
        "started_at": alert.started_at,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "last_at": alert.last_at,
        "current_nano": signal.current_nano,
        "expected_nano": signal.expected_nano,
        "threshold": format(signal.threshold, "f"),
        "score": format(signal.score, "f"),
        "api_key": signal.api_key,
        "team": signal.team,
        "environment": signal.environment,
        "cause": signal.cause,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
        "escalated_at": alert.escalated_at,
        "muted_by": alert.muted_by,
        "told_at": alert.told_at,
        "asked_at": alert.asked_at,
        "told": alert.told,
        "above_nano": alert.above_nano,
        "incident": alert.incident,
        "summary": signal.summary,
        "evidence": json.dumps(signal.evidence, separators=(",", ":"), sort_keys=True),
    }


def _alert(row: Mapping[str, Any]) -> Alert:
    signal = Signal(
        fingerprint=row["fingerprint"],
        rule=AlertRule(row["rule"]),
        tier=row["tier"],
        at=row["last_at"],
        scope_kind=row["scope_kind"],
        scope=row["scope"],
        current_nano=row["current_nano"],
        expected_nano=row["expected_nano"],
        threshold=Decimal(row["threshold"]),
        score=Decimal(row["score"]),
        allocation_id=row["allocation_id"],
        period=row["period"],
        api_key=row["api_key"],
        team=row["team"],
        environment=row["environment"],
        cause=row["cause"],
        summary=row["summary"],
        evidence=json.loads(row["evidence"]),
    )
    return Alert(
        signal=signal,
        state=AlertState(row["state"]),
        started_at=row["started_at"],
        fired_at=row["fired_at"],
        resolved_at=row["resolved_at"],
        id=row["id"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        escalated_at=row["escalated_at"],
        muted_by=row["muted_by"],
        told_at=row["told_at"],
        asked_at=row["asked_at"],
        told=row["told"],
        above_nano=row["above_nano"],
        incident=row["incident"],
    )
