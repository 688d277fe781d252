"""Caps as they stand at a moment, read in one way: what rules judge, messages say and screens show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.analytics.runway import BURN_S, Cap

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from agent.domain.allocation import Allocation
    from agent.ledger.rule_store import RuleStore

_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Standing:
    """What an allocation has used of its month, and what it burns (see `agent.analytics.runway`)."""

    allocation: Allocation
    used_nano: int
    burnt_nano: int  # in the last `BURN_S`
    at: int
    month_end: int

    @property
    def hard(self) -> Cap:
        """Its hard cap."""
        return self.cap("hard", self.burnt_nano * _HOUR_S // BURN_S)

    @property
    def soft(self) -> Cap:
        """Its soft cap."""
        return self.cap("soft", self.burnt_nano * _HOUR_S // BURN_S)

    def cap(self, name: str, burn_nano_per_hour: int) -> Cap:
        """A cap of it at some other burn."""
        row = self.allocation
        limit = row.hard_cap_nano if name == "hard" else row.soft_cap_nano
        return Cap(row.id, name, limit, self.used_nano, burn_nano_per_hour, self.at, self.month_end)


def standings(
    rules: RuleStore, allocations: Collection[Allocation], at: int, time_zone: str, *, known_to: int
) -> Mapping[str, Standing]:
    """Every allocation by id, as of the whole minute `at`; the ledger's data ends at `known_to`."""
    month = month_of(max(at - 1, 0), time_zone)
    series = rules.series({each.scope for each in allocations})
    some = set(series.values())
    used = rules.burnt(some, month.start, at, days=True, known_to=known_to)
    burnt = rules.burnt(some, at - BURN_S, at, known_to=known_to)

    def standing(each: Allocation) -> Standing:
        mine = series.get(each.scope)
        if mine is None:  # its scope never burnt
            return Standing(each, 0, 0, at, month.end)
        return Standing(each, used[mine], burnt[mine], at, month.end)

    return {each.id: standing(each) for each in allocations}
