"""Who is told of what: recipients and routes to destinations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from agent.domain.hours import Hours
from agent.domain.notice import Notice
from agent.settings_channels import Channel, Route, resolve


@dataclass(frozen=True, slots=True)
class Destination:
    """One channel and what it reaches there, and why a message goes there."""

    channel: str  # name in [[alerts.channels]]
    target: str = ""  # #room or address, where the channel has several
    because: str = ""

    @property
    def label(self) -> str:
        """As people write it: `#payments-ops`, `ada@example.com`, `pager`."""
        return self.target or self.channel


@dataclass(frozen=True, slots=True)
class Facts:
    """What routes look at."""

    tier: str
    rule: str = ""
    team: str = ""
    allocation_id: str = ""
    environment: str = ""  # empty: several, or nobody knows

    @classmethod
    def of(cls, notice: Notice) -> Facts:
        """The facts of a message."""
        return cls(notice.tier, notice.rule, notice.team, notice.allocation_id, notice.environment)


@dataclass(frozen=True, slots=True)
class Told:
    """Where a message goes, each destination once, and the recipients that nobody reaches."""

    destinations: tuple[Destination, ...]
    unreached: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Every destination as people write it."""
        return tuple(dict.fromkeys(destination.label for destination in self.destinations))


def everywhere(routes: Sequence[Route], channels: Sequence[Channel]) -> tuple[Destination, ...]:
    """Every destination that any route names, whatever the hour: for what nobody may miss."""
    texts = dict.fromkeys(text for route in routes for text in route.send)
    places = dict.fromkeys(place for text in texts for place in _places((text,), channels))
    return tuple(Destination(channel, target, "it is told everywhere") for channel, target in places)


def destinations(
    facts: Facts,
    recipients: Sequence[str],
    routes: Sequence[Route],
    channels: Sequence[Channel],
    local_time: datetime,
) -> Told:
    """Every destination that fits; `local_time` is in the organization's time zone.

    A recipient may also be a destination itself, such as `#payments-ops`. Without routes nobody is told.
    """
    reached: dict[tuple[str, str], list[str]] = {}
    found: set[str] = set()
    for recipient in recipients:
        for place in _places((recipient,), channels):
            reached.setdefault(place, []).append(f"the tier names {recipient}")
            found.add(recipient)
    for number, route in enumerate(routes, start=1):
        if route.recipient and route.recipient not in recipients:
            continue
        if not fits(route, facts, local_time):
            continue
        places = _places(route.send, channels)
        # A route that is for nobody in particular is everybody's.
        found.update([route.recipient] if route.recipient else recipients if places else ())
        for place in places:
            reached.setdefault(place, []).append(_reason(number, route))
    return Told(
        tuple(
            Destination(channel, target, "; ".join(dict.fromkeys(reasons)))
            for (channel, target), reasons in reached.items()
        ),
        tuple(recipient for recipient in dict.fromkeys(recipients) if recipient not in found),
    )


def reached_later(facts: Facts, recipients: Sequence[str], routes: Sequence[Route]) -> bool:
    """Whether a route that has hours would reach one of the recipients within them."""
    return any(
        route.hours
        and (not route.recipient or route.recipient in recipients)
        and fits(msgspec.structs.replace(route, hours=""), facts, datetime.min)
        for route in routes
    )


def fits(route: Route, facts: Facts, local_time: datetime) -> bool:
    """Whether a route's conditions hold, whoever it is for."""
    wanted = (
        (route.tiers, facts.tier),
        (route.rules, facts.rule),
        (route.teams, facts.team),
        (route.allocations, facts.allocation_id),
    )
    if any(names and value not in names for names, value in wanted):
        return False
    # Burn that nobody ascribes to one environment may be productive, and silence would be the worse mistake.
    if route.environments and facts.environment and facts.environment not in route.environments:
        return False
    return not route.hours or Hours.parse(route.hours).contain(local_time)


def _places(texts: Iterable[str], channels: Sequence[Channel]) -> list[tuple[str, str]]:
    """What the texts mean; those that mean nothing were refused when burndeck.toml was read, or are parts."""
    found = []
    for text in texts:
        try:
            found.append(resolve(text, channels))
        except ValueError:
            continue
    return found


def _reason(number: int, route: Route) -> str:
    conditions = [
        f"{name} {', '.join(values)}"
        for name, values in (
            ("tier", route.tiers),
            ("rule", route.rules),
            ("team", route.teams),
            ("allocation", route.allocations),
            ("environment", route.environments),
        )
        if values
    ]
    if route.hours:
        conditions.append(route.hours)
    whom = route.recipient or "whatever happens"
    return f"route {number}: {whom}" + (f" ({'; '.join(conditions)})" if conditions else "")
