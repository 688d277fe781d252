"""The lines of a handover in words; every amount says its layer and age. Pure."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from agent.domain.words import duration, plural
from console.commands.tables import amount, percent

if TYPE_CHECKING:
    from agent.domain.planned import Planned
    from agent.reports.action_report import ActionEntry
    from agent.reports.alert_list import AlertEntry
    from agent.reports.burn_report import Budget
    from agent.reports.changes import ChangeEntry
    from agent.reports.deliveries import Undelivered
    from agent.reports.duties import Duty
    from agent.reports.figure import Figure
    from agent.reports.handover_report import Blind, Ended, Muting, OpenIncident
    from agent.reports.runs import RunLine


def incident(each: OpenIncident, now: int) -> str:
    """An incident that goes on, who holds it and what happened last."""
    entry = each.entry
    parts = [
        f"incident {entry.id}, {_words(entry.tier)}: {_flat(entry.title)}",
        f"open for {duration(now - entry.opened_at)}, {plural(entry.alerts, 'alert')}",
    ]
    if each.above.value:
        parts.append(f"above expected {figure_words(each.above, now)}")
    held = f"held by {each.holder}" if each.holder else "nobody holds it"
    parts.append(held.upper() if each.alone else held)
    if each.critical is not None:
        parts.append(f"production {'is' if each.critical else 'is not'} affected")
    if each.last is not None:
        who = "" if each.last.actor == "agent" else f" by {each.last.actor}"
        said = "" if _flat(entry.title) in _flat(each.last.text) else f", {_flat(each.last.text)}"
        parts.append(f"last {ago(each.last.at, now)}: {_words(each.last.kind)}{who}{said}")
    return "; ".join(parts)


def alert(each: AlertEntry, now: int) -> str:
    """An alert that nobody has taken."""
    fired = each.fired_at or each.started_at
    parts = [
        f"alert {each.id}, {_words(each.tier)}: {_flat(each.summary)}",
        f"fires for {duration(now - fired)}",
    ]
    if each.escalated_at is not None:
        parts.append(f"escalated {ago(each.escalated_at, now)}")
    elif each.acknowledge_by is not None:
        parts.append(f"escalates {_until(each.acknowledge_by, now)}")
    return "; ".join([*parts, f"burndeck alerts ack {each.id}"])


def blind(each: Blind, now: int) -> str:
    """What is not known, since when, and the way out."""
    known = "nothing known yet" if each.since is None else f"nothing known since {stamp(each.since)} UTC"
    if each.since is not None:
        known += f" ({duration(max(0, now - each.since))})"
    state = "has never run here" if each.state == "never" else each.state
    return "; ".join(part for part in (f"{each.part}: {state}", known, _flat(each.why), each.hint) if part)


def waiting(each: ActionEntry, now: int) -> str:
    """What waits, for whose word, until when."""
    roles = " and ".join(" or ".join(names) for names in each.waits_for)
    parts = [f"action {each.id}: {each.named}", f"waits for {roles}"]
    if each.given:
        parts.append("approved by " + ", ".join(word.person for word in each.given))
    if each.approve_by is not None:
        parts.append(f"lapses {_until(each.approve_by, now)}")
    parts.append(f"asked for by {each.requested_by}: {_flat(each.reason)}")
    return "; ".join([*parts, f"burndeck approve {each.id}"])


def in_force(each: ActionEntry, now: int) -> str:
    """What holds, whether traffic shows it, and when it ends."""
    parts = [f"action {each.id}: {each.named}", _proof(each, now)]
    ends = (
        "until somebody undoes it, " if each.expires_at is None else f"ends {_until(each.expires_at, now)}, "
    )
    parts.append(f"{'' if each.unwritten else ends}by {each.requested_by}")
    if each.failed:
        parts.append(f"{plural(each.failed, 'target')} failed")
    if each.incident is not None:
        parts.append(f"incident {each.incident}")
    return "; ".join(parts)


def _proof(each: ActionEntry, now: int) -> str:
    if each.confirmed_at is not None and each.state == "confirmed":
        return f"confirmed by traffic {ago(each.confirmed_at, now)}: {_flat(each.effect)}".rstrip(": ")
    if each.state == "accepted":
        return (
            f"NOT CONFIRMED by traffic: {_flat(each.effect)}"
            if each.effect
            else "not confirmed by traffic yet"
        )
    return _flat(each.not_written) or each.state


def cap(each: Budget, now: int) -> str:
    """An allocation near its caps."""
    parts = [
        f"{each.allocation_id} ({each.scope}): {percent(each.share)} used, "
        f"{figure_words(each.used, now)} of {amount(each.monthly.value)}",
        f"burns {figure_words(each.burn, now)}",
    ]
    for name, runway in (("soft", each.soft_runway_s), ("hard", each.hard_runway_s)):
        if runway is not None:
            parts.append(f"{name} cap {'reached' if runway == 0 else f'in {duration(runway)}'}")
    return "; ".join(parts)


def run(each: RunLine, now: int) -> str:
    """A runbook that somebody goes through."""
    drill = "drill of " if each.drill else ""
    at = f"run {each.id}: {drill}{each.title}, at step {each.step} of {each.steps} ({each.step_state})"
    of = f"; incident {each.incident}" if each.incident is not None else ""
    return f"{at}; held by {each.holder}, begun {ago(each.started_at, now)}{of}"


def silence(muting: Muting, now: int) -> str:
    """What is muted, why, and until when."""
    each = muting.entry
    matches = " ".join(f"{field}={pattern}" for field, pattern in each.matchers.items())
    burnt = f"{figure_words(muting.burnt, now)} of {amount(each.limit)} burnt under it"
    return (
        f"silence {each.id}: {matches}, by {each.author}: {_flat(each.reason)}; "
        f"ends {_until(each.ends_at, now)}; {burnt}; mutes {plural(each.mutes, 'alert')} now"
    )


def planned(each: Planned, now: int) -> str:
    """A rise that is meant."""
    of = f"{each.scope_kind} {each.scope}".strip()
    when = (
        f"until {stamp(each.end)} UTC"
        if each.start <= now
        else f"from {stamp(each.start)} to {stamp(each.end)} UTC"
    )
    return f"{of}, {when}, by {each.author or 'nobody named'}: {_flat(each.reason)}"


def release(each: ChangeEntry, now: int) -> str:
    """A release that is to come, or is under way."""
    about = f"{each.scope_kind} {each.scope}".strip() or "organization"
    when = _until(each.at, now) if each.at > now else f"since {stamp(each.at)} UTC"
    if each.until is not None:
        when += f", until {stamp(each.until)} UTC"
    known = f"{each.source}, by {each.actor}" if each.actor else each.source
    return "; ".join(filter(None, (f"{_flat(each.title)} ({about})", when, known, each.url)))


def owed(each: Duty, now: int) -> str:
    """A postmortem that is owed."""
    if each.due_at is None:
        due = "without a date"
    else:
        due = (
            f"OVERDUE since {stamp(each.due_at)} UTC"
            if each.due_at <= now
            else f"due {_until(each.due_at, now)}"
        )
    return f"incident {each.incident}: {due}; burndeck incident postmortem {each.incident} --file FILE"


def lost(each: Undelivered, now: int) -> str:
    """Messages that nobody has got."""
    where = f"{each.channel} {each.target}".strip()
    about = f", alert {', '.join(map(str, each.alerts[:5]))}" if each.alerts else ""
    state = f"{plural(each.messages, 'message')} {each.state} since {stamp(each.since)} UTC{about}"
    return f"{where}: {state}" + (f"; {_flat(each.error)}" if each.error else "")


def ended(each: Ended, now: int) -> str:
    """Something that is over."""
    return f"{stamp(each.at)} UTC {each.kind} {each.id}: {each.text}"


# Words


def figure_words(figure: Figure, now: int) -> str:
    """`165 credits [metered, 1 min old]`."""
    nothing = 0 if figure.value == 0 else None
    return f"{amount(figure.value, nothing)} {figure.unit} [{trust_words(figure, now)}]"


def trust_words(figure: Figure, now: int) -> str:
    """`metered, 1 min old`: the least certain layer in it, and the age of the data."""
    if figure.layer is None or figure.as_of is None:
        return "no data"
    layer = figure.layer.word + (" and better" if figure.mixed else "")
    return f"{layer}, {duration(max(0, now - figure.as_of))} old"


def stamp(at: int) -> str:
    """`2026-11-18 12:30`."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def ago(at: int, now: int) -> str:
    """`12 min ago`."""
    return f"{duration(max(0, now - at))} ago"


def _until(at: int, now: int) -> str:
    return f"in {duration(at - now)}, {stamp(at)} UTC" if at > now else f"now, {stamp(at)} UTC"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _flat(text: str) -> str:
    return " ".join(text.split())
