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


@dataclass(slots=True)  # not frozen: there are hundreds of thousands, and each would take three times as long
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
    """What a batch of events came to: accepted + duplicates + refused is the number of its rows."""

    accepted: int
    duplicates: int
    refused: int = 0  # known requests whose labels differ: kept as first seen, noted as a finding
    corrected: int = 0  # those of the duplicates whose units were replaced
    # Sums over the accepted rows.
    tokens_input: int = 0
    tokens_cached: int = 0
    tokens_output: int = 0
    credits_nano: int = 0
    unpriced: int = 0  # accepted rows without a price

    def __add__(self, other: WriteResult) -> WriteResult:
        return WriteResult(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate of the card: nano-credits per million units of a meter, from a time on."""

    model: str
    tier: str
    meter: str
    effective_from: int  # UTC epoch seconds
    nano_per_million: int


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Health of one source, as doctor and status lines show it."""

    source: str
    kind: str
    account: str
    state: str  # ok | waiting | failed | stopped
    message: str = ""
    hint: str = ""
    last_ok: int | None = None
    last_try: int | None = None
    covered_to: int | None = None
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class DirectoryProject:
    """A project in the provider's directory."""

    id: str
    name: str
    status: str
    created_at: int | None = None
    archived_at: int | None = None


@dataclass(frozen=True, slots=True)
class DirectoryKey:
    """A key in the provider's directory; `redacted` is the only form of its value that is ever kept."""

    id: str
    project: str
    name: str
    redacted: str
    owner_type: str = ""
    owner_id: str = ""
    owner_name: str = ""
    created_at: int | None = None
    last_used_at: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """A user or service account in the provider's directory."""

    id: str
    kind: str  # user | service_account
    project: str = ""
    name: str = ""
    email: str = ""
    role: str = ""
    created_at: int | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release of the calendar with the change in burn that it is expected to bring."""

    id: str
    day: int  # UTC epoch seconds of 00:00
    title: str
    team: str
    credits_nano_per_day: int


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A row that was refused: where it stood and why. `raw` is cut at 500 characters when stored."""

    source: str
    location: str
    reason: str
    raw: str
