"""What an action would do, as people read it before they say yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agent.control.policy import why_needed
from agent.domain.action import ActionKind
from agent.domain.action_words import unasked
from agent.domain.words import duration, plural
from console.commands.tables import amount, percent, when

if TYPE_CHECKING:
    from agent.control.planning import Plan, PlannedKey
    from agent.domain.action import Needs

_MOST = 6


def preview_lines(made: Plan, now: float, missing: Needs = ()) -> Iterator[str]:
    """The blast radius in numbers, one line each. `missing`: approvals that nobody could give."""
    from agent.control.roles import nobody_words
    from agent.domain.action_words import spec_title

    yield spec_title(made.spec)
    if made.spec.kind.at_gateways:
        yield from _reach(made)
        yield from _figures(made)
    yield from _changes(made)
    yield from _time(made, now)
    if nobody := nobody_words(missing):
        yield f"missing     {nobody}"
    for note in made.own_notes:
        yield f"note        {note}"


def preview_data(made: Plan) -> dict[str, Any]:
    """The same for `--json`; amounts are credits."""
    from agent.domain.action import spec_fields
    from agent.domain.action_words import spec_title
    from agent.domain.money import to_credits

    return {
        "title": spec_title(made.spec),
        "spec": spec_fields(made.spec),
        **made.preview(),
        "burn": to_credits(made.burn_nano),
        "saved": to_credits(made.saved_nano),
        "needs": made.needs,
        "steps": [
            {"target": str(step.target), "change": step.detail, "want": step.want, "before": step.before}
            for step in made.steps
        ],
        "plan": made.digest(),
    }


def question(made: Plan) -> str:
    """What is asked before anything is sent: it names what is hit."""
    from agent.domain.action_words import spec_title

    what = spec_title(made.spec)
    if not made.spec.kind.at_gateways:
        return what
    teams = f" of {_some(made.teams)}" if made.teams else ""
    return f"{what}: {plural(len(made.hit), 'key')}{teams}, {_production(made)}"


def needs_words(needs: Needs) -> str:
    """`finance and engineering`, or `none`."""
    return " and ".join(" or ".join(roles) for roles in needs) or "none"


def _reach(made: Plan) -> Iterator[str]:
    teams = f" of {_some(made.teams)}" if made.teams else ""
    yield f"hits        {plural(len(made.hit), 'key')}{teams}: {_keys(made.hit)}"
    if made.bystanders:
        yield f"            {unasked(len(made.bystanders))}: {_keys(made.bystanders)}"
    if made.unreached:
        yield f"not reached {plural(len(made.unreached), 'key')}: {_some(made.missed)}"
    if made.spared:
        yield f"spared      {plural(made.spared, 'key')} of production, or of an environment nobody knows"
    yield f"production  {_production(made)}"


def _figures(made: Plan) -> Iterator[str]:
    from agent.domain.money import to_credits

    burn, saved = to_credits(made.burn_nano), to_credits(made.saved_nano)
    stretch = "last minute" if made.burn_s == 60 else f"mean of {duration(made.burn_s)}"
    yield (
        f"burn now    {amount(burn)} credits/min ({stretch}), "
        f"{amount(burn - saved)} after: saves {amount(saved)}"
    )
    if made.spent_nano is not None:
        spent, most = amount(to_credits(made.spent_nano)), amount(to_credits(made.spec.amount_nano))
        if made.reached:
            what = "production stops" if made.production else "all of it stops"
            yield f"spent       already spent {spent} this month, of {most}: {what} at once"
        else:
            yield f"spent       {spent} this month so far, of {most}"
    if made.spec.kind is not ActionKind.CAP:
        yield f"last hour   {made.refused:,} of {made.requests:,} requests would have been refused"


def _changes(made: Plan) -> Iterator[str]:
    for step in made.steps[:_MOST]:
        yield f"changes     {step.target}: {step.detail}"
    if len(made.steps) > _MOST:
        yield f"            and {plural(len(made.steps) - _MOST, 'more target')}"


def _time(made: Plan, now: float) -> Iterator[str]:
    if made.spec.kind.at_gateways:
        yield f"bites       {duration(made.effect_s)} after it is accepted"
        yield f"ends        {_end(made)}"
    why = f": {reason}" if (reason := why_needed(made)) else ""
    yield f"approvals   {needs_words(made.needs)}{why}"
    if made.data_at is not None:
        age = duration(max(0, int(now) - made.data_at))
        yield f"data        known until {when(made.data_at)}, {age} old"


def _end(made: Plan) -> str:
    if made.spec.kind is ActionKind.REVOKE:
        return "never: deleted keys do not come back"
    if made.spec.expires_s:
        return f"by itself, {duration(made.spec.expires_s)} after it begins"
    return "not by itself: somebody has to release it"


def _production(made: Plan) -> str:
    if not made.production:
        return "no production"
    if made.unknown:
        share = (
            f", {percent(made.production_share)} of the burn that it hits" if made.production_share else ""
        )
        return f"production, or of unknown environment{share}"
    if not made.production_share:
        return "production among them, which burns nothing now"
    return f"production: {percent(made.production_share)} of the burn that it hits"


def _keys(keys: Sequence[PlannedKey]) -> str:
    return _some([key.name or key.api_key for key in keys])


def _some(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more
