"""Beside the lists: a run in a few lines, a runbook before it is started. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.alerts.layout import LABEL, block
from console.screens.runbook.prose import draw_prose
from console.screens.runbook.signs import RUN_TONES, STEP_WORDS, run_words
from console.widgets.ink import EMPTY, Line, Span, Tone, spread, wrap

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook
    from agent.runbooks.view import RunLine


def draw_run(line: RunLine, now: float, width: int) -> list[Line]:
    """Where a run stands, and what Enter does."""
    inner = width - 2
    state = Span(run_words(line.state), RUN_TONES.get(line.state, Tone.DIM))
    drill = [Span(" DRILL ", Tone.BADGE), Span(" ")] if line.drill else []
    lines: list[Line] = [
        spread([Span(line.title, Tone.STRONG)], [*drill, state], inner),
        *block("run", [[Span(f"{line.id} of {line.runbook}, {line.over} of {line.steps} steps behind")]]),
        *block("held by", [[Span(line.holder)]]),
        *block("started", [[Span(f"{fmt.moment(line.started_at, now)} by {line.started_by}")]]),
    ]
    if line.alert is not None or line.incident is not None:
        about = [f"alert {line.alert}" if line.alert is not None else ""]
        about += [f"incident {line.incident}" if line.incident is not None else ""]
        lines += block("about", [[Span(", ".join(part for part in about if part))]])
    if line.state == "open":
        lines += block(
            "now", [[Span(f"step {line.step}, {STEP_WORDS.get(line.step_state, '')}", Tone.STRONG)]]
        )
    lines += block("outcome", ([Span(text)] for text in wrap(line.outcome, inner - LABEL)))
    lines += [EMPTY, [Span("Enter", Tone.KEY), Span(" opens it", Tone.ACCENT)]]
    return [[Span(" "), *each] for each in lines]


def draw_runbook(runbook: Runbook, width: int) -> list[Line]:
    """What a runbook is for, what it needs, and its steps."""
    inner = width - 2
    room = inner - LABEL
    roles = " or ".join(runbook.roles) or "everybody on call"
    lines: list[Line] = [
        [Span(runbook.title, Tone.STRONG)],
        [Span("Enter", Tone.KEY), Span(" starts it, after its parameters", Tone.ACCENT)],
        EMPTY,
        *draw_prose(runbook.intro or runbook.summary, inner),
        EMPTY,
        *block("roles", ([Span(text)] for text in wrap(roles, room))),
        *block("answers", ([Span(text)] for text in wrap(", ".join(runbook.triggers) or "no alert", room))),
        *_parameters(runbook, room),
        EMPTY,
        *(line for step in runbook.steps for line in _step(step.seq, step.title, step.kind.value, inner)),
    ]
    return [[Span(" "), *each] for each in lines]


def draw_next(runbook: Runbook, hint: str, width: int) -> list[Line]:
    """A runbook that is about to begin, and the steps that it goes through."""
    inner = width - 2
    lines: list[Line] = [
        *([Span(text, Tone.ACCENT)] for text in wrap(hint, inner)),
        EMPTY,
        *draw_prose(runbook.intro or runbook.summary, inner),
        EMPTY,
        *(line for step in runbook.steps for line in _step(step.seq, step.title, step.kind.value, inner)),
    ]
    return [[Span(" "), *each] for each in lines]


def _parameters(runbook: Runbook, room: int) -> Iterator[Line]:
    lines: list[Line] = []
    for each in runbook.parameters:
        text = f"{each.name}: {each.help}" if each.help else each.name
        lines += [[Span(line)] for line in wrap(text, room)]
    yield from block("about", lines)


def _step(seq: int, title: str, kind: str, width: int) -> Iterator[Line]:
    yield spread([Span(f"{seq:>2} ", Tone.DIM), Span(title)], [Span(f" {kind}", Tone.DIM)], width)
