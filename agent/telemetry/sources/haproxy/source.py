"""The source `haproxy`: its access log, line by line and each exactly once, over rotations and crashes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.haproxy_log.files import Piece, Place, read_on
from agent.ledger.rows import QuarantineRow
from agent.telemetry.attribution import load_attributor
from agent.telemetry.pages import Tally
from agent.telemetry.rates import load_rate_card
from agent.telemetry.schedule import parse_schedule
from agent.telemetry.sources import Duty, LocalError, SourceContext
from agent.telemetry.sources.haproxy.events import FAST_CLOCK_S, Events, events_of
from agent.telemetry.sources.haproxy.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ledger.writer import LedgerWriter
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.rates import RateCard
    from agent.telemetry.sources import Desk

CURSOR = "log"
_PIECE = 4 << 20  # bytes a transaction, some 15,000 calls
_MOST_KEPT = 1_000  # refused lines of a piece that are kept; the others are only counted


class Progress(msgspec.Struct, frozen=True):
    """What the cursor keeps."""

    place: Place | None = None
    newest: int | None = None  # time of the newest call


@dataclass(slots=True)
class _Where:
    name: str
    account: str
    log: Path


class LogReader:
    """Reads on from where the ledger says that it stopped; rows and place are saved in one transaction."""

    def __init__(
        self,
        where: _Where,
        desk: Desk,
        rates: RateCard,
        attributor: Attributor,
        progress: Progress,
        receiver: Receiver | None,
    ) -> None:
        self.tally = Tally()
        self.progress = progress
        self.covered_to = progress.newest
        self.unmeasured = 0
        self.bad = 0
        self.deaf = ""  # why nothing is taken in by UDP
        self.receiver = receiver
        self._where = where
        self._desk = desk
        self._rates = rates
        self._attributor = attributor

    async def run(self, now: float) -> None:
        """Reads the next piece."""
        await self._read(now)

    async def backlog(self, now: float) -> bool:
        """Reads one more piece, if there is a whole one."""
        return await self._read(now)

    async def _read(self, now: float) -> bool:
        """One piece; whether there may be more at once."""
        self.tally.requests += 1
        found = await asyncio.to_thread(self._next, int(now))
        if found is None:
            self.covered_to = int(now)
            return False
        piece, events = found
        newest = int(events.batch.at.max(initial=self.progress.newest or 0)) or None
        progress = Progress(piece.end, newest)
        await self._desk.write(lambda writer: self._write(writer, piece, events, progress, int(now)))
        self.progress = progress
        self.covered_to = newest
        self.tally.pages += 1
        self.tally.rows += events.rows
        self.unmeasured += events.unmeasured
        self.bad += len(events.bad)
        return True

    def _next(self, now: int) -> tuple[Piece, Events] | None:
        log = self._where.log
        self._listen()
        try:
            piece = read_on(log, self.progress.place, _PIECE)
        except FileNotFoundError:
            raise LocalError(
                f"{log}: there is no such log",
                hint="Let HAProxy's log arrive there, or correct log of [[sources]]; "
                "reading begins as soon as it is there.",
            ) from None
        except OSError as error:
            raise LocalError(
                f"{log}: cannot be read: {error.strerror or error}",
                hint="Let the agent's user read it.",
            ) from None
        if piece is None:
            return None
        return piece, events_of(piece, self._where.account, self._rates, self._attributor, now + FAST_CLOCK_S)

    def _listen(self) -> None:
        if self.receiver is None:
            return
        try:
            self.receiver.start()
            self.deaf = ""
        except OSError as error:  # what is in the file is read all the same
            self.deaf = f"nothing is taken in by UDP: {error.strerror or error}"
        self.receiver.sync()

    def _write(
        self, writer: LedgerWriter, piece: Piece, events: Events, progress: Progress, now: int
    ) -> None:
        name = self._where.name
        cursor = (name, CURSOR, msgspec.json.encode(progress).decode())
        findings = [(finding.kind, finding.subject, finding.detail) for finding in events.findings]
        if piece.lost:
            detail = "the file that was read last was gone; calls that only it held are missing"
            findings.append(("log_gap", f"log:{self._where.log}", detail))
        with writer.transaction():
            writer.write_events(events.batch, cursor=cursor, max_rows=max(len(events.batch), 1))
            writer.quarantine(
                [
                    QuarantineRow(name, f"{piece.path}:{row.line}", row.reason, row.raw)
                    for row in events.bad[:_MOST_KEPT]
                ],
                now,
            )
            writer.findings(findings, now)


@dataclass(frozen=True, slots=True)
class HAProxySource:
    """One log."""

    name: str
    kind: str
    account: str
    duties: tuple[Duty, ...]
    reader: LogReader

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What the log gave."""
        return {CURSOR: self.reader.tally}

    @property
    def covered_to(self) -> int | None:
        """When the log was last read to its end, else the newest call read."""
        return self.reader.covered_to

    @property
    def notes(self) -> list[str]:
        """Lines that are lost or refused, calls whose tokens nobody knows."""
        reader, receiver = self.reader, self.reader.receiver
        notes = [reader.deaf] if reader.deaf else []
        if receiver and receiver.trouble:
            notes.append(f"{receiver.trouble}; {receiver.dropped} lines are lost")
        if reader.bad:
            notes.append(f"{reader.bad} lines were no calls and are kept aside")
        if reader.unmeasured:
            notes.append(f"{reader.unmeasured} calls without tokens (streamed or too large): unpriced")
        return notes

    async def close(self) -> None:
        """Ends listening."""
        if self.reader.receiver is not None:
            await asyncio.to_thread(self.reader.receiver.close)


async def open_source(context: SourceContext) -> HAProxySource:
    """Opens the source; raises `ConfigError` when prices or the registry are wrong."""
    settings, source = context.settings, context.source
    attributor = load_attributor(settings)
    rates = load_rate_card(settings)

    def progress(writer: LedgerWriter) -> Progress:
        attributor.learn(*writer.directory(source.account))
        cursor = writer.cursor(source.name, CURSOR)
        return msgspec.json.decode(cursor, type=Progress) if cursor else Progress()

    log = Path(source.log)
    reader = LogReader(
        _Where(source.name, source.account, log),
        context.desk,
        rates,
        attributor,
        await context.desk.write(progress),
        Receiver(source.listen, log) if source.listen else None,
    )
    duties = (Duty(CURSOR, parse_schedule(source.every), reader.run, reader.backlog),)
    return HAProxySource(source.name, source.kind, source.account, duties, reader)
