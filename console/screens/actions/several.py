"""What is folded into one row, in full: each change, what is still to be approved, and the form for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.words import plural
from console import format as fmt
from console.screens.actions.detail import target_words
from console.screens.actions.folded import Fold
from console.screens.actions.rows import TONES, countdown, state_words
from console.screens.alerts.layout import LABEL, Fact, block, running, stacked
from console.screens.forms.form import Field, FieldError, Form, Values
from console.together import Together
from console.wants import Want
from console.widgets.ink import Line, Span, Tone, spread, wrap

if TYPE_CHECKING:
    from agent.reports.action_report import ActionDetail, ActionEntry

_MOST_SAID = 12


def draw_fold(
    found: Fold, details: Sequence[ActionDetail], now: float, width: int, height: int
) -> list[Line]:
    """All that is folded; without `details`, while they are read, what each is without its amounts."""
    inner = width - 2
    room = inner - LABEL
    blocks: list[Sequence[Line]] = [
        [_heading(found, now, inner), *([Span(line)] for line in wrap(found.title, inner))],
        block("allowed", _allowed(found.first, room)),
        block("changes", _changes(found, details, room)),
        block("asked", running(_asked(found, now), room)),
        block("next", _next(found, room)),
    ]
    return stacked(blocks, height)


def _heading(found: Fold, now: float, width: int) -> Line:
    first = found.first
    start = [
        Span(state_words(first), TONES.get(first.state, Tone.DIM)),
        Span(f"  actions {', '.join(map(str, found.ids))}", Tone.DIM),
    ]
    ends = [entry.approve_by for entry in found.entries if entry.approve_by is not None]
    end = [Span(f"lapse in {countdown(min(ends) - now)}", Tone.WARM)] if ends else []
    return spread(start, end, width)


def _allowed(first: ActionEntry, width: int) -> Iterator[Line]:
    for word in first.given:
        yield [Span(f"yes by {word.person} for {word.role}, of each", Tone.COOL)]
    if first.waits_for:
        roles = " and ".join(" or ".join(each) for each in first.waits_for)
        text = f"still to be given, of each: {roles}"
        yield from ([Span(line, Tone.HOT)] for line in wrap(text, width))


def _changes(found: Fold, details: Sequence[ActionDetail], width: int) -> Iterator[Line]:
    said = [change_words(each) for each in details] or [_name(entry) for entry in found.entries]
    for text in said:
        for place, line in enumerate(wrap(text, width - 2)):
            yield [Span(line if place == 0 else f"  {line}")]


def _asked(found: Fold, now: float) -> Iterator[Fact]:
    first = found.first
    yield "by", first.requested_by, Tone.PLAIN
    yield "at", fmt.moment(min(entry.requested_at for entry in found.entries), now), Tone.PLAIN
    if first.alert is not None:
        yield "alert", str(first.alert), Tone.PLAIN
    if first.incident is not None:
        yield "incident", str(first.incident), Tone.PLAIN


def _next(found: Fold, width: int) -> Iterator[Line]:
    if found.first.waits_for:
        command = f"burndeck approve {' '.join(map(str, found.ids))}"
        yield from ([Span(line, Tone.KEY)] for line in wrap(command, width))
        said = "A approves, D denies each of them after one look; Enter unfolds them"
    else:
        said = "Enter unfolds them: each is undone for itself"
    yield from ([Span(line, Tone.DIM)] for line in wrap(said, width))


def _name(entry: ActionEntry) -> str:
    """`12 search-api (proj_1)`."""
    ident = entry.scope.partition(":")[2] or entry.scope
    return f"{entry.id} {entry.called} ({ident})" if entry.called else f"{entry.id} {ident}"


def change_words(detail: ActionDetail) -> str:
    """`12 search-api (proj_1): no spend limit → spend limit 660.00 USD a month`."""
    one = len(detail.steps) == 1
    held = (f"{'' if one else f'{target_words(step)} '}{step.before} → {step.after}" for step in detail.steps)
    return f"{_name(detail.entry)}: {'; '.join(held) or 'nothing'}"


def decide_all(found: Fold, details: Sequence[ActionDetail], *, approve: bool) -> Form:
    """One look at every change, and a word on each: an approval counts for its own change and no other."""
    count = len(details)
    number = f"{count}, the number of requests"
    said = [
        *map(change_words, details),
        "Each is signed for itself, and bound to exactly its own change; where one is refused, the others "
        "count.",
    ]

    def want(values: Values) -> Want:
        if values["sure"] != str(count):
            raise FieldError(f"type: {number}, to confirm")
        return _signed(details, values["note"], approve=approve)

    note = "may stay empty; everybody sees it" if approve else "why; everybody sees it"
    fields = (Field("sure", "type", "", number), Field("note", "note", "", note))
    title = f"{'Approve' if approve else 'Deny'} {plural(count, 'request')} of the agent"
    lines = min(_MOST_SAID, 6 + 2 * count)  # names and ids of providers are long
    return Form(title, found.title, fields, lambda values: said, want, said_lines=lines)


def _signed(details: Sequence[ActionDetail], note: str, *, approve: bool) -> Want:
    """One wish for each: the first, and those that are signed behind it."""
    from agent.control.asking import decision_on

    done = "approved" if approve else "denied"
    together = Together(len(details), "request", done)
    asked = [(each.entry, decision_on(each.action, approve=approve, note=note)) for each in details]
    first, *others = (
        Want(ask.kind, ask.subject, ask.payload, done, name=_name(entry), together=together)
        for entry, ask in asked
    )
    return replace(first, also=tuple(others))
