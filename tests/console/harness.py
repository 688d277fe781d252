"""The console on fixed reports: the real app and screens, a live link that answers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import BurndeckError
from agent.settings import Settings
from agent.settings_schema import Organization
from console.live import Answer, Live, News, Question, Trouble
from tests.console import samples


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


_SETTINGS = FixedSettings(organization=Organization(name="Example Corp"))


def _no_ledger() -> tuple[Settings, object]:
    raise AssertionError("the fixed link opens no ledger")


class FixedLive(Live):
    """Answers every question by its topic, or with trouble; remembers what it was asked."""

    def __init__(
        self, answers: dict[str, Callable[[Question], object]], trouble: BurndeckError | None = None
    ) -> None:
        super().__init__(_no_ledger)  # type: ignore[arg-type]
        self._answers = answers
        self.trouble = trouble
        self.watched: Question | None = None
        self.asked: list[str] = []
        self.paused = False
        self._hear: Callable[[News], None] | None = None

    def start(self) -> None:
        """No thread."""

    def stop(self) -> None:
        """No thread."""

    def listen(self, deliver: Callable[[News], None]) -> None:
        self._hear = deliver
        if self.watched is not None:
            self.ask(self.watched)

    def watch(self, question: Question | None) -> None:
        self.watched = question
        if question is not None:
            self.ask(question)

    def ask(self, question: Question) -> None:
        self.asked.append(question.topic)
        if self._hear is None:
            return
        if self.trouble is not None:
            self._hear(Trouble(self.trouble))
            return
        self._hear(Answer(question, self._answers[question.topic](question), _SETTINGS, samples.NOW))

    def pause(self, paused: bool) -> None:
        self.paused = paused
