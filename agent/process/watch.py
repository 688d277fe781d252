"""What the agent does when the ledger has changed: hears people, judges new burn, has messages delivered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.alerts import BUDGETS, BurnMemory, Evaluation, evaluate
from agent.alerts import handlers as alert_handlers
from agent.control import Handled, requests, take
from agent.process.acting import Enforcer, Told
from agent.runbooks import requests as run_requests
from agent.runbooks.linking import linked

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

LOOK_S = 0.1
"""How often, in real seconds, it is looked whether anybody has committed anything; costs microseconds."""

_LEAST_PAUSE_S = 0.3
_PAUSE_OF_DURATION = 4.0  # judging takes a fifth of the writer's time at most, however fast data comes
_log = logging.getLogger(__name__)


@dataclass
class Watch:
    """Judges at once what has changed, and no more often than the machine can bear.

    All calls are made on the writer's thread.
    """

    settings: Settings
    told: Callable[[], None]  # called when there may be messages to deliver, or actions to carry out
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._memory = BurnMemory()
        tell = Told(self.settings)
        self._handlers = {
            **alert_handlers.handlers(self.settings),
            **linked(self.settings, requests.handlers(self.settings, tell)),
            **run_requests.handlers(self.settings, tell),
        }
        self._enforcer = Enforcer(self.settings, tell)
        self._mark: tuple[int, ...] = ()
        self._next = 0.0

    @property
    def resting(self) -> bool:
        """Whether new burn must wait a moment before it is judged."""
        return self.monotonic() < self._next

    def look(self, writer: LedgerWriter, now: float) -> bool:
        """After a commit: carries out what people want, and judges the burn if it has changed.

        Returns whether something is left to be judged as soon as it has rested.
        """
        heard = self._hear(writer, now)
        mark = self._mark_of(writer, now)
        if any(each.done for each in heard):
            self.told()  # whoever throttles does not wait for the judgement
        elif mark == self._mark and (self.resting or not self._enforcer.left):
            return self._enforcer.left
        if self.resting and not heard:
            evaluate(writer, self.settings, now, rules=BUDGETS)  # a cap that is reached does not wait
            self._enforce(writer, now)
            self.told()
            return True
        self.judge(writer, now, mark)
        return self._enforcer.left

    def _hear(self, writer: LedgerWriter, now: float) -> list[Handled]:
        try:
            return take(writer, self.settings, now, self._handlers, monotonic=self.monotonic)
        except Exception:  # noqa: BLE001 - whatever somebody wrote there, burn is judged
            _log.exception("what people want could not be read; it is tried again with the next change")
            return []

    def _mark_of(self, writer: LedgerWriter, now: float) -> tuple[int, ...]:
        """Changes whenever burn does, or what an allocation may burn."""
        changes = (change.action for change in writer.actions.allocation_changes(int(now)))
        return (*writer.alerts.mark(int(now)), *changes)

    def _enforce(self, writer: LedgerWriter, now: float) -> None:
        try:
            self._enforcer.enforce(writer, int(now))
        except Exception:  # noqa: BLE001 - what the agent would do by itself never stops the judging
            _log.exception("caps could not be enforced; it is tried again with the next judgement")

    def judge(self, writer: LedgerWriter, now: float, mark: tuple[int, ...] | None = None) -> Evaluation:
        """Judges every rule now."""
        began = self.monotonic()
        self._mark = self._mark_of(writer, now) if mark is None else mark
        evaluation = evaluate(writer, self.settings, now, self._memory)
        self._enforce(writer, now)
        ended = self.monotonic()
        self._next = ended + max(_LEAST_PAUSE_S, _PAUSE_OF_DURATION * (ended - began))
        for alert in evaluation.fired:
            _log.warning("alert %d fired: %s", alert.id or 0, alert.signal.summary)
        for alert in evaluation.resolved:
            _log.info("alert %d resolved: %s", alert.id or 0, alert.signal.summary)
        self.told()
        return evaluation
