"""What a rule may look at: the ledger as of one instant, the settings, and what is open already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from agent.alerts.lifecycle import Judged
from agent.alerts.memory import BurnMemory
from agent.alerts.month import Month
from agent.alerts.recent import Recent
from agent.analytics.month import Month as Calendar
from agent.analytics.month import month_of
from agent.domain.alert import Alert
from agent.domain.allocation import Scope
from agent.domain.planned import Planned
from agent.domain.watermark import MINUTE_S, known_until
from agent.ledger.lineage import Lineage
from agent.ledger.pieces import HOUR_S

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.rule_store import RuleStore
    from agent.settings import Settings


@dataclass
class RuleContext:
    """One evaluation. Everything read lies in one snapshot of the ledger.

    `at` is the end of the newest complete minute, None when nothing recent can be judged.
    """

    store: AlertStore
    rules: RuleStore
    settings: Settings
    now: float
    at: int | None
    known: Sequence[Alert] = ()
    planned: Sequence[Planned] = ()
    held: Sequence[Planned] = ()  # scopes whose calls burndeck itself has refused
    memory: BurnMemory = field(default_factory=BurnMemory)

    @cached_property
    def month(self) -> Month:
        """The month of budgets."""
        return Month.at(self.now, self.settings.organization.time_zone)

    @cached_property
    def calendar(self) -> Calendar:
        """The same month and the local day, with their ends."""
        return month_of(int(self.now), self.settings.organization.time_zone)

    @cached_property
    def used(self) -> Mapping[Scope, int]:
        """Nano-credits of the month so far by the scope of every allocation that ever burnt."""
        series = self.rules.series({row.scope for row in self.settings.allocations})
        end = (int(self.now) // HOUR_S + 1) * HOUR_S
        burnt = self.rules.burnt(set(series.values()), self.calendar.start, end, days=True)
        return {scope: burnt[each] for scope, each in series.items()}

    @cached_property
    def known_to(self) -> int:
        """Where the data ends that runways rest on, as screens judge it; the clock's minute without data.

        It lies before `at` where events alone say what burns, and none has come for a minute or more.
        """
        known = known_until(self.store.covered_to(), self.store.newest_event(), self.now)
        ends = [each for each in (known, self.at) if each is not None]
        return min(ends, default=int(self.now) // MINUTE_S * MINUTE_S)

    @cached_property
    def lineage(self) -> Lineage:
        """Which scope lies within which."""
        return Lineage(lambda: self.store.contexts().values())

    @cached_property
    def recent(self) -> Recent | None:
        """What burnt and failed lately; None when nothing recent can be judged."""
        return None if self.at is None else Recent(self.rules, self.settings.alerts.rules, self.at)


Rule = Callable[[RuleContext], Judged | None]
"""Judges one rule; None when it cannot be judged now, so that its open alerts stay as they are."""
