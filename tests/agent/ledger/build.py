"""Builders for ledger tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.rows import BucketRow, CostRow, EventBatch
from tests.agent.ledger.plain import Event

DAY = 1_700_006_400 // 86_400 * 86_400  # 00:00 UTC of some day
CHAT = Service("gpt-a", Operation.COMPLETION, "/v1/chat/completions")
EMBED = Service("embed-a", Operation.EMBEDDING, "/v1/embeddings")
PAYMENTS = Dimensions("openai", api_key="key-1", project="p-1", environment="prod", team="payments")


def event(request_id: str = "r-1", at: int = DAY, **fields: object) -> Event:
    """An event of team payments."""
    defaults: dict[str, object] = {"dimensions": PAYMENTS, "service": CHAT}
    return Event(request_id, at, **(defaults | fields))  # type: ignore[arg-type]


def batch(rows: Sequence[Event]) -> EventBatch:
    """Events as the columns that the writer takes."""
    dimensions = list(dict.fromkeys(row.dimensions for row in rows))
    services = list(dict.fromkeys(row.service for row in rows))
    return EventBatch(
        at=_ints([row.at for row in rows]),
        request_id=[row.request_id for row in rows],
        dimensions=dimensions,
        context=_ints([dimensions.index(row.dimensions) for row in rows]),
        services=services,
        service=_ints([services.index(row.service) for row in rows]),
        tokens_input=_ints([row.tokens_input for row in rows]),
        tokens_cached=_ints([row.tokens_cached for row in rows]),
        tokens_output=_ints([row.tokens_output for row in rows]),
        quantity_micro=_ints([row.quantity_micro for row in rows]),
        credits_nano=_ints([row.credits_nano or 0 for row in rows]),
        priced=np.array([row.credits_nano is not None for row in rows], np.bool_),
        latency_ms=_ints([row.latency_ms for row in rows]),
        error_code=[row.error_code for row in rows],
    )


def bucket(
    start: int = DAY, width: int = 60, requests: int = 1, nano: int | None = 100, **fields: object
) -> BucketRow:
    """A bucket of team payments."""
    values: dict[str, object] = {
        "dimensions": PAYMENTS,
        "service": CHAT,
        "tokens_input": 10 * requests,
        "tokens_cached": 0,
        "tokens_output": 5 * requests,
        "quantity_micro": 0,
    }
    return BucketRow(start=start, width=width, requests=requests, credits_nano=nano, **(values | fields))  # type: ignore[arg-type]


def cost(day: int = DAY, nano: int = 500, **fields: object) -> CostRow:
    """A cost of team payments."""
    values: dict[str, object] = {
        "dimensions": PAYMENTS,
        "service": CHAT,
        "line_item": "gpt-a, input",
        "amount_nano": nano,
        "currency": "usd",
    }
    return CostRow(day=day, credits_nano=nano, **(values | fields))  # type: ignore[arg-type]


def _ints(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)
