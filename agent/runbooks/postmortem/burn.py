"""What an incident is about burnt, minute by minute and exactly, beside what was usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agent.analytics.baseline import Seasonal, step_noise
from agent.domain.run import Line
from agent.ledger.kinds import Kind
from agent.reports.alert_series import KIND_OF_SCOPE, Burnt, seasonal_before
from agent.reports.cells import is_service, read_names
from agent.reports.history import first_known
from agent.reports.moment import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.alert_list import AlertEntry

BY_MINUTES_S = 6 * HOUR
"""A stretch up to so long is looked at by the minute, a longer one by the hour."""
_LOOK_BACK_S = 2 * HOUR  # before a rule saw a rise it is looked for
_SPIKE = "burn_spike"


@dataclass
class Burn:
    """One scope of an incident: what it burnt, and what was usual before."""

    reader: LedgerReader
    kind: Kind
    value: str
    label: str  # team:search
    began: int  # first seen by a rule

    @cached_property
    def burnt(self) -> Burnt:
        """Reads it."""
        return Burnt(self.reader, self.kind, self.value)

    @cached_property
    def usual(self) -> Seasonal:
        """What was usual before it began."""
        return seasonal_before(self.reader, self.burnt, self.began)

    @cached_property
    def first(self) -> int:
        """Where the ledger's data begins."""
        return first_known(self.reader) or 0

    def minutes(self, start: int, end: int) -> dict[int, int]:
        """Nano-credits of every minute of `[start, end)`.

        What is known of an hour only by the whole hour is spread over its minutes, so that nothing is lost.
        """
        found: dict[int, int] = {}
        for hour in range(start // HOUR * HOUR, end, HOUR):
            known = self.burnt.minutes(hour, hour + HOUR)
            rest = self.burnt.hours(hour, hour + HOUR).get(hour, 0) - sum(known.values())
            for place, minute in enumerate(range(hour, hour + HOUR, MINUTE)):
                if start <= minute < end:
                    part = rest * (place + 1) // 60 - rest * place // 60
                    found[minute] = known.get(minute, 0) + part
        return found

    def sum(self, start: int, end: int) -> int:
        """Nano-credits of `[start, end)`, whole minutes; exactly as the ledger has them."""
        first, last = -(-start // HOUR) * HOUR, end // HOUR * HOUR
        if first >= last:
            return sum(self.minutes(start, end).values())
        edges = [*self.minutes(start, first).values(), *self.minutes(last, end).values()]
        return sum(self.burnt.hours(first, last).values()) + sum(edges)

    def by_days(self, start: int, end: int) -> int:
        """The same of a long stretch, whole UTC days billed where they are billed: as budgets count."""
        first, last = -(-start // DAY) * DAY, end // DAY * DAY
        if first >= last:
            return self.sum(start, end)
        days = sum(self.burnt.days(first, last).values())
        return self.sum(start, first) + days + self.sum(last, end)

    def expected(self, start: int, end: int) -> int | None:
        """Nano-credits that were usual for `[start, end)`; None without history."""
        width = MINUTE if end - start <= BY_MINUTES_S else HOUR
        total = 0
        for at in range(start, end, width):
            size = min(width, end - at)
            usual = self.usual.at(at + size / 2)
            if usual is None:
                return None
            total += usual.value * size
        return total // HOUR

    def rose(self) -> int | None:
        """The first minute above the usual band, of those in a row that lead to when a rule saw it.

        None where it cannot be said. A single ordinary minute between is chance.
        """
        start = max(self.began - _LOOK_BACK_S, -(-self.first // MINUTE) * MINUTE)
        values = self.minutes(start, self.began)
        before = [value for minute, value in values.items() if minute < self.began - HOUR]
        noise, rose, ordinary = step_noise(before), None, 0
        for minute in range(self.began - MINUTE, start - MINUTE, -MINUTE):
            usual = self.usual.at(minute + MINUTE / 2, noise=noise)
            if usual is None:
                return None
            if values[minute] * 60 > usual.high:
                rose, ordinary = minute, 0
            elif (ordinary := ordinary + 1) > 1:
                break
        return rose

    def line(self, start: int, end: int) -> Line:
        """Burn and what was usual, as nano-credits a minute, around the incident."""
        width = MINUTE if end - start <= BY_MINUTES_S else HOUR
        start, end = start // width * width, -(-end // width) * width
        if width == MINUTE:
            known = self.minutes(start, end)
        else:
            hours = self.burnt.hours(start, end)
            known = {hour: hours.get(hour, 0) // 60 for hour in range(start, end, HOUR)}
        points = range(start, end, width)
        usual = [self.usual.at(at + width / 2) for at in points]
        return Line(
            start=start,
            width_s=width,
            values=tuple(known.get(at, 0) if at >= self.first // width * width else None for at in points),
            expected=tuple(None if each is None else each.value // 60 for each in usual),
        )

    def places(self) -> frozenset[tuple[int, int]] | None:
        """The contexts and services that it consists of, one of the two being 0 for all; None: everything."""
        ident, names = self.burnt.ident, read_names(self.reader)
        if self.kind is Kind.TOTAL:
            return None
        if ident is None:
            return frozenset()
        if is_service(self.kind):
            return frozenset((0, each) for each in names.services_with(self.kind, ident))
        return frozenset((each, 0) for each in names.contexts_with(self.kind, ident))


def burns_of(reader: LedgerReader, alerts: Sequence[AlertEntry]) -> tuple[list[Burn], list[str]]:
    """What an incident's alerts are about, and the scopes that share burn with those and are left out.

    Culprits of spikes add up; where there is none, the alert with the most above what is expected counts.
    """
    about = [each for each in alerts if each.scope_kind in KIND_OF_SCOPE]
    spikes = [each for each in about if each.rule == _SPIKE]
    ranked = sorted(spikes or about, key=lambda each: (-each.above, each.started_at))
    first = min((each.started_at for each in about), default=0)
    chosen: list[Burn] = []
    left_out: list[str] = []
    for entry in ranked if spikes else ranked[:1]:
        label = f"{entry.scope_kind}:{entry.scope}" if entry.scope else entry.scope_kind
        burn = Burn(reader, KIND_OF_SCOPE[entry.scope_kind], entry.scope, label, first // MINUTE * MINUTE)
        if label in [each.label for each in chosen]:
            continue
        if all(_apart(burn, each) for each in chosen):
            chosen.append(burn)
        elif label not in left_out:
            left_out.append(label)
    return chosen, left_out


def _apart(one: Burn, other: Burn) -> bool:
    """Whether two scopes share nothing for certain: a model and a key may."""
    mine, its = one.places(), other.places()
    if mine is None or its is None or is_service(one.kind) is not is_service(other.kind):
        return False
    return mine.isdisjoint(its)


def rose(burns: Iterable[Burn]) -> int | None:
    """When the first of some scopes left its usual band."""
    return min((at for each in burns if (at := each.rose()) is not None), default=None)
