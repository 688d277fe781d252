"""The burn of what an alert is about, around the moment: a rate with its band, a month against its tiers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.analytics.baseline import WEEK, WEEKS, Expected, Seasonal, step_noise
from agent.analytics.month import month_of
from agent.domain.money import to_credits
from agent.ledger.kinds import MINUTE_KINDS, Kind
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import DayPoint, MonthSeries, TierLine
from agent.reports.burn_report import Point, Series
from agent.reports.cells import read_names
from agent.reports.figure import per_minute
from agent.reports.history import first_known, whole_hours
from agent.reports.layers import truth
from agent.reports.moment import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

KIND_OF_SCOPE = {
    "organization": Kind.TOTAL,
    "billing_group": Kind.BILLING_GROUP,
    "department": Kind.DEPARTMENT,
    "team": Kind.TEAM,
    "project": Kind.PROJECT,
    "model": Kind.MODEL,
    "environment": Kind.ENVIRONMENT,
    "api_key": Kind.API_KEY,
}
"""Which series an alert's scope is; of other scopes nothing burns."""

_SHORT_S = 40 * MINUTE  # an episode up to so long is shown by the minute
_AFTER_S = 10 * MINUTE  # shown of what came after its end
_AFTER_HOURS_S = 2 * HOUR
_BEFORE_S = 4 * HOUR  # shown at least of what came before a long episode
_MOST_CONTEXTS = 400


class Burnt:
    """Nano-credits of one dimension value, by its id, by minute, hour or day."""

    def __init__(self, reader: LedgerReader, kind: Kind, value: str) -> None:
        self._reader = reader
        self.kind = kind
        self._names = read_names(reader)
        self.ident: int | None = 0
        if kind is not Kind.TOTAL:
            row = reader.one("dim_ids", {"kind": int(kind), "names": [value]})
            self.ident = None if row is None else int(row["id"])

    def hours(self, start: int, end: int) -> dict[int, int]:
        """By hour in [start, end)."""
        return self._of_one("hours_of_one", range(start // HOUR * HOUR, end, HOUR))

    def days(self, start: int, end: int) -> dict[int, int]:
        """By whole UTC day in [start, end), billed where it is billed."""
        return self._of_one("days_of_one", range(-(-start // DAY) * DAY, end // DAY * DAY, DAY))

    def minutes(self, start: int, end: int) -> dict[int, int]:
        """By minute in [start, end), as far as it is known by the minute; whole minutes, an hour at most."""
        if self.kind in MINUTE_KINDS:
            return self._of_one("minutes_of_one", range(start, end, MINUTE))
        if self.ident is None:
            return {}
        contexts = self._names.contexts_with(self.kind, self.ident)[-_MOST_CONTEXTS:]
        asked: dict[str, object] = {
            "start": start,
            "end": end,
            "buckets": list(range(start, end, MINUTE)),
            "contexts": contexts,
        }
        found: dict[int, int] = {}
        for name in ("bucket_minutes_in", "event_minutes_in"):
            for row in self._reader.rows(name, asked):
                found[row["bucket"]] = found.get(row["bucket"], 0) + row["credits_nano"]
        return found

    def _of_one(self, name: str, buckets: range) -> dict[int, int]:
        if self.ident is None or not buckets:
            return {}
        asked: dict[str, object] = {"kind": int(self.kind), "id": self.ident, "buckets": list(buckets)}
        return {row["bucket"]: row["credits_nano"] for row in self._reader.rows(name, asked)}


def series_around(reader: LedgerReader, entry: AlertEntry, at: int) -> Series | None:
    """The burn of what an alert is about, around its episode. None where nothing burns that has a rate."""
    kind = KIND_OF_SCOPE.get(entry.scope_kind)
    if kind is None:
        return None
    return episode_series(reader, kind, entry.scope, entry.started_at, entry.resolved_at, at)


def episode_series(
    reader: LedgerReader, kind: Kind, value: str, began: int, ended: int | None, at: int
) -> Series:
    """The last hour by minute, or the last day by hour where the episode is longer; it contains the moment
    at which the episode began. `ended` is None while it goes on."""
    burnt = Burnt(reader, kind, value)
    ended = min(ended or at, at)
    if ended - began <= _SHORT_S:
        end = min(at, -(-(ended + _AFTER_S) // MINUTE) * MINUTE)
        found = _by_minute(reader, burnt, began, end)
        if found is not None:
            return found
    last = min(at, ended + _AFTER_HOURS_S, began + DAY - _BEFORE_S)
    return _by_hour(reader, burnt, began, max(last, began // HOUR * HOUR + HOUR), at)


def _by_minute(reader: LedgerReader, burnt: Burnt, began: int, end: int) -> Series | None:
    """Sixty minutes; None where nothing of them is known by the minute."""
    start = end - HOUR
    known = burnt.minutes(start, end)
    whole = Burnt(reader, Kind.TOTAL, "").minutes(start, end) if burnt.kind is not Kind.TOTAL else known
    if not whole:
        return None
    first = min(whole)
    before = [known.get(minute, 0) for minute in range(max(start, first), began, MINUTE)]
    seasonal, noise = seasonal_before(reader, burnt, began), step_noise(before)
    points = [
        _point(
            minute,
            known.get(minute, 0) if minute >= first else None,
            MINUTE,
            seasonal.at(minute + MINUTE / 2, noise=noise),
        )
        for minute in range(start, end, MINUTE)
    ]
    return Series(MINUTE, tuple(points), truth(reader, start, end).layer)


def _by_hour(reader: LedgerReader, burnt: Burnt, began: int, end: int, at: int) -> Series:
    """Twenty-four hours; the last one may be cut by the end of the data."""
    last = (end - 1) // HOUR * HOUR
    start = last + HOUR - DAY
    known, seasonal = burnt.hours(start, last + HOUR), seasonal_before(reader, burnt, began)
    since = whole_hours(first_known(reader))
    points = []
    for hour in range(start, last + HOUR, HOUR):
        width = max(MINUTE, min(HOUR, at - hour))
        points.append(
            _point(hour, known.get(hour, 0) if hour >= since else None, width, seasonal.at(hour + width / 2))
        )
    return Series(HOUR, tuple(points), truth(reader, start, end).layer)


def seasonal_before(reader: LedgerReader, burnt: Burnt, began: int) -> Seasonal:
    """What is usual of a series, by the hours before an episode began: it must not be its own measure."""
    newest = began // HOUR * HOUR
    start = max(newest - (WEEKS + 1) * WEEK, whole_hours(first_known(reader)))
    whole = burnt.hours(start, newest)
    if burnt.kind is not Kind.TOTAL:
        # An hour in which others burnt and this did not is known to be zero.
        others = Burnt(reader, Kind.TOTAL, "").hours(start, newest)
        whole = {hour: whole.get(hour, 0) for hour in others}
    return Seasonal(whole, newest)


def _point(at: int, nano: int | None, width: int, usual: Expected | None) -> Point:
    return Point(
        at=at,
        value=None if nano is None else per_minute(nano, width),
        expected=None if usual is None else per_minute(usual.value, HOUR),
        low=None if usual is None else per_minute(usual.low, HOUR),
        high=None if usual is None else per_minute(usual.high, HOUR),
    )


def month_series(
    reader: LedgerReader, settings: Settings, entry: AlertEntry, monthly_nano: int, at: int
) -> MonthSeries | None:
    """The month in which a budget alert began, added up by UTC days; None for another scope."""
    kind = KIND_OF_SCOPE.get(entry.scope_kind)
    if kind is None or monthly_nano <= 0:
        return None
    month = month_of(entry.started_at, settings.organization.time_zone)
    end = min(at, month.end)
    burnt = Burnt(reader, kind, entry.scope)
    midnights = range(-(-month.start // DAY) * DAY, month.end, DAY)
    edges = sorted({month.start, *midnights, month.end})
    days = burnt.days(month.start, end)
    hours = burnt.hours(edges[0], edges[1]) | burnt.hours(edges[-2], end) | burnt.hours(end // DAY * DAY, end)
    points, used = [], 0
    for first, last in itertools.pairwise(edges):
        if first >= end:
            points.append(DayPoint(last, None))
            continue
        used += _burnt_between(days, hours, first, min(last, end))
        points.append(DayPoint(min(last, end), to_credits(used)))
    tiers = [
        TierLine(
            tier.name,
            tier.at,
            to_credits(int(tier.at * monthly_nano)),
            reached=used >= tier.at * monthly_nano,
        )
        for tier in settings.alerts.tiers
        if tier.of == "month"
    ]
    return MonthSeries(month.start, month.end, tuple(points), to_credits(monthly_nano), tuple(tiers))


def _burnt_between(days: Mapping[int, int], hours: Mapping[int, int], start: int, end: int) -> int:
    """A whole day as a day, anything else as its hours."""
    if start % DAY == 0 and end - start == DAY and start in days:
        return days[start]
    return sum(nano for hour, nano in hours.items() if start <= hour < end)
