"""Two runs beside each other: how often each told, how early, and what only one of them saw. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.alerts.replay.caps import Lead, Reached, Within, lead_of
from agent.alerts.replay.rises import Rise, caught
from agent.alerts.replay.run import pages, tickets
from agent.domain.alert import Alert

_WEEK_S = 604_800
_TENTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Loudness:
    """How often a rule told of something."""

    pages: int
    tickets: int
    digests: int
    pages_per_week: Decimal
    tickets_per_week: Decimal

    @classmethod
    def of(cls, fired: Sequence[Alert], seconds: int) -> Loudness:
        """Counts of what fired in so many seconds."""
        paged, ticketed = sum(map(pages, fired)), sum(map(tickets, fired))
        return cls(
            pages=paged,
            tickets=ticketed,
            digests=len(fired) - paged - ticketed,
            pages_per_week=(Decimal(paged * _WEEK_S) / seconds).quantize(_TENTH),
            tickets_per_week=(Decimal(ticketed * _WEEK_S) / seconds).quantize(_TENTH),
        )


@dataclass(frozen=True, slots=True)
class Side:
    """One configuration's run."""

    loudness: Loudness
    leads: tuple[Lead, ...]  # by reached share
    capped_unpaged: tuple[Reached, ...]  # hard caps that nobody was paged before
    rises_missed: tuple[Rise, ...]
    unjudged_hours: int
    episodes: tuple[Alert, ...]


def side_of(
    fired: Sequence[Alert],
    episodes: Sequence[Alert],
    reached: Sequence[Reached],
    rises: Sequence[Rise],
    within: Within,
    *,
    start: int,
    end: int,
    unjudged: int,
) -> Side:
    """What a run says of `[start, end)`; `fired` may begin earlier, `episodes` and `reached` may not."""
    leads = tuple(lead_of(each, fired, within) for each in reached)
    return Side(
        loudness=Loudness.of([alert for alert in fired if (alert.fired_at or 0) > start], end - start),
        leads=leads,
        capped_unpaged=tuple(
            each for each, lead in zip(reached, leads, strict=True) if each.hard and lead.page_s is None
        ),
        rises_missed=tuple(rise for rise in rises if not caught(rise, fired, within)),
        unjudged_hours=unjudged,
        episodes=tuple(episodes),
    )


def only_in(ones: Iterable[Alert], others: Iterable[Alert]) -> tuple[Alert, ...]:
    """Episodes of one run that the other has nothing like at the time."""
    known: dict[tuple[str, ...], list[Alert]] = {}
    for other in others:
        known.setdefault(_about(other), []).append(other)
    return tuple(one for one in ones if not any(_at_once(one, other) for other in known.get(_about(one), ())))


def _about(alert: Alert) -> tuple[str, ...]:
    """What an episode is about, whatever its threshold: its fingerprint would change with that."""
    signal = alert.signal
    return (signal.tier, signal.period, signal.allocation_id, signal.scope_kind, signal.scope)


def _at_once(one: Alert, other: Alert) -> bool:
    if one.signal.period:
        return True
    first, second = sorted((one, other), key=lambda alert: alert.started_at)
    return first.resolved_at is None or second.started_at <= first.resolved_at
