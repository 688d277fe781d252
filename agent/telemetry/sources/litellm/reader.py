"""Reads the log of spend into the ledger: new calls with every poll, late rows and history behind them.

The proxy writes a call's row when the call has ended and some seconds more, but under the time of its
beginning. So every poll reads on from a little before where it was, some go minutes back for calls that took
long, and `reread` of the past is gone through for rows that came later still. A row that is known counts
once, by its request id.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from agent.domain.usage import Pattern
from agent.ledger.rows import EventBatch, QuarantineRow
from agent.telemetry.decode import Part, RowError, Rows
from agent.telemetry.intake_batch import BatchBuilder
from agent.telemetry.schedule import parse_schedule
from agent.telemetry.sources.litellm.progress import Progress, Window, missing, pieces
from agent.telemetry.sources.litellm.rows import Owners, record_of_row
from agent.telemetry.sources.litellm.spend_log import PATH

if TYPE_CHECKING:
    from decimal import Decimal

    from agent.ledger.writer import Cursor, LedgerWriter
    from agent.litellm.keys import Json
    from agent.settings_schema import Source as SourceSettings
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.rates import RateCard
    from agent.telemetry.sources import Desk
    from agent.telemetry.sources.litellm.spend_log import SpendLog

CURSOR = "spend_log"
_LATE_S = 30  # a poll reads on from so long before where it was: most rows are there by then
_FRESH_S = 300  # at least so much of the newest time is read when it goes further back
_WIDE_EVERY_S = 30
_FAST_CLOCK_S = 86_400  # as at intake of files: how far ahead of ours another clock may run
_MOST_FORGOTTEN = 10_000


@dataclass(slots=True)
class Decoder:
    """Makes batches of rows; learns nothing of the network."""

    account: str
    rates: RateCard
    attributor: Attributor
    usd_per_credit: Decimal
    owners: Owners = field(default_factory=Owners)

    def batches(self, rows: Sequence[Json], now: float) -> tuple[list[EventBatch], list[tuple[str, str]]]:
        """The rows as events, those that the gateway attributes apart; the refused ones and why."""
        parts: dict[Pattern, Part] = {Pattern.GATEWAY: Part(), Pattern.TAG: Part()}
        refused: list[tuple[str, str]] = []
        for row in rows:
            raw = _short(row)
            try:
                record, pattern = record_of_row(row, self.owners.of(row), self.usd_per_credit)
            except RowError as error:
                refused.append((str(error), raw))
                continue
            part = parts[pattern]
            part.records.append(record)
            if isinstance(part.rows, Rows):
                part.rows.add(len(part.records), raw.encode())
        built = []
        for pattern, part in parts.items():
            builder = BatchBuilder(
                self.rates, self.attributor, self.account, pattern, int(now) + _FAST_CLOCK_S
            )
            builder.add(part)
            batch, bad = builder.build()
            refused += [(row.reason, row.raw) for row in bad]
            if len(batch):
                built.append(batch)
        return built, refused


class LogReader:
    """One proxy's log."""

    def __init__(
        self,
        source: SourceSettings,
        log: SpendLog,
        desk: Desk,
        decoder: Decoder,
        refresh: Callable[[float], Awaitable[None]],
        progress: Progress,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._log = log
        self._desk = desk
        self._decoder = decoder
        self._refresh = refresh  # reads the proxy's keys again
        self.progress = progress
        self._monotonic = monotonic  # real time, since it is the proxy that is spared
        self._schedule = parse_schedule(source.every)
        self._rest_until = -math.inf
        self._wide_at = -math.inf  # when it was last gone further back
        self._unlisted: set[str] = set()  # keys in the log that the proxy lists no more
        self._totals: dict[Window, int] = {}  # rows of a piece when it was read last
        self._revisions: list[Window] = []
        self._revising_since = 0

    async def run(self, now: float) -> None:
        """Reads the newest calls; rests as long as that took where it took longer than to the next poll."""
        began = self._monotonic()
        if began < self._rest_until:
            return
        if not self.progress.revised_at:
            self.progress = replace(self.progress, revised_at=int(now))
        start, end = self._fresh(now)
        wide = not 0 <= now - self._wide_at < _WIDE_EVERY_S
        if not wide and self.progress.read_to is not None:
            start = max(start, min(self.progress.read_to, int(now)) - _LATE_S)
        await self._read((start, end), now)
        if wide:
            self._wide_at = now
        ended = self._monotonic()
        if ended - began > self._schedule.next_after(now) - now:
            self._rest_until = 2 * ended - began

    async def backlog(self, now: float) -> bool:
        """Looks for late rows in one piece, or reads one piece of history; False when none is left."""
        since = now - self.progress.revised_at
        if not self._revisions and not 0 <= since < self._source.reread / 3:
            self._begin_revision(now)
        if self._revisions:
            await self._revise(self._revisions[0], now)
            self._revisions.pop(0)
            if not self._revisions:
                self.progress = replace(self.progress, revised_at=self._revising_since)
                cursor = self.progress.encode()
                await self._desk.write(lambda writer: writer.save_cursor(self._source.name, CURSOR, cursor))
            return True
        window = missing(self.progress, int(now) - self._source.history, self._fresh(now)[0])
        if window is None:
            return False
        await self._read(window, now)
        return True

    def _fresh(self, now: float) -> Window:
        end = int(now) + 1
        return end - max(_FRESH_S, 2 * self._source.settle), end

    def _begin_revision(self, now: float) -> None:
        self._revising_since = int(now)
        since = min(self.progress.revised_at, int(now)) - self._source.reread
        until = self._fresh(now)[0]
        wanted = pieces(max(since, int(now) - self._source.history), until)
        self._revisions = [piece for piece in wanted if self.progress.read.covers(piece[0])]
        if not self._revisions:
            self.progress = replace(self.progress, revised_at=int(now))
        self._totals = {piece: self._totals[piece] for piece in self._revisions if piece in self._totals}

    async def _revise(self, piece: Window, now: float) -> None:
        """Reads a piece again unless the proxy has as many rows of it as when it was read last."""
        total = await self._log.count(*piece)
        if total < 0 or self._totals.get(piece) != total:
            await self._read(piece, now)
            self._totals[piece] = total

    async def _read(self, window: Window, now: float) -> None:
        """Reads a stretch of time and keeps it; where it stands is kept with its last rows."""
        held: list[Json] = []
        async for rows in self._log.rows(*window):
            if held:
                await self._keep(held, now, None)
            held = rows
        progress = self.progress.with_read((window[0], min(window[1], int(now))))
        await self._keep(held, now, (self._source.name, CURSOR, progress.encode()))
        self.progress = progress

    async def _keep(self, rows: Sequence[Json], now: float, cursor: Cursor | None) -> None:
        await self._learn(rows, now)
        batches, refused = self._decoder.batches(rows, now)
        found = [(each.kind, each.subject, each.detail) for each in self._decoder.attributor.take_findings()]
        found += _unpriced(self._source.name, rows)

        def write(writer: LedgerWriter) -> None:
            with writer.transaction():
                for batch in batches:
                    writer.write_events(batch)
                if refused:
                    kept = [
                        QuarantineRow(self._source.name, f"{PATH}: {raw}", why, raw) for why, raw in refused
                    ]
                    writer.quarantine(kept, int(now))
                writer.findings(found, int(now))
                if cursor is not None:
                    writer.save_cursor(*cursor)

        await self._desk.write(write)

    async def _learn(self, rows: Sequence[Json], now: float) -> None:
        """Reads the proxy's keys again where a row is of one that it had not listed."""
        owners = self._decoder.owners
        new = {str(row["api_key"]) for row in rows if owners.lacks(row)} - self._unlisted
        if new:
            await self._refresh(now)
            if len(self._unlisted) > _MOST_FORGOTTEN:
                self._unlisted.clear()
            self._unlisted |= new - owners.by_token.keys()


def _short(row: Json) -> str:
    """What a refused row is known by: nothing that a caller wrote into its request."""
    names = ("request_id", "startTime", "model", "spend", "prompt_tokens", "completion_tokens")
    return msgspec.json.encode({name: row.get(name) for name in names}).decode()


def _unpriced(source: str, rows: Sequence[Json]) -> list[tuple[str, str, str]]:
    """A model without a price at the proxy costs nothing there, which is worth a person's eye."""
    free = {
        str(row.get("model_group") or row.get("model"))
        for row in rows
        if row.get("status") != "failure" and row.get("total_tokens") and not row.get("spend")
        if str(row.get("cache_hit")).lower() != "true"
    }
    detail = "the proxy counts its tokens and charges nothing: give it a price in the proxy's model_list"
    return [("gateway_unpriced", f"{source}:{model}", detail) for model in sorted(free)]
