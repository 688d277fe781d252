"""Keys that need care: labels that are missing, age, keys nobody uses, too many of one account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.known_key import KnownKey
from agent.domain.words import duration, plural
from agent.ledger.key_store import Declared, KeyStore
from agent.ledger.kinds import Kind
from agent.reports.audit_finding import (
    AuditFinding,
    AuditReport,
    Stretch,
    empty_report,
    named,
    report_of,
    stretch_of,
)
from agent.reports.cap_coverage import MONTH_S
from agent.reports.figure import Figure
from agent.reports.gateway_reach import served

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.rolled import Counts
    from agent.settings import Settings

UNUSED_S = 7 * 86_400
"""A key that nobody used for so long after it was made is not waited for any longer."""


def key_audit(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    since_s: int = MONTH_S,
    declared: Declared | None = None,
) -> AuditReport:
    """Every key that needs care, with what it burnt in the last so many seconds and what mends it.

    `declared`: what the owners registry says of keys now; without it, what it said when they burnt.
    """
    with reader.snapshot():
        store = KeyStore(reader.rows)
        stretch = stretch_of(reader, now, since_s)
        burnt = {} if stretch is None else stretch.counts(Kind.API_KEY)
        keys = store.known(declared)
        accounts = {each.id: each.name or each.id for each in store.service_accounts()}
        found = list(_Keys(keys, settings, int(now), burnt, accounts, stretch).findings())
        if stretch is None:
            return empty_report(now, found)
        return report_of(stretch, found, keys=len(keys))


@dataclass(frozen=True, slots=True)
class _Keys:
    keys: Sequence[KnownKey]
    settings: Settings
    now: int
    burnt: Mapping[str, Counts]
    accounts: Mapping[str, str]  # names of service accounts by their id
    stretch: Stretch | None

    def findings(self) -> Iterator[AuditFinding]:
        alive = [key for key in self.keys if key.alive]
        for key in alive:
            yield from self._labels(key)
            yield from self._age(key)
            yield from self._unused(key)
            yield from self._environments(key)
        yield from self._crowded(alive)

    def _labels(self, key: KnownKey) -> Iterator[AuditFinding]:
        missing = key.missing(self.settings.acting.required_labels)
        if missing and not key.blocked:
            what = f"{key.title} has no {' and no '.join(missing)}"
            fix = f"Name it in the owners registry, or {self._end(key, 'no ' + ', no '.join(missing))}."
            yield self._finding("missing_labels", key, what, fix)

    def _age(self, key: KnownKey) -> Iterator[AuditFinding]:
        limit = int(self.settings.acting.key_age)
        if key.created_at is None or self.now - key.created_at <= limit:
            return
        age, over = self.now - key.created_at, self.now - key.created_at - limit
        what = f"{key.title} is {_days(age)} old, {_days(over)} past its rotation"
        fix = f"Make a new one, move its callers, then {self._end(key, 'rotated')}."
        yield self._finding("overdue", key, what, fix)

    def _unused(self, key: KnownKey) -> Iterator[AuditFinding]:
        made = key.created_at
        if key.places or key.last_used_at is not None or made is None or self.now - made < UNUSED_S:
            return
        what = f"{key.title} was made {_days(self.now - made)} ago and never used"
        yield self._finding("never_used", key, what, f"Nobody will miss it: {self._end(key, 'never used')}.")

    def _environments(self, key: KnownKey) -> Iterator[AuditFinding]:
        if len(key.environments) > 1:
            what = f"{key.title} burns in {' and '.join(key.environments)}"
            fix = f"Make a key for each of them, move the callers, then {self._end(key, 'split')}."
            yield self._finding("environments", key, what, fix)

    def _crowded(self, alive: Iterable[KnownKey]) -> Iterator[AuditFinding]:
        most = self.settings.acting.keys_per_account
        groups: dict[tuple[str, str], list[KnownKey]] = {}
        for key in alive:
            if key.of_service_account and key.in_directory:
                groups.setdefault((key.owner_id, key.project), []).append(key)
        for (owner, project), keys in sorted(groups.items()):
            if len(keys) <= most:
                continue
            idle = sorted(keys, key=lambda key: (self._nano(key), key.api_key))
            name = self.accounts.get(owner) or keys[0].owner_name or owner
            where = f" in project {project}" if project else ""
            yield AuditFinding(
                "too_many_keys",
                f"service_account:{owner}",
                f"{name} has {plural(len(keys), 'key')}{where}, {most} are allowed: "
                f"{named(key.title for key in reversed(idle))}",
                f"Keep {most}; the one that burns least: {self._end(idle[0], 'too many keys')}.",
                *self._amount(keys),
                keys=tuple(key.api_key for key in reversed(idle)),
            )

    def _finding(self, kind: str, key: KnownKey, what: str, fix: str) -> AuditFinding:
        subject = f"api_key:{key.api_key}"
        return AuditFinding(kind, subject, what, fix, *self._amount([key]), keys=(key.api_key,))

    def _amount(self, keys: Iterable[KnownKey]) -> tuple[Figure | None, Decimal | None, int | None]:
        """Figure, share and requests of what keys burnt; nothing of a ledger without usage."""
        if self.stretch is None:
            return None, None, None
        mine = [self.burnt[key.api_key] for key in keys if key.api_key in self.burnt]
        nano = sum(counts.credits_nano for counts in mine)
        return self.stretch.figure(nano), self.stretch.share(nano), sum(counts.requests for counts in mine)

    def _end(self, key: KnownKey, reason: str) -> str:
        """What ends a key for good where it is served: at OpenAI a single key can only be deleted."""
        known = {gateway.name: gateway.kind for gateway in self.settings.gateways}
        deleting = [name for name in key.gateways if known.get(name, name) == "openai"]
        if deleting:
            only = f" --gateway {deleting[0]}" if len(key.gateways) > 1 else ""
            return f'`burndeck revoke api_key:{key.api_key}{only} --reason "{reason}"`'
        if served(key, self.settings.gateways):
            return f'`burndeck block api_key:{key.api_key} --for 0s --reason "{reason}"`'
        return "delete it at the provider, since no gateway in burndeck.toml serves it"

    def _nano(self, key: KnownKey) -> int:
        counts = self.burnt.get(key.api_key)
        return counts.credits_nano if counts else 0


def _days(seconds: int) -> str:
    return plural(seconds // 86_400, "day") if seconds >= 86_400 else duration(seconds)
