"""Incidents as text: a table of them, and one as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agent.domain.words import duration, plural
from console.commands.actions import approvals_words
from console.commands.tables import amount, table, terminal_width, when

if TYPE_CHECKING:
    from agent.reports.figure import Figure
    from agent.reports.incident_board import IncidentRow
    from agent.reports.incident_view import IncidentView


def listed(rows: Sequence[IncidentRow]) -> str:
    """The table of incidents."""
    columns = ("id", "state", "tier", "opened", "closed", "above expected", "held by", "alerts", "title")
    cells = [
        (
            row.entry.id,
            "closed" if row.entry.closed_at else "open",
            row.entry.tier,
            when(row.entry.opened_at),
            when(row.entry.closed_at),
            _figure(row.above) if row.above.value else "-",
            row.holder or ("-" if row.entry.closed_at else "nobody"),
            row.entry.alerts,
            row.entry.title,
        )
        for row in rows
    ]
    return table(columns, cells, right=(0, 5, 7), most=terminal_width())


def as_text(found: IncidentView) -> str:
    """One incident: a head, then blocks with an empty line between them."""
    parts = (_head(found), _alerts(found), _actions(found), _people(found), _told(found), _timeline(found))
    blocks = ["\n".join(lines) for lines in map(list, (*parts, _commands(found))) if lines]
    return "\n\n".join(blocks)


def _head(found: IncidentView) -> Iterator[str]:
    entry, until = found.entry, found.now if found.live else found.at
    state = "open" if entry.closed_at is None else "closed"
    yield f"incident {entry.id}: {entry.tier}, {state}"
    yield entry.title
    yield f"since       {when(entry.opened_at)}, {duration((entry.closed_at or until) - entry.opened_at)}"
    if entry.closed_at is not None:
        yield f"closed      {when(entry.closed_at)}"
    if found.above.value:
        yield f"above       {_figure(found.above)} above what is expected" + (
            "" if found.live else ", as of now"
        )
    if entry.closed_at is None:
        yield f"held by     {found.holder or 'nobody'}"
    yield from _wants(found)
    yield from _burn(found)


def _burn(found: IncidentView) -> Iterator[str]:
    series = found.series
    points = [] if series is None else [each for each in series.points if each.value is not None]
    if series is None or not points:
        return
    peak, last = max(points, key=lambda each: each.value or 0), points[-1]
    layer = f" [{series.layer.word}]" if series.layer is not None else ""
    peaked = f"peak {amount(peak.value)} at {when(peak.at)}"
    yield f"burn of     {found.of}{layer}, expected {amount(last.expected)} credits/min"
    yield f"            {peaked}" + ("" if last is peak else f", {amount(last.value)} at {when(last.at)}")


def _wants(found: IncidentView) -> Iterator[str]:
    said = found.criticality
    if said is not None and said.answer:
        word = "is" if said.answer == "critical" else "is not"
        where = "says" if said.assessed_in is None else f"as assessed in incident {said.assessed_in} by"
        yield f"production  {word} affected, {where} {said.person}, {when(said.at)}"
    elif found.entry.closed_at is None:
        yield "production  nobody has said whether it is affected"
        before = found.assessed_before
        if before is not None and before.answer:
            yield (
                f"            not affected, as assessed in incident {before.assessed_in} by "
                f"{before.person}, {when(before.at)}: does that still hold?"
            )
    owed = found.postmortem
    if owed is not None:
        due = f"owed, due {when(owed.due_at)}" if owed.owed else f"signed by {owed.person}, {when(owed.at)}"
        yield f"postmortem  {due}"


def _alerts(found: IncidentView) -> Iterator[str]:
    for alert in found.alerts:
        yield f"alert {alert.id:<4}  {alert.tier:<8}  {alert.state:<12}  {' '.join(alert.summary.split())}"


def _actions(found: IncidentView) -> Iterator[str]:
    for taken in found.actions:
        entry = taken.entry
        ends = "" if entry.expires_in_s is None else f", ends in {duration(entry.expires_in_s)}"
        waits = f", {approvals_words(entry)}" if entry.waits_for else ""
        yield f"action {entry.id:<3}  {entry.state:<9}  {entry.named}, by {entry.requested_by}{ends}{waits}"
        if entry.effect or entry.why:
            yield f"            {entry.effect or entry.why}"
        for word in taken.approvals:
            note = f": {word.note}" if word.note else ""
            void = f" (counts no more: {word.void})" if word.void else ""
            yield f"            {word.verdict} by {word.person} for {word.role}, {when(word.at)}{note}{void}"


def _people(found: IncidentView) -> Iterator[str]:
    for hand in found.people:
        roles = f" ({', '.join(hand.roles)})" if hand.roles else ""
        yield f"{hand.name}{roles}{' holds it' if hand.holds else ''}: {', '.join(hand.did)}"


def _told(found: IncidentView) -> Iterator[str]:
    failed = [told for told in found.deliveries if told.message.state in ("failed", "gone")]
    if found.deliveries:
        lost = f", {len(failed)} of them did not arrive" if failed else ""
        yield f"told        {plural(len(found.deliveries), 'message')}{lost}"
    for told in failed:
        message = told.message
        yield f"            {message.channel} {message.target}: {message.error or message.state}".rstrip()


def _timeline(found: IncidentView) -> Iterator[str]:
    for line in found.timeline:
        yield f"{when(line.at)}  {line.kind:<13}  {line.actor:<8}  {' '.join(line.text.split())}"


def _commands(found: IncidentView) -> Iterator[str]:
    longest = max((len(command.text) for command in found.commands), default=0)
    for command in found.commands:
        yield f"{command.text:<{longest}}  {command.purpose}"


def _figure(figure: Figure) -> str:
    tag = f" [{figure.tag}]" if figure.tag else ""
    return f"{amount(figure.value)} {figure.unit}{tag}"
