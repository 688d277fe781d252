"""What burnt and failed lately, read once an evaluation for every rule that asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from agent.alerts.floors import least
from agent.ledger.rule_store import NOTHING, WHOLE, RuleStore, Sums

if TYPE_CHECKING:
    from agent.ledger.kinds import Kind
    from agent.settings_rules import Rules

HOUR_S = 3_600
QUARTER_S = 900


class Recent:
    """The hour that runs and, in its first quarter, the one before: 15 to 75 minutes, by whole rows of hours.

    Shares and rough rates need no more, and rows of hours exist for every key. What a minute is still to
    bring counts as well as it is known.
    """

    def __init__(self, store: RuleStore, rules: Rules, at: int) -> None:
        self._store = store
        self._rules = rules
        self._busy: dict[Kind, Mapping[int, Sums]] = {}
        self.at = at
        self.start = (at - QUARTER_S) // HOUR_S * HOUR_S

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.at - self.start

    @property
    def hours(self) -> range:
        """The starts of its hours."""
        return range(self.start, self.at, HOUR_S)

    @cached_property
    def whole(self) -> Sums:
        """What the whole organization did."""
        by_hour = self._store.hours([WHOLE], self.hours)[WHOLE]
        return sum(by_hour.values(), NOTHING)

    def whole_nano(self, seconds: int) -> int:
        """What the whole organization burns in so many seconds, at its mean rate."""
        return self.whole.credits_nano * seconds // self.seconds

    def busy(self, kind: Kind) -> Mapping[int, Sums]:
        """By id what burnt or failed enough for any rule to look at."""
        if kind not in self._busy:
            self._busy[kind] = self._store.busy(
                kind,
                self.start,
                self.at,
                least_nano=self._least_nano,
                least_errors=max(1, self._rules.errors.min_requests),
            )
        return self._busy[kind]

    @cached_property
    def _least_nano(self) -> int:
        """What the smallest floor of a rule asks of a quarter of an hour."""
        rules = (self._rules.rate_of_change, self._rules.new_burner, self._rules.untagged, self._rules.cache)
        return min(least(each, self.whole_nano(QUARTER_S), QUARTER_S) for each in rules)
