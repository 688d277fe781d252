"""What planning reads: the same of the writer's connection and of a reader's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.ledger.key_store import KeyStore
from agent.ledger.rule_store import RuleStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.domain.gateway import GatewayKey, Target, TargetState
    from agent.ledger.action_store import ActionStore
    from agent.ledger.alert_store import AlertStore, Whose
    from agent.ledger.reader import LedgerReader
    from agent.ledger.writer import LedgerWriter


@dataclass
class Books:
    """The parts of a ledger that planning needs, for one look at it."""

    alerts: AlertStore
    rules: RuleStore
    actions: ActionStore
    keys: KeyStore

    @cached_property
    def whose(self) -> Sequence[Whose]:
        """Who every key belonged to whenever it burnt, the newest last."""
        return [whose for _, whose in sorted(self.alerts.contexts().items()) if whose.api_key]

    @cached_property
    def batch_services(self) -> frozenset[int]:
        """Ids of services that are called as a batch."""
        return frozenset(ident for (ident,) in self.rules.named("plan_batch_services"))

    @cached_property
    def served(self) -> Mapping[str, Sequence[GatewayKey]]:
        """The keys that each gateway serves, as it said last."""
        return self.actions.gateway_keys()

    @cached_property
    def targets(self) -> Mapping[Target, TargetState]:
        """What targets held when their gateways were read last."""
        return self.actions.targets()

    def calls(self, name: str, start: int, end: int) -> Sequence[tuple[Any, ...]]:
        """Rows of calls in a stretch, read once: many plans of one look are about the same one."""
        if (name, start, end) not in self._calls:
            self._calls[name, start, end] = self.rules.named(name, start=start, end=end)
        return self._calls[name, start, end]

    @cached_property
    def _calls(self) -> dict[tuple[str, int, int], Sequence[tuple[Any, ...]]]:
        return {}

    def newest_call(self, now: float) -> int | None:
        """The second of the newest single call by now; what fast clocks have dated later is not yet."""
        ((newest,),) = self.rules.named("plan_newest_event", now=int(now))
        return None if newest is None else int(newest)

    def complete_to(self, now: float) -> int | None:
        """End of the newest minute of which usage is known by now; None for an empty ledger."""
        ends = self.alerts.covered_to()
        newest = self.newest_call(now)
        if newest is not None:
            ends = [*ends, newest // 60 * 60 + 60]
        return min(max(ends), int(now) // 60 * 60 + 60) if ends else None


def books_of(ledger: LedgerWriter | LedgerReader) -> Books:
    """The books of an open ledger."""
    from agent.ledger.writer import LedgerWriter

    if isinstance(ledger, LedgerWriter):
        return Books(ledger.alerts, ledger.rules, ledger.actions, ledger.keys)
    return Books(ledger.alert_store(), RuleStore(ledger.rows), ledger.action_store(), KeyStore(ledger.rows))
