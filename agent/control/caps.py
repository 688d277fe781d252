"""What caps call for: blocks at a hard cap, throttles before it, a provider's own limit behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from agent.control.backstop_changes import limits, used_of
from agent.control.cap_case import CapCase
from agent.control.daily import daily
from agent.control.newcomers import newcomers
from agent.control.proposal import Proposal
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import CRITICAL, HARD_CAP, WARNING, Alert, AlertRule, tier_rank
from agent.domain.allocation import Allocation, Scope
from agent.domain.person import AGENT
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.settings import Settings

_RENEW_PART = 3
"""An action is renewed when less than this part of its time is left."""

UNSERVED, OUTLIVES = "cap.unserved", "cap.outlives_allocation"
"""Kinds of audit records: nothing can be done of a hard cap; a block stays though its allocation is over."""


class Part(NamedTuple):
    """What an alert calls for at most once for a key."""

    alert: int
    kind: ActionKind
    non_prod: bool


@dataclass(frozen=True, slots=True)
class Want:
    """A change that a live alert calls for."""

    spec: ActionSpec
    reason: str
    automatic: bool
    alert: Alert
    production: bool  # policy lets it bear on production without a person's go
    waits: Decimal | None = None  # how much of the cap is used, where it is only suggested

    @property
    def part(self) -> Part:
        """What of the alert it answers."""
        return Part(self.alert.id or 0, self.spec.kind, self.spec.non_prod)

    def proposal(self) -> Proposal:
        """As the agent carries it out."""
        about = (self.alert.incident, self.alert.id)
        return Proposal(
            self.spec, self.reason, self.automatic, *about, production=self.production, waits=self.waits
        )


def decide(
    books: Books, settings: Settings, alerts: Sequence[Alert], open_actions: Sequence[Action], now: float
) -> list[Proposal]:
    """What is to be begun, renewed and released because of caps, by the alerts that are open.

    `settings` has the allocations that hold now. An alert leads to one action of a kind for each key, and to
    no other one once a person has declined or undone it. Who asks again and again gets the same answer.
    """
    live = [alert for alert in alerts if alert.live and alert.signal.rule in _RULES and alert.id is not None]
    mine = [action for action in open_actions if action.requested_by == AGENT]
    case = CapCase(books, settings, int(now), mine)
    found: list[Proposal] = []
    if live or any(action.alert is not None for action in mine):
        found += _of_alerts(case, live)
    return [*found, *daily(case)]


_RULES = (AlertRule.BUDGET, AlertRule.LAST_MONTH)


def _of_alerts(case: CapCase, live: Sequence[Alert]) -> Iterator[Proposal]:
    by_allocation: dict[str, list[Alert]] = {}
    for alert in live:
        by_allocation.setdefault(alert.signal.allocation_id, []).append(alert)
    known = {each.id: each for each in case.settings.allocations}
    around = [(known[ident], found) for ident, found in by_allocation.items() if ident in known]
    blocks = [want for allocation, found in around for want in _blocks(case, allocation, found)]
    throttles = {allocation.scope: _throttle(case, allocation, found) for allocation, found in around}
    yield from _what_is(case, {want.part for want in blocks}, throttles)
    for want in blocks:
        yield from _blocked(case, want)
    for want in filter(None, throttles.values()):
        if not _throttled(case, want) and not case.standing(want.part.alert, want.spec):
            yield want.proposal()
    yield from limits(case, {allocation.id: _nearing(found) for allocation, found in around})


def _what_is(
    case: CapCase, blocks: Iterable[Part], throttles: Mapping[Scope, Want | None]
) -> Iterator[Proposal]:
    """Open actions that are to last longer, and those that have lost their reason."""
    for action in case.mine:
        spec = action.spec
        if action.alert is None or spec.kind not in (ActionKind.THROTTLE, ActionKind.BLOCK):
            continue
        if spec.kind is ActionKind.BLOCK:
            holds = Part(action.alert, spec.kind, spec.non_prod) in blocks
            if not holds and spec.scope in case.lapsed and action.state.active:
                yield from _outlives(case, action)
                continue
        else:
            holds = spec.scope in throttles and not _overtaken(action, throttles[spec.scope])
        if not holds and action.state is not ActionState.REVERSING:
            yield Proposal(spec, "what it was for holds no more", True, release=action.id)
        elif holds and _soon_over(action, case.now):
            yield Proposal(spec, "what it is for still holds", True, renew=action.id)


def _outlives(case: CapCase, action: Action) -> Iterator[Proposal]:
    """The last day of an allocation gives nobody more to burn: its block stays until people say otherwise."""
    allocation = case.lapsed[action.spec.scope]
    reason = f"the last day of {allocation.id} is over: the block at its hard cap stays"
    hint = f"burndeck release {action.id} ends it; finance allocates credits anew"
    about = (action.spec, reason, False, action.incident, action.alert)
    yield Proposal(*about, tells=OUTLIVES, hint=hint)
    if _soon_over(action, case.now):
        yield Proposal(action.spec, reason, True, renew=action.id)


def _overtaken(action: Action, want: Want | None) -> bool:
    """Whether a suggestion that nobody has taken is in the way of what is done without a person."""
    waits = action.state is ActionState.STANDBY
    return waits and want is not None and want.automatic and want.part.alert != action.alert


def _throttled(case: CapCase, want: Want) -> bool:
    """Whether its scope is throttled already, or will be once somebody says so."""
    return any(
        action.spec.kind is ActionKind.THROTTLE
        and action.alert is not None
        and action.spec.scope == want.spec.scope
        and not _overtaken(action, want)
        for action in case.mine
    )


def _soon_over(action: Action, now: int) -> bool:
    held = (ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)
    if action.expires_at is None or action.state not in held:
        return False
    return (action.expires_at - now) * _RENEW_PART <= action.spec.expires_s


def _blocks(case: CapCase, allocation: Allocation, live: Sequence[Alert]) -> Iterator[Want]:
    """Non-production first; production is a decision of its own."""
    alert = _newest(each for each in live if _caps(each, allocation))
    if alert is None or case.settings.alerts.policy(HARD_CAP).action != "block":
        return
    reason = f"{allocation.id} has reached its hard cap for {alert.signal.period}"
    for production, mode in ((False, allocation.at_hard_cap), (True, allocation.at_hard_cap_prod)):
        if mode == "none":
            continue
        spec = ActionSpec(
            ActionKind.BLOCK,
            allocation.scope,
            non_prod=not production,
            expires_s=allocation.block_expires_s or int(case.settings.acting.block_expires),
        )
        yield Want(spec, reason, case.automatic(mode), alert, case.automatic(allocation.at_hard_cap_prod))


def _blocked(case: CapCase, want: Want) -> Iterator[Proposal]:
    """What of a block is not yet asked for: all of it, or the keys that have come since."""
    scope, production = want.spec.scope, not want.spec.non_prod
    if case.standing(want.part.alert, want.spec):
        if only := newcomers(case, want.part.alert, want.spec):
            reason = f"{want.reason}; for {plural(len(only), 'key')} that came since"
            yield replace(want.proposal(), only=only, reason=reason)
    elif case.reached(scope, ActionKind.BLOCK, production=production):
        yield want.proposal()
    elif case.has_keys(scope, production=production):
        keys = "production keys" if production else "keys"
        reason = f"{want.reason}, and no gateway serves its {keys}"
        hint = "burndeck doctor says what gateways serve; stop the calls where they are made"
        yield replace(want.proposal(), tells=UNSERVED, reason=reason, hint=hint)


def _caps(alert: Alert, allocation: Allocation) -> bool:
    """Whether it says that the hard cap as it is now has been reached."""
    signal = alert.signal
    return (
        signal.rule is AlertRule.BUDGET
        and signal.tier == HARD_CAP
        and signal.current_nano >= allocation.hard_cap_nano
    )


def _throttle(case: CapCase, allocation: Allocation, live: Sequence[Alert]) -> Want | None:
    """One throttle of non-production for the gravest alert below the hard cap: proposed, or done."""
    alert = _newest(each for each in live if each.signal.tier in (WARNING, CRITICAL))
    if alert is None or any(_caps(each, allocation) for each in live):
        return None
    tier = case.settings.alerts.policy(alert.signal.tier)
    if tier.action == "none" or not case.reached(allocation.scope, ActionKind.THROTTLE, production=False):
        return None
    spec = ActionSpec(
        ActionKind.THROTTLE,
        allocation.scope,
        non_prod=True,
        limit=case.limit(allocation.scope, tier.max_rps),
        expires_s=int(case.settings.acting.throttle_expires),
    )
    automatic = tier.action == "rate_limit" and case.automatic(allocation.at_hard_cap)
    reason = f"{allocation.id}: the alert tier {alert.signal.tier} is reached for {alert.signal.period}"
    waits = None if automatic else used_of(allocation, alert)
    return Want(spec, reason, automatic, alert, case.automatic(allocation.at_hard_cap_prod), waits)


def _nearing(found: Iterable[Alert]) -> Alert | None:
    """The alert of this month by which a cap is near enough for a provider's own limit behind it."""
    alert = _newest(each for each in found if each.signal.rule is AlertRule.BUDGET)
    near = alert is not None and tier_rank(alert.signal.tier) >= tier_rank(WARNING)
    return alert if near else None


def _newest(alerts: Iterable[Alert]) -> Alert | None:
    return max(alerts, key=lambda each: (tier_rank(each.signal.tier), each.id or 0), default=None)
