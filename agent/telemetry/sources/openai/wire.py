"""What the OpenAI Administration API sends, as far as burndeck reads it; fields not named are ignored."""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

R = TypeVar("R")


class Bucket(Struct, Generic[R], gc=False):
    """One time bucket. Old documents call the rows `result`, the wire `results`."""

    start_time: int
    end_time: int
    results: list[R] | None = None
    result: list[R] | None = None

    @property
    def rows(self) -> list[R]:
        """The rows, under either name."""
        return self.results or self.result or []


class BucketPage(Struct, Generic[R]):
    """A page of time buckets; `next_page` is the cursor of the next one."""

    data: list[Bucket[R]]
    has_more: bool = False
    next_page: str | None = None


class Usage(Struct, gc=False):
    """A row of any usage kind: each kind fills the counts it has; null dimensions are unattributed."""

    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    batch: bool | None = None
    service_tier: str | None = None
    num_model_requests: int | None = None
    num_requests: int | None = None
    num_sessions: int | None = None
    input_tokens: int | None = None
    input_cached_tokens: int | None = None
    output_tokens: int | None = None
    images: int | None = None
    characters: int | None = None
    seconds: Decimal | None = None
    usage_bytes: int | None = None


class Amount(Struct, gc=False):
    """Money, as a number or as decimal text of any length."""

    value: Decimal | None = None
    currency: str | None = None


class Cost(Struct, gc=False):
    """A row of costs."""

    amount: Amount | None = None
    line_item: str | None = None
    project_id: str | None = None
    api_key_id: str | None = None
