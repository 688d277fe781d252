"""The ledger as rules would have read it in the past, with the hours that they ask for in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import Any

from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Scope
from agent.domain.usage import Layer
from agent.ledger.alert_store import AlertStore
from agent.ledger.burn_store import Series
from agent.ledger.history_store import Read
from agent.ledger.pieces import DAY_S, HOUR_S, pieces
from agent.ledger.rule_store import Newcomer, RuleStore, Sums
from agent.ledger.sources_seen import Account, LayerDay, SourceSeen

LOOK_BACK_S = 70 * DAY_S
"""As far before the first step as rules look: two months and a little."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One series: what rules ask of each hour, and nano-credits by hour and by UTC day."""

    hours: dict[int, Sums]
    by_hour: dict[int, int]
    by_day: dict[int, int]


class PastRules(RuleStore):
    """Reads of the rules in which nothing after `at`, a whole hour, has happened yet.

    Amounts are those that the ledger has today: what came late or was billed later counts from the start.
    """

    def __init__(self, read: Read, start: int, end: int) -> None:
        super().__init__(read)
        self.at = start
        self._first = (start - LOOK_BACK_S) // DAY_S * DAY_S
        self._end = end
        self._lines: dict[Series, _Line] = {}
        self._scopes: dict[frozenset[Scope], dict[Scope, Series]] = {}
        self._known_since: int | None = None
        self._layer_hours: dict[tuple[int, Layer], list[int]] = {}
        self._layer_days: dict[tuple[int, int], list[LayerDay]] = {}
        self._covers: dict[tuple[int, Layer, int, int], bool] = {}
        rows = self._all("history_hours_with_minutes", start=self._first, end=end)
        self._with_minutes = frozenset(hour for (hour,) in rows)

    def known_since(self) -> int | None:
        """The first hour of which anything is known; the same at any instant."""
        if self._known_since is None:
            self._known_since = super().known_since()
        return self._known_since

    def series(self, scopes: Iterable[Scope]) -> dict[Scope, Series]:
        """The series that knows the burn of each scope."""
        asked = frozenset(scopes)
        if asked not in self._scopes:
            self._scopes[asked] = super().series(asked)
        return self._scopes[asked]

    def hours(self, series: Iterable[Series], hours: Iterable[int]) -> dict[Series, dict[int, Sums]]:
        """What each series did in each of some hours before `at`."""
        past = [hour for hour in hours if hour < self.at]
        if past and past[0] < self._first:
            return super().hours(series, past)
        found = {}
        for each in dict.fromkeys(series):
            known = self._line(each).hours
            found[each] = {hour: known[hour] for hour in past if hour in known}
        return found

    def days(self, series: Iterable[Series], days: Iterable[int]) -> dict[Series, dict[int, int]]:
        """Nano-credits by UTC day; the day of `at` has its hours so far."""
        past = [day for day in days if day < self.at]
        if past and past[0] < self._first:
            return super().days(series, [day for day in past if day + DAY_S <= self.at])
        return {each: self._days(self._line(each), past) for each in dict.fromkeys(series)}

    def burnt(
        self,
        series: Iterable[Series],
        start: int,
        end: int,
        *,
        days: bool = False,
        known_to: int | None = None,
    ) -> Counter[Series]:
        """Nano-credits of each series in `[start, end)`, as far as that is past."""
        end = min(end, self.at)
        if start < self._first:
            return super().burnt(series, start, max(start, end), days=days)
        asked = list(dict.fromkeys(series))
        cut = pieces(start, end, days=days)
        burnt: Counter[Series] = Counter()
        for each in asked:
            line = self._line(each)
            burnt[each] = sum(map(line.by_hour.get, cut.hours, repeat(0)))
            burnt[each] += sum(map(line.by_day.get, cut.days, repeat(0)))
        for low, high in cut.parts:
            burnt.update(self._part(asked, low, high))
        return burnt

    def newcomers(self, since: int) -> list[Newcomer]:
        """Keys and models that were first seen from `since` on, and before `at`."""
        return [each for each in super().newcomers(since) if each.first_seen < self.at]

    def sources(self) -> list[SourceSeen]:
        """None: how data arrived is not kept, and all of it is here now."""
        return []

    def accounts(self) -> list[Account]:
        """Every account; what a source reads counts as read, since how far it was read then is not kept."""
        return self._accounts

    @cached_property
    def _accounts(self) -> list[Account]:
        read = {source.account for source in super().sources()}
        return [
            replace(each, covered_to=self._end) if each.covered_to is None and each.name in read else each
            for each in super().accounts()
        ]

    def layer_hours(self, account: int, layer: Layer, start: int) -> list[int]:
        """The hours since `start`, and before `at`, in which a layer knows of usage of an account."""
        if (account, layer) not in self._layer_hours:
            self._layer_hours[account, layer] = super().layer_hours(account, layer, self._first)
        hours = self._layer_hours[account, layer]
        return hours[bisect_left(hours, start) : bisect_left(hours, self.at)]

    def layer_days(self, start: int, end: int) -> list[LayerDay]:
        """What each layer says by account and UTC day; days that have ended before `at`."""
        asked = start, min(end, self.at // DAY_S * DAY_S)
        if asked not in self._layer_days:
            self._layer_days[asked] = super().layer_days(*asked)
        return self._layer_days[asked]

    def covers(self, account: int, layer: Layer, start: int, end: int) -> bool:
        """Whether a layer covers all of a stretch of an account, by what is known today."""
        asked = account, layer, start, end
        if asked not in self._covers:
            self._covers[asked] = super().covers(*asked)
        return self._covers[asked]

    def _part(
        self, series: Sequence[Series], start: int, end: int, known_to: int | None = None
    ) -> Mapping[Series, int]:
        """A part of one hour: from its minutes, or its share of time where only the hour is known."""
        hour = start // HOUR_S * HOUR_S
        if hour in self._with_minutes:
            return super()._part(series, start, end)
        return {each: self._line(each).by_hour.get(hour, 0) * (end - start) // HOUR_S for each in series}

    def _line(self, series: Series) -> _Line:
        line = self._lines.get(series)
        if line is None:
            hours = super().hours([series], range(self._first, self._end, HOUR_S))[series]
            days = super().days([series], range(self._first, self._end, DAY_S))[series]
            by_hour = {hour: sums.credits_nano for hour, sums in hours.items()}
            line = self._lines[series] = _Line(hours, by_hour, days)
        return line

    def _days(self, line: _Line, days: Sequence[int]) -> dict[int, int]:
        found = {day: line.by_day[day] for day in days if day in line.by_day and day + DAY_S <= self.at}
        for day in days:
            if day + DAY_S > self.at:
                so_far = sum(map(line.by_hour.get, range(day, self.at, HOUR_S), repeat(0)))
                if so_far:
                    found[day] = so_far
        return found


class PastAlerts:
    """An `AlertStore` whose alerts are those of a replay; whatever else it is asked, the ledger answers."""

    def __init__(self, store: AlertStore, alerts: Callable[[], Iterable[Alert]]) -> None:
        self._store = store
        self._alerts = alerts

    def alerts_of_period(self, rule: AlertRule, period: str, since: int) -> list[Alert]:
        """Alerts of a rule and period that began at `since` or later."""
        return [
            alert
            for alert in self._alerts()
            if alert.signal.rule is rule and alert.signal.period == period and alert.started_at >= since
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
