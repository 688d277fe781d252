"""Usage answers to the ledger's bucket rows, attributed and priced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.usage import Dimensions, Service
from agent.ledger.rows import BucketRow
from agent.telemetry.operations import tier_of
from agent.telemetry.rates import in_force

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor, Finding
    from agent.telemetry.rates import RateCard, ServiceRates
    from agent.telemetry.sources.openai.kinds import UsageKind
    from agent.telemetry.sources.openai.windows import Window
    from agent.telemetry.sources.openai.wire import Bucket, Usage


@dataclass(frozen=True, slots=True)
class _Series:
    """What rows of the same names have in common."""

    dimensions: Dimensions
    service: Service
    rates: tuple[ServiceRates, ...]


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
        rows: list[BucketRow] = []
        outside = 0
        known: dict[tuple[object, ...], _Series] = {}
        for bucket in buckets:
            if not window.has(bucket.start_time):
                outside += len(bucket.rows)
                continue
            for row in bucket.rows:
                names = (
                    row.project_id,
                    row.user_id,
                    row.api_key_id,
                    row.model,
                    row.batch,
                    row.service_tier,
                )
                series = known.get(names)
                if series is None:
                    series = known[names] = self._series(kind, row)
                rows.append(_bucket_row(kind, bucket.start_time, window.width, row, series))
        return rows, outside

    def take_findings(self) -> list[Finding]:
        """What attribution found worth a person's eye since the last call."""
        return self._attributor.take_findings()

    def _series(self, kind: UsageKind, row: Usage) -> _Series:
        service = self._service(kind, row)
        dimensions = self._attributor.resolve(
            self._account, row.api_key_id or "", row.user_id or "", row.project_id or ""
        )
        return _Series(dimensions, service, self._rates.rates_of(service))

    def _service(self, kind: UsageKind, row: Usage) -> Service:
        key = (kind.name, row.model or "", row.batch, row.service_tier)
        service = self._services.get(key)
        if service is None:
            tier = "batch" if row.batch else tier_of(row.service_tier or "")
            service = self._services[key] = Service(row.model or "", kind.operation, kind.name, tier)
        return service


def _bucket_row(kind: UsageKind, start: int, width: int, row: Usage, series: _Series) -> BucketRow:
    units = kind.units(row, width)
    rates = in_force(series.rates, start)
    return BucketRow(
        start,
        width,
        series.dimensions,
        series.service,
        kind.requests(row),
        units.tokens_input,
        units.tokens_cached,
        units.tokens_output,
        units.quantity_micro,
        rates.price(units) if rates else None,
    )
