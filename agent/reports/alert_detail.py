"""One alert with everything around it: why, since when, what it costs, who knows of it, what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.allocations import settings_now
from agent.analytics.month import month_of
from agent.analytics.runway import BURN_S
from agent.domain.alert import HARD_CAP, AlertRule
from agent.domain.allocation import Allocation
from agent.domain.next_command import OF_A_BUDGET, next_command
from agent.domain.notice import Notice
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.ledger.outbox import decode_notice
from agent.reports.alert_evidence import evidence_of
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import AlertDetail, Command, MonthSeries, SilenceEntry, Suggestion
from agent.reports.alert_series import KIND_OF_SCOPE, month_series, series_around
from agent.reports.alerts import entry_of
from agent.reports.allocation_burn import burning_at
from agent.reports.budgets import budgets
from agent.reports.burn_report import Budget, Runway
from agent.reports.cells import read_names
from agent.reports.changes import marked, marks_between
from agent.reports.deliveries import deliveries_of
from agent.reports.incidents import incident, timeline
from agent.reports.layers import Truth, truth
from agent.reports.moment import moment
from agent.reports.silences import silences

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = ["AlertDetail", "alert_detail"]


def alert_detail(
    reader: LedgerReader, settings: Settings, ident: int, now: float, *, at: float | None = None
) -> AlertDetail | None:
    """The alert of an id as of now, or as it stood at `at`; None when there is none."""
    with reader.snapshot():
        row = reader.one("alert_by_id", {"id": ident})
        if row is None:
            return None
        settings = settings_now(settings, reader.action_store(), now if at is None else at)
        return _Detail(reader, settings, dict(row), now, at).detail()


class _Detail:
    """One detail being made."""

    def __init__(
        self, reader: LedgerReader, settings: Settings, row: dict[str, Any], now: float, at: float | None
    ) -> None:
        self.reader = reader
        self.settings = settings
        self.when = moment(reader, now, at)
        self.until = int(now if at is None else at)
        self.entry: AlertEntry = entry_of(row, self.until, settings.alerts)  # type: ignore[arg-type]
        self.rule = AlertRule(self.entry.rule)
        self.evidence: dict[str, Any] = json.loads(row["evidence"])
        self.notice = self._notice()

    def detail(self) -> AlertDetail:
        entry, held = self.entry, self._truth()
        group = None if entry.incident is None else incident(self.reader, entry.incident, self.until)
        chain, runway = self._caps()
        series = None if self._of_budget else series_around(self.reader, entry, self.when.at)
        return AlertDetail(
            at=self.when.at,
            now=self.when.now,
            entry=entry,
            sentence=str(self.evidence.get("sentence") or entry.summary),
            current=held.figure(entry.current, entry.unit),
            expected=held.figure(entry.expected, entry.unit),
            above=held.figure(entry.above, "credits"),
            evidence=evidence_of(self.evidence),
            series=None if series is None else marked(self.reader, series, self.when.at, self._scope),
            month=self._month(),
            incident=group,
            others=self._others(),
            timeline=() if group is None else timeline(self.reader, group.id, self.until),
            deliveries=tuple(deliveries_of(self.reader, self.entry.id, self.until)),
            silence=self._silence(),
            budgets=chain,
            runway=runway,
            suggestions=tuple(self._suggestions()),
            commands=tuple(self._commands()),
            key=self.reader.alert_store().key_name(entry.api_key) if entry.api_key else "",
        )

    @property
    def _of_budget(self) -> bool:
        return self.rule in OF_A_BUDGET

    def _truth(self) -> Truth:
        """The layers behind the figures, which end when the rule last held."""
        held = min(self.entry.last_at, self.until)
        if self._of_budget:
            start = month_of(max(held - 1, 0), self.settings.organization.time_zone).start
            return truth(self.reader, start, held, days=True)
        return truth(self.reader, held - BURN_S, held)

    def _month(self) -> MonthSeries | None:
        if not self._of_budget:
            return None
        known = {each.id: each.monthly_nano for each in self.settings.allocations}
        monthly = known.get(self.entry.allocation_id, 0)
        if not monthly and self.rule is AlertRule.BUDGET:
            monthly = int(self.entry.expected.scaleb(9))  # an allocation that burndeck.toml has lost since
        found = month_series(self.reader, self.settings, self.entry, monthly, self.when.at)
        if found is None:
            return None
        end = min(found.end, self.when.at)
        marks = marks_between(self.reader, found.start, end, within=self._scope, releases_only=True)
        return replace(found, marks=marks)

    @property
    def _scope(self) -> tuple[Kind, str] | None:
        """What its burn is the burn of."""
        kind = KIND_OF_SCOPE.get(self.entry.scope_kind)
        return None if kind is None else (kind, self.entry.scope)

    # Who knows of it

    def _notice(self) -> Notice | None:
        """The newest message about it, for what only the agent could say."""
        row = self.reader.one("newest_notice", {"alert": self.entry.id, "until": self.until})
        return None if row is None else decode_notice(row["notice"])

    def _others(self) -> tuple[AlertEntry, ...]:
        if self.entry.incident is None:
            return ()
        rows = self.reader.rows("alerts_of_incident", {"incident": self.entry.incident})
        return tuple(
            entry_of(row, self.until, self.settings.alerts)
            for row in rows
            if row["id"] != self.entry.id and row["started_at"] <= self.until
        )

    def _silence(self) -> SilenceEntry | None:
        kind, _, ident = self.entry.muted_by.partition(":")
        if kind != "silence":
            return None
        known = silences(self.reader, self.when.now)
        return next((each for each in known if str(each.id) == ident), None)

    # What it burns against

    def _caps(self) -> tuple[tuple[Budget, ...], Runway | None]:
        """The allocations that count its burn, widest first, and the cap that bites first."""
        mine = sorted(self._counting(), key=lambda allocation: allocation.scope.kind.depth)
        if not mine or self.when.as_of is None:
            return (), None
        rows, runway = budgets(mine, burning_at(self.reader, self.settings, self.when, mine))
        by_id = {row.allocation_id: row for row in rows}
        return tuple(by_id[allocation.id] for allocation in mine), runway

    def _counting(self) -> list[Allocation]:
        kind = KIND_OF_SCOPE.get(self.entry.scope_kind)
        if kind is None:
            return []
        return [each for each in self.settings.allocations if self._counts(each, kind)]

    def _counts(self, allocation: Allocation, kind: Kind) -> bool:
        """Whether what the alert is about has ever burnt in the scope of an allocation."""
        outer = SCOPE_KINDS[allocation.scope.kind]
        if outer is Kind.TOTAL or kind is outer:
            return outer is Kind.TOTAL or allocation.scope.value == self.entry.scope
        if kind is Kind.TOTAL or kind not in SCOPE_KINDS.values():
            return False
        names = read_names(self.reader)
        rows = [
            self.reader.one("dim_ids", {"kind": int(each), "names": [value]})
            for each, value in ((kind, self.entry.scope), (outer, allocation.scope.value))
        ]
        if rows[0] is None or rows[1] is None:
            return False
        inner_ids, outer_ids = (
            names.contexts_with(each, row["id"]) for each, row in zip((kind, outer), rows, strict=True) if row
        )
        narrower = allocation.scope.kind.depth < _depth(kind)
        return narrower and not set(inner_ids).isdisjoint(outer_ids)

    # What to do

    def _suggestions(self) -> Iterator[Suggestion]:
        for each in self.notice.suggestions if self.notice else ():
            low, high = (_decimal(each.get(name)) for name in ("low", "high"))
            yield Suggestion(str(each.get("lever", "")), str(each.get("text", "")), low, high)

    def _commands(self) -> Iterator[Command]:
        entry = self.entry
        about = (self.rule, entry.scope_kind, entry.scope, entry.team)
        if first := next_command(*about, live=entry.live):
            yield Command(first.text, first.purpose)
        if entry.state == "firing":
            yield Command(f"burndeck alerts ack {entry.id}", "take it: no repeats, no escalation")
            if entry.tier != HARD_CAP and not entry.muted_by:
                yield Command(
                    f'burndeck silence add alert={entry.id} --reason "..."', "not to be told for a while"
                )


def _depth(kind: Kind) -> int:
    return next(scope.depth for scope, each in SCOPE_KINDS.items() if each is kind)


def _decimal(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))
