"""What was done about an incident: every change with its undo, its effect and the people who agreed to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionState, StepState
from agent.domain.words import instant, plural
from agent.reports.action_report import ActionDetail
from agent.reports.actions import Words, action_detail
from agent.runbooks.postmortem.model import Mark, Measure
from agent.runbooks.postmortem.record import RunRecord

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_DONE = (ActionState.ACCEPTED, ActionState.CONFIRMED, ActionState.REVERSING, ActionState.REVERSED)
_MARKS = {
    ActionKind.THROTTLE: "throttled",
    ActionKind.BLOCK: "blocked",
    ActionKind.MODELS: "models cut",
    ActionKind.TOOLS: "tools cut",
    ActionKind.CAP: "capped",
    ActionKind.REVOKE: "deleted",
    ActionKind.TOP_UP: "topped up",
    ActionKind.ALLOCATE: "allocated",
}


def details_of(
    reader: LedgerReader,
    now: float,
    words: Words | None,
    incident: int | None,
    records: Iterable[RunRecord],
) -> list[ActionDetail]:
    """Every action of an incident and of runs, oldest first."""
    rows = [] if incident is None else reader.rows("actions_of_incident", {"incident": incident})
    ids = {int(row["id"]) for row in rows}
    for record in records:
        ids |= {step.action for step in record.run.steps if step.action is not None}
    found = (action_detail(reader, ident, now, words) for ident in sorted(ids))
    return [each for each in found if each is not None]


def measure_of(detail: ActionDetail) -> Measure:
    """An action as the postmortem tells it."""
    entry = detail.entry
    state = ActionState(entry.state)
    return Measure(
        id=entry.id,
        title=entry.title,
        kind=entry.kind,
        state=entry.state,
        requested_by=entry.requested_by,
        requested_at=entry.requested_at,
        reason=entry.reason,
        began=entry.begun_at,
        accepted=entry.accepted_at,
        confirmed=entry.confirmed_at,
        ended=entry.ended_at,
        ended_by=entry.ended_by,
        why=entry.why,
        effect=entry.effect,
        foreseen=entry.saved,
        expires_at=entry.expires_at,
        in_force=state.active and entry.accepted_at is not None and not entry.drill,
        undo=_undo(detail, state),
        targets=detail.steps,
        approvals=detail.approvals,
        drill=entry.drill,
    )


def _undo(detail: ActionDetail, state: ActionState) -> str:
    entry = detail.entry
    if entry.drill:
        return "a drill: nothing was changed, so there is nothing to undo"
    if state in (ActionState.FAILED, ActionState.DECLINED):
        return f"never done: {entry.why}" if entry.why else "never done"
    if state is ActionState.STANDBY:
        return "not done yet: it waits for approvals"
    if entry.kind == ActionKind.REVOKE.value:
        return "none: a deleted key is gone for ever"
    kept = f"; {plural(entry.kept, 'target')} left as somebody else had changed them" if entry.kept else ""
    ended = instant(entry.ended_at) if entry.ended_at is not None else ""
    if state is ActionState.REVERSED:
        return f"undone by {entry.ended_by or 'agent'} at {ended}{kept}"
    if state is ActionState.EXPIRED:
        return f"undid itself at {ended}{kept}"
    if state is ActionState.REVERSING:
        return f"being undone, as {entry.ended_by or 'agent'} asked{kept}"
    if entry.kind == ActionKind.ALLOCATE.value:
        return "another change of the allocation"
    by_itself = "" if entry.expires_at is None else f"undoes itself at {instant(entry.expires_at)}; "
    return f"{by_itself}burndeck release {entry.id} undoes it{kept}"


def mitigated_at(measures: Iterable[Measure], *, drill: bool) -> int | None:
    """When the first change took hold. In a drill its own changes count, elsewhere none of a drill."""
    held = (each.accepted for each in measures if each.drill is drill and each.accepted is not None)
    return min(held, default=None)


def marks_of(measures: Iterable[Measure]) -> Iterator[Mark]:
    """When changes began and ceased to hold."""
    for each in measures:
        if each.accepted is None:
            continue
        yield Mark(each.accepted, f"{_MARKS[ActionKind(each.kind)]}, action {each.id}")
        if each.ended is not None and each.state == ActionState.REVERSED.value:
            yield Mark(each.ended, f"released, action {each.id}")
        elif each.ended is not None and each.state == ActionState.EXPIRED.value:
            yield Mark(each.ended, f"{'drill over' if each.drill else 'expired'}, action {each.id}")


def held_of(details: Iterable[ActionDetail]) -> Iterator[str]:
    """What changes did to callers: what was seen, else what was foreseen."""
    for detail in details:
        entry, preview = detail.entry, detail.preview
        if entry.accepted_at is None or entry.drill:
            continue
        what = f"action {entry.id} ({entry.title})"
        requests, refused = (preview.get(name) for name in ("requests", "refused"))
        foreseen = ""
        if isinstance(requests, int) and isinstance(refused, int) and requests:
            foreseen = f"foreseen: {refused:,} of {requests:,} calls an hour refused"
        said = "; ".join(filter(None, (entry.effect.rstrip("."), foreseen)))
        keys = plural(entry.keys, "key") if entry.keys else ""
        yield f"{what}{f', {keys}' if keys else ''}: {said or 'no effect on calls is known'}"


def troubles_of(measures: Iterable[Measure]) -> Iterator[str]:
    """What of the changes is left to look after."""
    for each in measures:
        name = f"action {each.id} ({each.title})"
        if each.in_force and ActionState(each.state) in _DONE and each.kind != ActionKind.REVOKE.value:
            until = "" if each.expires_at is None else f" until {instant(each.expires_at)}"
            yield f"{name} still holds{until}: decide whether it stays, and release or renew it"
        if each.state == ActionState.STANDBY.value and not each.drill:
            yield f"{name} still waits for approvals: approve it or take it back"
        for state, what in (
            (StepState.KEPT, "was changed by somebody else meanwhile and left as it is: look at it"),
            (StepState.FAILED, "could not be changed"),
        ):
            for target in each.targets:
                if target.state == state.value:
                    reason = f" ({target.error})" if target.error else ""
                    yield f"{target.target} of action {each.id} {what}{reason}"
