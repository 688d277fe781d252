"""Reading all sources in the caller's thread: one pass, or pass by pass at the caller's times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from agent.provider_http import BRISK, RetryPolicy
from agent.settings_changes import CONFIGURED
from agent.telemetry.changes.calendars import Calendars
from agent.telemetry.collect import Collector, SourceReport, configured_sources
from agent.telemetry.rates import load_rate_card

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings
    from agent.settings_schema import Source as SourceSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OnceReport:
    """What one pass over every source came to."""

    sources: tuple[SourceReport, ...]
    seconds: float  # real seconds that it took

    @property
    def failed(self) -> SourceReport | None:
        """The first source that could not be read."""
        return next((source for source in self.sources if source.state != "ok"), None)


class Collecting:
    """Reads all sources whenever it is told to; keeps connections and progress from pass to pass."""

    def __init__(self, settings: Settings, writer: LedgerWriter, policy: RetryPolicy = BRISK) -> None:
        sources = configured_sources(settings)
        keep_settings(writer, settings, sources)
        self._runner = asyncio.Runner()
        self._collectors = [Collector(settings, source, _SameThread(writer), policy) for source in sources]
        self._calendars = Calendars(settings, _SameThread(writer))

    def tick(self, now: float) -> tuple[SourceReport, ...]:
        """Reads what the sources' schedules say is due at `now`, and all that is missing or revised."""
        self._runner.run(self._calendars.tick(now))
        return self._run(lambda collector: collector.tick(now))

    def catch_up(self, now: float) -> tuple[SourceReport, ...]:
        """Reads everything, whatever the schedules say."""
        self._runner.run(self._calendars.read(now))
        return self._run(lambda collector: collector.catch_up(now))

    def close(self) -> None:
        """Closes connections; the writer stays the caller's."""
        for collector in self._collectors:
            self._runner.run(collector.close())
        self._runner.close()

    def __enter__(self) -> Collecting:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, read: Callable[[Collector], Coroutine[Any, Any, None]]) -> tuple[SourceReport, ...]:
        for collector in self._collectors:
            self._runner.run(read(collector))
        return tuple(collector.report() for collector in self._collectors)


def collect_once(
    settings: Settings, writer: LedgerWriter, now: float, policy: RetryPolicy = BRISK
) -> OnceReport:
    """One pass over every source as of `now`: what is new, revisions, and the history still missing."""
    started = time.perf_counter()
    with Collecting(settings, writer, policy) as collecting:
        sources = collecting.catch_up(now)
    return OnceReport(sources, time.perf_counter() - started)


def keep_settings(writer: LedgerWriter, settings: Settings, sources: Iterable[SourceSettings]) -> None:
    """Keeps in the ledger what its figures rest on: the rates, and the calendar of releases.

    The health of sources that are read no longer goes; what they read stays.
    """
    writer.save_rates(load_rate_card(settings).rows())
    writer.save_releases(settings.releases)
    writer.changes.replace(CONFIGURED, settings.declared_changes)
    writer.keep_sources(source.name for source in sources)


class _SameThread:
    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)
