"""Which truth layers stand behind an amount."""

from __future__ import annotations

from collections import defaultdict
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
    """The layers behind [start, end); with `days`, whole UTC days that are billed count as billed."""
    span = {"start": start // HOUR * HOUR, "end": -(-end // HOUR) * HOUR}
    effective: dict[tuple[int, int], int] = {
        (row["account"], row["day"]): row["requests"] for row in reader.rows("account_days", span)
    }
    metered: dict[tuple[int, int], int] = defaultdict(int)
    for row in reader.rows("layer_days", span):
        if row["layer"] == Layer.METERED:
            metered[row["account"], row["day"]] = row["requests"]
    billed = _billed_days(reader, start, end) if days else set()
    sums: dict[Layer, int] = defaultdict(int)
    for key, requests in effective.items():
        if key in billed:
            sums[Layer.BILLED] += requests
            continue
        by_buckets = min(requests, metered.get(key, 0))
        sums[Layer.METERED] += by_buckets
        sums[Layer.ESTIMATED] += requests - by_buckets
    if billed and not sums:
        sums[Layer.BILLED] = 1
    layers = tuple(layer for layer in Layer if sums.get(layer, 0))
    return Truth(end, dict(sums), layers)


def _billed_days(reader: LedgerReader, start: int, end: int) -> set[tuple[int, int]]:
    """(account, day) of whole days inside [start, end) that are billed."""
    found = set()
    for row in reader.rows("coverage_within", {"start": start, "end": end}):
        if row["layer"] == Layer.BILLED:
            first = max(row["start"], -(-start // DAY) * DAY)
            last = min(row["end"], end)
            found |= {(row["account"], day) for day in range(first, last - DAY + 1, DAY)}
    return found
