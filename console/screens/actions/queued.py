"""What waits for the agent in full, and the form that takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.actions.rows import countdown
from console.screens.alerts.layout import LABEL, block, running
from console.screens.forms.form import Form
from console.wants import Want
from console.widgets.ink import EMPTY, Line, Span, Tone, spread, wrap

if TYPE_CHECKING:
    from agent.control.queued import Queued

NOTHING_DONE = "nothing of it was done"


def draw_queued(queued: Queued, now: float, width: int, *, alive: bool) -> list[Line]:
    """The row in full: what was signed, by whom, when no agent takes it any more, what helps."""
    inner = width - 2
    room = inner - LABEL
    state = "– withdrawn" if queued.withdrawn else "… asked for, and not taken yet"
    tone = Tone.DIM if queued.withdrawn else Tone.WARM
    heading = spread(
        [Span(state, tone), Span(f"  intent {queued.id}", Tone.DIM)],
        [Span(f"lapses in {countdown(queued.expires_at - now)}", Tone.WARM)],
        inner,
    )
    signed = (("by", queued.person, Tone.PLAIN), ("at", fmt.moment(queued.made_at, now), Tone.PLAIN))
    blocks: list[Sequence[Line]] = [
        [heading, *([Span(line)] for line in wrap(queued.title, inner))],
        block("signed", [*running(signed, room), *([Span(line)] for line in wrap(queued.reason, room))]),
        block("state", [[Span(line)] for line in wrap(_state(queued, alive=alive), room)]),
    ]
    if not queued.withdrawn:
        blocks.append(block("next", [[Span(f"burndeck withdraw {queued.id}", Tone.KEY)]]))
    lines: list[Line] = []
    for part in blocks:
        lines += [*([EMPTY] if lines else []), *part]
    return [[Span(" "), *line] for line in lines]


def _state(queued: Queued, *, alive: bool) -> str:
    if queued.withdrawn:
        return "an agent that comes to it finds it withdrawn, and does nothing of it"
    then = f"u takes it back until then, by {queued.person} alone"
    if alive:
        return f"the agent takes it at once; {then}"
    return (
        f"no agent has taken it yet: it is carried out as soon as one runs (`burndeck agent start`); {then}"
    )


def withdraw(queued: Queued) -> Form:
    """Takes back exactly what was signed; nobody has to approve that."""
    withdrawal = queued.withdrawal
    said = [
        f"Signed by {queued.person}: {queued.reason}" if queued.reason else f"Signed by {queued.person}.",
        "An agent that comes to it finds both, and does nothing of it. Once it is taken back, it has to be "
        "signed again. Enter takes it back.",
    ]
    done = f"Intent {queued.id} withdrawn"
    want = Want(
        withdrawal.kind, withdrawal.subject, withdrawal.payload, done, f" {NOTHING_DONE.capitalize()}."
    )
    return Form(f"Withdraw intent {queued.id}", queued.title, (), lambda values: said, lambda values: want)
