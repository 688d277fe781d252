"""What a gateway holds of a step, field by field: what was before, what is wanted, or what others set."""

from __future__ import annotations

from agent.domain.action import Step, StepState
from agent.domain.gateway import Fields, TargetState


def held(state: TargetState, fields: Fields) -> dict[str, object]:
    """What a target holds of some fields."""
    return {name: state.fields.get(name) for name in fields}


def others(step: Step, state: TargetState) -> dict[str, object]:
    """The fields that hold neither what was before nor what was wanted: somebody else has set them.

    A field that holds nothing, though what will hold after the next start is the step's own, is none of
    them: there a write of the step's broke off halfway.
    """
    found = held(state, step.want)
    return {
        name: value
        for name, value in found.items()
        if not _own(step, name, value)
        and not (value is None and name in state.saved and _own(step, name, state.saved[name]))
    }


def to_restore(step: Step, state: TargetState) -> dict[str, object]:
    """What undoing a step sets.

    What was perhaps being set is set again, though it reads as it was before, as does what is told late.
    """
    theirs = others(step, state)
    back = {}
    for name, want in step.want.items():
        value, before = state.fields.get(name), step.before.get(name)
        saved = state.saved.get(name, value)
        doubtful = (state.late or step.state is not StepState.APPLIED) and saved == before
        if name not in theirs and (value != before or (saved == want != before) or doubtful):
            back[name] = before
    return back


def ours_after_all(step: Step, state: TargetState) -> dict[str, object]:
    """What undoing sets of a step of which nothing should hold: where it holds what the step wanted."""
    return {
        name: step.before.get(name)
        for name, want in step.want.items()
        if want != step.before.get(name)
        and want in (state.fields.get(name), state.saved.get(name, state.fields.get(name)))
    }


def in_force(later: Step, name: str, step: Step, state: TargetState) -> bool:
    """Whether a later change of a field is what the gateway goes by, so that undoing is the later one's."""
    if later.state is StepState.APPLIED:
        return True
    if unknown(state):
        return later.state is StepState.UNDOING
    value = state.fields.get(name)
    return bool((later.holds and value != step.want[name]) or later.want[name] == value)


def unknown(state: TargetState) -> bool:
    """Whether the gateway cannot say what it holds."""
    return not state.version and not state.fields


def _own(step: Step, name: str, value: object) -> bool:
    return value in (step.want[name], step.before.get(name))
