"""Which shares of an allocation were reached, and how long before that somebody heard of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from agent.alerts.replay.run import pages
from agent.domain.alert import Alert
from agent.domain.allocation import Allocation, Scope, ScopeKind

_SHARES = (("70 %", Decimal("0.70")), ("90 %", Decimal("0.90")))

Within = Callable[[Scope, Scope], bool]
"""Whether an inner scope lies in an outer one."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A share of an allocation that was reached; times to the hour."""

    allocation: Allocation
    period: str
    month_start: int
    level: str  # 70 % | 90 % | hard cap
    at: int

    @property
    def hard(self) -> bool:
        """Whether it is the cap itself."""
        return self.level == "hard cap"


@dataclass
class CapWatch:
    """Notes when each share is first reached in its month."""

    allocations: Sequence[Allocation]
    reached: list[Reached] = field(default_factory=list)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def step(
        self, at: int, used: Mapping[Scope, int], period: str, month_start: int, *, first: bool = False
    ) -> None:
        """What is used at an hour's end; what had been reached by the `first` is not news."""
        for allocation in self.allocations:
            nano = used.get(allocation.scope, 0)
            for level, share in (*_SHARES, ("hard cap", allocation.hard_cap)):
                key = (allocation.id, period, level)
                if nano < share * allocation.monthly_nano or key in self._seen:
                    continue
                self._seen.add(key)
                if not first:
                    self.reached.append(Reached(allocation, period, month_start, level, at))


@dataclass(frozen=True, slots=True)
class Lead:
    """How long before a share was reached somebody heard of it, in seconds; None: nobody had."""

    alert_s: int | None
    page_s: int | None


def lead_of(reached: Reached, fired: Iterable[Alert], within: Within) -> Lead:
    """The first alert and the first page about an allocation, in the month before it was reached."""
    scope = reached.allocation.scope
    before = [
        alert
        for alert in fired
        if alert.fired_at is not None
        and reached.month_start < alert.fired_at <= reached.at
        and concerns(alert, reached.allocation.id, scope, within)
    ]
    return Lead(_lead(reached, before), _lead(reached, [alert for alert in before if pages(alert)]))


def concerns(alert: Alert, allocation_id: str, scope: Scope, within: Within) -> bool:
    """Whether an alert is about an allocation: its own, or about a part of its burn."""
    signal = alert.signal
    if signal.allocation_id:
        return signal.allocation_id == allocation_id
    inner = scope_of(alert)
    if inner is None:
        return scope.kind is ScopeKind.ORGANIZATION  # a model is a part of nothing narrower
    return inner == scope or within(inner, scope)


def scope_of(alert: Alert) -> Scope | None:
    """The scope that an alert is about; None for what is no scope, such as a model."""
    try:
        return Scope(ScopeKind(alert.signal.scope_kind), alert.signal.scope)
    except ValueError:
        return None


def _lead(reached: Reached, before: Sequence[Alert]) -> int | None:
    first = min((alert.fired_at for alert in before if alert.fired_at is not None), default=None)
    return None if first is None else reached.at - first
