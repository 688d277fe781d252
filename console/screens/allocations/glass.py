"""The form that breaks the glass: one person, at once, from the emergency buffer, and everybody is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.money import to_credits
from console import format as fmt
from console.live import Answer, Question
from console.screens.acting.look import PLAN, Looked, look_at
from console.screens.acting.words import part
from console.screens.allocations.wishes import REASON, amount, noted, used_words
from console.screens.forms.form import Field, Values
from console.screens.forms.preview import Preview, PreviewForm
from console.wants import Want
from console.widgets.ink import Line, Tone

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.allocation_tree import TreeRow
    from agent.settings import Settings

_MOST_NAMED = 4
_CREDITS = Field("credits", "credits", "", "from the emergency buffer, until the month ends")


@dataclass(frozen=True, slots=True)
class Glass:
    """What breaking the glass would take, and whom it would wake."""

    looked: Looked | None  # None: nobody has said yet how much
    buffers: tuple[tuple[str, int], ...]  # allocation and nano-credits left in its buffer
    incident: int | None  # of the hard cap; without one there is nothing to break the glass for
    told: tuple[str, ...]  # every destination
    within_s: int  # the postmortem is due


def break_glass(row: TreeRow) -> PreviewForm:
    """Credits for what stands at its hard cap, without anybody's approval."""
    scope = Scope.parse(row.budget.scope)
    about = f"{row.budget.scope}: {used_words(row)}"

    def ask(values: Values, first: bool) -> Question:
        nano = amount("credits", values["credits"]) if values["credits"] else 0
        return glass_question(scope, nano)

    return PreviewForm(
        f"Break the glass for {row.budget.allocation_id}", about, (_CREDITS, REASON), ask, partial(_read, row)
    )


def glass_question(scope: Scope, nano: int) -> Question:
    """What the buffers hold, and what taking so much of them would do."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Glass:
        from agent.control.duties import hard_cap_incident
        from agent.control.planning import books_of
        from agent.control.pool import buffers_left, pool_of

        with reader.snapshot():
            spec = ActionSpec(ActionKind.TOP_UP, scope, amount_nano=nano, emergency=True) if nano else None
            looked = look_at(reader, settings, spec, now) if spec is not None else None
            pool = pool_of(books_of(reader), settings, now)
            own = next((each for each in pool.settings.allocations if each.scope == scope), None)
            left = buffers_left(pool, own) if own is not None else {}
            return Glass(
                looked,
                tuple(left.items()),
                hard_cap_incident(reader.alert_store(), scope),
                tuple(dict.fromkeys(place for route in settings.alerts.routes for place in route.send)),
                int(settings.acting.postmortem_within),
            )

    return Question(PLAN, ask, (str(scope), nano))


def _read(row: TreeRow, answer: Answer, values: Values) -> Preview:
    glass: Glass = answer.value  # type: ignore[assignment]
    problem = _problem(row, glass, values)
    ident, looked = row.budget.allocation_id, glass.looked
    if problem or looked is None or looked.plan is None:
        return Preview(lambda width: list(_draw(glass, width)), problem=problem)
    steps = "; ".join(step.detail for step in looked.plan.steps)
    return Preview(
        draw=lambda width: list(_draw(glass, width)),
        want=_want(ident, looked, values["reason"]),
        confirm=f"break the glass for {ident}, alone and at once: {steps}",
        names=tuple(dict.fromkeys((ident, row.budget.scope))),
    )


def _problem(row: TreeRow, glass: Glass, values: Values) -> str:
    """Why the glass is not broken; empty where it can be."""
    if glass.incident is None:
        return (
            f"the glass is broken at a hard cap alone, and that of {row.budget.scope} is not reached: "
            "+ asks for a top-up"
        )
    if glass.looked is None:
        return "credits: say how many"
    if glass.looked.plan is None:
        return glass.looked.problem
    return "" if values["reason"] else "reason: everybody sees it, so it cannot stay empty"


def _draw(glass: Glass, width: int) -> Iterator[Line]:
    plan = glass.looked.plan if glass.looked is not None else None
    for step in plan.steps if plan is not None else ():
        yield from part("becomes", step.detail, Tone.STRONG, width)
    yield from part("buffer", buffer_words(glass.buffers), Tone.PLAIN, width)
    yield from part("loud", f"▲ {_loud(glass)}", Tone.HOT, width)
    where = f"incident {glass.incident}" if glass.incident is not None else "its incident"
    owes = f"{where} stays open until somebody else signs a postmortem, due within {fmt.span(glass.within_s)}"
    yield from part("owes", owes, Tone.PLAIN, width)
    for each in noted(plan) if plan is not None else ():
        yield from part(*each, width)


def buffer_words(buffers: tuple[tuple[str, int], ...]) -> str:
    """What every buffer still holds this month."""
    held = " and ".join(f"{to_credits(nano):,.0f} credits of {ident}" for ident, nano in buffers)
    return f"still holds {held} this month" if held else "there is none"


def _loud(glass: Glass) -> str:
    """Who is told, before anybody has confirmed anything."""
    more = len(glass.told) - _MOST_NAMED
    named = ", ".join(glass.told[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    who = f"every channel at once: {named}" if named else "every channel at once, and none is set up here"
    return f"tells {who}; nobody approves it, it is yours alone"


def _want(ident: str, looked: Looked, reason: str) -> Want:
    from agent.control.asking import request_of

    assert looked.plan is not None
    ask = request_of(looked.plan, reason)
    done = f"Glass broken for {ident}: {to_credits(looked.plan.spec.amount_nano):,.0f} credits"
    return Want(ask.kind, ask.subject, ask.payload, done, " Every channel is told; a postmortem is owed.")
