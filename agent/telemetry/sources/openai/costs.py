"""Cost answers to the ledger's billed rows: exact money, and the model that a line item names."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_nano
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.rows import CostRow
from agent.telemetry.sources.openai.windows import DAY

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.sources.openai.wire import Bucket, Cost

_TOOLS = (
    ("fine_tun", Operation.FINE_TUNE),
    ("fine-tun", Operation.FINE_TUNE),
    ("training", Operation.FINE_TUNE),
    ("web search", Operation.WEB_SEARCH),
    ("web_search", Operation.WEB_SEARCH),
    ("file search", Operation.FILE_SEARCH),
    ("file_search", Operation.FILE_SEARCH),
    ("vector", Operation.VECTOR_STORE),
    ("storage", Operation.VECTOR_STORE),
    ("code interpreter", Operation.CODE_INTERPRETER),
    ("code_interpreter", Operation.CODE_INTERPRETER),
)
_MODELS = (
    ("text-embedding", Operation.EMBEDDING),
    ("gpt-image", Operation.IMAGE),
    ("dall-e", Operation.IMAGE),
    ("whisper", Operation.AUDIO_TRANSCRIPTION),
    ("tts", Operation.AUDIO_SPEECH),
    ("omni-moderation", Operation.MODERATION),
    ("text-moderation", Operation.MODERATION),
)


def service_of(line_item: str) -> Service:
    """What a line item such as "gpt-5, input" was paid for; the model is empty where it names none."""
    name, comma, _ = line_item.rpartition(", ")
    lower = line_item.lower()
    for word, operation in _TOOLS:
        if word in lower:
            return Service("", operation, "")
    if not comma:
        return Service("", Operation.COMPLETION, "")
    for prefix, operation in _MODELS:
        if lower.startswith(prefix):
            return Service(name, operation, "")
    return Service(name, Operation.COMPLETION, "")


class CostDecoder:
    """Turns costs of one provider account into billed rows, one per day, series and line item."""

    def __init__(self, account: str, currency_per_credit: Decimal, attributor: Attributor) -> None:
        self._account = account
        self._currency_per_credit = currency_per_credit
        self._attributor = attributor

    def rows(self, buckets: Iterable[Bucket[Cost]], start: int, end: int) -> tuple[list[CostRow], int]:
        """The rows of the days in [start, end), and how many rows lay outside and were dropped."""
        sums: dict[tuple[int, Dimensions, str, str], Decimal] = {}
        outside = 0
        for bucket in buckets:
            if not start <= bucket.start_time < end or bucket.start_time % DAY:
                outside += len(bucket.rows)
                continue
            for row in bucket.rows:
                if row.amount is None or row.amount.value is None:
                    continue
                who = self._attributor.resolve(self._account, row.api_key_id or "", "", row.project_id or "")
                series = (bucket.start_time, who, row.line_item or "", (row.amount.currency or "usd").upper())
                sums[series] = sums.get(series, Decimal(0)) + row.amount.value
        return [self._row(*series, amount) for series, amount in sums.items()], outside

    def _row(self, day: int, who: Dimensions, line_item: str, currency: str, amount: Decimal) -> CostRow:
        return CostRow(
            day=day,
            dimensions=who,
            service=service_of(line_item),
            line_item=line_item,
            amount_nano=to_nano(amount),
            currency=currency,
            credits_nano=to_nano(amount / self._currency_per_credit),
        )
