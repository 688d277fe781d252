"""A simulated organization written straight into a ledger: what a source would have read, without HTTP."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from fixtures.activity import Activity
from fixtures.counts import Counts
from fixtures.organization import build_organization
from fixtures.prices import price_of
from fixtures.scenario import Scenario

ACCOUNT = "openai"
HOUR = 3_600
DAY = 86_400
_LAG_S = 60
_REREAD_S = 900
_OPERATION = {
    "completions": Operation.COMPLETION,
    "embeddings": Operation.EMBEDDING,
    "moderations": Operation.MODERATION,
    "images": Operation.IMAGE,
    "audio_speeches": Operation.AUDIO_SPEECH,
    "audio_transcriptions": Operation.AUDIO_TRANSCRIPTION,
    "web_search_calls": Operation.WEB_SEARCH,
    "file_search_calls": Operation.FILE_SEARCH,
    "code_interpreter_sessions": Operation.CODE_INTERPRETER,
}


class Simulation:
    """An organization from a seed whose usage reaches the ledger as time is moved on."""

    def __init__(self, path: Path, seed: int, scenario: Scenario | None, epoch: int, *, history_d: int = 30):
        self.organization = build_organization(seed)
        self._activity = Activity(self.organization, scenario, float(epoch), _LAG_S)
        self.writer = open_writer(path)
        cells = self._activity.cells
        teams = self.organization.company.teams
        self._who = [
            Dimensions(
                ACCOUNT,
                api_key=cell.key.id,
                project=cell.key.project.id,
                environment=cell.key.environment,
                team=cell.key.project.team,
                billing_group=teams[cell.key.project.team].billing_group,
            )
            for cell in cells
        ]
        self._what = [
            Service(cell.call.model, _OPERATION[cell.call.kind], f"/v1/{cell.call.kind}", cell.call.tier)
            for cell in cells
        ]
        self._prices = [price_of(cell.call.kind, cell.call.model, cell.call.tier) for cell in cells]
        self._columns = np.arange(len(cells), dtype=np.int64)
        self._detail_from = self.covered_to = epoch // HOUR * HOUR - 6 * HOUR
        self._read_hours(self.covered_to - history_d * DAY, self.covered_to, epoch)
        self.advance(epoch)

    def advance(self, now: int) -> None:
        """Reads all minutes that are complete at `now`, and the last quarter of an hour again."""
        end = (now - _LAG_S) // 60 * 60
        begin = max(self.covered_to - _REREAD_S, self._detail_from)
        start = begin // HOUR * HOUR
        hours = -(-(end - start) // HOUR)
        counts = self._activity.minutes(self._columns, start // HOUR, hours, float(now))
        counts = counts.rows(slice((begin - start) // 60, (end - start) // 60))
        self._write(counts, begin, end, 60, now)
        self.covered_to = end

    def close(self) -> None:
        """Closes the ledger."""
        self.writer.close()

    def _read_hours(self, start: int, end: int, now: int) -> None:
        counts = self._activity.hours(self._columns, start // HOUR, (end - start) // HOUR, float(now))
        self._write(counts, start, end, HOUR, now)

    def _write(self, counts: Counts, start: int, end: int, width: int, now: int) -> None:
        rows: dict[str, list[BucketRow]] = {kind: [] for kind in _OPERATION}
        times, cells = np.nonzero(counts.requests + counts.quantity)
        columns = [array[times, cells].tolist() for array in counts.arrays()]
        for time, cell, *units in zip(times.tolist(), cells.tolist(), *columns, strict=True):
            rows[self._activity.cells[cell].call.kind].append(
                self._row(start + time * width, width, cell, *units)
            )
        self.writer.write_usage_window(ACCOUNT, start, end, rows, read_at=now)

    def _row(
        self,
        start: int,
        width: int,
        cell: int,
        requests: int,
        sent: int,
        cached: int,
        output: int,
        quantity: int,
    ) -> BucketRow:
        price = self._prices[cell]
        pico = (sent - cached) * price.input + cached * price.cached + output * price.output
        # A credit is a cent: 10^10 pico-dollars are 10^9 nano-credits.
        nano = (pico + quantity * price.unit) // 10
        return BucketRow(
            start,
            width,
            self._who[cell],
            self._what[cell],
            requests,
            sent,
            cached,
            output,
            quantity * 1_000_000,
            nano,
        )
