"""The forms of the Allocations screen: other monthly credits or caps, and a top-up from the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.action_words import CAP_LIFTED, CAP_STAYS
from agent.domain.allocation import Scope
from agent.domain.money import AmountError, parse_credits
from console import format as fmt
from console.live import Answer, Question
from console.screens.acting.aim import Aim
from console.screens.acting.look import Looked, plan_question
from console.screens.acting.words import approvers, part
from console.screens.forms.form import Field, FieldError, Values, no_amount
from console.screens.forms.preview import Preview, PreviewForm
from console.wants import Want
from console.widgets.ink import Line, Tone

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.reports.allocation_tree import TreeRow

Specify = Callable[[Values], ActionSpec]
REASON = Field("reason", "reason", "", "why; everybody sees it")


def propose(row: TreeRow) -> PreviewForm:
    """Other credits a month, or other caps."""
    budget = row.budget
    scope = Scope.parse(budget.scope)
    monthly = f"{row.given.value.normalize():f}" if row.given.value is not None else ""
    shown = {"monthly": monthly, "soft": f"{budget.soft_cap:f}", "hard": f"{budget.hard_cap:f}"}

    def specify(values: Values) -> ActionSpec:
        change = {"id": budget.allocation_id, "create": False, "retire": False}
        return ActionSpec(ActionKind.ALLOCATE, scope, change=change | _changed(shown, values))

    fields = (
        Field("monthly", "monthly", monthly, "credits a month, without top-ups"),
        Field("soft", "soft cap", shown["soft"], "share of the month from which people are warned: 0.70"),
        Field("hard", "hard cap", shown["hard"], "share of the month that must not be passed: 1.00"),
        Field("buffer", "buffer", "", "credits for an emergency at the hard cap; empty: as it is"),
        REASON,
    )
    return _form("Propose", "Change", row, fields, specify)


def top_up(row: TreeRow) -> PreviewForm:
    """More credits until the period ends, from the pool."""
    scope = Scope.parse(row.budget.scope)

    def specify(values: Values) -> ActionSpec:
        return ActionSpec(ActionKind.TOP_UP, scope, amount_nano=amount("credits", values["credits"]))

    fields = (Field("credits", "credits", "", "from the pool, until the period ends"), REASON)
    return _form("Top up", "Top-up", row, fields, specify)


def used_words(row: TreeRow) -> str:
    """`268k of 268k credits used, 412 left`: what two rounded numbers do not say."""
    monthly, used = row.budget.monthly.value or Decimal(0), row.budget.used.value or Decimal(0)
    left = monthly - used
    rest = f"{fmt.number(left)} left" if left >= 0 else f"{fmt.number(-left)} over"
    return f"{fmt.number(used)} of {fmt.number(monthly)} credits used, {rest}"


def _form(verb: str, what: str, row: TreeRow, fields: tuple[Field, ...], specify: Specify) -> PreviewForm:
    aim = Aim(Scope.parse(row.budget.scope), row.budget.allocation_id)
    about = used_words(row)

    def ask(values: Values, first: bool) -> Question:
        return plan_question(specify(values), aim, first=False)

    ident = row.budget.allocation_id
    return PreviewForm(f"{verb} {ident}", about, fields, ask, partial(read_change, what, ident), said_lines=8)


def read_change(what: str, ident: str, answer: Answer, values: Values) -> Preview:
    """What an answer means for who asks for a change of an allocation."""
    looked: Looked = answer.value  # type: ignore[assignment]
    made = looked.plan
    if made is None:
        return Preview(lambda width: [], problem=looked.problem)
    words = "; ".join(step.detail for step in made.steps)
    return Preview(
        draw=lambda width: list(_draw(made, width)),
        want=_want(what, ident, looked, values["reason"]) if values["reason"] else None,
        problem="" if values["reason"] else "reason: everybody sees it, so it cannot stay empty",
        confirm=f"ask {approvers(made) or 'nobody'} for {ident}: {words}",
    )


def _draw(made: Plan, width: int) -> Iterator[Line]:
    waits = f"waits for {approvers(made)}, two people, and neither of them you" if made.needs else "at once"
    parts = [("becomes", step.detail, Tone.STRONG) for step in made.steps]
    parts += [("when", waits, Tone.PLAIN), *noted(made)]
    for each in parts:
        yield from part(*each, width)


def noted(made: Plan) -> Iterator[tuple[str, str, Tone]]:
    """The notes of a plan, what becomes of a cap before all others in sight."""
    for note in made.notes:
        tone = (
            Tone.WARM
            if note.startswith(CAP_STAYS)
            else Tone.PLAIN
            if note.startswith(CAP_LIFTED)
            else Tone.DIM
        )
        yield "note", note, tone


def _want(what: str, ident: str, looked: Looked, reason: str) -> Want:
    from agent.control.asking import request_of

    assert looked.plan is not None
    ask = request_of(looked.plan, reason, incident=looked.incident, alert=looked.alert)
    waits = approvers(looked.plan)
    then = f" It waits for {waits}." if waits else ""
    done = f"{what} of {ident} asked for"
    return Want(ask.kind, ask.subject, ask.payload, done, then)


def _changed(shown: Mapping[str, str], values: Values) -> dict[str, Any]:
    """The fields that say something else than before. Raises `FieldError`."""
    found: dict[str, Any] = {}
    if values["monthly"] != shown["monthly"]:
        found["monthly_nano"] = amount("monthly", values["monthly"])
    if values["buffer"]:
        found["buffer_nano"] = amount("buffer", values["buffer"])
    for name, label in (("soft", "soft_cap"), ("hard", "hard_cap")):
        if values[name] != shown[name]:
            found[label] = share_of(label.replace("_", " "), values[name])
    if not found:
        raise FieldError("Change the monthly credits or a cap.")
    return found


def amount(name: str, text: str) -> int:
    """What was typed as nano-credits. Raises `FieldError`."""
    try:
        return int(parse_credits(text))
    except AmountError:
        raise FieldError(no_amount(name, text)) from None


def share_of(name: str, text: str) -> str:
    """What was typed as a share, such as 0.70. Raises `FieldError`."""
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(-1)
    if not share.is_finite() or not 0 < share <= 10:
        raise FieldError(f"{name}: {text or 'nothing'} is no share such as 0.70")
    return f"{share.normalize():f}"
