"""A small town of keys with a day rhythm, written into a ledger as a provider would report it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow

HOUR = 3_600
DAY = 86_400
NOON = 1_795_003_200  # Wednesday 2026-11-18 12:00 UTC
_CREDIT_NANO = 10**9


@dataclass(frozen=True)
class Use:
    """What one key does: requests an hour at the peak, and what each of them is and costs."""

    key: str
    team: str
    requests: float = 600.0
    model: str = "gpt-5-mini"
    tokens_input: float = 1_000.0
    cached: float = 0.0
    tokens_output: float = 300.0
    credits: float = 1.0  # a request
    tier: str = "standard"
    operation: Operation = Operation.COMPLETION
    environment: str = "prod"

    def times(self, **factors: float) -> Use:
        """The same with some of its figures multiplied."""
        return replace(self, **{name: getattr(self, name) * factor for name, factor in factors.items()})


TOWN = (
    Use("key_a", "search", 1_200.0),
    Use("key_b", "search", 600.0),
    Use("key_c", "support", 900.0, model="gpt-5"),
    Use("key_d", "support", 300.0),
    Use("key_e", "labs", 60.0, environment="dev"),
)

Change = Callable[[int, Sequence[Use]], Sequence[Use]]
"""What the keys do at an epoch second, given what they always do."""


def as_ever(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    """No change at any time."""
    return uses


@dataclass
class Town:
    """Keys whose usage reaches the ledger as time is moved on: hours of history, then minutes."""

    path: Path
    epoch: int = NOON
    uses: Sequence[Use] = TOWN
    change: Change = as_ever
    history_d: float = 30
    covered_to: int = field(init=False)

    def __post_init__(self) -> None:
        self.writer = open_writer(self.path)
        start = int(self.epoch - self.history_d * DAY) // HOUR * HOUR
        self.covered_to = start
        self._write(self.epoch // HOUR * HOUR - HOUR, HOUR)
        self.advance(self.epoch)

    def advance(self, now: int) -> None:
        """Everything up to the last whole minute is reported."""
        self._write(now // 60 * 60, 60)

    def close(self) -> None:
        """Closes the ledger."""
        self.writer.close()

    def _write(self, end: int, width: int) -> None:
        rows = [
            self._row(start, width, use)
            for start in range(self.covered_to, end, width)
            for use in self.change(start, self.uses)
        ]
        self.writer.write_usage_window(
            "openai",
            self.covered_to,
            end,
            {"completions": [row for row in rows if row.requests]},
            read_at=end,
        )
        self.covered_to = end

    def _row(self, start: int, width: int, use: Use) -> BucketRow:
        requests = round(use.requests * width / HOUR * rhythm(start + width / 2))
        return BucketRow(
            start=start,
            width=width,
            dimensions=Dimensions(
                "openai",
                api_key=use.key,
                team=use.team,
                environment=use.environment,
                billing_group="product",
            ),
            service=Service(use.model, use.operation, "/v1/chat/completions", use.tier),
            requests=requests,
            tokens_input=round(requests * use.tokens_input),
            tokens_cached=round(requests * use.tokens_input * use.cached),
            tokens_output=round(requests * use.tokens_output),
            quantity_micro=0,
            credits_nano=round(requests * use.credits * _CREDIT_NANO),
        )


def rhythm(at: float) -> float:
    """How busy a time of day is: 1 at noon, 0.3 at midnight, half of that on weekends."""
    by_hour = 0.65 - 0.35 * math.cos(2 * math.pi * (at % DAY) / DAY)
    weekend = (at // DAY + 3) % 7 >= 5
    return by_hour * (0.5 if weekend else 1.0)
