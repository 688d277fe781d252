"""Reads calendars of releases, files or addresses, into the feed of changes; again and again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.errors import SourceError
from agent.http import httpx, new_client
from agent.settings_changes import is_address
from agent.telemetry.changes.ical import CalendarText, read_calendar
from agent.telemetry.changes.repeats import Window
from agent.telemetry.schedule import parse_schedule

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings
    from agent.telemetry.sources import Desk

PREFIX = "calendar "
"""Begins the source of every change that a calendar lists."""
MOST_BYTES = 8 * 1024 * 1024
_TIMEOUT_S = 15.0
_log = logging.getLogger(__name__)


class Calendars:
    """The calendars of the configuration. One that cannot be read is said so, and keeps what it listed."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._calendars = source_names(settings.changes.calendars)
        self._zone = ZoneInfo(settings.organization.time_zone)
        self._desk = desk
        self._schedule = parse_schedule(settings.changes.every)
        self._due = float("-inf")
        self._trouble: dict[str, str] = {}

    async def tick(self, now: float) -> None:
        """Reads the calendars where that is due."""
        if now >= self._due:
            await self.read(now)

    async def read(self, now: float) -> None:
        """Reads every calendar now. None of them ever raises for what it says, or does not say."""
        self._due = self._schedule.next_after(now)
        window = Window.around(int(now))
        for source, calendar in self._calendars.items():
            try:
                text = await _text(source, calendar)
                found = await asyncio.to_thread(read_calendar, text, source, self._zone, window)
            except SourceError as error:
                await self._failed(source, error.message, now)
            except ValueError as error:
                await self._failed(source, str(error), now)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other calendars are read
                await self._failed(source, f"it cannot be read: {type(error).__name__}", now)
            else:
                await self._keep(source, found, now)
        names = list(self._calendars)
        await self._desk.write(lambda writer: writer.changes.keep_sources(PREFIX, names, since=int(now)))

    async def _keep(self, source: str, found: CalendarText, now: float) -> None:
        def write(writer: LedgerWriter) -> None:
            with writer.transaction():
                writer.changes.replace(
                    source,
                    found.changes,
                    since=int(now),  # a calendar that shows what is to come only does not take back the past
                    keep=found.unread,
                    cancelled=found.cancelled,
                )
                rows = [
                    (source, f"line {each.line}: {each.field}", each.reason, each.raw)
                    for each in found.refused
                ]
                writer.quarantine(rows, int(now))

        await self._desk.write(write)
        if self._trouble.pop(source, None):
            _log.info("%s: can be read again", source)

    async def _failed(self, source: str, why: str, now: float) -> None:
        if self._trouble.get(source) == why:
            return
        self._trouble[source] = why
        _log.warning("%s: %s; what it listed before is kept", source, why)
        await self._desk.write(lambda writer: writer.findings([("calendar_unread", source, why)], int(now)))


def source_names(calendars: tuple[str, ...]) -> dict[str, str]:
    """Calendars by what the feed calls them. An address may be a secret: a part of its hash stands for it."""
    found: dict[str, str] = {}
    for calendar in calendars:
        if is_address(calendar):
            host = httpx.URL(calendar).host
            name = f"{host} {hashlib.sha256(calendar.encode()).hexdigest()[:6]}"
        else:
            name = Path(calendar).name
            alike = [each for each in calendars if not is_address(each) and Path(each).name == name]
            name = calendar if len(alike) > 1 else name
        found[PREFIX + name] = calendar
    return found


async def _text(source: str, calendar: str) -> str:
    """What a calendar says; `SourceError` where it cannot be read. Its address is never told."""
    raw = await (_fetched(calendar) if is_address(calendar) else asyncio.to_thread(_file, Path(calendar)))
    if len(raw) > MOST_BYTES:
        raise SourceError(f"it has more than {MOST_BYTES // 1024 // 1024} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("it is no UTF-8 text") from None


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None


async def _fetched(address: str) -> bytes:
    url = address.replace("webcal://", "https://", 1) if address.startswith("webcal://") else address
    parts = bytearray()
    try:
        async with (
            asyncio.timeout(2 * _TIMEOUT_S),
            new_client(url, timeout_s=_TIMEOUT_S) as client,
            client.stream("GET", url, headers={"Accept": "text/calendar, text/plain;q=0.5"}) as reply,
        ):
            if not reply.is_success:
                raise SourceError(f"its server answered {reply.status_code}")
            async for part in reply.aiter_bytes():
                parts += part
                if len(parts) > MOST_BYTES:
                    break
    except TimeoutError:
        raise SourceError("its server did not answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"its server cannot be reached: {type(error).__name__}") from None
    return bytes(parts)
