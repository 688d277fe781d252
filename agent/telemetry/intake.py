"""Intake: usage records from files into the ledger, exactly once, with bad rows kept aside."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from agent.domain.usage import Pattern
from agent.ledger.rows import EventBatch, QuarantineRow, WriteResult
from agent.telemetry.attribution import Attributor, load_attributor
from agent.telemetry.intake_batch import BatchBuilder
from agent.telemetry.intake_files import UsageFile, open_usage_file
from agent.telemetry.rates import RateCard, load_rate_card

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings
    from agent.telemetry.decode import BadRow

SOURCE = "ingest"
"""Source under which refused rows are kept."""

_BATCH = 50_000  # rows a transaction
_MOST_KEPT = 1_000  # refused rows a file that are kept; the others are only counted

Progress = Callable[[UsageFile, int], None]
"""Called after every batch with the file and the number of its rows so far."""


@dataclass(slots=True)
class IntakeSummary:
    """What a run came to. Sums are over the accepted rows."""

    files: int = 0
    written: WriteResult = field(default_factory=lambda: WriteResult(0, 0))
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)  # of rejected rows
    unpriced_models: Counter[str] = field(default_factory=Counter)  # rows by model


class Intake:
    """Takes files into one ledger."""

    def __init__(
        self,
        writer: LedgerWriter,
        rates: RateCard,
        attributor: Attributor,
        now: int,
        *,
        account: str,
        pattern: Pattern = Pattern.TAG,
        correct: bool = True,
    ) -> None:
        self.summary = IntakeSummary()
        self._writer = writer
        self._attributor = attributor
        self._now = now
        self._correct = correct
        self._builder = BatchBuilder(rates, attributor, account, pattern)

    def take(self, file: UsageFile, progress: Progress | None = None) -> None:
        """All rows of a file. Raises `BurndeckError` when it is no file of usage records."""
        self.summary.files += 1
        rows = kept = 0
        refused: list[BadRow] = []
        with _no_cycle_collection():
            for part in file.parts():
                self._builder.add(part)
                refused += part.bad
                rows += len(part.records) + len(part.bad)
                if len(self._builder) + len(refused) >= _BATCH:
                    kept += self._flush(file.name, refused, _MOST_KEPT - kept)
                    refused = []
                    if progress:
                        progress(file, rows)
            self._flush(file.name, refused, _MOST_KEPT - kept)
        if progress:
            progress(file, rows)

    def _flush(self, name: str, refused: Iterable[BadRow], room: int) -> int:
        """Write what has come together; at most `room` refused rows are kept. Returns how many were."""
        batch, more = self._builder.build()
        bad = [*refused, *more]
        if len(batch):
            # The last part may exceed the usual size a little; that is no reason for a second transaction.
            self.summary.written += self._writer.write_events(
                batch, correct=self._correct, max_rows=len(batch)
            )
            self._note_unpriced(batch)
        self.summary.rejected += len(bad)
        self.summary.reasons.update(row.reason for row in bad)
        kept = sorted(bad, key=lambda row: row.line)[: max(room, 0)]
        if kept:
            self._writer.quarantine(
                [QuarantineRow(SOURCE, f"{name}:{row.line}", row.reason, row.raw[:500]) for row in kept],
                self._now,
            )
        for finding in self._attributor.take_findings():
            self._writer.finding(finding.kind, finding.subject, finding.detail, self._now)
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
    intake = Intake(
        writer,
        rates,
        load_attributor(settings),
        int(settings.clock().now()),
        account=account or settings.default_account,
        pattern=pattern,
        correct=correct,
    )
    for name in names:
        with open_usage_file(name) as file:
            intake.take(file, progress)
    return intake.summary


@contextmanager
def _no_cycle_collection() -> Iterator[None]:
    """Millions of short-lived objects make the cycle collector run for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
