"""Reading a file of usage records: batches that are attributed, priced and ready to be written."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.telemetry.intake_batch import BatchBuilder

if TYPE_CHECKING:
    from agent.domain.usage import Pattern
    from agent.ledger.rows import EventBatch
    from agent.telemetry.attribution import Attributor, Finding
    from agent.telemetry.decode import BadRow
    from agent.telemetry.intake_files import UsageFile
    from agent.telemetry.rates import RateCard

_BATCH = 50_000  # rows a transaction
_MOST_TEXT = 32 << 20  # bytes; fewer rows a transaction where rows are long


@dataclass(slots=True)
class ReadBatch:
    """The next rows of a file."""

    batch: EventBatch
    refused: list[BadRow]
    findings: list[Finding]
    rows: int  # of the file so far, refused ones too
    done: int  # bytes of the file so far


class Reader:
    """Reads files; what it has learned of services and dimensions it keeps from one to the next."""

    def __init__(
        self, rates: RateCard, attributor: Attributor, account: str, pattern: Pattern, latest: int
    ) -> None:
        self._attributor = attributor
        self._builder = BatchBuilder(rates, attributor, account, pattern, latest)

    def batches(self, file: UsageFile) -> Generator[ReadBatch]:
        """All rows of a file. Raises `BurndeckError` when it is no file of usage records."""
        rows = size = 0
        refused: list[BadRow] = []
        for part in file.parts():
            self._builder.add(part)
            refused += part.bad
            rows += len(part.records) + len(part.bad)
            size += part.size
            if len(self._builder) + len(refused) >= _BATCH or size >= _MOST_TEXT:
                yield self._batch(refused, rows, file.done)
                refused, size = [], 0
        yield self._batch(refused, rows, file.done)

    def _batch(self, refused: list[BadRow], rows: int, done: int) -> ReadBatch:
        batch, more = self._builder.build()
        bad = sorted([*refused, *more], key=lambda row: row.line)
        return ReadBatch(batch, bad, self._attributor.take_findings(), rows, done)


@contextmanager
def no_cycle_collection() -> Iterator[None]:
    """Millions of short-lived objects make the cycle collector run for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
