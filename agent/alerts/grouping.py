"""Which alerts belong together: one incident, told and handled as one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agent.alerts.mute import FOLLOWING, Within, scope_of
from agent.domain.alert import HARD_CAP, Alert, AlertRule, tier_rank
from agent.domain.allocation import Scope
from agent.domain.incident import Incident

_RATES = frozenset(
    {
        AlertRule.BURN_SPIKE,
        AlertRule.RATE_OF_CHANGE,
        AlertRule.NEW_BURNER,
        AlertRule.UNTAGGED,
        AlertRule.ERRORS,
        AlertRule.CACHE,
    }
)
"""Rules on a burn rate: what they see is what an incident costs."""

_OF_BUDGETS = frozenset({AlertRule.BUDGET, AlertRule.LAST_MONTH, AlertRule.PACE, AlertRule.RUNWAY})

_OF_A_SCOPE = frozenset({AlertRule.BURN_SPIKE, AlertRule.RATE_OF_CHANGE, AlertRule.NEW_BURNER})
"""Those of them that are about all burn of their scope."""


def nobody_knows(alert: Alert, start: int, end: int) -> int | None:
    """Where no ledger can be asked."""
    return None


def group_of(alert: Alert, live: Sequence[Alert], groups: dict[int, str], within: Within) -> str:
    """The group of an alert. `groups` are those of open incidents by id.

    What a spike drives (pace, runway, the rise of something wider) joins the spike's incident.
    """
    if alert.signal.rule in FOLLOWING and (spike := _spike_within(alert, live, within)) is not None:
        known = None if spike.incident is None else groups.get(spike.incident)
        return known or own_group(spike)
    return own_group(alert)


def own_group(alert: Alert) -> str:
    """The team, else the allocation, else the key, else the scope that an alert is about."""
    signal = alert.signal
    if signal.team:
        return f"team:{signal.team}"
    if signal.allocation_id:
        return f"allocation:{signal.allocation_id}"
    if signal.api_key:
        return f"api_key:{signal.api_key}"
    return f"{signal.scope_kind or signal.rule.value}:{signal.scope}"


def _spike_within(alert: Alert, live: Sequence[Alert], within: Within) -> Alert | None:
    outer = scope_of(alert)
    if outer is None:
        return None
    spikes = (other for other in live if other.live and other.signal.rule is AlertRule.BURN_SPIKE)
    return next((spike for spike in spikes if _lies_in(spike, outer, within)), None)


def _lies_in(spike: Alert, outer: Scope, within: Within) -> bool:
    inner = scope_of(spike)
    return inner is not None and (inner == outer or within(inner, outer))


def begin(alert: Alert, group: str, now: int) -> Incident:
    """The incident that an alert opens, called by what it says."""
    return Incident(
        title=alert.signal.summary,
        group=group,
        tier=alert.signal.tier,
        cause=alert.signal.cause,
        opened_at=now,
    )


def update(incident: Incident, members: Iterable[Alert], now: int) -> Incident:
    """An incident after another evaluation: its title and gravest tier, its cost, and whether it is over."""
    members = list(members)
    gravest = max((member.signal.tier for member in members), key=tier_rank, default=incident.tier)
    tier = gravest if tier_rank(gravest) > tier_rank(incident.tier) else incident.tier
    first = min(members, key=lambda member: (member.started_at, member.id or 0), default=None)
    over = all(not member.open for member in members) or _cap_is_lifted(members)
    return replace(
        incident,
        title=_called(members) or incident.title,
        tier=tier,
        cause=incident.cause or (first.signal.cause if first else ""),
        above_nano=above(members),
        closed_at=now if over else None,
    )


def _called(members: Sequence[Alert]) -> str:
    """What the gravest alert says now: of equals one that goes on, then one that is told, then the newest."""
    said = (member for member in members if member.signal.summary)
    gravest = max(
        said,
        key=lambda member: (
            tier_rank(member.signal.tier),
            member.open,
            not member.muted_by.startswith("alert:"),
            member.started_at,
            member.id or 0,
        ),
        default=None,
    )
    return "" if gravest is None else gravest.signal.summary


def _cap_is_lifted(members: Sequence[Alert]) -> bool:
    """Whether a hard cap was reached and no longer is. Milder tiers of its allocation, which more credits
    leave behind, begin an incident of their own."""
    caps = [member for member in members if member.signal.tier == HARD_CAP]
    rest = [member for member in members if member.open]
    held = {member.signal.allocation_id for member in caps}
    return bool(caps) and all(
        member.signal.tier != HARD_CAP
        and member.signal.rule in _OF_BUDGETS
        and member.signal.allocation_id in held
        for member in rest
    )


def above(members: Sequence[Alert]) -> int:
    """Nano-credits above what is expected. Spikes name different culprits and add up; other rules look at
    the same burn again, so they count only where no spike does."""
    spikes = [member.above_nano for member in members if member.signal.rule is AlertRule.BURN_SPIKE]
    if spikes:
        return sum(spikes)
    return max((member.above_nano for member in members if member.signal.rule in _RATES), default=0)


def accrued(
    before: Alert | None, after: Alert, burnt: Callable[[Alert, int, int], int | None] = nobody_knows
) -> int:
    """What an alert on a burn rate has burnt above expectation since it was last judged, nano-credits.

    `burnt` tells what its scope burnt in a stretch; where it cannot, the rate of the signal counts. The
    window that showed the rise first counts from its beginning.
    """
    signal = after.signal
    if signal.rule not in _RATES or not after.open:
        return 0
    window = int(signal.evidence.get("window_s") or 0)
    since = min(after.started_at, signal.at - window) if before is None else before.last_at
    seconds = max(signal.at - since, 0)
    expected = signal.expected_nano * seconds // 60
    known = burnt(after, since, signal.at) if seconds and signal.rule in _OF_A_SCOPE else None
    return max((signal.current_nano * seconds // 60 if known is None else known) - expected, 0)
