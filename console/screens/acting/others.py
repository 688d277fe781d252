"""The forms without a key of their own: only some models or tools, a deleted key, an off-boarded team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.money import to_credits
from console import format as fmt
from console.live import Answer, Question
from console.screens.acting.aim import Aim
from console.screens.acting.called import Called, Kept, keep_question, those_that_stay
from console.screens.acting.wishes import (
    FOR,
    NON_PROD,
    form_of,
    read_plan,
    reason_of,
    stretch,
    yes_or_no,
)
from console.screens.acting.words import part
from console.screens.forms.form import Field, FieldError, Values
from console.screens.forms.preview import Preview, PreviewForm
from console.widgets.ink import Line, Tone

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.settings import Settings

NO_TOOL = "none"
"""What is typed where no hosted tool stays."""
_MOST_CALLED = 4
_FOR = replace(FOR, hint="15m, 6h, 2d, then it undoes itself; empty: until somebody undoes it")
_MODELS = Field("models", "models", "", "those that stay, with commas between; calls to others are refused")
_TOOLS = Field("tools", "tools", NO_TOOL, "hosted tools that stay, such as file_search; none: none stays")


def models(settings: Settings, aim: Aim, proposed: Sequence[str] = ()) -> PreviewForm:
    """Let only some models of a scope pass; `proposed` were so for a key in it, and give way to its own."""
    fields = (_MODELS, _FOR, NON_PROD, reason_of(aim))

    def ask(values: Values, first: bool) -> Question:
        kept = partial(_kept_to, ActionKind.MODELS, aim, values)
        kept(("any",))  # what is wrong with the other fields is said before the ledger is asked
        names = _names(values["models"])
        untouched = first and set(names) == set(proposed)
        return keep_question(aim, () if untouched else names, kept, first=first)

    def around(proposed: Sequence[str], scope: Scope, name: str) -> PreviewForm:
        return models(settings, replace(aim, scope=scope, name=f"project {name}"), proposed)

    read = partial(_read_models, aim, around)
    return PreviewForm(f"Models of {aim.name}", aim.reason, fields, ask, read, said_lines=11)


def tools(settings: Settings, aim: Aim) -> PreviewForm:
    """Let a scope use only some of the provider's hosted tools."""
    fields = (_TOOLS, _FOR, NON_PROD, reason_of(aim))

    def specify(aim: Aim, values: Values) -> ActionSpec:
        names = _names(values["tools"])
        if not names:
            raise FieldError(f"tools: say which stay, or {NO_TOOL}")
        return _kept_to(ActionKind.TOOLS, aim, values, () if names == (NO_TOOL,) else names)

    form = form_of("Hosted tools of", aim, fields, specify)
    return replace(form, read=_with_targets(form.read))


def revoke(settings: Settings, aim: Aim) -> PreviewForm:
    """Delete a key, for ever."""
    return form_of(
        "Delete", aim, (reason_of(aim),), lambda aim, values: ActionSpec(ActionKind.REVOKE, aim.scope)
    )


def off_board(settings: Settings, aim: Aim) -> PreviewForm:
    """Block all keys of a team until somebody undoes it, each of them listed."""
    fields = (replace(reason_of(aim), value=""),)  # what burns is no reason for this
    form = form_of("Off-board", aim, fields, lambda aim, values: ActionSpec(ActionKind.BLOCK, aim.scope))
    return replace(form, read=_with_keys(form.read), said_lines=12)


Read = Callable[[Answer, Values], Preview]


def _read_models(
    aim: Aim, around: Callable[[Sequence[str], Scope, str], PreviewForm], answer: Answer, values: Values
) -> Preview:
    """The plan below what is called, or what is called alone."""
    kept: Kept = answer.value  # type: ignore[assignment]
    if kept.looked is None:
        return Preview(partial(_draw_called, kept.called), problem="models: say which stay")
    wider = partial(around, those_that_stay(kept.called, aim))
    found = read_plan(aim, wider, replace(answer, value=kept.looked), values)
    return replace(found, draw=lambda width: [*_draw_called(kept.called, width), *found.draw(width)])


def _draw_called(called: Called, width: int) -> list[Line]:
    named = ", ".join(f"{model} {fmt.share(share)}" for model, share in called[:_MOST_CALLED])
    more = f" and {len(called) - _MOST_CALLED} more" if len(called) > _MOST_CALLED else ""
    text = f"{named}{more} of the burn in the last hour" if called else "nothing in the last hour"
    return list(part("calls", text, Tone.PLAIN, width))


def _with_targets(read: Read) -> Read:
    """With what becomes of each target: which tools there are is known there alone."""

    def said(made: Plan, width: int) -> list[Line]:
        words = dict.fromkeys(f"{step.target.id}: {step.detail}" for step in made.steps)
        return [line for text in words for line in part("becomes", text, Tone.STRONG, width)]

    return _below(read, said)


def _with_keys(read: Read) -> Read:
    """With every key that is hit, one a line."""

    def said(made: Plan, width: int) -> list[Line]:
        lines: list[Line] = []
        for place, key in enumerate(made.hit):
            name = key.name or key.api_key
            burn = f"{fmt.number(to_credits(key.burn_nano))} credits/min"
            text = f"{name}, {key.environment or 'environment unknown'}, {burn}"
            tone = Tone.HOT if key.production else Tone.PLAIN
            lines += part("keys" if place == 0 else "", text, tone, width)
        return lines

    return _below(read, said)


def _below(read: Read, said: Callable[[Plan, int], list[Line]]) -> Read:
    """The preview with more lines of its plan at its end."""

    def more(answer: Answer, values: Values) -> Preview:
        found = read(answer, values)
        made: Plan | None = answer.value.plan  # type: ignore[attr-defined]
        if made is None:
            return found
        return replace(found, draw=lambda width: [*found.draw(width), *said(made, width)])

    return more


def _kept_to(kind: ActionKind, aim: Aim, values: Values, names: Sequence[str]) -> ActionSpec:
    return ActionSpec(
        kind,
        aim.scope,
        non_prod=yes_or_no(values["non_prod"]),
        models=tuple(names),
        expires_s=stretch(values["for"]) if values["for"] else 0,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in text.split(",") if (name := each.strip())))
