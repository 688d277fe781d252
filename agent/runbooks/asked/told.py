"""What is known of an alert, an incident, the changes before it, and the actions for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.run import Evidence
from agent.domain.words import duration, instant, plural
from agent.ledger.kinds import Kind
from agent.reports.actions import actions as listed_actions
from agent.reports.actions import entry, read_actions, read_approvals
from agent.reports.alert_detail import alert_detail
from agent.reports.alert_series import KIND_OF_SCOPE
from agent.reports.changes import near
from agent.reports.incidents import incident as incident_of
from agent.reports.layers import truth
from agent.reports.moment import MINUTE, moment
from agent.runbooks.asked.answer import UNKNOWN, age, credits_, credits_exactly, evidence, exact, short
from agent.runbooks.asked.burning import line_of
from agent.runbooks.asked.given import WHOLE, Part, ident, part, seconds

if TYPE_CHECKING:
    from agent.domain.run import Line
    from agent.reports.action_report import ActionEntry
    from agent.reports.alert_list import AlertEntry
    from agent.runbooks.asking import Context, Given

NO_ALERT = "This run was started without an alert."
NO_INCIDENT = "This run is about no incident."
_GROUPS = {Kind.TEAM: Kind.TEAM, Kind.PROJECT: Kind.PROJECT, Kind.API_KEY: Kind.API_KEY}


def alert(context: Context, given: Given) -> Evidence:
    """An alert: what its rule saw, and the burn around the moment."""
    number, title = ident(given, "alert"), "The alert"
    if number is None:
        return evidence("alert", title, given, NO_ALERT)
    found = alert_detail(context.reader, context.settings, number, context.now)
    if found is None:
        return evidence("alert", title, given, f"There is no alert {number}.")
    mine = found.entry
    rows = [
        ("state", _state(mine, context.now)),
        ("tier", mine.tier),
        ("rule", mine.rule.replace("_", " ")),
        ("scope", scope_text(mine)),
        ("now", f"{short(mine.current)} {mine.unit}"),
        ("expected", f"{short(mine.expected)} {mine.unit}"),
        ("above expected so far", credits_exactly(mine.above)),
        *((each.name, each.value) for each in found.evidence),
    ]
    return evidence(
        "alert",
        f"Alert {number}",
        given,
        f"{found.sentence.removesuffix('.')}.",
        ("fact", "value"),
        rows,
        note=f"as of when the rule last held, {instant(mine.last_at)}",
        truth=found.current,
        line=_line(context, mine),
    )


def scope_text(entry: AlertEntry) -> str:
    """What an alert is about, as a scope is written."""
    return f"{entry.scope_kind}:{entry.scope}" if entry.scope else entry.scope_kind


def _state(entry: AlertEntry, now: float) -> str:
    if entry.resolved_at is not None:
        return f"ended {age(entry.resolved_at, now)} ago"
    taken = f", taken by {entry.acknowledged_by}" if entry.acknowledged_by else ""
    return f"{entry.state} for {age(entry.started_at, now)}{taken}"


def _line(context: Context, entry: AlertEntry) -> Line | None:
    kind = KIND_OF_SCOPE.get(entry.scope_kind)
    when = moment(context.reader, context.now)
    if kind is None or when.as_of is None:
        return None
    return line_of(context, Part(kind, entry.scope, None), when.at)


def incident(context: Context, given: Given) -> Evidence:
    """An incident: its alerts, and what it has cost above what was expected."""
    from agent.reports.alerts import entry_of

    number, title, reader = ident(given, "incident"), "The incident", context.reader
    if number is None:
        return evidence("incident", title, given, NO_INCIDENT)
    with reader.snapshot():
        found = incident_of(reader, number, int(context.now))
        if found is None:
            return evidence("incident", title, given, f"There is no incident {number}.")
        rows = reader.rows("alerts_of_incident", {"incident": number})
        alerts = [entry_of(row, int(context.now), context.settings.alerts) for row in rows]
        last = max((each.last_at for each in alerts), default=None)
        start = min((found.opened_at, *(each.started_at for each in alerts)))
        layers = None if last is None else truth(reader, start, max(last, start + MINUTE))
    is_ = "is open" if found.closed_at is None else "is closed"
    lasted = age(found.opened_at, context.now if found.closed_at is None else found.closed_at)
    return evidence(
        "incident",
        f"Incident {number}: {found.title}",
        given,
        f"Incident {number} {is_} after {lasted}: {credits_(found.above)} above what was expected, "
        f"{plural(len(alerts), 'alert')}.",
        ("alert", "tier", "state", "scope", "above expected", "what"),
        [
            (
                str(each.id),
                each.tier,
                _state(each, context.now),
                scope_text(each),
                credits_exactly(each.above),
                each.summary,
            )
            for each in alerts
        ],
        note=f"began {instant(found.opened_at)}; likely cause: {found.cause or 'not known'}",
        truth=layers,
        as_of=last,
        line=_line(context, alerts[0]) if alerts else None,
    )


def changes(context: Context, given: Given) -> Evidence:
    """What was changed before the run's alert began, or before now: releases, keys, limits, people."""
    about, before_s = part(context, given), seconds(given, "before", "6h")
    until = _began(context)
    end = int(context.now) if until is None else until
    found = near(
        context.reader,
        context.settings,
        end,
        before_s=before_s,
        after_s=0,
        within=about.within if about.kind in _GROUPS else None,
    )
    what = "the alert began" if until is not None else "now"
    title = f"Changes in the {duration(before_s)} before {what}"
    releases = [each for each in found if each.kind.value == "release"]
    if not found:
        sentence = f"Nothing that burndeck knows of was changed in the {duration(before_s)} before {what}."
    else:
        first = found[0]
        sentence = (
            f"{plural(len(found), 'change')}, {len(releases)} of them releases; the newest "
            f"{'release' if releases else 'one'} is {first.title}, {age(first.at, end)} before {what}."
        )
    return evidence(
        "changes",
        title,
        given,
        sentence,
        ("at", "before", "kind", "what", "scope", "by", "source"),
        [
            (
                instant(each.at),
                age(each.at, end),
                each.kind.value,
                each.title,
                f"{each.scope_kind}:{each.scope}" if each.scope_kind else "organization",
                each.actor or UNKNOWN,
                each.source,
            )
            for each in found
        ],
        as_of=int(context.now),
    )


def _began(context: Context) -> int | None:
    """When the alert of the run began; None for a run without one."""
    from agent.reports.alerts import alert_of

    run = context.run
    if run is None or run.alert is None:
        return None
    found = alert_of(context.reader, str(run.alert), context.now)
    return None if found is None else found.started_at


def actions(context: Context, given: Given) -> Evidence:
    """Actions of an incident, or all that are open: what holds, until when, and what it did."""
    number, reader, now = ident(given, "incident"), context.reader, int(context.now)
    if number is None:
        title, found = "Actions", [each for each in listed_actions(reader, now) if each.open]
    else:
        title = f"Actions of incident {number}"
        with reader.snapshot():
            read = read_actions(reader, reader.rows("actions_of_incident", {"incident": number}))
            said = read_approvals(reader, read)
        found = [entry(each, said.get(each.id or 0, ()), now) for each in read]
    real = [each for each in found if not each.drill]  # a drill holds nothing, and nothing waits for it
    holding = [each for each in real if each.open and each.state != "standby"]
    waiting = [each for each in real if each.state == "standby"]
    return evidence(
        "actions",
        title,
        given,
        _holds(holding, len(waiting)) if found else "No action holds, and none waits.",
        ("action", "what", "state", "ends", "saves", "asked for by", "effect"),
        [_action(each) for each in found],
        as_of=now,
    )


def _holds(holding: list[ActionEntry], waiting: int) -> str:
    text = f"{plural(len(holding), 'action')} in force" if holding else "No action is in force"
    ending = [each for each in holding if each.expires_in_s is not None]
    if ending:
        first = min(ending, key=lambda each: each.expires_in_s or 0)
        text += f", the first to end in {duration(max(0, first.expires_in_s or 0))}: {first.title}"
    return f"{text}; {plural(waiting, 'action')} waiting for approval." if waiting else f"{text}."


def _action(each: ActionEntry) -> tuple[str, ...]:
    ends = UNKNOWN if each.expires_in_s is None else f"in {duration(max(0, each.expires_in_s))}"
    return (
        str(each.id),
        each.title,
        each.state,
        ends if each.open else "over",
        f"{exact(each.saved)} credits/min" if each.saved else UNKNOWN,
        each.requested_by,
        each.effect or each.why,
    )


__all__ = ["NO_ALERT", "NO_INCIDENT", "WHOLE", "actions", "alert", "changes", "incident", "scope_text"]
