"""Marked test messages: they go the way of real ones, and change nothing. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.alerts.duties import recipients_of
from agent.alerts.routes import Facts, Told, destinations
from agent.domain.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings_alerts import Tier


@dataclass(frozen=True, slots=True)
class RouteTest:
    """Who is told when an alert fires, and who when nobody acknowledges it in time."""

    facts: Facts
    local_time: datetime
    told: Told
    escalation_s: int | None  # None: it does not escalate
    escalated: Told  # whom the escalation tells beside them

    @property
    def reaches_all(self) -> bool:
        """Whether somebody outside is told, and every recipient is reached."""
        return bool(self.told.destinations) and not (self.told.unreached or self.escalated.unreached)


def try_routes(settings: Settings, tier: Tier, facts: Facts, at: float) -> RouteTest:
    """What the routes make of an alert with these facts at a time."""
    local = datetime.fromtimestamp(at, ZoneInfo(settings.organization.time_zone))

    def told(recipients: Sequence[str]) -> Told:
        return destinations(facts, recipients, settings.alerts.routes, settings.alerts.channels, local)

    first, later = told(recipients_of(tier)), Told((), ())
    if tier.acknowledge_within is not None:
        whole = told((*recipients_of(tier), *tier.escalate_to))
        known = {(place.channel, place.target) for place in first.destinations}
        later = Told(
            tuple(place for place in whole.destinations if (place.channel, place.target) not in known),
            tuple(name for name in whole.unreached if name not in first.unreached),
        )
    return RouteTest(facts, local, first, tier.acknowledge_within, later)


def drill_notice(settings: Settings, test: RouteTest, now: float) -> Notice:
    """The message of a drill: everything that a real one has, with figures that say that they are made up."""
    facts, at = test.facts, int(now)
    allocation = next((each for each in settings.allocations if each.id == facts.allocation_id), None)
    scope = allocation.scope if allocation else None
    key = f"drill/{facts.allocation_id or facts.tier}/{at}"
    return Notice(
        id=hashlib.sha256(f"{key}\n{now!r}".encode()).hexdigest()[:32],
        kind=NoticeKind.DRILL,
        why="somebody ran `burndeck alerts route test --send`",
        at=at,
        rule=facts.rule,
        tier=facts.tier,
        severity="info",
        state="drill",
        dedup_key=key,
        summary=f"test of the way that alerts of the tier {facts.tier} go",
        scope_kind=scope.kind.value if scope else "",
        scope=scope.value if scope else "",
        allocation_id=facts.allocation_id,
        team=facts.team,
        environment=facts.environment,
        monthly_nano=allocation.monthly_nano if allocation else 0,
        layer="made up for the drill",
        data_at=at,
        next_command="burndeck alerts route test",
        notify=test.told.labels,
    )
