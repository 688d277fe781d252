"""What deciding on caps reads: keys, gateways, and what the agent has made of the month's alerts so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agent.analytics.month import Month, month_of
from agent.control.gateways.base import dialect_of
from agent.control.planning.keys import PlannedKey, keys_by, keys_of
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.allocations import lapsed
from agent.domain.gateway import GatewayKey, Limit, LimitUnit, Offer
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.ledger.action_rows import Answer
    from agent.ledger.allocation_changes import AllocationChange
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

AGAIN_S = (900, 3_600, 4 * 3_600)
"""What no gateway took, or a block that nobody answered, is tried again after so long, the second time after
longer, while its reason holds."""
_MINUTE_S = 60


@dataclass
class CapCase:
    """One look at the caps; everything is read when it is first asked for."""

    books: Books
    settings: Settings
    now: int
    mine: Sequence[Action]  # open actions that the agent itself began or proposed

    @cached_property
    def month(self) -> Month:
        """The month of budgets."""
        return month_of(self.now, self.settings.organization.time_zone)

    @cached_property
    def answers(self) -> list[Answer]:
        """What the agent has made of this month so far, ended or not."""
        return self.books.actions.answers(self.month.start)

    def automatic(self, mode: str) -> bool:
        """Whether a mode of an allocation means that nobody is asked."""
        return mode == "automatic" and self.settings.acting.automatic

    def standing(self, alert: int, spec: ActionSpec) -> list[Answer]:
        """The answers of a kind that an alert has had, under way or decided on by a person."""
        return [
            each
            for each in self.answers
            if each.alert == alert
            and (each.kind, each.non_prod) == (spec.kind, spec.non_prod)
            and self._stands(each)
        ]

    def answers_of(self, scope: Scope, kind: ActionKind, gateway: str = "") -> list[Answer]:
        """What was made for a scope this month, at one gateway or wherever its keys are, and stands."""
        wanted = (scope, kind, gateway)
        return [
            each
            for each in self.answers
            if (each.scope, each.kind, each.gateway) == wanted and self._stands(each)
        ]

    def asks_again(self, answer: Answer) -> bool:
        """Whether nobody has said yes or no to a proposal, and it is time to put it to people once more."""
        return unanswered(answer) and not self._rests(answer)

    def _stands(self, answer: Answer) -> bool:
        """Whether nothing more is to be made: it is under way, or a person has ended it."""
        match answer.state:
            case ActionState.EXPIRED:
                return False  # while the agent was away: what it was for may still hold
            case ActionState.FAILED:
                return self._rests(answer)
            case ActionState.DECLINED if answer.ended_by == AGENT:
                if not unanswered(answer):
                    return False  # the agent took it back
                # A suggestion need not be taken. At a hard cap silence decides nothing: it is asked again.
                return answer.kind is not ActionKind.BLOCK or self._rests(answer)
            case ActionState.REVERSED | ActionState.REVERSING:
                return answer.state is ActionState.REVERSING or answer.ended_by != AGENT
        return True

    def _rests(self, answer: Answer) -> bool:
        """Whether it is too early to try again what came to nothing: the oftener it did, the longer."""
        part = (answer.alert, answer.kind, answer.non_prod, answer.scope, answer.gateway)
        tries = sum(
            (each.state is ActionState.FAILED or unanswered(each))
            and (each.alert, each.kind, each.non_prod, each.scope, each.gateway) == part
            for each in self.answers
        )
        return self.now - (answer.ended_at or 0) < AGAIN_S[min(tries, len(AGAIN_S)) - 1]

    def has_keys(self, scope: Scope, *, production: bool) -> bool:
        """Whether keys of production, or others, burn in a scope."""
        return any(key.production is production for key in self.keys(scope))

    def served(self, scope: Scope, kind: ActionKind, *, production: bool) -> dict[str, list[GatewayKey]]:
        """The keys in a scope, of production or of the rest, at each gateway that can do it."""
        names = {key.api_key for key in self.keys(scope) if key.production is production}
        return {
            gateway.name: found
            for gateway in self.settings.gateways
            if kind in dialect_of(gateway.kind).offers
            and (found := [key for key in self._served.get(gateway.name, ()) if key.api_key in names])
        }

    def keys_at(self, gateway: str) -> Sequence[GatewayKey]:
        """The keys that a gateway serves."""
        return self._served.get(gateway, ())

    @cached_property
    def changes(self) -> Sequence[AllocationChange]:
        """The approved changes of allocations that are in force, oldest first."""
        return self.books.actions.allocation_changes(self.now)

    @cached_property
    def lapsed(self) -> dict[Scope, Allocation]:
        """Allocations whose last day is over, where no other one holds in their place."""
        zone = self.settings.organization.time_zone
        held = {each.scope for each in self.settings.allocations}
        over = lapsed(self.settings.configured_allocations, self.changes, self.now, zone)
        return {each.scope: each for each in over if each.scope not in held}

    def reached(self, scope: Scope, kind: ActionKind, *, production: bool | None = None) -> bool:
        """Whether some gateway can do it to a key in a scope, of production or of the rest."""
        return bool(self._offers(scope, kind, production))

    def limit(self, scope: Scope, max_rps: int) -> Limit:
        """So many requests a second, in the unit that all gateways of its keys count in."""
        units = [set(offer.units) for offer in self._offers(scope, ActionKind.THROTTLE, None)]
        shared = set.intersection(*units) if units else {LimitUnit.RPS}
        if LimitUnit.RPS in shared or LimitUnit.RPM not in set().union(*units):
            return Limit(max_rps, LimitUnit.RPS)
        return Limit(max_rps * _MINUTE_S, LimitUnit.RPM)

    def keys(self, scope: Scope) -> list[PlannedKey]:
        """The keys that lie in a scope."""
        if scope.kind not in self._by_kind:
            self._by_kind[scope.kind] = keys_by(self._keys, scope.kind)
        return self._by_kind[scope.kind].get("" if scope.kind is ScopeKind.ORGANIZATION else scope.value, [])

    @cached_property
    def _by_kind(self) -> dict[ScopeKind, dict[str, list[PlannedKey]]]:
        return {}

    @cached_property
    def _served(self) -> Mapping[str, Sequence[GatewayKey]]:
        return self.books.served

    @cached_property
    def _keys(self) -> list[PlannedKey]:
        return keys_of(self.books, self._served, self.settings.acting.production)

    def _offers(self, scope: Scope, kind: ActionKind, production: bool | None) -> list[Offer]:
        names = {key.api_key for key in self.keys(scope) if production in (None, key.production)}
        return [
            offer
            for gateway in self.settings.gateways
            if (offer := dialect_of(gateway.kind).offers.get(kind)) and self._serves(gateway, scope, names)
        ]

    def _serves(self, gateway: Gateway, scope: Scope, names: set[str]) -> bool:
        if gateway.kind == "webhook":  # which keys it reaches is its own affair
            return bool(names) and (not gateway.serves or str(scope) in gateway.serves)
        return any(key.api_key in names for key in self._served.get(gateway.name, ()))


def unanswered(answer: Answer) -> bool:
    """Whether it was proposed, and its time was over before anybody had said yes or no."""
    if answer.state is not ActionState.DECLINED or answer.ended_by != AGENT or answer.approve_by is None:
        return False
    return (answer.ended_at or 0) >= answer.approve_by
