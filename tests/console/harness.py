"""The console on fixed reports: the real application and screens, a live link that answers at once."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from textual.pilot import Pilot

from agent.control.identity import new_identity
from agent.domain.person import Person, Role
from agent.errors import BurndeckError
from agent.ledger.kinds import Kind
from agent.reports.alert_badge import AlertBadge
from agent.reports.burn_report import BurnReport
from agent.reports.status import Status
from agent.reports.triage_report import TriageDetail, TriageReport
from agent.settings import Settings
from agent.settings_schema import Organization
from console.deck import BurndeckApp
from console.live import Answer, Live, News, Question, Trouble
from console.questions import ALERT, ALERTS, BURN, DETAIL, TRIAGE, Watch
from console.view import View
from tests.console import alert_samples, samples, triage_samples

PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, so that pictures are the same every time."""

    at: float

    def now(self) -> float:
        return self.at

    def real_seconds(self, seconds: float) -> float:
        return seconds


class FixedSettings(Settings):
    """Defaults, with the clock of the samples."""

    def clock(self) -> FixedClock:  # type: ignore[override]
        return FixedClock(samples.NOW)


ADA = new_identity("ada")
SETTINGS = FixedSettings(
    organization=Organization(name="Example Corp"),
    people=(Person(ADA.name, ADA.public_key, (Role.OPERATOR,)),),
)


def _no_ledger() -> tuple[Settings, Any]:
    raise AssertionError("the fixed link opens no ledger")


class FixedLive(Live):
    """Answers from the samples, or with trouble; remembers what it was asked."""

    def __init__(self, report: BurnReport | None = None, trouble: BurndeckError | None = None) -> None:
        super().__init__(_no_ledger)
        self.report = report or samples.burn_report()
        self.trouble = trouble
        self.watched: Question | None = None
        self.asked: list[Question] = []
        self.held = False
        self.badge = AlertBadge(())
        self.standing: Question | None = None
        self._hear: Callable[[News], None] | None = None

    @property
    def view(self) -> View:
        """The view of the question that is being watched."""
        assert self.watched is not None
        view = self.watched.about[0]
        assert isinstance(view, View)
        return view

    def start(self) -> None:
        """No thread."""

    def stop(self) -> None:
        """No thread."""

    def listen(self, deliver: Callable[[News], None]) -> None:
        self._hear = deliver
        if self.watched is not None:
            self.ask(self.watched)

    def watch(self, question: Question) -> None:
        self.watched = question
        self.ask(question)

    def stand(self, question: Question) -> None:
        self.standing = question
        self._answer_standing()

    def _answer_standing(self) -> None:
        if self._hear is not None and self.standing is not None and self.trouble is None:
            self._hear(Answer(self.standing, Watch(self.badge, ()), SETTINGS, samples.NOW))

    def leave(self, topic: str) -> None:
        if self.watched is not None and self.watched.topic == topic:
            self.watched = None

    def ask(self, question: Question) -> None:
        self.asked.append(question)
        if self._hear is None:
            return
        if self.trouble is not None:
            self._hear(Trouble(self.trouble))
        else:
            self._hear(Answer(question, self._answer(question), SETTINGS, samples.NOW))

    def pause(self, paused: bool) -> None:
        self.held = paused

    def change(self, report: BurnReport) -> None:
        """Something was committed: the burn report is another one now."""
        self.report, self.trouble = report, None
        assert self.watched is not None
        self.ask(self.watched)

    def fire(self, badge: AlertBadge) -> None:
        """Something was committed: other alerts fire now."""
        self.badge = badge
        self._answer_standing()

    def _answer(self, question: Question) -> object:
        if question.topic == ALERTS:
            return alert_samples.board(question.about[0].at)  # type: ignore[attr-defined]
        if question.topic == ALERT:
            ident = question.about[0]
            assert isinstance(ident, int)
            return alert_samples.detail(ident)
        return self._of_burn(question)

    def _of_burn(self, question: Question) -> BurnReport | tuple[TriageReport, Status] | TriageDetail:
        if question.topic == BURN:
            at = question.about[0].at  # type: ignore[attr-defined]
            return self.report if at is None else replace(self.report, at=at, live=False)
        if question.topic == TRIAGE:
            view, within = question.about
            report = triage_samples.triage_report(within)  # type: ignore[arg-type]
            at = view.at or samples.AT  # type: ignore[attr-defined]
            return replace(report, at=at, window_s=view.window_s), samples.STATUS  # type: ignore[attr-defined]
        assert question.topic == DETAIL
        kind, value = question.about
        assert isinstance(kind, Kind)
        return triage_samples.triage_detail(kind, str(value))


@dataclass(slots=True)
class Console:
    """A running console with keys to press and a screen to read."""

    app: BurndeckApp
    live: Any  # FixedLive, or a link to a real ledger
    pilot: Pilot[None]
    copied: list[str] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)

    async def press(self, *keys: str) -> None:
        """Types keys and waits until the screen has followed."""
        await self.pilot.press(*keys)
        await self.settle()

    async def until(self, *texts: str) -> str:
        """The screen as soon as it shows all texts, also over two lines: for a link with a thread."""
        deadline = time.monotonic() + PATIENCE_S
        while not all(text in self.text or text in " ".join(self.text.split()) for text in texts):
            assert time.monotonic() < deadline, f"{texts} did not come together:\n{self.text}"
            await self.pilot.pause(0.02)
        return self.text

    async def known(self) -> None:
        """Waits until a thread has found out who is here."""
        deadline = time.monotonic() + PATIENCE_S
        while self.app.standing is None:
            assert time.monotonic() < deadline, "nobody knows who is here"
            await self.pilot.pause(0.01)

    async def settle(self) -> None:
        """Waits until all messages are handled."""
        for _ in range(3):
            await self.pilot.pause()

    @property
    def lines(self) -> list[str]:
        """The screen as text, line by line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def names(self, table: str) -> list[str]:
        """The keys of a table's rows as they are shown."""
        return [row.key for row in self.app.screen.query_one(f"#{table}").shown]  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def console(
    size: tuple[int, int] = (80, 24), live: Live | None = None, theme: str = ""
) -> AsyncIterator[Console]:
    """The console on fixed reports at a terminal size."""
    link = live or FixedLive()
    app = BurndeckApp(link)
    if theme:
        app.theme = theme
    rung: list[str] = []
    app.ring = rung.append  # type: ignore[method-assign]
    async with app.run_test(size=size) as pilot:
        running = Console(app, link, pilot, rung=rung)
        app.copy_to_clipboard = running.copied.append  # type: ignore[method-assign]
        await running.settle()
        yield running


def piloted(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs an async test; pytest knows only plain functions."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Taking(Protocol):
    """An agent's side that takes what is signed, and says why of each that it refuses."""

    def take(self) -> list[str]: ...


async def taken(desk: Taking, count: int = 1) -> list[str]:
    """What the agent makes of so many rows: a note of a refusal is left without a word."""
    found: list[str] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found += desk.take()
        if len(found) >= count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"only {found} came")
