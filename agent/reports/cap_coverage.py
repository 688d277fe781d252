"""Traffic that no cap counts: what it burnt, who it is, and how it gets under one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.domain.allocation import Scope
from agent.domain.known_key import KeyPlace, KnownKey
from agent.domain.usage import Operation
from agent.domain.words import plural
from agent.ledger.key_store import KeyStore
from agent.ledger.kinds import Kind
from agent.reports.approved_models import unapproved
from agent.reports.audit_finding import (
    AuditFinding,
    AuditReport,
    Stretch,
    empty_report,
    named,
    report_of,
    stretch_of,
)
from agent.reports.gateway_reach import served, without_source
from agent.reports.rolled import Counts

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

MONTH_S = 30 * 86_400
_TOOLS = (
    Operation.WEB_SEARCH,
    Operation.FILE_SEARCH,
    Operation.VECTOR_STORE,
    Operation.CODE_INTERPRETER,
    Operation.FILE_UPLOAD,
)
_REGISTRY = "Name its team in the owners registry: files of [registry] in burndeck.toml."


def cap_coverage(
    reader: LedgerReader, settings: Settings, now: float, *, since_s: int = MONTH_S
) -> AuditReport:
    """What burnt past the caps in the last so many seconds, from the beginning of a UTC day on.

    What is known of keys is of all time: a key counts as of two environments also where it left one of them.
    """
    with reader.snapshot():
        stretch = stretch_of(reader, now, since_s)
        if stretch is None:
            return empty_report(now, without_source(settings))
        current = settings_now(settings, reader.action_store(), stretch.at)
        return _Coverage.look(stretch, current).report()


@dataclass(frozen=True, slots=True)
class _Coverage:
    stretch: Stretch
    settings: Settings
    keys: Mapping[str, KnownKey]
    places: Sequence[tuple[str, KeyPlace]]
    burnt: Mapping[str, Counts]  # by key, those that burnt at all

    @classmethod
    def look(cls, stretch: Stretch, settings: Settings) -> _Coverage:
        store = KeyStore(stretch.reader.rows)
        burnt = {key: each for key, each in stretch.counts(Kind.API_KEY).items() if _any(each)}
        keys = {key.api_key: key for key in store.known()}
        return cls(stretch, settings, keys, store.places(), burnt)

    def report(self) -> AuditReport:
        found = [
            *self._without_team(),
            *self._without_allocation(),
            *self._unpriced(),
            *self._nowhere(),
            *self._without_project(),
            *self._without_key(),
            *self._in_two_environments(),
            *self._out_of_reach(),
            *without_source(self.settings),
            *unapproved(self.stretch, self.settings),
        ]
        return report_of(self.stretch, found, keys=len(self.keys))

    def _without_team(self) -> Iterator[AuditFinding]:
        counts = self.stretch.counts(Kind.TEAM).get("")
        if counts is not None and _any(counts):
            keys = self._dearest(key for key, place in self.places if not place.team)
            yield self._finding("untagged", "", f"no team owns it{self._by(keys)}", _REGISTRY, counts, keys)

    def _without_allocation(self) -> Iterator[AuditFinding]:
        """Team by team, since teams part the whole; inside a team key by key."""
        scopes = [each.scope for each in self.settings.allocations if each.scope.kind.depth]
        whole = len(scopes) < len(self.settings.allocations)
        what = "only the organization's cap counts it" if whole else "no cap counts it"
        for team, counts in self.stretch.counts(Kind.TEAM).items():
            if not team or not _any(counts):
                continue
            lying = [(key, _counted(key, place, scopes)) for key, place in self.places if place.team == team]
            outside = {key for key, inside in lying if not inside}
            fix = f'Add [[allocations]] with scope = "team:{team}", or with one that lies around it.'
            if len(outside) and not any(inside for _, inside in lying):
                keys = self._dearest(outside)
                yield self._finding("no_allocation", f"team:{team}", what, fix, counts, keys)
                continue
            for key in self._dearest(outside):
                yield self._key_outside(key, team, scopes, what)

    def _key_outside(self, key: str, team: str, scopes: Sequence[Scope], what: str) -> AuditFinding:
        mine = self.keys[key].places
        partly = any(_counted(key, place, scopes) for place in mine) or len({p.team for p in mine}) > 1
        fix = f"Give team:{team}, or all that this key burns in, an allocation."
        counts = self.burnt[key]
        return self._finding("no_allocation", f"api_key:{key}", what, fix, counts, (key,), at_most=partly)

    def _unpriced(self) -> Iterator[AuditFinding]:
        fix = "Give it a price in the file named by [rates] in burndeck.toml."
        for model, counts in self.stretch.counts(Kind.MODEL).items():
            if counts.unpriced:
                yield AuditFinding(
                    "unknown_model",
                    f"model:{model}",
                    f"has no price, so its {plural(counts.unpriced, 'request')} count for nothing",
                    fix,
                    requests=counts.unpriced,
                )

    def _nowhere(self) -> Iterator[AuditFinding]:
        """Bills name no endpoint and often no model, so these are looked for without them."""
        for kind, word in ((Kind.ENDPOINT, "endpoint"), (Kind.MODEL, "model")):
            counts = self.stretch.counts(kind, billed=False).get("")
            if counts is not None and kind is Kind.MODEL:
                counts = self._without_tools(counts)
            if counts is not None and counts.requests > 0:
                yield AuditFinding(
                    f"unknown_{word}",
                    "",
                    f"rows name no {word}, so no limit by {word} holds them",
                    f"Have what feeds burndeck name the {word} of every call.",
                    self.stretch.figure(counts.credits_nano, billed=False),
                    self.stretch.share(counts.credits_nano),
                    counts.requests,
                )

    def _without_tools(self, counts: Counts) -> Counts:
        """Calls of tools have no model, and need none."""
        tools = self.stretch.counts(Kind.OPERATION, billed=False)
        left = Counts(counts.credits_nano, counts.requests)
        for operation in _TOOLS:
            used = tools.get(operation.value, Counts())
            left.credits_nano -= used.credits_nano
            left.requests -= used.requests
        return left

    def _without_project(self) -> Iterator[AuditFinding]:
        counts = self.stretch.counts(Kind.PROJECT).get("")
        keys = self._dearest(key for key, place in self.places if not place.project)
        if counts is not None and _any(counts) and keys:
            what = f"keys outside of every project burn it{self._by(keys)}"
            fix = "Make them anew inside of a project, or name their project in the owners registry."
            yield self._finding("no_project", "", what, fix, counts, keys)

    def _without_key(self) -> Iterator[AuditFinding]:
        counts = self.burnt.get("")
        if counts is not None:
            what = "nobody knows the key, so nothing can be throttled or blocked"
            fix = "Have what feeds burndeck name the key of every call."
            yield self._finding("no_key", "", what, fix, counts)

    def _in_two_environments(self) -> Iterator[AuditFinding]:
        for key in self.keys.values():
            counts = self.burnt.get(key.api_key)
            if counts is not None and len(key.environments) > 1:
                what = f"burns in {' and '.join(key.environments)}: no cap of one of them counts it rightly"
                fix = "Make a key for each environment, and move its callers."
                subject = f"api_key:{key.api_key}"
                yield self._finding("environments", subject, what, fix, counts, (key.api_key,))

    def _out_of_reach(self) -> Iterator[AuditFinding]:
        gateways = self.settings.gateways
        keys = [key for name, key in self.keys.items() if name in self.burnt and not served(key, gateways)]
        if not keys:
            return
        nano = sum(self.burnt[key.api_key].credits_nano for key in keys)
        requests = sum(self.burnt[key.api_key].requests for key in keys)
        names = self._dearest(key.api_key for key in keys)
        fix = (
            "Serve them from a gateway of burndeck.toml; `burndeck doctor` says what each one serves."
            if gateways
            else "Add a [[gateways]] table to burndeck.toml; `burndeck init` shows one."
        )
        yield AuditFinding(
            "no_gateway",
            "",
            f"{plural(len(keys), 'key')} that no gateway serves cannot be throttled{self._by(names)}",
            fix,
            self.stretch.figure(nano),
            self.stretch.share(nano),
            requests,
            names,
        )

    def _finding(
        self,
        kind: str,
        subject: str,
        what: str,
        fix: str,
        counts: Counts,
        keys: tuple[str, ...] = (),
        *,
        at_most: bool = False,
    ) -> AuditFinding:
        nano = counts.credits_nano
        share = self.stretch.share(nano)
        figure = self.stretch.figure(nano)
        return AuditFinding(kind, subject, what, fix, figure, share, counts.requests, keys, at_most)

    def _by(self, keys: Sequence[str]) -> str:
        return f": {named(self.keys[key].title for key in keys)}" if keys else ""

    def _dearest(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those that burnt, the dearest first; keys without a name are left out."""
        mine = {key for key in keys if key and key in self.burnt}
        return tuple(sorted(mine, key=lambda key: (-self.burnt[key].credits_nano, key)))


def _any(counts: Counts) -> bool:
    """Whether anything burnt; where a bill's corrections outweigh it there is nothing to cap."""
    return counts.credits_nano > 0 or (counts.credits_nano == 0 and counts.requests > 0)


def _counted(api_key: str, place: KeyPlace, scopes: Iterable[Scope]) -> bool:
    return any(place.within(scope, api_key) for scope in scopes)
