"""A plan in words: what it hits, what it saves, what it leaves out, and the sentence that confirms it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.control.policy import why_needed
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.action_words import unasked
from agent.domain.allocation import ScopeKind
from agent.domain.money import to_credits
from agent.domain.words import plural
from console import format as fmt
from console.screens.acting.aim import Aim
from console.screens.acting.look import off_boards
from console.widgets.ink import Line, Span, Tone, left, wrap

if TYPE_CHECKING:
    from agent.control.planning import Plan, PlannedKey

LABEL = 9
_NAMED = 3
_VERBS = {ActionKind.THROTTLE: "throttle", ActionKind.BLOCK: "block", ActionKind.CAP: "cap"}


def short_title(spec: ActionSpec, aim: Aim) -> str:
    """`Throttle of team search to 10 rps`."""
    who = f"{'non-prod of ' if spec.non_prod else ''}{aim.name}"
    names = ", ".join(spec.models)
    match spec.kind:
        case ActionKind.MODELS:
            return f"Keeping of {who} to {names}"
        case ActionKind.TOOLS:
            return f"Keeping of {who} to {f'the tools {names}' if names else 'no hosted tool'}"
        case ActionKind.REVOKE:
            return f"Deletion of {who}"
        case ActionKind.BLOCK if off_boards(spec):
            return f"Off-boarding of {who}"
    to = f" to {spec.limit}" if spec.limit is not None else ""
    return f"{_VERBS[spec.kind].capitalize()} of {who}{to}"


def confirmation(made: Plan, aim: Aim) -> str:
    """`throttle 3 keys of team search (0 % production) to 10 rps for 1 h`: names what is hit."""
    spec = made.spec
    text = _deed(spec, aim, _hit(made, aim))
    if spec.expires_s:
        text += f" for {fmt.span(spec.expires_s)}"
    if made.needs:
        text = f"ask {approvers(made)} to {text}"
    return text


def _hit(made: Plan, aim: Aim) -> str:
    """What is hit, and how much of it is production."""
    one = made.spec.scope.kind is ScopeKind.API_KEY and len(made.hit) == 1
    what = aim.name if one else f"{plural(len(made.hit), 'key')} of {aim.name}"
    if made.bystanders:
        what = f"{plural(len(made.hit), 'key')}, {unasked(len(made.bystanders))},"
    return f"{what} ({production(made)})"


def _deed(spec: ActionSpec, aim: Aim, what: str) -> str:
    """What is done to what is hit."""
    names = ", ".join(spec.models)
    match spec.kind:
        case ActionKind.MODELS:
            return f"leave {what} only {names}"
        case ActionKind.TOOLS:
            return f"leave {what} {f'only the tools {names}' if names else 'no hosted tool'}"
        case ActionKind.REVOKE:
            return f"delete {what} for ever"
        case ActionKind.BLOCK if off_boards(spec):
            return f"off-board {aim.name}: block {what} until somebody undoes it"
    text = f"{_VERBS[spec.kind]} {what}{f' on {names}' if names else ''}"
    if spec.limit is not None:
        text += f" to {spec.limit}"
    if spec.kind is ActionKind.CAP:
        text += f" at {to_credits(spec.amount_nano):,.0f} credits a month"
    return text


def production(made: Plan) -> str:
    """The share of production in what is hit, also where nothing of it burns now."""
    share = made.production_share
    if made.unknown:
        part = f"{fmt.share(share)} " if share else ""
        return f"{part}production, or of unknown environment"
    if made.production and not share:
        return "production among them"
    return f"{fmt.share(share)} production"


def approvers(made: Plan) -> str:
    """Whose approvals it takes."""
    return " and ".join(" or ".join(roles) for roles in made.needs)


def names_of(made: Plan, aim: Aim) -> tuple[str, ...]:
    """What a person may type to confirm: the name first, also of a key that is called by its id elsewhere."""
    if made.spec.scope.kind is not ScopeKind.API_KEY:
        return aim.names
    called = (key.name for key in made.keys if key.api_key == aim.scope.value and key.name)
    return tuple(dict.fromkeys((*called, *aim.names)))


def draw_plan(made: Plan, aim: Aim, now: float, width: int, *, alone: Plan | None = None) -> list[Line]:
    """The preview in lines of a width, what matters most first; `alone`: what one person can do meanwhile."""
    hot = Tone.HOT if made.production else Tone.PLAIN
    mark = "▲ " if made.production else ""
    parts: list[tuple[str, str, Tone]] = [
        ("hits", f"{mark}{_keys(made.hit)}, {production(made)}{_teams(made)}", hot),
        *_otherwise(made, aim),
        ("burn", _burn(made), Tone.STRONG),
        *_loose(made),
        ("when", _when(made, now), Tone.PLAIN),
        *_at_once(alone),
    ]
    parts += _spared(made)
    parts += [("note", note, Tone.DIM) for note in made.own_notes]
    return [line for each in parts for line in part(*each, width)]


def part(label: str, text: str, tone: Tone, width: int) -> Iterable[Line]:
    """One line of a preview, with its label before it; what is long goes on below."""
    for place, line in enumerate(wrap(text, max(20, width - LABEL))):
        yield [Span(left(label if place == 0 else "", LABEL), Tone.DIM), Span(line, tone)]


def _keys(keys: Sequence[PlannedKey]) -> str:
    return f"{plural(len(keys), 'key')}: {_names(keys)}"


def _names(keys: Sequence[PlannedKey]) -> str:
    names = ", ".join(key.name or key.api_key for key in keys[:_NAMED])
    return names + (f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else "")


def _teams(made: Plan) -> str:
    if not made.teams:
        return ""
    named = ", ".join(made.teams[:_NAMED])
    more = f" and {len(made.teams) - _NAMED} more" if len(made.teams) > _NAMED else ""
    return f"; {'team' if len(made.teams) == 1 else 'teams'} {named}{more}"


def _burn(made: Plan) -> str:
    now, after = to_credits(made.burn_nano), to_credits(made.burn_nano - made.saved_nano)
    stretch = "last minute" if made.burn_s == 60 else f"mean of {fmt.span(made.burn_s)}"
    if made.spent_nano is not None:
        return f"{fmt.number(now)} credits/min now ({stretch}); {_spent(made, made.spent_nano)}"
    if made.spec.kind is ActionKind.TOOLS:
        return (
            f"{fmt.number(now)} credits/min now ({stretch}), {fmt.whole(made.requests)} calls in the last "
            "hour; which of them use a tool is not known, so neither is what it saves"
        )
    if made.spec.kind is ActionKind.MODELS and not made.requests:
        return "all that was called in the last hour stays allowed: nothing of it would have been refused"
    share = Decimal(made.refused) / made.requests if made.requests else Decimal(0)
    calls = f"{fmt.whole(made.refused)} of {fmt.whole(made.requests)} calls"
    return (
        f"{fmt.number(now)} → {fmt.number(after)} credits/min ({stretch}); "
        f"it would have refused {calls} of the last hour ({fmt.share(share)})"
    )


def _spent(made: Plan, nano: int) -> str:
    spent, most = (f"{to_credits(each):,.0f}" for each in (nano, made.spec.amount_nano))
    if made.reached:
        what = "production stops" if made.production else "all of it stops"
        return f"already spent {spent} this month, of {most}: {what} at once"
    return f"{spent} spent this month; nothing is refused before {most}"


def _when(made: Plan, now: float) -> str:
    why = why_needed(made)
    because = f" ({why})" if why else ""
    begins = (
        f"waits for {approvers(made)}{because}; then bites" if made.needs else "no approval needed; bites"
    )
    text = f"{begins} within {fmt.span(max(1, made.effect_s))}"
    if made.spec.kind is ActionKind.REVOKE:
        text += ", for ever"
    elif made.spec.expires_s:
        text += f", undoes itself at {fmt.clock(now + made.spec.expires_s)} UTC"
    else:
        text += ", until somebody undoes it"
    if made.data_at is not None:
        text += f"; figures {fmt.age(now - made.data_at)} old"
    return text


def _at_once(alone: Plan | None) -> Iterable[tuple[str, str, Tone]]:
    """The brake that waits for nobody."""
    if alone is not None:
        text = f"Esc, then t with {alone.spec.limit} holds it at once, and nobody has to approve that"
        if alone.requests:
            share = fmt.share(Decimal(alone.refused) / alone.requests)
            text += f": it would have refused {share} of the last hour"
        yield "alone", text, Tone.KEY


def _otherwise(made: Plan, aim: Aim) -> Iterable[tuple[str, str, Tone]]:
    """Where it does not hit exactly what was asked for."""
    if aim.models and made.spec.kind in (ActionKind.BLOCK, ActionKind.CAP):
        names = ", ".join(aim.models)
        yield (
            "whole",
            f"▲ all calls, not those to {names} alone: t holds these, m lets others pass",
            Tone.WARM,
        )
    if made.bystanders:
        text = f"▲ {unasked(len(made.bystanders))}, they share a target: {_names(made.bystanders)}"
        yield "", text, Tone.WARM
    if made.unreached:
        yield "not", f"▲ {_keys(made.unreached)}: no gateway can do it to them", Tone.WARM


def _loose(made: Plan) -> Iterable[tuple[str, str, Tone]]:
    """That a limit would not have been felt: it is often near what a whole team usually calls."""
    if made.spec.kind is ActionKind.THROTTLE and made.requests and made.refused * 100 < made.requests:
        yield "holds", f"▲ hardly anything at {made.spec.limit}: type a lower limit", Tone.WARM


def _spared(made: Plan) -> Iterable[tuple[str, str, Tone]]:
    """What non-prod leaves out; in sight where that leaves nothing which burns."""
    if made.spared:
        text = f"{plural(made.spared, 'key')} of production or of an unknown environment"
        if made.burn_nano:
            yield "spares", text, Tone.PLAIN
        else:
            yield "spares", f"▲ {text}: nothing else burns; n in non-prod hits them too", Tone.WARM
