"""One incident as a whole: its alerts, what was done and by whom, what it costs, and one timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.alert import HARD_CAP
from agent.domain.assessment import BEFORE, CRITICALITY
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import Command, Delivery, IncidentEntry, TimelineLine
from agent.reports.alert_series import KIND_OF_SCOPE, episode_series
from agent.reports.alerts import entry_of
from agent.reports.burn_report import Series
from agent.reports.changes import marked
from agent.reports.deliveries import deliveries_of
from agent.reports.duties import POSTMORTEM, Duty, duties
from agent.reports.figure import Figure
from agent.reports.incident_actions import ActionTaken, incident_actions
from agent.reports.incident_board import cost_of
from agent.reports.incident_people import Hand, hands, holder_of
from agent.reports.incidents import incident, timeline
from agent.reports.moment import moment
from agent.reports.runs import run_timeline

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = ["IncidentView", "Told", "incident_view"]

_ONLY_ONCE = frozenset({"approved", "declined"})
"""Lines that the incident's own timeline holds of an approval that was given while it was about it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message about one of the incident's alerts."""

    alert: int
    message: Delivery


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything about one incident at an instant."""

    at: int  # end of the newest complete minute shown
    now: int
    live: bool  # False: an instant that is over
    entry: IncidentEntry
    above: Figure  # credits above what is expected so far; of the newest state, also in the past
    holder: str  # who has taken it; empty while nobody has
    criticality: Duty | None  # whether production is affected, as somebody has said
    assessed_before: Duty | None  # of the same cap in an earlier incident, while nobody says it of this
    postmortem: Duty | None  # None: none is wanted
    of: str  # what the series is of: team:search
    series: Series | None  # around its beginning; None where nothing burns that has a rate
    alerts: tuple[AlertEntry, ...]  # the first first
    actions: tuple[ActionTaken, ...]
    people: tuple[Hand, ...]
    deliveries: tuple[Told, ...]  # newest last
    timeline: tuple[TimelineLine, ...]  # of everything, oldest first
    commands: tuple[Command, ...]  # the one to run first comes first


def incident_view(
    reader: LedgerReader,
    settings: Settings,
    ident: int,
    now: float,
    *,
    at: float | None = None,
) -> IncidentView | None:
    """The incident of an id as of now, or as it stood at `at`; None when there was none.

    What its runs of runbooks have done is part of its timeline.
    """
    with reader.snapshot():
        when = moment(reader, now, at)
        past = at is not None and when.at < (when.as_of or 0)
        until = when.at if past else when.now
        entry = incident(reader, ident, until)
        if entry is None or entry.opened_at > until:
            return None
        alerts = _alerts(reader, settings, ident, until)
        actions = incident_actions(reader, ident, until)
        wants = {duty.kind: duty for duty in duties(reader, [ident], until)}
        began = min([entry.opened_at, *(alert.started_at for alert in alerts)])
        of = _burning(settings, entry, alerts)
        series = None
        if of is not None:
            kind, value = KIND_OF_SCOPE[of[0]], of[1]
            found = episode_series(reader, kind, value, began, entry.closed_at, when.at)
            series = marked(reader, found, until, (kind, value))
        said = timeline(reader, ident, until)
        told = tuple(_told(reader, alerts, until))
        above = cost_of(reader, entry, when)
        ran = [line for line in run_timeline(reader, ident) if line.at <= until]
    lines = _merged(said, actions, ran)
    holder = holder_of(alerts)
    return IncidentView(
        at=when.at,
        now=when.now,
        live=not past,
        entry=entry,
        above=above,
        holder=holder,
        criticality=wants.get(CRITICALITY),
        assessed_before=wants.get(BEFORE),
        postmortem=wants.get(POSTMORTEM),
        of="" if of is None else f"{of[0]}:{of[1]}".rstrip(":"),
        series=series,
        alerts=alerts,
        actions=actions,
        people=hands(settings.people, lines, actions, holder),
        deliveries=told,
        timeline=lines,
        commands=() if past else tuple(_commands(entry, alerts, actions, wants)),
    )


def _alerts(reader: LedgerReader, settings: Settings, ident: int, until: int) -> tuple[AlertEntry, ...]:
    rows = reader.rows("alerts_of_incident", {"incident": ident})
    found = (entry_of(row, until, settings.alerts) for row in rows if row["started_at"] <= until)
    return tuple(found)


def _burning(
    settings: Settings, entry: IncidentEntry, alerts: Sequence[AlertEntry]
) -> tuple[str, str] | None:
    """Whose burn tells most of it: what its alerts share, or what the first of them that burns is about."""
    word, _, value = entry.group.partition(":")
    if word == "allocation":
        scope = next((each.scope for each in settings.allocations if each.id == value), None)
        word, value = ("", "") if scope is None else (scope.kind.value, scope.value)
    shared = [(word, value), *((alert.scope_kind, alert.scope) for alert in alerts)]
    return next((each for each in shared if each[0] in KIND_OF_SCOPE), None)


def _told(reader: LedgerReader, alerts: Sequence[AlertEntry], until: int) -> list[Told]:
    found = [Told(alert.id, each) for alert in alerts for each in deliveries_of(reader, alert.id, until)]
    return sorted(found, key=lambda told: told.message.created_at)


def _merged(
    said: Sequence[TimelineLine], actions: Sequence[ActionTaken], extra: Sequence[TimelineLine]
) -> tuple[TimelineLine, ...]:
    """One timeline. What the incident's own already says of an approval is not said twice."""
    there = {(line.at, line.actor) for line in said if line.kind in _ONLY_ONCE}
    given = (
        TimelineLine(
            word.at,
            word.verdict,
            word.person,
            f"action {taken.entry.id}: {word.verdict} for {word.role}"
            + (f": {word.note}" if word.note else ""),
            taken.entry.alert,
        )
        for taken in actions
        for word in taken.approvals
        if (word.at, word.person) not in there
    )
    return tuple(sorted([*said, *given, *extra], key=lambda line: line.at))


def _commands(
    entry: IncidentEntry,
    alerts: Sequence[AlertEntry],
    actions: Sequence[ActionTaken],
    wants: dict[str, Duty],
) -> Iterator[Command]:
    """What can be done with it, the most pressing first."""
    for alert in alerts:
        if alert.state == "firing":
            yield Command(f"burndeck alerts ack {alert.id}", "take it: no repeats, no escalation")
            break
    for taken in actions:
        if taken.entry.waits_for:
            yield Command(f"burndeck approve {taken.entry.id}", "shows the exact change, and asks")
    if entry.closed_at is None and entry.tier == HARD_CAP and CRITICALITY not in wants:
        before = wants.get(BEFORE)
        if before is not None and before.answer:
            again = f"still so, as {before.person} said in incident {before.assessed_in}; or --critical"
            yield Command(f"burndeck incident assess {entry.id} --not-critical", again)
        else:
            yield Command(
                f"burndeck incident assess {entry.id} --critical", "or --not-critical: a top-up needs it"
            )
    if any(taken.entry.open and taken.entry.state != "reversing" for taken in actions):
        yield Command(f"burndeck release --incident {entry.id}", "undoes all that was done in it")
    if POSTMORTEM in wants and wants[POSTMORTEM].owed:
        yield Command(
            f"burndeck incident postmortem {entry.id} --file postmortem.md", "it stays open until then"
        )
