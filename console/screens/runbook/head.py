"""The line over a run: which it is, about what, who holds it, how far it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.domain.run import RunState
from agent.runbooks.in_force import in_force_words
from console import format as fmt
from console.screens.runbook.signs import RUN_TONES, run_words
from console.widgets.ink import Line, Span, Tone, clip_words, first_that_fits, spread, width_of

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.domain.runbook import Runbook
    from agent.runbooks.view import RunView


def draw_head(view: RunView, person: Person | None, now: float, width: int) -> Line:
    """Title and marks at the left; holder, alert and time at the right, what matters less left out first."""
    run = view.run
    start = [
        Span(" "),
        Span(f" run {run.id} ", Tone.TAB),
        *([Span(" DRILL ", Tone.BADGE)] if run.drill else []),
        Span(" "),
    ]
    facts = list(_facts(view, person, now))
    ends = [_joined([span for rank, span in facts if rank <= most]) for most in (4, 3, 2, 1, 0)]
    title = run.runbook.title
    least = 10 if in_force_words(view, now) else 24  # the end of an action matters more than a long title
    end = first_that_fits(ends, max(10, width - width_of(start) - min(len(title), least) - 3))
    room = width - width_of(start) - width_of(end) - 3
    return spread(
        [*start, Span(clip_words(title, max(4, room)), Tone.STRONG)], [Span("  "), *end, Span(" ")], width
    )


def draw_head_of_next(runbook: Runbook, width: int) -> Line:
    """The same line before there is a run."""
    start, end = [Span(" "), Span(" starts ", Tone.TAB), Span(" ")], [Span(f"  {runbook.id} ", Tone.DIM)]
    room = width - width_of(start) - width_of(end) - 1
    return spread([*start, Span(clip_words(runbook.title, max(4, room)), Tone.STRONG)], end, width)


def _facts(view: RunView, person: Person | None, now: float) -> Iterator[tuple[int, Span]]:
    """Each fact with how soon it may be left out: 0 never."""
    run = view.run
    if run.state is RunState.OPEN:
        yield 0, Span(f"step {run.at} of {len(run.runbook.steps)}", Tone.STRONG)
    else:
        yield 0, Span(run_words(run.state.value), RUN_TONES.get(run.state.value, Tone.DIM))
    mine = person is not None and person.name == run.holder
    yield 0, Span("held by you" if mine else f"held by {run.holder}", Tone.COOL if mine else Tone.WARM)
    if held := in_force_words(view, now):
        yield 0, Span(held, Tone.WARM)
    if run.alert is not None:
        yield 1, Span(f"alert {run.alert}", Tone.DIM)
    if run.incident is not None:
        yield 2, Span(f"incident {run.incident}", Tone.DIM)
    yield 3, Span(f"{fmt.age((run.ended_at or now) - run.started_at)}", Tone.DIM)
    if run.started_by != run.holder:
        yield 4, Span(f"started by {run.started_by}", Tone.DIM)


def _joined(spans: list[Span]) -> Line:
    line: list[Span] = []
    for span in spans:
        line += [*([Span(" · ", Tone.DIM)] if line else []), span]
    return line
