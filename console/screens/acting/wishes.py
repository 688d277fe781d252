"""The forms of throttle, block and cap: what is typed, the change that it is, and the intent it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.action import LONGEST_S, ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.duration import Duration
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.money import AmountError, parse_credits, to_credits
from console.live import Answer, Question
from console.screens.acting.aim import Aim
from console.screens.acting.look import Looked, off_boards, plan_question
from console.screens.acting.words import confirmation, draw_plan, names_of, short_title
from console.screens.forms.form import Field, FieldError, Values, no_amount
from console.screens.forms.preview import Preview, PreviewForm
from console.wants import Want

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.settings import Settings

_FIRST_LIMIT = Limit(10, LimitUnit.RPS)
FOR = Field("for", "for", "", "then it undoes itself: 15m, 6h, 2d; it can be renewed")
NON_PROD = Field("non_prod", "non-prod", "n", "y spares keys of production and of unknown environments")

Specify = Callable[[Aim, Values], ActionSpec]
"""The change of an aim that values say. Raises `FieldError`."""


def throttle(settings: Settings, aim: Aim) -> PreviewForm:
    """Hold the keys of a scope to a rate."""
    models = Field("models", "models", ", ".join(aim.models), "only calls to these; empty: whole keys")
    fields = (
        Field(
            "limit", "limit", str(_FIRST_LIMIT), "each key or target: 10 rps, 60 rpm, 5000 tpm, 4 parallel"
        ),
        with_value(FOR, str(settings.acting.throttle_expires)),
        NON_PROD,
        *((models,) if aim.models else ()),
        reason_of(aim),
    )
    return form_of("Throttle", aim, fields, _throttled)


def block(settings: Settings, aim: Aim) -> PreviewForm:
    """Let nothing of a scope's keys pass."""
    fields = (with_value(FOR, str(settings.acting.block_expires)), NON_PROD, reason_of(aim))
    return form_of("Block", aim, fields, _blocked)


def cap(settings: Settings, aim: Aim) -> PreviewForm:
    """Have the provider stop a scope at an amount a month."""
    own = next((each for each in settings.allocations if each.scope == aim.scope), None)
    amount = f"{to_credits(own.monthly_nano).normalize():f}" if own is not None else ""
    fields = (
        Field("credits", "credits", amount, "a month; the provider itself stops there, until it is undone"),
        reason_of(aim),
    )
    return form_of("Cap", aim, fields, _capped)


FORMS = {ActionKind.THROTTLE: throttle, ActionKind.BLOCK: block, ActionKind.CAP: cap}


def with_value(field: Field, value: str) -> Field:
    """The same field with something typed in it."""
    return Field(field.name, field.label, value, field.hint)


def reason_of(aim: Aim) -> Field:
    """Why it is done, as far as it is known where the person stood."""
    return Field("reason", "reason", aim.reason, "why; everybody sees it")


def form_of(verb: str, aim: Aim, fields: tuple[Field, ...], specify: Specify) -> PreviewForm:
    """The form of a change that fields say by themselves."""

    def ask(values: Values, first: bool) -> Question:
        return plan_question(specify(aim, values), aim, first=first)

    def around(scope: Scope, name: str) -> PreviewForm:
        wider = replace(aim, scope=scope, name=f"project {name}", usual_calls=None, usual_share=None)
        return form_of(verb, wider, fields, specify)

    return PreviewForm(f"{verb} {aim.name}", aim.reason, fields, ask, partial(read_plan, aim, around))


def read_plan(
    aim: Aim, around: Callable[[Scope, str], PreviewForm], answer: Answer, values: Values
) -> Preview:
    """What the answer means for who looks at it."""
    looked: Looked = answer.value  # type: ignore[assignment]
    made = looked.plan
    if made is None:
        instead = around(*looked.nearest) if looked.nearest is not None else None
        return Preview(lambda width: [], problem=looked.problem, fill=looked.fill, instead=instead)
    reason = looked.fill.get("reason", "") or values["reason"]
    return Preview(
        draw=lambda width: draw_plan(made, aim, answer.now, width, alone=looked.alone),
        want=_want(aim, looked, reason) if reason else None,
        problem="" if reason else "reason: everybody sees it, so it cannot stay empty",
        confirm=confirmation(made, aim),
        names=names_of(made, aim) if _grave(made) else (),
        fill=looked.fill,
        said=looked.said,
    )


def _grave(made: Plan) -> bool:
    """Whether a slip would hurt for long. A throttle undoes itself, and is what nobody may be slow at."""
    kind = made.spec.kind
    if kind in (ActionKind.CAP, ActionKind.REVOKE) or off_boards(made.spec):
        return True
    if kind is ActionKind.BLOCK and made.spec.scope.kind is ScopeKind.ORGANIZATION:
        return True
    return made.production and kind is not ActionKind.THROTTLE


def _want(aim: Aim, looked: Looked, reason: str) -> Want:
    from agent.control.asking import request_of

    assert looked.plan is not None
    ask = request_of(looked.plan, reason, incident=looked.incident, alert=looked.alert)
    waits = " and ".join(" or ".join(roles) for roles in looked.plan.needs)
    then = f" It waits for {waits}." if waits else " Press 4 to see what becomes of it."
    return Want(ask.kind, ask.subject, ask.payload, f"{short_title(looked.spec, aim)} asked for", then)


# What is typed


def _throttled(aim: Aim, values: Values) -> ActionSpec:
    models = tuple(name.strip() for name in values.get("models", "").split(",") if name.strip())
    return ActionSpec(
        ActionKind.THROTTLE,
        aim.scope,
        non_prod=yes_or_no(values["non_prod"]),
        limit=parse_limit(values["limit"]),
        models=models,
        expires_s=stretch(values["for"]),
    )


def _blocked(aim: Aim, values: Values) -> ActionSpec:
    return ActionSpec(
        ActionKind.BLOCK, aim.scope, non_prod=yes_or_no(values["non_prod"]), expires_s=stretch(values["for"])
    )


def _capped(aim: Aim, values: Values) -> ActionSpec:
    try:
        return ActionSpec(ActionKind.CAP, aim.scope, amount_nano=parse_credits(values["credits"]))
    except (AmountError, ValueError):
        raise FieldError(no_amount("credits", values["credits"])) from None


def parse_limit(text: str) -> Limit:
    """`10 rps` or `60rpm` as a limit; raises `FieldError` saying how to write one."""
    try:
        return Limit.parse(text)
    except ValueError as error:
        raise FieldError(f"limit: {error}") from None


def stretch(text: str) -> int:
    """How long an action holds, in seconds. Raises `FieldError`."""
    try:
        found = Duration.parse(text)
    except ValueError as error:
        raise FieldError(f"for: {error}") from None
    if not 0 < found <= LONGEST_S:
        raise FieldError("for: more than nothing, and no longer than 31d")
    return int(found)


def yes_or_no(text: str) -> bool:
    """What was typed as y or n. Raises `FieldError`."""
    if text.lower() in ("y", "yes"):
        return True
    if text.lower() in ("n", "no"):
        return False
    raise FieldError("non-prod: y or n")
