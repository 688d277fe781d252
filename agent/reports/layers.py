"""Which truth layers stand behind an amount."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.reports.figure import Figure, per_minute
from agent.reports.moment import DAY, HOUR

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Truth:
    """The layers of a stretch of time and where its data ends; makes the figures of that stretch."""

    as_of: int | None
    requests: dict[Layer, int]  # or nano-credits where nothing has requests
    layers: tuple[Layer, ...]  # that contribute, least certain first

    @property
    def layer(self) -> Layer | None:
        """The least certain layer in it; None without data."""
        return self.layers[0] if self.layers else None

    def share(self, layer: Layer) -> Decimal:
        """The part of the requests that a layer stands for."""
        whole = sum(self.requests.values())
        return (
            (Decimal(self.requests.get(layer, 0)) / whole).quantize(Decimal("0.0001"))
            if whole
            else Decimal(0)
        )

    def figure(self, value: Decimal | None, unit: str) -> Figure:
        """Any amount of this stretch."""
        layers = self.layers
        return Figure(value, unit, layers[0] if layers else None, self.as_of, len(layers) > 1)

    def credits(self, nano: int | None) -> Figure:
        """An amount of credits, exactly."""
        return self.figure(None if nano is None else to_credits(nano), "credits")

    def rate(self, nano: int | None, seconds: int) -> Figure:
        """Nano-credits over so many seconds as credits a minute."""
        return self.figure(None if nano is None else per_minute(nano, seconds), "credits/min")


def truth(reader: LedgerReader, start: int, end: int, *, days: bool = False) -> Truth:
    """The layers behind [start, end); with `days`, whole UTC days that are billed count as billed.

    The edges are cut by the hour where an account is metered in a part of the stretch only.
    """
    span = {"start": start // HOUR * HOUR, "end": -(-end // HOUR) * HOUR}
    requests: dict[tuple[int, int], int] = {
        (row["account"], row["day"]): row["requests"] for row in reader.rows("account_days", span)
    }
    by_layer = {
        (row["account"], row["day"]): row["requests"]
        for row in reader.rows("layer_days", span)
        if row["layer"] == Layer.METERED
    }
    spans = _covered(reader, Layer.METERED, start, end)
    billed = _billed_days(reader, start, end) if days else set()
    sums: dict[Layer, int] = defaultdict(int)
    for account, day in requests.keys() | billed:
        count = requests.get((account, day), 0)
        if (account, day) in billed:
            # A bill says something also where nobody counted requests.
            sums[Layer.BILLED] += max(count, 1)
            continue
        metered = _seconds(spans.get(account, []), max(start, day), min(end, day + DAY))
        if metered == min(end, day + DAY) - max(start, day):
            sums[Layer.METERED] += count
        elif metered:
            by_buckets = min(count, by_layer.get((account, day), 0))
            sums[Layer.METERED] += by_buckets
            sums[Layer.ESTIMATED] += count - by_buckets
        else:
            sums[Layer.ESTIMATED] += count
    return _truth(end, sums)


def truth_of_window(reader: LedgerReader, start: int, end: int, requests: Mapping[int, float]) -> Truth:
    """The layers behind a short stretch of which the requests by account (dim id) are known."""
    spans = _covered(reader, Layer.METERED, start, end)
    sums: dict[Layer, int] = defaultdict(int)
    for account, count in requests.items():
        metered = _seconds(spans.get(account, []), start, end)
        if metered:
            sums[Layer.METERED] += max(1, round(count * metered / (end - start)))
        if metered < end - start:
            sums[Layer.ESTIMATED] += max(1, round(count * (1 - metered / (end - start))))
    # Nothing burnt: the accounts that are watched say so.
    if not sums and spans:
        sums[Layer.METERED] = 1
    return _truth(end, sums)


def _truth(as_of: int, sums: dict[Layer, int]) -> Truth:
    return Truth(as_of, dict(sums), tuple(layer for layer in Layer if sums.get(layer, 0)))


Spans = list[tuple[int, int]]


def _covered(reader: LedgerReader, layer: Layer, start: int, end: int) -> dict[int, Spans]:
    """By account the stretches of a layer, cut to [start, end)."""
    found: dict[int, Spans] = {}
    for row in reader.rows("coverage_within", {"start": start, "end": end}):
        if row["layer"] == layer:
            cut = max(start, row["start"]), min(end, row["end"])
            found.setdefault(row["account"], []).append(cut)
    return found


def _seconds(spans: Spans, start: int, end: int) -> int:
    return sum(max(0, min(end, last) - max(start, first)) for first, last in spans)


def covered_days(reader: LedgerReader, start: int, end: int) -> set[int]:
    """UTC days of [start, end) that are known as a whole of some account: without a row nothing burnt."""
    return {
        day
        for layer in (Layer.METERED, Layer.BILLED)
        for spans in _covered(reader, layer, start, end).values()
        for first, last in spans
        for day in range(-(-first // DAY) * DAY, last - DAY + 1, DAY)
    }


def _billed_days(reader: LedgerReader, start: int, end: int) -> set[tuple[int, int]]:
    """(account, day) of whole days inside [start, end) that are billed."""
    return {
        (account, day)
        for account, spans in _covered(reader, Layer.BILLED, start, end).items()
        for first, last in spans
        for day in range(-(-first // DAY) * DAY, last - DAY + 1, DAY)
    }
