"""What a word on one waiting change and on several share: the change in full, and what is signed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.commands.acting import no
from console.commands.actions import approvals_words
from console.commands.approve_elsewhere import DRILL_LINE
from console.commands.common import reader_for
from console.commands.kept_preview import change_lines, kept_lines
from console.commands.tables import when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.control.asking import Ask
    from agent.reports.actions import ActionDetail
    from agent.settings import Settings


def detail_of(settings: Settings, ident: int) -> ActionDetail:
    """The action of a number, in full; `NotAllowedError` where there is none."""
    from agent.control.words import gateway_words
    from agent.reports.actions import action_detail

    with reader_for(settings) as reader:
        found = action_detail(reader, ident, settings.clock().now(), gateway_words(settings))
    if found is None:
        raise no(f"there is no action {ident}", hint="`burndeck approve` lists what waits.")
    return found


def decision(
    settings: Settings, detail: ActionDetail, *, deny: bool, note: str, token: str | None = None
) -> Ask:
    """A word on exactly what was looked at; `NotAllowedError`, on record, where nothing waits any more."""
    from agent.control.asking import decision_on
    from agent.control.refusing import on_record

    asked = decision_on(detail.action, approve=not deny, note=note, token=(token or "").strip())
    with on_record(settings, asked.kind, asked.subject, asked.payload, settings.clock().now()):
        if detail.entry.state != "standby":
            raise no(f"action {detail.entry.id} is {detail.entry.state}: there is nothing to decide")
    return asked


def exactly(detail: ActionDetail) -> Iterator[str]:
    """All that a word would be bound to, in lines."""
    from agent.control.policy import why_asked

    entry, spec = detail.entry, detail.action.spec
    yield detail.decided
    yield f"asked for   by {entry.requested_by}, {when(entry.requested_at)}: {entry.reason}"
    yield f"approvals   {approvals_words(entry)}"
    if why := why_asked(detail.action):
        yield f"two people  {why}"
    yield f"until       {when(entry.approve_by)}"
    if spec.drill:
        yield DRILL_LINE
    yield from change_lines(spec.change)
    for planned, shown in zip(detail.action.steps, detail.steps, strict=True):
        yield f"changes     {shown.named}: {planned.detail or f'{shown.before} -> {shown.after}'}"
    yield from kept_lines(spec, detail.preview)
    yield f"digest      {detail.digest}"
