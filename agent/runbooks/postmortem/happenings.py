"""One timeline of an incident, its run and its changes, and the people in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agent.domain.person import AGENT
from agent.reports.action_report import ActionDetail
from agent.reports.alert_report import TimelineLine
from agent.runbooks.postmortem.model import Happened, Involved
from agent.runbooks.postmortem.record import RunRecord

if TYPE_CHECKING:
    from agent.domain.run import SignOff

_BARE = ("acknowledged", "resolved", "escalated")
"""Kinds of lines whose text is the reason alone."""
_VERDICTS = {"approved": "approved", "denied": "denied"}


def merged(
    lines: Iterable[TimelineLine],
    details: Sequence[ActionDetail],
    records: Iterable[RunRecord],
    incident: int | None,
) -> tuple[Happened, ...]:
    """Everything that happened, oldest first, each thing once."""
    found = [Happened(line.at, "incident", line.kind, line.actor, _plain(line)) for line in lines]
    for detail in details:
        found += _of_action(detail, incident)
    for record in records:
        found += _of_run(record)
    # What happened within a second stays in the order of its source.
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.at))


def _plain(line: TimelineLine) -> str:
    """A line that says what happened also without its kind beside it."""
    said = line.kind not in _BARE or line.kind in line.text
    return line.text if said else f"{line.kind}: {line.text}"


def _of_action(detail: ActionDetail, incident: int | None) -> Iterator[Happened]:
    """What the audit log says of an action. An incident's timeline has it already, but for refusals."""
    known = detail.entry.incident is not None and detail.entry.incident == incident
    for line in detail.timeline:
        if not known or line.kind == "refused":
            text = f"action {detail.entry.id}: {line.text}"
            yield Happened(line.at, "action", line.kind, line.actor, text)


def _of_run(record: RunRecord) -> Iterator[Happened]:
    for event in record.events:
        title = "" if event.step is None else f"step {event.step}: "
        text = event.text if event.text.startswith(title) else f"{title}{event.text}"
        yield Happened(event.at, "run", event.kind, event.actor, text)
    told = {(event.at, event.actor, event.step) for event in record.events}
    for word in record.sign_offs:
        if (word.at, word.person, word.step) not in told:
            yield Happened(word.at, "approval", _verdict(word), word.person, _said(word))


def _verdict(word: SignOff) -> str:
    return "approved" if word.approved else "denied"


def _said(word: SignOff) -> str:
    note = f": {word.note}" if word.note else ""
    return f"step {word.step}: {_verdict(word)} as {word.role}{note}"


def people_of(
    timeline: Iterable[Happened], details: Iterable[ActionDetail], records: Sequence[RunRecord]
) -> tuple[Involved, ...]:
    """Everybody who did something, in the order in which they came, with what they did."""
    did: dict[str, dict[str, None]] = {}

    def note(name: str, what: str) -> None:
        if name and name != AGENT:
            did.setdefault(name, {})[what] = None

    for record in records:
        note(record.run.started_by, "started the run")
    for line in timeline:
        if line.source == "incident" and line.kind in ("acknowledged", "assessed", "silenced", "postmortem"):
            note(line.actor, _DID[line.kind])
        elif line.source == "run":
            note(line.actor, "worked on the run")
    for detail in details:
        entry = detail.entry
        note(entry.requested_by, f"asked for action {entry.id}")
        for word in detail.approvals:
            note(word.person, f"{_VERDICTS.get(word.verdict, word.verdict)} action {entry.id} as {word.role}")
        note(entry.ended_by, f"ended action {entry.id}")
    for record in records:
        for said in record.sign_offs:
            note(said.person, f"{_verdict(said)} step {said.step} as {said.role}")
        note(record.run.holder, "held the run")
        note(record.run.ended_by, "ended the run")
    return tuple(Involved(name, tuple(what)) for name, what in did.items())


_DID = {
    "acknowledged": "took the alert",
    "assessed": "assessed whether production was affected",
    "silenced": "silenced alerts",
    "postmortem": "signed the postmortem",
}
