"""Intake: usage records from files into the ledger, exactly once, with bad rows kept aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.domain.usage import Pattern
from agent.ledger.rows import EventBatch, QuarantineRow, WriteResult
from agent.telemetry.attribution import load_attributor
from agent.telemetry.intake_ahead import read_ahead, worth_reading_ahead
from agent.telemetry.intake_files import STDIN, UsageFile, open_usage_file
from agent.telemetry.intake_read import ReadBatch, Reader, no_cycle_collection
from agent.telemetry.rates import load_rate_card

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

SOURCE = "ingest"
"""Source under which refused rows are kept."""

_FAST_CLOCK_S = 86_400  # so far ahead of ours a caller's clock may run; a later row would pass for live data
_MOST_KEPT = 1_000  # refused rows a file that are kept; the others are only counted

Progress = Callable[[UsageFile, int], None]
"""Called after every batch with the file and the number of its rows so far."""


@dataclass(slots=True)
class IntakeSummary:
    """What a run came to. Sums are over the accepted rows."""

    files: int = 0
    written: WriteResult = field(default_factory=lambda: WriteResult(0, 0))
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)  # rejected rows by kind of fault
    examples: dict[str, str] = field(default_factory=dict)  # kind of fault -> reason of the first such row
    unpriced_models: Counter[str] = field(default_factory=Counter)  # rows by model


class Intake:
    """Takes files into one ledger."""

    def __init__(self, writer: LedgerWriter, reader: Reader, now: int, *, correct: bool = True) -> None:
        self.summary = IntakeSummary()
        self._writer = writer
        self._reader = reader
        self._now = now
        self._correct = correct

    def take(self, file: UsageFile, progress: Progress | None = None) -> None:
        """All rows of a file. Raises `BurndeckError` when it is no file of usage records."""
        self.summary.files += 1
        kept = 0
        place = f"{STDIN}@{self._now}" if file.name == STDIN else str(Path(file.name).resolve())
        ahead = worth_reading_ahead(file)
        batches = read_ahead(self._reader, file) if ahead else self._reader.batches(file)
        with no_cycle_collection(), closing(batches):
            for read in batches:
                kept += self._write(place, read, _MOST_KEPT - kept)
                if progress:
                    progress(file, read.rows)

    def _write(self, place: str, read: ReadBatch, room: int) -> int:
        """Write a batch; at most `room` refused rows are kept, as of `place`. Returns how many were."""
        batch = read.batch
        if len(batch):
            # The last part may exceed the usual size a little; that is no reason for a second transaction.
            self.summary.written += self._writer.write_events(
                batch, correct=self._correct, max_rows=len(batch)
            )
            self._note_unpriced(batch)
        self.summary.rejected += len(read.refused)
        for row in read.refused:
            self.summary.reasons[row.kind] += 1
            self.summary.examples.setdefault(row.kind, row.reason)
        kept = read.refused[: max(room, 0)]
        if kept:
            self._writer.quarantine(
                [QuarantineRow(SOURCE, f"{place}:{row.line}", row.reason, row.raw) for row in kept],
                self._now,
            )
        self._writer.findings(
            [(finding.kind, finding.subject, finding.detail) for finding in read.findings], self._now
        )
        return len(kept)

    def _note_unpriced(self, batch: EventBatch) -> None:
        if batch.priced.all():
            return
        services, counts = np.unique(batch.service[~batch.priced], return_counts=True)
        for service, count in zip(services.tolist(), counts.tolist(), strict=True):
            self.summary.unpriced_models[batch.services[service].model] += count


def ingest(
    names: Iterable[str],
    settings: Settings,
    writer: LedgerWriter,
    *,
    account: str | None = None,
    pattern: Pattern = Pattern.TAG,
    correct: bool = True,
    progress: Progress | None = None,
) -> IntakeSummary:
    """Takes files (`-` is standard input) into the ledger; rows that it knows already count once.

    `pattern` says who set the labels; `correct` lets a row replace the units of a known request.
    """
    rates = load_rate_card(settings)
    writer.save_rates(rates.rows())
    now = int(settings.clock().now())
    reader = Reader(
        rates, load_attributor(settings), account or settings.default_account, pattern, now + _FAST_CLOCK_S
    )
    intake = Intake(writer, reader, now, correct=correct)
    for name in names:
        with open_usage_file(name) as file:
            intake.take(file, progress)
    return intake.summary
