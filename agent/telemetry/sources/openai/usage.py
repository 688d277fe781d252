"""Usage answers to the ledger's bucket rows, attributed and priced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from agent.domain.usage import Service
from agent.ledger.rows import BucketRow

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor, Finding
    from agent.telemetry.rates import RateCard
    from agent.telemetry.sources.openai.kinds import UsageKind
    from agent.telemetry.sources.openai.windows import Window
    from agent.telemetry.sources.openai.wire import Bucket, Usage

_TIER_WORDS = {"default": "standard", "auto": "standard", "on_demand": "standard"}


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
        for bucket in buckets:
            if _belongs(bucket, window):
                rows += [self._row(kind, bucket.start_time, window.width, row) for row in bucket.rows]
            else:
                outside += len(bucket.rows)
        return rows, outside

    def take_findings(self) -> list[Finding]:
        """What attribution found worth a person's eye since the last call."""
        return self._attributor.take_findings()

    def _row(self, kind: UsageKind, start: int, width: int, row: Usage) -> BucketRow:
        units = kind.units(row, width)
        service = self._service(kind, row)
        return BucketRow(
            start,
            width,
            self._attributor.resolve(
                self._account, row.api_key_id or "", row.user_id or "", row.project_id or ""
            ),
            service,
            kind.requests(row),
            units.tokens_input,
            units.tokens_cached,
            units.tokens_output,
            units.quantity_micro,
            self._rates.price(service, start, units),
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
