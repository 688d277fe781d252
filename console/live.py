"""The live link to the ledger: one thread that watches it, makes reports, and never keeps a screen waiting.

Nothing here knows Textual: the thread may run while the screen is still being built.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

POLL_S = 0.05  # how often the ledger is asked whether anything was committed; costs microseconds
BETWEEN_S = 0.5  # at most two reports a second while commits keep coming
PULSE_S = 1.0  # how often it is asked whether the agent's process still lives
REFRESH_S = 10.0  # a report is made again after that long without commits: an agent that died must show
RETRY_S = 1.0  # how often a missing ledger or a broken configuration is tried again


@dataclass(frozen=True, slots=True)
class Question:
    """What a screen wants to know; `topic` says whose it is, `about` what exactly is asked."""

    topic: str
    ask: Callable[[LedgerReader, Settings, float], object]
    about: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, with the settings (clock, zone, names) that it was made under."""

    question: Question
    value: object
    settings: Settings
    now: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer: no ledger, a broken configuration, a bug."""

    error: BurndeckError


News = Answer | Trouble
Open = Callable[[], "tuple[Settings, LedgerReader]"]


class Live:
    """Keeps a screen's question answered while the ledger changes, and answers others once.

    Beside it stands a question that every screen shares: it is answered after every change, whatever is
    watched and even while paused, so it has to be cheap. `open_ledger` is called in the thread, again after
    every failure, until it succeeds.
    """

    def __init__(self, open_ledger: Open) -> None:
        self._open = open_ledger
        self._wake = threading.Condition()
        self._deliver: Callable[[News], None] | None = None
        self._unheard: list[News] = []
        self._watched: Question | None = None
        self._standing: Question | None = None
        self._asked: Question | None = None
        self._due = self._standing_due = False
        self._paused = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def listen(self, deliver: Callable[[News], None]) -> None:
        """Sends news to `deliver` (called in the thread), first those that came before anybody listened."""
        with self._wake:
            self._deliver = deliver
            unheard, self._unheard = self._unheard, []
        for news in unheard:
            deliver(news)

    def watch(self, question: Question) -> None:
        """Answers the question at once and after every change of the ledger, in place of the one before."""
        with self._wake:
            self._watched, self._asked, self._due = question, None, True
            self._wake.notify()

    def stand(self, question: Question) -> None:
        """Answers the standing question at once and after every change, in place of the one before."""
        with self._wake:
            self._standing, self._standing_due = question, True
            self._wake.notify()

    def leave(self, topic: str) -> None:
        """Stops to watch a question of this topic; one of another topic that took its place stays."""
        with self._wake:
            if self._watched is not None and self._watched.topic == topic:
                self._watched, self._asked, self._due = None, None, False

    def ask(self, question: Question) -> None:
        """Answers a question once; a newer one that comes before its turn takes its place."""
        with self._wake:
            self._asked = question
            self._wake.notify()

    def pause(self, paused: bool) -> None:
        """While paused the ledger is not looked at, except for questions that a person asks."""
        with self._wake:
            self._paused = paused
            self._due = self._due or (not paused and self._watched is not None)
            self._wake.notify()

    def stop(self) -> None:
        """Ends the thread; returns when it has let go of the ledger."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._stopped:
            try:
                settings, reader = self._open()
                with reader:
                    self._serve(settings, reader)
            except BurndeckError as error:
                self._tell(Trouble(error))
                self._wait(RETRY_S)
            except Exception as error:  # noqa: BLE001 - a bug must not freeze the screen silently
                self._tell(Trouble(_bug(error)))
                self._wait(REFRESH_S)

    def _serve(self, settings: Settings, reader: LedgerReader) -> None:
        """Answers questions until stopped or until the ledger fails."""
        watched, standing, pulse = _Turn(), _Turn(), _Pulse()
        while not self._stopped:
            taken = self._next()
            if taken.asked is not None:
                self._answer(taken.asked, settings, reader)
            if taken.watched is None and taken.standing is None:
                continue
            now = time.monotonic()
            version = (reader.data_version(), pulse.gone(reader, now))
            if taken.standing is not None and standing.comes(version, now, taken.standing_due):
                self._answer(taken.standing, settings, reader)
            if taken.watched is not None and watched.comes(version, now, taken.due, held=self._paused):
                self._answer(taken.watched, settings, reader)

    def _next(self) -> _Taken:
        """Waits for the next thing to do."""
        with self._wake:
            if not (self._due or self._standing_due or self._asked or self._stopped):
                idle = self._standing is None and (self._paused or self._watched is None)
                self._wake.wait(None if idle else POLL_S)
            taken = _Taken(self._watched, self._standing, self._asked, self._due, self._standing_due)
            self._asked, self._due, self._standing_due = None, False, False
        return taken

    def _answer(self, question: Question, settings: Settings, reader: LedgerReader) -> None:
        now = settings.clock().now()
        self._tell(Answer(question, question.ask(reader, settings, now), settings, now))

    def _tell(self, news: News) -> None:
        with self._wake:
            deliver = self._deliver
            if deliver is None:
                self._unheard = [news]
                return
        deliver(news)

    def _wait(self, seconds: float) -> None:
        """After trouble: waits, and has the watched question answered at the first success."""
        with self._wake:
            if not self._stopped:
                self._wake.wait(seconds)
            self._due = self._watched is not None
            self._standing_due = self._standing is not None


class _Taken(NamedTuple):
    """What there is to do in one round of the thread."""

    watched: Question | None
    standing: Question | None
    asked: Question | None
    due: bool  # the watched question is answered even if nothing has changed
    standing_due: bool


class _Pulse:
    """Whether the agent is gone, looked at now and then: what is dead commits nothing that would tell."""

    def __init__(self) -> None:
        self._last, self._gone = 0.0, False

    def gone(self, reader: LedgerReader, now: float) -> bool:
        from agent.reports.status_line import agent_gone

        if now - self._last >= PULSE_S:
            self._last, self._gone = now, agent_gone(reader)
        return self._gone


class _Turn:
    """When a question that is kept answered is answered again."""

    def __init__(self) -> None:
        self._version, self._last, self._changed = (-1, False), 0.0, True

    def comes(self, version: tuple[int, bool], now: float, due: bool, *, held: bool = False) -> bool:
        """Whether now is the time: asked for, or changed and not answered just before. `held` keeps what has
        changed for later."""
        if not held:
            elapsed = now - self._last
            self._changed = self._changed or version != self._version or elapsed >= REFRESH_S
            self._version = version
            due = due or (self._changed and elapsed >= BETWEEN_S)
        if due:
            self._changed, self._last = False, now
        return due


def _bug(error: Exception) -> BurndeckError:
    return BurndeckError(
        f"the ledger could not be read: {type(error).__name__}: {error}",
        hint="This is a bug in burndeck. `burndeck burn` shows where; the console tries again.",
    )
