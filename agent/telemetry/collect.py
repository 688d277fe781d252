"""Collecting from one source: what is due, what failed, when it is tried again, and what it came to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import BurndeckError
from agent.ledger.rows import SourceStatus
from agent.provider_http import HttpError
from agent.secrets import redact
from agent.settings_schema import Source as SourceSettings
from agent.telemetry.pages import PaginationError
from agent.telemetry.sources import LocalError, Source, SourceContext, open_source

if TYPE_CHECKING:
    from agent.provider_http import RetryPolicy
    from agent.settings import Settings
    from agent.telemetry.sources import Desk, Duty

_log = logging.getLogger(__name__)
_FIRST_RETRY_S = 30.0
_LONGEST_RETRY_S = 900.0
_LOCAL_RETRY_S = 2.0  # what is missing on this machine itself


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """What one endpoint was asked for and gave."""

    endpoint: str
    requests: int
    pages: int
    rows: int
    note: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How a source stands after a pass. `state` is ok, waiting, failed or stopped, as in the ledger."""

    name: str
    kind: str
    account: str
    state: str
    message: str
    hint: str
    covered_to: int | None
    exit_code: int  # of a command that reads this source: 0, 2 (configuration) or 3 (cannot be read)
    endpoints: tuple[EndpointReport, ...]


@dataclass(frozen=True, slots=True)
class _Failure:
    state: str
    message: str
    hint: str
    exit_code: int
    retry_at: float


def configured_sources(settings: Settings) -> tuple[SourceSettings, ...]:
    """The sources to read: those of burndeck.toml; without any, OpenAI when there is an admin key for it.

    Raises `ConfigError` when that key was given but cannot be read.
    """
    if settings.sources:
        return settings.sources
    from agent.secrets import NoSecretError, find_secret

    source = SourceSettings()
    try:
        find_secret(*settings.secret_names(source))
    except NoSecretError:
        return ()
    return (source,)


class Collector:
    """Reads one source whenever `step` or `catch_up` is called. A failure is kept, reported and retried."""

    def __init__(self, settings: Settings, source: SourceSettings, desk: Desk, policy: RetryPolicy) -> None:
        self._context = SourceContext(settings, source, desk, policy)
        self._desk = desk
        self._source: Source | None = None
        self._due: dict[str, float] = {}
        self._failures: dict[str, _Failure] = {}
        self._in_a_row: dict[str, int] = {}
        self._incomplete: set[str] = set()  # duties whose lists have no end: no backlog until the next run
        self._last_ok: int | None = None
        self._last_now = 0.0
        self._rest_until = 0.0  # the provider is asked for nothing before

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._context.source.name

    def next_due(self, now: float) -> float:
        """When `step` has something to do next."""
        return min(self._due.values(), default=now)

    async def step(self, now: float) -> bool:
        """Does every duty that is due, then one piece of backlog; True while there may be more of it."""
        if now < self._last_now:
            self._forget_schedule()  # the clock was set back: what is due by it could be hours away
        self._last_now = now
        did_something = False
        more = False
        source = await self._open(now)
        if source is not None and now >= self._rest_until:
            for duty in source.duties:
                if self._due.get(duty.name, now) <= now:
                    did_something = True
                    if not await self._do(duty, now):
                        break
            else:
                more = await self._work_off(source, now)
        if did_something or more or source is None:
            await self._save_status(now)
        return more

    async def tick(self, now: float) -> None:
        """Does every duty that is due and the whole backlog."""
        while await self.step(now):
            pass

    async def catch_up(self, now: float) -> None:
        """Does every duty and the whole backlog, whatever the schedule says."""
        self._forget_schedule()
        await self.tick(now)

    async def close(self) -> None:
        """Closes the source."""
        if self._source is not None:
            await self._source.close()
            self._source = None

    def report(self) -> SourceReport:
        """How the source stands now."""
        source, settings, failure = self._source, self._context.source, self._failure
        others = len(self._failures) - 1
        tallies = source.tallies if source else {}
        return SourceReport(
            name=settings.name,
            kind=settings.kind,
            account=settings.account,
            state=failure.state if failure else "ok",
            message=_and_more(failure.message, others) if failure else _summary(source),
            hint=failure.hint if failure else "",
            covered_to=source.covered_to if source else None,
            exit_code=failure.exit_code if failure else 0,
            endpoints=tuple(
                EndpointReport(path, tally.requests, tally.pages, tally.rows, tally.note)
                for path, tally in tallies.items()
                if tally.requests
            ),
        )

    async def _open(self, now: float) -> Source | None:
        if self._source is None and self._due.get("open", now) <= now:
            try:
                self._source = await open_source(self._context)
            except Exception as error:  # noqa: BLE001 - whatever it was, the other sources go on
                self._failed("open", error, now)
            else:
                self._succeeded("open")
                self._due.pop("open", None)
        return self._source

    async def _do(self, duty: Duty, now: float) -> bool:
        """One duty; False when its failure is one that the source's other duties would meet too."""
        self._incomplete.discard(duty.name)
        try:
            await duty.run(now)
        except PaginationError as error:
            self._no_end(duty, error, now)
        except Exception as error:  # noqa: BLE001 - one duty never ends the others
            self._failed(duty.name, error, now)
            if isinstance(error, HttpError) and error.concerns_all:
                self._rest(self._due[duty.name])
                return False
        else:
            self._succeeded(duty.name)
            self._due[duty.name] = duty.schedule.next_after(now)
            self._last_ok = int(now)
        return True

    async def _work_off(self, source: Source, now: float) -> bool:
        """One piece of the past, of the last duty that has one and is not failing; the first has most."""
        for duty in reversed(source.duties):
            past = f"{duty.name} history"  # fails and is tried again for itself: what is new goes on
            if duty.name in self._failures or duty.name in self._incomplete:
                self._due.pop(past, None)  # the duty itself comes first, whenever that is
                continue
            if self._due.get(past, now) > now:
                continue
            try:
                more = await duty.backlog(now)
            except PaginationError as error:
                self._no_end(duty, error, now)
            except Exception as error:  # noqa: BLE001 - one duty never ends the others
                self._failed(past, error, now)
                if isinstance(error, HttpError) and error.concerns_all:
                    self._rest(self._due[past])
                    return False
            else:
                self._succeeded(past)
                self._due.pop(past, None)
                if more:
                    return True
        return False

    def _forget_schedule(self) -> None:
        self._due.clear()
        self._rest_until = 0.0

    def _rest(self, until: float) -> None:
        """Asks for nothing before `until`."""
        self._rest_until = until
        duties = [duty.name for duty in self._source.duties] if self._source else []
        self._due.update((name, until) for name in (*self._due, *duties))

    def _no_end(self, duty: Duty, error: PaginationError, now: float) -> None:
        """A list without an end: what came of it was not kept, which its endpoint notes; reading goes on."""
        _log.warning("%s: %s: %s", self.name, duty.name, error.message)
        self._incomplete.add(duty.name)
        self._due[duty.name] = duty.schedule.next_after(now)

    def _succeeded(self, duty: str) -> None:
        if self._failures.pop(duty, None):
            _log.info("%s: %s works again", self.name, duty)
        self._in_a_row.pop(duty, None)

    def _failed(self, duty: str, error: Exception, now: float) -> None:
        count = self._in_a_row[duty] = self._in_a_row.get(duty, 0) + 1
        wait = min(_FIRST_RETRY_S * 2 ** (count - 1), _LONGEST_RETRY_S)
        state = "failed"
        if isinstance(error, LocalError):
            wait = _LOCAL_RETRY_S
        if isinstance(error, HttpError):
            if error.refused:
                state, wait = "stopped", _LONGEST_RETRY_S
            elif error.status == 429:
                state, wait = "waiting", max(wait, error.retry_after or 0.0)
        self._due[duty] = now + wait
        if isinstance(error, BurndeckError):
            message, hint, exit_code = error.message, error.hint, error.exit_code
            _log.warning("%s: %s: %s", self.name, duty, message)
        else:
            message, exit_code = redact(f"{type(error).__name__}: {error}"), 3
            hint = "This is a defect of burndeck; the agent's log has more."
            _log.exception("%s: %s failed", self.name, duty)
        self._failures[duty] = _Failure(state, message, hint, exit_code, now + wait)

    @property
    def _failure(self) -> _Failure | None:
        """The failure to tell of: the first one."""
        return next(iter(self._failures.values()), None)

    async def _save_status(self, now: float) -> None:
        report, failure = self.report(), self._failure
        status = SourceStatus(
            source=report.name,
            kind=report.kind,
            account=report.account,
            state=report.state,
            message=report.message,
            hint=report.hint,
            last_ok=self._last_ok,
            last_try=int(now),
            covered_to=report.covered_to,
            retry_at=int(failure.retry_at) if failure else None,
        )
        await self._desk.write(lambda writer: writer.save_source_status(status))


def _summary(source: Source | None) -> str:
    """What an open source wants a person to know, in short."""
    notes = source.notes if source else []
    return _and_more(notes[0], len(notes) - 1) if notes else ""


def _and_more(first: str, others: int) -> str:
    """The first in full, the others as a number."""
    return f"{first} (and {others} more)" if others > 0 else first
