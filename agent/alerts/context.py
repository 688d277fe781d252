"""What a rule may look at: the ledger as of one instant, the settings, and what is open already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from agent.alerts.lifecycle import Judged
from agent.alerts.memory import BurnMemory
from agent.alerts.month import Month
from agent.domain.alert import Alert
from agent.domain.planned import Planned

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.settings import Settings


@dataclass
class RuleContext:
    """One evaluation. Everything read lies in one snapshot of the ledger.

    `at` is the end of the newest complete minute, None when nothing recent can be judged.
    """

    store: AlertStore
    settings: Settings
    now: float
    at: int | None
    known: Sequence[Alert] = ()
    planned: Sequence[Planned] = ()
    memory: BurnMemory = field(default_factory=BurnMemory)

    @cached_property
    def month(self) -> Month:
        """The month of budgets."""
        return Month.at(self.now, self.settings.organization.time_zone)


Rule = Callable[[RuleContext], Judged | None]
"""Judges one rule; None when it cannot be judged now, so that its open alerts stay as they are."""
