"""The hours of every series that ever burnt enough to matter, as arrays, and what is usual at any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agent.alerts.memory import HISTORY_H, LEVEL_OF, WHOLE
from agent.analytics.detector import (
    DAY_H,
    HOUR_S,
    WEEK_H,
    Flags,
    Floats,
    Hours,
    Judgement,
    chance,
    expectation,
    judge,
    nan_median,
    recent_level,
)
from agent.analytics.spike import KEY, Ints, Limits, Traffic
from agent.analytics.spike_creep import Days, last_days
from agent.ledger.burn_store import Series
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.reader import LedgerReader

LONG_H = 6
_NANO = 1e9
_PART_OF_DAY = 4  # creeping up matters from this part of an hour's floor on
_PART = 0.25  # of the floors: a smaller rise is nobody's
_LOOK = 0.2  # above the same hours of the weeks before, relative: what rises less is looked at no further
_LOOK_OF_DAY = 0.3
_WORTH_A_SCAN = 8  # series of which one is asked for: seeking each hour costs that many in a row


@dataclass(frozen=True)
class Seen:
    """The series that matter at the end of an hour, judged over the last hour and the last six."""

    at: int
    rows: Ints  # of all series
    hours: Hours
    hour: Judgement
    six_hours: Judgement

    @cached_property
    def days(self) -> Days:
        """The last days, by which creeping growth is judged."""
        return last_days(self.hours)


class BurnHours:
    """Hours from 30 days before `start` to `end`; what is asked of one hour is worked out once."""

    def __init__(
        self, reader: LedgerReader, ledger: AlertStore, start: int, end: int, limits: Sequence[Limits]
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._first = start - HISTORY_H * HOUR_S
        self._end = end
        kinds = [int(kind) for kind in LEVEL_OF]
        rows = reader.rows("history_busiest_hours", {"kinds": kinds, "start": start, "end": end})
        least = min(each.min_credits_per_hour for each in limits) / _PART_OF_DAY * _NANO
        known = [(Kind(row["kind"]), row["id"]) for row in rows]
        found = {WHOLE: None} | {
            each: None for each, row in zip(known, rows, strict=True) if row["credits_nano"] >= least
        }
        self.series: list[Series] = list(found)
        self.places = {each: place for place, each in enumerate(self.series)}
        self.levels: Ints = np.array([LEVEL_OF[kind] for kind, _ in self.series], dtype=np.int64)
        self._credits, self._requests = self._read(reader, Counter(kind for kind, _ in known))
        self._suspects = self._look()
        self._seen: Seen | None = None
        self._traffic: dict[tuple[int, int], Traffic] = {}

    def days_known(self, at: int) -> int:
        """On how many of the last days something is known of the hour of day of `at`."""
        column = (at - self._first) // HOUR_S
        back = column - DAY_H * np.arange(1, HISTORY_H // DAY_H + 1)
        return int((~np.isnan(self._credits[0, back[back >= 0]])).sum())

    def seen(self, at: int, wanted: Collection[Series]) -> Seen | None:
        """What may rise in the hour that ends at `at`, and the `wanted` series; None where nothing may."""
        column = (at - self._first) // HOUR_S
        chosen = self._suspects[:, column - 1].copy()
        chosen[[self.places[each] for each in wanted if each in self.places]] = True
        if not chosen.any():
            return None
        chosen[0] = True
        rows = np.flatnonzero(chosen)
        if self._seen is None or self._seen.at != at or not np.array_equal(self._seen.rows, rows):
            self._seen = self._judge(at, column, rows)
        return self._seen

    def traffic(self, seen: Seen, count: int) -> Traffic:
        """The last hours by their smallest parts; rows are places among the seen ones."""
        known = np.full(len(self.series) + 1, -1, dtype=np.int64)
        known[seen.rows] = np.arange(len(seen.rows))
        whole = self._parts(seen.at, count)
        return Traffic(known[whole.member], whole.credits)

    def _parts(self, at: int, count: int) -> Traffic:
        if (at, count) not in self._traffic:
            self._traffic = {key: known for key, known in self._traffic.items() if key[0] == at}
            contexts, services = self._ledger.contexts(), self._ledger.services()
            member, burnt = [], []
            for cell in self._ledger.burn.cells(at - count * HOUR_S, at, list(contexts)):
                whose, called = contexts[cell.context], services[cell.service]
                key = (Kind.API_KEY, whose.api_key_id) if whose.api_key else None
                levels = (WHOLE, (Kind.TEAM, whose.team_id), (Kind.MODEL, called.model_id), key)
                member.append([-1 if each is None else self.places.get(each, -1) for each in levels])
                burnt.append(cell.credits_nano / _NANO)
            rows: Ints = np.array(member, dtype=np.int64).reshape(-1, 4)
            self._traffic[at, count] = Traffic(rows, np.array(burnt))
        return self._traffic[at, count]

    def _look(self) -> Flags:
        """Series x hours that are worth judging: enough burn, and more than in the weeks before."""
        eager = max(each.sensitivity for each in self._limits)
        six, day = _rolling(self._credits, LONG_H) / LONG_H, _rolling(self._credits, DAY_H) / DAY_H
        usual, usual_day = _weeks_before(self._credits, (1, 2, 3, 4)), _weeks_before(day, (2, 3, 4))
        usual_six = _rolling(usual, LONG_H) / LONG_H
        whole = np.fmin(np.nan_to_num(self._credits[0]), usual[0])
        floors = [
            np.maximum(each.min_credits_per_hour, each.min_share / each.sensitivity * whole)
            for each in self._limits
        ]
        least = _PART * np.minimum.reduce(floors)
        found = _higher(np.nan_to_num(self._credits), usual, _LOOK / eager, least)
        found |= _higher(six, usual_six, _LOOK / eager, least)
        of_day = _higher(day, usual_day, _LOOK_OF_DAY / eager, least / 2) & (usual_day > 0)
        found |= of_day & (self.levels == KEY)[:, None]
        return found

    def _judge(self, at: int, column: int, rows: Ints) -> Seen:
        first = column - HISTORY_H
        hours = Hours(
            self._first + first * HOUR_S,
            self._credits[rows, first:column],
            self._requests[rows, first:column],
        )
        level = recent_level(hours)
        judged = []
        for count in (1, LONG_H):
            burnt = np.nan_to_num(hours.credits[:, -count:]).sum(axis=1)
            requests = np.nan_to_num(hours.requests[:, -count:]).sum(axis=1)
            usual = expectation(hours, at - count * HOUR_S, at, level)
            judged.append(judge(burnt, count * HOUR_S, usual, chance(burnt, requests)))
        return Seen(at, rows, hours, *judged)

    def _read(self, reader: LedgerReader, known: Mapping[Kind, int]) -> tuple[Floats, Floats]:
        count = (self._end - self._first) // HOUR_S
        burnt, requests = np.zeros((2, len(self.series), count))
        for kind in LEVEL_OF:
            places = [place for place, each in enumerate(self.series) if each[0] is kind]
            for place, hour, nano, made in self._rows(reader, kind, places, known[kind]):
                column = (hour - self._first) // HOUR_S
                burnt[place, column], requests[place, column] = nano / _NANO, made
        unknown = requests[0] + burnt[0] == 0
        # Before a series was first seen it did not burn nothing: it was not there.
        unseen = ~np.maximum.accumulate(requests > 0, axis=1)
        for values in (burnt, requests):
            values[:, unknown] = np.nan
            values[unseen] = np.nan
        return burnt, requests

    def _rows(
        self, reader: LedgerReader, kind: Kind, places: Sequence[int], known: int
    ) -> Iterator[tuple[int, int, int, int]]:
        """Place, hour, nano-credits and requests of some series of a kind, whichever way reads less."""
        if len(places) * _WORTH_A_SCAN < known:
            series = [self.series[place] for place in places]
            for found, hour, nano, made in self._ledger.burn.hours(
                series, range(self._first, self._end, HOUR_S)
            ):
                yield places[found], hour, nano, made
            return
        for row in reader.rows("hours_of", {"kind": int(kind), "start": self._first, "end": self._end}):
            place = self.places.get((kind, row["id"]))
            if place is not None:
                yield place, row["bucket"], row["credits_nano"], row["requests"]


def _rolling(values: Floats, count: int) -> Floats:
    """For each column the sum of the last `count`, its own included; what is unknown counts as nothing."""
    summed = np.cumsum(np.nan_to_num(values), axis=1)
    found: Floats = summed.copy()
    found[:, count:] -= summed[:, :-count]
    return found


def _weeks_before(values: Floats, weeks: Sequence[int]) -> Floats:
    """The middle of the same hour some weeks before; NaN where nothing of it is known."""
    earlier = np.full((*values.shape, len(weeks)), np.nan)
    for place, week in enumerate(weeks):
        back = week * WEEK_H
        earlier[:, back:, place] = values[:, : values.shape[1] - back]
    return nan_median(earlier)


def _higher(values: Floats, usual: Floats, rise: float, least: Floats) -> Flags:
    """Where values exceed what is usual by a part of it and by an amount; nothing is usual where unknown."""
    usual = np.nan_to_num(usual)
    higher: Flags = (values > (1 + rise) * usual) & (values - usual >= least)
    return higher


def names_of(reader: LedgerReader, series: Sequence[Series]) -> Mapping[Series, str]:
    """What each series is called; the whole has no name."""
    ids = [ident for _, ident in series if ident]
    known = {row["id"]: row["value"] for row in reader.rows("dim_names", {"ids": ids})}
    return {each: known.get(each[1], "") for each in series}
