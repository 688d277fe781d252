"""Runs of runbooks as text: a table of them, and where one stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from agent.domain.run import RunState, StepState
from agent.domain.words import duration
from agent.runbooks.in_force import in_force_lines
from agent.runbooks.view import shown
from agent.runbooks.way_back import way_back
from console.commands.tables import table, terminal_width, when

if TYPE_CHECKING:
    from agent.domain.run import Evidence, RunEvent
    from agent.reports.action_report import ActionEntry
    from agent.runbooks.view import RunLine, RunView, StepView

_WIDE = 100  # characters in which a cell is cut where no terminal says


def listed(lines: Sequence[RunLine]) -> str:
    """The table of runs."""
    columns = ("run", "runbook", "state", "step", "held by", "started", "about")
    rows = [
        (
            line.id,
            line.runbook + (" (drill)" if line.drill else ""),
            line.state,
            f"{line.step} of {line.steps}, {line.step_state}" if line.step else "-",
            line.holder,
            when(line.started_at),
            _about(line.alert, line.incident) or line.outcome or "-",
        )
        for line in lines
    ]
    return table(columns, rows, right=(0,), most=terminal_width())


def head(view: RunView) -> Iterator[str]:
    """What a run is, in a few lines."""
    run = view.run
    drill = ", a drill: it changes nothing" if run.drill else ""
    yield f"run {run.id}: {run.runbook.title} ({run.runbook.id}){drill}"
    ended = f", ended {when(run.ended_at)} by {run.ended_by}" if run.ended_at else ""
    yield f"state       {run.state.value}{ended}" + (f": {run.outcome}" if run.outcome else "")
    if about := _about(run.alert, run.incident):
        yield f"about       {about}"
    yield f"held by     {run.holder}; started by {run.started_by}, {when(run.started_at)}"
    for name, value in run.parameters.items():
        if value:
            yield f"{name:<11} {value}"
    for line in in_force_lines(view):
        yield f"in force    {line}"
    if view.changed_evidence:
        which = ", ".join(map(str, view.changed_evidence))
        yield f"WARNING     evidence {which} reads differently than it was kept"


def steps_table(view: RunView) -> str:
    """Every step that was reached, and the next one, each with what became of it."""
    rows = [
        (
            ">" if each.declared.seq == view.run.at else "",
            each.declared.seq,
            each.state.state.value,
            each.state.actor or "-",
            each.declared.title,
            _first_line(each.text),
        )
        for each in view.steps
        if each.state.state not in (StepState.AHEAD, StepState.PASSED)
    ]
    columns = ("", "step", "state", "by", "title", "what came of it")
    return table(columns, rows, right=(1,), most=terminal_width() or 160)


def step_lines(view: RunView, each: StepView) -> Iterator[str]:
    """One step in full."""
    step, state = each.declared, each.state
    again = f", try {state.attempt}" if state.attempt > 1 else ""
    yield f"{step.seq}. {step.title}  [{step.kind.value}, {state.state.value}{again}]"
    if step.prose:
        yield from (f"   {line}".rstrip() for line in step.prose.splitlines())
    shown_below = [kept.evidence for kept in each.evidence if kept.attempt == state.attempt]
    if each.text and not any(found.sentence and found.sentence in each.text for found in shown_below):
        yield f"   came of it: {each.text}"
    for required in each.requires:
        yield f"   {'met' if required.met else 'NOT MET'}: {required.sentence}"
    if each.waits:
        yield f"   waits: {each.waits}"
    if each.due_at is not None:
        yield f"   until {when(each.due_at)}, in {duration(max(0, each.due_at - view.now))}"
    for word in each.sign_offs:
        verdict = "approved" if word.approved else "denied"
        yield f"   {verdict} by {word.person} as {word.role}" + (f": {word.note}" if word.note else "")
    if step.question and not each.text:
        yield f"   {shown(step.question, view.values)}"
        yield from (f"     {choice.answer}: {choice.label}" for choice in step.choices)
    if step.prompt and not each.text:
        yield f"   {shown(step.prompt, view.values)}"
    if step.action and step.using:
        using = ", ".join(f"{name} {shown(text, view.values)}" for name, text in step.using.items())
        yield f"   {step.action}: {using}"
    for found in shown_below:
        yield from evidence_lines(found)


def evidence_lines(found: Evidence) -> Iterator[str]:
    """A question and its answer, with its table."""
    yield ""
    yield f"   {found.title}"
    if found.sentence:
        yield f"   {found.sentence}"
    if found.rows:
        most = (terminal_width() or _WIDE + 60) - 3
        yield from (f"   {line}" for line in table(found.columns, found.rows, most=most).splitlines())
    facts = [found.layer, f"data until {when(found.as_of)}" if found.as_of else "", found.note]
    if said := "; ".join(fact for fact in facts if fact):
        yield f"   ({said})"


def standing_lines(view: RunView, shows: Collection[int], why_not: str) -> Iterator[str]:
    """Where a run stands: its head, its steps, those of `shows` in full, and what can be done next."""
    yield from head(view)
    yield ""
    yield steps_table(view)
    for each in view.steps:
        if each.declared.seq in shows:
            yield ""
            yield from step_lines(view, each)
    yield ""
    if why_not:
        yield f"You cannot move it: {why_not}"
    found = list(next_commands(view))
    if found:
        width = min(max(len(command) for command, _ in found), 60)
        yield "Next:"
        yield from (f"  {command:<{width}}  {what}".rstrip() for command, what in found)
    elif view.run.state is RunState.OPEN:
        yield "Next: nothing to do but wait; `burndeck runbook resume --follow` tells of it."


def next_commands(view: RunView) -> Iterator[tuple[str, str]]:
    """What can be done now, as commands, each with what it does; the first thing first."""
    run, current = view.run, view.current
    if current is None:
        if run.state is not RunState.OPEN:
            yield f"burndeck runbook export {run.id}", "writes its postmortem"
        yield from _undoing(view)
        return
    if current.action is not None and current.action.waits_for:
        yield from _approving(current.action)
    for can in current.can:
        yield from _commands(view, current, can)
    if (decision := way_back(view)) is not None:
        seq = decision.declared.seq
        yield f"burndeck runbook reopen {run.id} --step {seq}", f"goes back to: {decision.declared.title}"
    yield from _undoing(view, but=current.declared.seq)


def event_line(event: RunEvent) -> str:
    """One line of the timeline."""
    step = f"step {event.step}: " if event.step is not None else ""
    return f"{when(event.at)}  {event.actor:<12} {step}{event.kind}" + (
        f", {event.text}" if event.text else ""
    )


def _commands(view: RunView, current: StepView, can: str) -> Iterator[tuple[str, str]]:
    run, step = view.run, current.declared
    base = f"burndeck runbook {can} {run.id}"
    reason = ' --reason "WHY"'
    if can == "answer" and step.choices:
        for choice in step.choices:
            yield f"{base} {choice.answer}", choice.label
    elif can == "answer":
        yield f'{base} "TEXT"', "writes the note"
    elif can == "act":
        sets = "".join(f' --set {name}="..."' for name in list(step.using)[:1])
        yield base, f"previews the {step.action}, asks, and does it;{sets} changes it"
    elif can == "release":
        yield f"burndeck runbook act {run.id}", "undoes what is in force"
    elif can == "go":
        yield base, "tells " + ", ".join(shown(each, view.values) for each in step.to)
    elif can == "sign":
        whom = " and ".join(" or ".join(roles) for roles in step.roles)
        yield base, f"agrees, by {whom}; --deny does not"
    elif can == "approve":
        action = next((each.action for each in view.steps if each.declared.id == step.of), None)
        yield from _approving(action)
    elif can == "set":
        yield f"{base} NAME=VALUE", f"changes {', '.join(each.name for each in run.runbook.parameters)}"
    elif can == "skip":
        yield base + ("" if step.optional else reason), "goes on without it"
    elif can == "retry":
        yield base, "tries it again"
    elif can == "undo":
        yield f"{base} --step {step.seq}", "undoes its action"
    elif can == "overrule":
        yield base + reason, "goes on as if it were met; --not-met as if it were not"
    elif can == "roll-back" and any(each.open for each in view.actions):
        yield base + reason, "undoes every action of the run"


def _approving(action: ActionEntry | None) -> Iterator[tuple[str, str]]:
    if action is not None:
        whom = " and ".join(" or ".join(roles) for roles in action.waits_for)
        whom = f"by {whom}; --deny says no" if whom else "shows who has approved it"
        yield f"burndeck approve {action.id}", whom


def _undoing(view: RunView, but: int = 0) -> Iterator[tuple[str, str]]:
    for each in view.steps:
        if "undo" in each.can and each.declared.seq != but and each.action is not None:
            yield (
                f"burndeck runbook undo {view.run.id} --step {each.declared.seq}",
                f"undoes {each.action.title}",
            )


def _about(alert: int | None, incident: int | None) -> str:
    found = [f"alert {alert}" if alert is not None else "", f"incident {incident}" if incident else ""]
    return ", ".join(each for each in found if each)


def _first_line(text: str) -> str:
    first, *others = text.splitlines() or [""]
    return f"{first} ..." if others else first
