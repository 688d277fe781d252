"""One rule with one configuration through the past, hour by hour, with the lifecycle that the agent uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from agent.alerts.context import Rule, RuleContext
from agent.alerts.lifecycle import Changes, step
from agent.alerts.memory import BurnMemory
from agent.alerts.replay.past import PastAlerts, PastRules
from agent.domain.alert import CRITICAL, WARNING, Alert, Signal, tier_rank
from agent.domain.allocation import Scope
from agent.ledger.alert_store import AlertStore
from agent.ledger.lineage import Lineage
from agent.ledger.pieces import HOUR_S

if TYPE_CHECKING:
    from agent.domain.planned import Planned
    from agent.settings import Settings


@dataclass
class Run:
    """What a rule makes of the past. `step` takes it from hour to hour."""

    judge: Rule
    settings: Settings
    past: PastRules
    ledger: AlertStore
    lineage: Lineage
    planned: Sequence[Planned] = ()
    fired: list[Alert] = field(default_factory=list)  # as they were when they fired
    unjudged: int = 0  # hours in which the rule could not be judged
    _open: dict[str, Alert] = field(default_factory=dict)
    _episodes: dict[tuple[str, int], Alert] = field(default_factory=dict)
    _said: dict[tuple[str, int], Signal] = field(default_factory=dict)  # when it last fired
    _memory: BurnMemory = field(default_factory=BurnMemory)

    @property
    def episodes(self) -> list[Alert]:
        """Everything that fired, in the order in which it began, with the words with which it fired."""
        return [
            replace(alert, signal=self._said[key])
            for key, alert in self._episodes.items()
            if alert.fired_at is not None
        ]

    def step(self, at: int, used: Mapping[Scope, int]) -> None:
        """Judges the rule at the end of an hour; `used` is what allocations have burnt of their month."""
        planned = [each for each in self.planned if each.start < at]
        context = RuleContext(
            store=cast("AlertStore", PastAlerts(self.ledger, self._episodes.values)),
            rules=self.past,
            settings=self.settings,
            now=at - 1,  # the last second of the hour: the month, and the day, are still its own
            at=at,
            known=list(self._open.values()),
            planned=planned,
            memory=self._memory,
        )
        # What is the same in every hour, or for every configuration, is found out once.
        # The whole hour is past, though the clock stands in its last second.
        context.__dict__.update(used=used, lineage=self.lineage, known_to=at)
        judged = self.judge(context)
        if judged is None:
            self.unjudged += 1
            return
        # What holds for an hour has held for as long as a rule waits.
        patience = replace(judged.patience, hold_s=max(0, judged.patience.hold_s - HOUR_S))
        self._keep(step(self._open.values(), replace(judged, patience=patience), at))

    def _keep(self, changes: Changes) -> None:
        for alert in changes.saved:
            fingerprint = alert.signal.fingerprint
            key = (fingerprint, alert.started_at)
            before = self._episodes.get(key)
            if before is None or before.fired_at != alert.fired_at:
                self._said[key] = alert.signal
            self._episodes[key] = alert
            if alert.open:
                self._open[fingerprint] = alert
            else:
                self._open.pop(fingerprint, None)
        for alert in changes.dropped:
            self._open.pop(alert.signal.fingerprint, None)
            self._episodes.pop((alert.signal.fingerprint, alert.started_at), None)
        self.fired += changes.fired


def pages(alert: Alert) -> bool:
    """Whether an alert wakes somebody."""
    return tier_rank(alert.signal.tier) >= tier_rank(CRITICAL)


def tickets(alert: Alert) -> bool:
    """Whether it is work for the day; what is neither page nor ticket is a line in a digest."""
    return not pages(alert) and tier_rank(alert.signal.tier) >= tier_rank(WARNING)
