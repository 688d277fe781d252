"""What the next on-call must know: what goes on, what waits for whom, what is near, what is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.analytics.runway import BURN_S
from agent.domain.action import ActionKind
from agent.domain.alert import tier_rank
from agent.domain.assessment import CRITICALITY
from agent.domain.change import ChangeKind
from agent.domain.planned import Planned
from agent.ledger.rule_store import WHOLE
from agent.reports.action_report import ActionEntry
from agent.reports.actions import actions
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import IncidentEntry, SilenceEntry, TimelineLine
from agent.reports.alerts import alerts, entry_of, standing
from agent.reports.allocation_burn import burning_at
from agent.reports.blind import blind_parts
from agent.reports.budgets import budgets
from agent.reports.burn_report import Budget
from agent.reports.changes import ChangeEntry, changes
from agent.reports.deliveries import undelivered
from agent.reports.duties import duties, owed_postmortems
from agent.reports.figure import Figure
from agent.reports.handover_report import Ended, Handover, Muting, OpenIncident
from agent.reports.incident_board import cost_of
from agent.reports.incident_people import holder_of
from agent.reports.incidents import incidents, timeline
from agent.reports.layers import truth
from agent.reports.moment import DAY, MINUTE, Moment, moment
from agent.reports.runs import RunLine, runs
from agent.reports.silences import silences

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = ["SHIFT_S", "Handover", "handover", "runs_in_progress"]

SHIFT_S = 12 * 3_600
"""How far back ends are told of, unless somebody asks otherwise."""
AHEAD_S = DAY
"""How far ahead releases are told of."""
_NEAR_TENTHS = 8
"""A cap is near from so many tenths of its month on, ..."""
_NEAR_S = DAY
"""... or where it is reached sooner than that at the present burn."""


def handover(reader: LedgerReader, settings: Settings, now: float, *, since_s: int = SHIFT_S) -> Handover:
    """What is so now, and what ended in the last `since_s` seconds."""
    at = int(now)
    since = at - since_s
    with reader.snapshot():
        when = moment(reader, now)
        settings = settings_now(settings, reader.action_store(), now)
        known = alerts(reader, now, recent_s=since_s, policies=settings.alerts)
        groups = incidents(reader, now, since_s)
        done = actions(reader, now, _longest(since_s))
        muting = silences(reader, now, recent_s=since_s)
        burning = burning_at(reader, settings, when)
        rows, binding = budgets(settings.allocations, burning)
        return Handover(
            now=at,
            since=since,
            organization=settings.organization.name or settings.organization.id,
            data=_data(reader, when),
            incidents=tuple(_open(reader, settings, groups, when)),
            alerts=tuple(each for each in known if standing(each) == "firing"),
            in_force=tuple(_in_force(done)),
            waiting=tuple(each for each in done if each.waits_for),
            silences=tuple(_muting(reader, muting, when)),
            caps=tuple(each for each in rows if _near(each)),
            binding=binding,
            owed=owed_postmortems(reader, at),
            blind=tuple(blind_parts(reader, settings, at)),
            undelivered=undelivered(reader, at, since),
            planned=_planned(reader, at),
            releases=_releases(reader, settings, at),
            runs=runs_in_progress(reader, now),
            ended=tuple(_ended(groups, known, done, muting, since)),
        )


def runs_in_progress(reader: LedgerReader, now: float) -> tuple[RunLine, ...]:
    """Runbooks that somebody is going through, the newest first."""
    return tuple(line for line in runs(reader, now, 0) if line.state == "open")


def _longest(since_s: int) -> int:
    """Actions are found by when they were asked for; one that ended in the shift may be a month old."""
    return since_s + 31 * DAY


def _data(reader: LedgerReader, when: Moment) -> Figure:
    """What the organization burns, as runways count it: its layer and age are those of the page."""
    if when.as_of is None:
        return Figure(None, "credits/min")
    start, rules = when.at - BURN_S, reader.action_store().burn
    burnt = rules.burnt([WHOLE], start, when.at, known_to=when.as_of)[WHOLE]
    return truth(reader, start, when.at).rate(burnt, BURN_S)


def _open(
    reader: LedgerReader, settings: Settings, groups: Iterable[IncidentEntry], when: Moment
) -> Iterator[OpenIncident]:
    """Incidents that go on, the gravest first, in each tier the newest."""
    going_on = [entry for entry in groups if entry.closed_at is None]
    going_on.sort(key=lambda entry: (-tier_rank(entry.tier), -entry.opened_at))
    said = {
        duty.incident: duty.answer
        for duty in duties(reader, [entry.id for entry in going_on], when.now)
        if duty.kind == CRITICALITY and duty.answer
    }
    for entry in going_on:
        answer = said.get(entry.id)
        lines = timeline(reader, entry.id, when.now)
        yield OpenIncident(
            entry=entry,
            above=cost_of(reader, entry, when),
            holder=holder_of(_members(reader, settings, entry.id, when.now)),
            critical=None if answer is None else answer == "critical",
            last=_last(lines),
        )


def _members(reader: LedgerReader, settings: Settings, incident: int, at: int) -> list[AlertEntry]:
    rows = reader.rows("alerts_of_incident", {"incident": incident})
    return [entry_of(row, at, settings.alerts) for row in rows]


def _last(lines: Sequence[TimelineLine]) -> TimelineLine | None:
    return max(lines, key=lambda line: line.at, default=None)


def _in_force(done: Iterable[ActionEntry]) -> list[ActionEntry]:
    """What was taken outside or of the pool and goes on, the first to end first; drills hold nothing."""
    held = [each for each in done if each.open and not each.drill and each.state != "standby"]
    passing = [
        each for each in held if each.kind != ActionKind.ALLOCATE.value
    ]  # which is the plan from then on
    return sorted(passing, key=lambda each: (each.expires_at is None, each.expires_at or 0, each.id))


def _muting(reader: LedgerReader, known: Iterable[SilenceEntry], when: Moment) -> Iterator[Muting]:
    for each in known:
        if each.state == "active":
            held = truth(reader, min(each.starts_at, when.at - MINUTE), when.at)
            yield Muting(each, held.figure(each.burnt, "credits"))


def _near(budget: Budget) -> bool:
    if budget.state != "ok" or budget.share * 10 >= _NEAR_TENTHS:
        return True
    soonest = [each for each in (budget.soft_runway_s, budget.hard_runway_s) if each is not None]
    return any(seconds < _NEAR_S for seconds in soonest)


def _planned(reader: LedgerReader, now: int) -> tuple[Planned, ...]:
    return tuple(Planned(*row) for row in reader.rows("planned_since", {"since": now}))


def _releases(reader: LedgerReader, settings: Settings, now: int) -> tuple[ChangeEntry, ...]:
    """Those of the next day and those under way, the first to begin first."""
    found = changes(reader, settings, now, since_s=0, until=now + AHEAD_S)
    return tuple(each for each in reversed(found) if each.kind is ChangeKind.RELEASE)


def _ended(
    groups: Iterable[IncidentEntry],
    known: Iterable[AlertEntry],
    done: Iterable[ActionEntry],
    muting: Iterable[SilenceEntry],
    since: int,
) -> list[Ended]:
    """Incidents, alerts of none of them, actions and silences that are over, the newest first."""
    found: list[Ended] = []
    closed = [entry for entry in groups if entry.closed_at is not None]
    told = {entry.id for entry in closed}
    found += [Ended(each.closed_at or 0, "incident", each.id, each.title) for each in closed]
    found += [
        Ended(each.resolved_at, "alert", each.id, each.summary)
        for each in known
        if each.resolved_at is not None and each.fired_at is not None and each.incident not in told
    ]
    for each in done:
        if each.ended_at is not None:
            why = f": {each.why}" if each.why else ""
            found.append(Ended(each.ended_at, "action", each.id, f"{each.title}, {each.state}{why}"))
    for silence in muting:
        if silence.state == "ended":
            at = silence.ends_at if silence.ended_at is None else min(silence.ended_at, silence.ends_at)
            words = " ".join(f"{field}={pattern}" for field, pattern in silence.matchers.items())
            found.append(Ended(at, "silence", silence.id, f"{words}, by {silence.author}: {silence.reason}"))
    ends = [replace(each, text=" ".join(each.text.split())) for each in found if each.at >= since]
    return sorted(ends, key=lambda each: (-each.at, each.kind, each.id))
