"""What the write path takes: columns of events, rows of buckets and costs. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.domain.usage import Dimensions, Service


@dataclass(slots=True)
class EventBatch:
    """Events as columns; every array and list of "n" has one entry an event.

    `context` and `service` index into the distinct `dimensions` and `services` of the batch.
    """

    at: NDArray[np.int64]  # n, UTC epoch seconds
    request_id: list[str]  # n
    dimensions: list[Dimensions]
    context: NDArray[np.int64]  # n, index into dimensions
    services: list[Service]
    service: NDArray[np.int64]  # n, index into services
    tokens_input: NDArray[np.int64]  # n, including cached
    tokens_cached: NDArray[np.int64]  # n
    tokens_output: NDArray[np.int64]  # n
    quantity_micro: NDArray[np.int64]  # n
    credits_nano: NDArray[np.int64]  # n, 0 where not priced
    priced: NDArray[np.bool_]  # n
    latency_ms: NDArray[np.int64]  # n, -1: unknown
    error_code: list[str | None]  # n, None: no error

    def __len__(self) -> int:
        return len(self.request_id)


@dataclass(frozen=True, slots=True)
class BucketRow:
    """One metered sum of the provider: a window, its dimensions and its units."""

    start: int  # UTC epoch seconds
    width: int  # seconds
    dimensions: Dimensions
    service: Service
    requests: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    quantity_micro: int
    credits_nano: int | None  # None: unpriced


@dataclass(frozen=True, slots=True)
class CostRow:
    """One billed amount of the provider for a UTC day."""

    day: int  # UTC epoch seconds of 00:00
    dimensions: Dimensions
    service: Service
    line_item: str
    amount_nano: int  # currency units times 10^9; may be negative
    currency: str
    credits_nano: int


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a batch of events came to."""

    accepted: int
    duplicates: int
    refused: int = 0  # known requests whose labels differ: kept as first seen, noted as a finding
