"""What a person can do about a run: what Enter does next, and why something cannot be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from agent.domain.run import RunState, StepState
from agent.domain.runbook import StepKind

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.domain.run import Run
    from agent.domain.runbook import Runbook, Step
    from agent.runbooks.view import RunView, StepView

_DOES = {
    "act": "shows what it would do, then asks",
    "release": "takes off what this run has put on",
    "go": "sends it",
    "sign": "agrees to the run so far, or refuses",
    "approve": "approves the action, or refuses",
    "retry": "tries it again",
    "skip": "goes on without it, with a reason",
    "overrule": "decides otherwise than was found, with a reason",
    "undo": "undoes its action",
    "roll-back": "undoes every action of the run",
    "set": "says what the run is about",
}
READ_ONLY = "Read-only: nobody is known here who could do it."
BEHIND = "It is behind: O goes back to it."
AHEAD = "The run has not come to it yet."


def next_move(step: StepView) -> str:
    """The first thing that can be done about a step; empty where it is the agent's turn, or nobody's."""
    waits = step.state.state is StepState.WORKING
    first = step.can[0] if step.can else ""
    return "" if waits and first not in ("sign", "approve") else first


def next_words(step: StepView) -> str:
    """What Enter does: `chooses an answer`."""
    first = next_move(step)
    if first == "answer":
        return "chooses an answer" if step.declared.kind is StepKind.DECISION else "writes the note"
    return _DOES.get(first, "")


def not_moved(run: Run, step: Step | None, person: Person | None) -> str:
    """Why a person can do nothing about a step; empty where they can, or where nobody knows who they are."""
    if person is None or person.name == run.holder:
        return ""
    if step is not None and {role.value for role in person.roles} & set(step.performers):
        return ""
    return f"{run.holder} holds run {run.id}: {_taking(run, person)}."


def _taking(run: Run, person: Person) -> str:
    """Whether this person may take a run over, by the roles of the runbook and of acting."""
    from agent.control.roles import may, takes

    if not may(person, IntentKind.HOLD_RUN):
        return f"taking it over takes {takes(IntentKind.HOLD_RUN)}"
    if run.runbook.roles and not {role.value for role in person.roles} & set(run.runbook.roles):
        return f"taking it over takes {' or '.join(run.runbook.roles)}"
    return "a takes it over"


def not_started(runbook: Runbook, person: Person | None) -> str:
    """Why a person cannot start a runbook; empty where they can, or where nobody knows who they are."""
    if person is None or not runbook.roles or {role.value for role in person.roles} & set(runbook.roles):
        return ""
    return f"{runbook.title} is started by {' or '.join(runbook.roles)}."


def not_signed(view: RunView, step: StepView, person: Person | None) -> str:
    """Why somebody's agreement does not count in a step."""
    if person is None:
        return ""
    run, declared = view.run, step.declared
    if person.name in (run.holder, run.started_by):
        return "You run it, so others agree: it stands in the header of each who is asked."
    if any(each.person == person.name for each in step.sign_offs):
        return "You have spoken already: it takes another person."
    if not {role.value for role in person.roles} & {role for roles in declared.roles for role in roles}:
        mine = ", ".join(person.roles) or "without a role"
        return f"It waits for {roles_words(declared.roles)}; you are {mine}."
    return ""


def not_there(view: RunView, step: StepView, what: str) -> str:
    """Why a move makes no sense for a step now; empty where it does."""
    if what in step.can:
        return ""
    if what == "reopen" and step.declared.seq == view.run.at:
        return "The run is at this step."
    if what == "undo":
        return f"Step {step.declared.seq} has no action in force."
    if what == "overrule":
        return "Nothing was found here that could be overruled."
    if view.run.state is not RunState.OPEN:
        return f"The run is {view.run.state.value}: O goes back to a step, and opens it again."
    if what == "skip" and step.state.state is StepState.FAILED:
        return "The runbook does not let this step be skipped: Enter tries it again, U rolls back."
    return BEHIND if step.state.state.over else AHEAD if step.state.state is StepState.AHEAD else "Not now."


def roles_words(needs: Sequence[Sequence[str]]) -> str:
    """Whose agreement it takes: `finance and engineering or lead`."""
    return " and ".join(" or ".join(roles) for roles in needs)


def in_force(view: RunView, of: str = "") -> list[int]:
    """The actions of a run that hold or wait, of one step or of all, the newest first."""
    named = view.run.runbook.named(of) if of else None
    mine = view.run.step(named.seq).action if named is not None else None
    return [
        each.id
        for each in sorted(view.actions, key=lambda each: -each.id)
        if each.open and each.state != "reversing" and (named is None or each.id == mine)
    ]
