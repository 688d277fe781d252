"""A small town of keys with a day rhythm, written into a ledger as a provider would report it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from pathlib import Path

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.ledger.writer import LedgerWriter

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


Stretch = tuple[int, int, list[BucketRow]]
"""From when to when something is reported, and what."""

_VALUES = attrgetter(*(field.name for field in fields(BucketRow)))
_PASTS: dict[object, bytes] = {}
"""Whole ledgers by what is in them: many towns have the same past."""


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
        self.covered_to = int(self.epoch - self.history_d * DAY) // HOUR * HOUR
        ends = ((self.epoch // HOUR * HOUR - HOUR, HOUR), (self.epoch // 60 * 60, 60))
        past = [self._next(end, width) for end, width in ends]
        self._remember(past)
        self.writer = open_writer(self.path)

    def _remember(self, past: list[Stretch]) -> None:
        """Writes the past once, and copies it for every town that has the same."""
        asked = tuple((*ends, *map(_VALUES, rows)) for *ends, rows in past)
        if self.path.exists() or asked not in _PASTS:
            new = not self.path.exists()
            with open_writer(self.path) as writer:
                for stretch in past:
                    _write(writer, stretch)
            if new:
                _PASTS[asked] = self.path.read_bytes()
        else:
            self.path.write_bytes(_PASTS[asked])

    def advance(self, now: int) -> None:
        """Everything up to the last whole minute is reported."""
        _write(self.writer, self._next(now // 60 * 60, 60))

    def close(self) -> None:
        """Closes the ledger."""
        self.writer.close()

    def _next(self, end: int, width: int) -> Stretch:
        """What is reported next, up to `end`."""
        start = self.covered_to
        rows = [
            self._row(at, width, use) for at in range(start, end, width) for use in self.change(at, self.uses)
        ]
        self.covered_to = end
        return start, end, [row for row in rows if row.requests]

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


def _write(writer: LedgerWriter, stretch: Stretch) -> None:
    start, end, rows = stretch
    writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=end)


def rhythm(at: float) -> float:
    """How busy a time of day is: 1 at noon, 0.3 at midnight, half of that on weekends."""
    by_hour = 0.65 - 0.35 * math.cos(2 * math.pi * (at % DAY) / DAY)
    weekend = (at // DAY + 3) % 7 >= 5
    return by_hour * (0.5 if weekend else 1.0)
