"""Usage answers to the ledger's bucket rows: attributed, priced, one row per series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.usage import Dimensions, Service, Units
from agent.ledger.rows import BucketRow

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.rates import RateCard
    from agent.telemetry.sources.openai.kinds import UsageKind
    from agent.telemetry.sources.openai.windows import Window
    from agent.telemetry.sources.openai.wire import Bucket, Usage

_TIER_WORDS = {"default": "standard", "auto": "standard", "on_demand": "standard"}


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    tokens_input: int = 0
    tokens_cached: int = 0
    tokens_output: int = 0
    quantity_micro: int = 0

    def add(self, requests: int, units: Units) -> None:
        self.requests += requests
        self.tokens_input += units.tokens_input
        self.tokens_cached += units.tokens_cached
        self.tokens_output += units.tokens_output
        self.quantity_micro += units.quantity_micro


class UsageDecoder:
    """Turns usage of one provider account into bucket rows, pricing and attributing as it goes."""

    def __init__(self, account: str, rates: RateCard, attributor: Attributor) -> None:
        self._account = account
        self._rates = rates
        self._attributor = attributor
        self._services: dict[tuple[str, str, bool | None, str | None], Service] = {}

    def rows(
        self, kind: UsageKind, buckets: Iterable[Bucket[Usage]], window: Window
    ) -> tuple[list[BucketRow], int]:
        """The rows of `window`, and how many rows lay outside of it and were dropped."""
        sums: dict[tuple[int, Dimensions, Service], _Sum] = {}
        outside = 0
        for bucket in buckets:
            if not _belongs(bucket, window):
                outside += len(bucket.rows)
                continue
            for row in bucket.rows:
                series = (bucket.start_time, self._dimensions(row), self._service(kind, row))
                total = sums.get(series)
                if total is None:
                    total = sums[series] = _Sum()
                total.add(kind.requests(row), kind.units(row, window.width))
        return [self._row(window.width, *series, total) for series, total in sums.items()], outside

    def _row(
        self, width: int, start: int, dimensions: Dimensions, service: Service, total: _Sum
    ) -> BucketRow:
        units = Units(total.tokens_input, total.tokens_cached, total.tokens_output, total.quantity_micro)
        return BucketRow(
            start=start,
            width=width,
            dimensions=dimensions,
            service=service,
            requests=total.requests,
            tokens_input=total.tokens_input,
            tokens_cached=total.tokens_cached,
            tokens_output=total.tokens_output,
            quantity_micro=total.quantity_micro,
            credits_nano=self._rates.price(service, start, units),
        )

    def _dimensions(self, row: Usage) -> Dimensions:
        return self._attributor.resolve(
            self._account, row.api_key_id or "", row.user_id or "", row.project_id or ""
        )

    def _service(self, kind: UsageKind, row: Usage) -> Service:
        key = (kind.name, row.model or "", row.batch, row.service_tier)
        service = self._services.get(key)
        if service is None:
            tier = "batch" if row.batch else row.service_tier or "standard"
            service = self._services[key] = Service(
                row.model or "", kind.operation, kind.name, _TIER_WORDS.get(tier, tier)
            )
        return service


def _belongs(bucket: Bucket[Usage], window: Window) -> bool:
    """Whether it is one of the buckets that were asked for: inside, on the grid, of the width."""
    return (
        window.start <= bucket.start_time
        and bucket.start_time + window.width <= window.end
        and bucket.start_time % window.width == 0
    )
