"""Cost answers to the ledger's billed rows: exact money, and the model that a line item names."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from agent.domain.money import to_nano
from agent.domain.usage import Operation, Service
from agent.errors import ConfigError
from agent.ledger.rows import CostRow
from agent.telemetry.sources.openai.windows import DAY, Stretch

if TYPE_CHECKING:
    from agent.settings_schema import Organization
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.sources.openai.wire import Amount, Bucket, Cost

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


@cache
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
    """Turns costs of one provider account into billed rows, one a row of the answer."""

    def __init__(self, account: str, organization: Organization, attributor: Attributor) -> None:
        self._account = account
        self._currency = organization.currency.upper()
        self._currency_per_credit = organization.usd_per_credit
        self._attributor = attributor

    def rows(self, buckets: Iterable[Bucket[Cost]], days: Iterable[Stretch]) -> tuple[list[CostRow], int]:
        """The rows of the days in these stretches, and how many rows lay outside and were dropped.

        Raises `ConfigError` when the bill is not in the organization's currency: its credits are unknown.
        """
        wanted = {day for start, end in days for day in range(start, end, DAY)}
        rows: list[CostRow] = []
        outside = 0
        for bucket in buckets:
            if bucket.start_time in wanted:
                rows += [self._row(bucket.start_time, row, row.amount) for row in bucket.rows if row.amount]
            else:
                outside += len(bucket.rows)
        return rows, outside

    def _row(self, day: int, row: Cost, amount: Amount) -> CostRow:
        value = amount.value or Decimal(0)
        currency = (amount.currency or self._currency).upper()
        if currency != self._currency:
            raise ConfigError(
                f"the bill is in {currency}, organization.currency is {self._currency}",
                hint="Set both currency and usd_per_credit (the price of a credit in it) in [organization].",
            )
        return CostRow(
            day=day,
            dimensions=self._attributor.resolve(
                self._account, row.api_key_id or "", "", row.project_id or ""
            ),
            service=service_of(row.line_item or ""),
            line_item=row.line_item or "",
            amount_nano=to_nano(value),
            currency=currency,
            credits_nano=to_nano(value / self._currency_per_credit),
        )
