"""One step of a run in full: what it is for, what it does, what is so, what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agent.domain.run import RunState, StepState
from agent.domain.runbook import StepKind
from agent.runbooks.view import shown
from agent.runbooks.way_back import way_back
from console import format as fmt
from console.screens.actions.rows import TONES as ACTION_TONES
from console.screens.actions.rows import countdown, state_words
from console.screens.alerts.layout import LABEL, block
from console.screens.runbook.evidence import draw_evidence
from console.screens.runbook.machine import choice_words, machine_words
from console.screens.runbook.moves import READ_ONLY, next_move, next_words, not_moved, not_signed
from console.screens.runbook.prose import draw_prose
from console.screens.runbook.signs import step_mark
from console.screens.runbook.timeline import draw_timeline
from console.widgets.ink import EMPTY, Line, Span, Tone, fit, left, spread, wrap

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.runbooks.view import RunView, StepView


OTHERS = {
    "undo": ("u", "undoes"),
    "overrule": ("o", "overrules"),
    "skip": ("s", "skips"),
    "roll-back": ("U", "rolls back"),
    "reopen": ("O", "goes back to it"),
    "set": ("=", "sets"),
}
"""Moves that have a key of their own."""


def draw_step(
    view: RunView,
    step: StepView,
    person: Person | None,
    now: float,
    size: tuple[int, int],
    *,
    events: bool,
    read_only: bool = False,
    widened: bool = False,
) -> list[Line]:
    """The step in columns and rows; there may be more to scroll to. `events`: with the timeline below.

    `read_only`: nobody here could sign. `widened`: there is no more width to be had.
    """
    width, height = size
    inner = width - 2
    room = inner - LABEL
    said = " ".join((step.text, *(each.sentence for each in step.requires)))
    found = draw_evidence(step.evidence, said, view.changed_evidence, now, inner, height, widened=widened)
    part: Sequence[Line] = [
        *_question(view, step, inner),
        *_machine(view, step, room),
        *_requires(step, room),
    ]
    prose = draw_prose(step.declared.prose, inner)
    behind = step.state.state.over  # what was found comes before how to look for it
    blocks: list[Sequence[Line]] = [
        [_heading(step, now, inner), *_next(view, step, person, now, inner, read_only=read_only)],
        _so_far(view, step, now, inner),
        *((found, prose, part) if behind else (prose, part, found)),
        [[Span("Run", Tone.STRONG)], *_parameters(view, room)],
        [[Span("Timeline", Tone.STRONG)], *draw_timeline(view, inner)] if events else [],
    ]
    lines: list[Line] = []
    for each in blocks:
        lines += [EMPTY] if lines and each else []
        lines += each
    return [[Span(" "), *line] for line in lines]


def _heading(step: StepView, now: float, width: int) -> Line:
    declared, state = step.declared, step.state
    waits = state.state is StepState.WORKING and declared.kind in (StepKind.APPROVAL, StepKind.WAIT_FOR)
    sign, word, tone = step_mark(step)
    words = f"{sign} {'waits' if waits else word}"
    if state.attempt > 1:
        words += f", try {state.attempt}"
    if state.ended_at is not None and state.state is not StepState.READY:
        words += f" {fmt.clock(state.ended_at)}"
    start = [Span(f"{declared.seq} ", Tone.DIM), Span(declared.title, Tone.STRONG)]
    return spread(start, [Span(" "), Span(words, tone)], width)


def _next(
    view: RunView, step: StepView, person: Person | None, now: float, width: int, *, read_only: bool
) -> Iterator[Line]:
    """What Enter does, or what is waited for and until when."""
    if step.declared.seq != view.run.at:
        if not read_only:
            yield from _others(step, width)
        return
    if step.state.state is StepState.WORKING:
        text = step.waits or "the agent is at it"
        yield from ([Span(line, Tone.WARM)] for line in wrap(f"… {text}", width))
    reason = READ_ONLY if read_only else not_moved(view.run, step.declared, person)
    if words := next_words(step):
        why_not = "" if "approve" in step.can else reason
        if "sign" in step.can and not read_only:
            why_not = not_signed(view, step, person)
        yield from _enter(words, READ_ONLY if read_only else why_not, width)
    if not reason:
        yield from _others(step, width)
        if (decision := way_back(view)) is not None:
            text = f" at step {decision.declared.seq} goes back to another answer"
            yield fit([Span("O", Tone.KEY), Span(text, Tone.DIM)], width)
    if step.due_at is not None:
        yield [Span(f"time is up in {countdown(step.due_at - now)}", Tone.DIM)]


def _others(step: StepView, width: int) -> Iterator[Line]:
    """What else can be done about it, by its keys."""
    first = next_move(step)
    line: list[Span] = []
    for what, (key, does) in OTHERS.items():
        if what in step.can and what != first:
            line += [
                *([Span(" · ", Tone.DIM)] if line else []),
                Span(key, Tone.KEY),
                Span(f" {does}", Tone.DIM),
            ]
    if line:
        yield fit(line, width)


def _enter(words: str, reason: str, width: int) -> Iterator[Line]:
    if reason:
        yield from ([Span(line, Tone.WARM)] for line in wrap(reason, width))
    else:
        yield [Span("Enter", Tone.KEY), Span(f" {words}", Tone.ACCENT)]


def _so_far(view: RunView, step: StepView, now: float, width: int) -> list[Line]:
    """What became of it: the outcome, the action, who agreed."""
    lines: list[Line] = []
    state = step.state
    if step.text:
        who = f"{state.actor}: " if state.actor and state.actor != "agent" else ""
        tone = Tone.HOT if state.state is StepState.FAILED else Tone.STRONG
        lines += [[Span(line, tone)] for line in wrap(f"{who}{step.text}", width)]
    if state.answer and step.declared.kind is StepKind.NOTE and "\n" in state.answer:
        lines += [[Span(line)] for text in state.answer.split("\n") for line in wrap(text, width)]
    if state.reason and state.reason not in step.text:
        lines += [[Span(line, Tone.DIM)] for line in wrap(f"because: {state.reason}", width)]
    lines += _action(step, now, width)
    for word in step.sign_offs:
        said = "yes" if word.approved else "no"
        note = f": {word.note}" if word.note else ""
        text = f"{said} by {word.person} for {word.role}, {fmt.clock(word.at)}{note}"
        lines += [[Span(line, Tone.COOL if word.approved else Tone.WARM)] for line in wrap(text, width)]
    if view.run.state is not RunState.OPEN and view.run.outcome and step.declared.seq == len(view.steps):
        lines += [[Span(line, Tone.DIM)] for line in wrap(f"the run {view.run.outcome}", width)]
    return lines


def _action(step: StepView, now: float, width: int) -> Iterator[Line]:
    entry = step.action
    if entry is None:
        return
    end = ""
    if entry.unwritten:
        end = entry.why
    elif entry.open and entry.expires_at is not None and entry.state != "standby":
        end = f"undoes itself in {countdown(entry.expires_at - now)}"
    elif entry.state == "standby" and entry.approve_by is not None:
        end = f"lapses in {countdown(entry.approve_by - now)}"
    tone = ACTION_TONES.get(entry.state, Tone.DIM)
    yield spread(
        [Span(state_words(entry), tone), Span(f"  action {entry.id}", Tone.DIM)], [Span(end, Tone.DIM)], width
    )
    yield from ([Span(line)] for line in wrap(entry.named_fully, width))
    if entry.waits_for:
        waits = " and ".join(" or ".join(roles) for roles in entry.waits_for)
        yield from ([Span(line, Tone.HOT)] for line in wrap(f"waits for {waits}: p approves", width))
    text = entry.effect or entry.why
    yield from ([Span(line, Tone.STRONG)] for line in wrap(text, width))


def _question(view: RunView, step: StepView, width: int) -> Iterator[Line]:
    declared = step.declared
    if declared.kind is not StepKind.DECISION:
        return
    yield from ([Span(line, Tone.STRONG)] for line in wrap(shown(declared.question, view.values), width))
    for answer, means, go in choice_words(view.run.runbook, declared):
        taken = step.state.answer == answer
        head = Span("✓ " if taken else "· ", Tone.COOL if taken else Tone.DIM)
        for place, line in enumerate(wrap(f"{answer}: {means} {go}".rstrip(), width - 2)):
            yield [head if place == 0 else Span("  "), Span(line)]


def _machine(view: RunView, step: StepView, room: int) -> Iterator[Line]:
    for label, text, tone in machine_words(view, step):
        yield from block(label, ([Span(line, tone)] for line in wrap(text, room)))


def _requires(step: StepView, room: int) -> Iterator[Line]:
    """What must be so before it, as it is now."""
    lines: list[Line] = []
    for each in step.requires:
        sign, tone = ("✓ ", Tone.COOL) if each.met else ("▲ ", Tone.HOT)
        texts = wrap(each.sentence, room - 2)
        lines += [[Span(sign if place == 0 else "  ", tone), Span(text)] for place, text in enumerate(texts)]
    yield from block("needs", lines)


def _parameters(view: RunView, room: int) -> Iterator[Line]:
    known = view.run.parameters
    names = [each.name for each in view.run.runbook.parameters]
    label = max((LABEL, *(len(name) + 1 for name in names)))
    for name in names:
        value = known.get(name, "")
        texts = wrap(value, max(8, room + LABEL - label)) if value else ["not known yet: = sets it"]
        for place, text in enumerate(texts):
            start = Span(left(name if place == 0 else "", label), Tone.DIM)
            yield [start, Span(text, Tone.PLAIN if value else Tone.DIM)]
