"""Conditions on the burn: below a bound, fallen after an action, keys that call no more."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionState
from agent.domain.action_words import spec_title
from agent.domain.money import to_credits
from agent.domain.words import duration, instant
from agent.errors import ConfigError
from agent.ledger.kinds import SCOPE_KINDS
from agent.reports.actions import read_actions
from agent.reports.figure import per_minute
from agent.reports.moment import DAY, MINUTE
from agent.runbooks.asked.answer import age, change, rate, short
from agent.runbooks.asked.burning import MEASURED_S, burn_known, burn_now, burnt_in, line_of
from agent.runbooks.asked.given import Part, bad, missing, number, part, seconds
from agent.runbooks.asked.sight import FRESH_S, sight
from agent.runbooks.asked.verdicts import UNKNOWN_DATA, drilled, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_BEFORE_S = 15 * MINUTE  # the burn before an action is the mean of so many seconds
_HALF = Decimal("0.5")
_LONGEST_SILENCE_S = 7 * DAY
_UNDONE = (ActionState.REVERSED, ActionState.EXPIRED)


def burn_below(context: Context, given: Given) -> Verdict:
    """The burn of a scope is below so many credits a minute, or so many times what is usual."""
    about = part(context, given, required=True)
    bound, times = given.get("credits", "").strip(), given.get("times-usual", "").strip()
    if bool(bound) == bool(times):
        problem = "parameters credits and times-usual: one of them is needed, and only one"
        raise ConfigError(problem, hint='Give credits = "20" a minute, or times-usual = "1.5".')
    found = burn_now(context, about)
    if found.empty:
        return drilled(context, verdict(False, "burn-below", given, UNKNOWN_DATA))
    seen = burn_known(context, about, found)
    unknown = seen.unknown or _released(context, seen.end)
    limit, words = number(given, "credits", "0"), ""
    if times and found.usual.value is not None:
        factor = number(given, "times-usual", "1")
        limit, words = found.usual.value * factor, f", {short(factor)} times what is usual"
    elif times and (seen.now or unknown):  # nothing at all is below whatever is usual
        sentence = f"{about} burns {rate(seen.now)}; what is usual is not known: {found.basis}."
        return drilled(context, verdict(False, "burn-below", given, sentence, truth=found.now))
    below = seen.now < limit or (not seen.now and not limit)
    side = "below" if below else "not below"
    sentence = f"{about} burns {rate(seen.now)}, {side} {rate(limit)}{words}"
    return drilled(
        context,
        verdict(
            below and not unknown,
            "burn-below",
            given,
            f"As far as is known, {sentence}; but {unknown}." if unknown else f"{sentence}.",
            truth=found.now,
            line=line_of(context, about, found.at),
        ),
    )


def _released(context: Context, end: int) -> str:
    """Why a burn up to `end` does not show yet how it is without what the run has released."""
    run = context.run
    if run is None or run.id is None:
        return ""
    reader = context.reader
    with reader.snapshot():
        idents = reader.run_store().actions(run.id)
        made = [action for ident in idents if (action := reader.action_store().action(ident)) is not None]
    undone = [each for each in made if each.state in _UNDONE and each.accepted_at is not None]
    last = max(undone, key=lambda each: each.ended_at or 0, default=None)
    if last is None or (last.ended_at or 0) <= end - MEASURED_S:
        return ""
    held = f"action {last.id} held until {age(last.ended_at, context.now)} ago"
    return f"that is the mean of {duration(MEASURED_S)}, and {held}: too early to say"


def burn_fell(context: Context, given: Given) -> Verdict:
    """The burn fell after the action of a step: confirmed by traffic, or under half of what it was."""
    action, trouble = _action_of(context, given)
    if action is None:
        return verdict(False, "burn-fell", given, trouble)
    what = f"action {action.id} ({spec_title(action.spec)})"
    drill = action.spec.drill or (context.run is not None and context.run.drill)
    if drill and action.accepted_at is not None:
        sentence = f"This is a drill: {what} changed nothing, so the burn counts as fallen."
        return verdict(True, "burn-fell", given, sentence, as_of=int(context.now))
    if action.confirmed_at is not None and action.state is ActionState.CONFIRMED:
        sentence = f"{_capital(what)} is confirmed: {action.effect or 'traffic shows it'}."
        return verdict(True, "burn-fell", given, sentence, as_of=int(context.now))
    if action.state in (ActionState.FAILED, ActionState.DECLINED):
        why = f": {action.why}" if action.why else ""
        return verdict(
            False, "burn-fell", given, f"{_capital(what)} is {action.state.value}{why}; nothing changed."
        )
    if action.accepted_at is None:
        return verdict(
            False, "burn-fell", given, f"{_capital(what)} is {action.state.value}: it does not hold yet."
        )
    return _by_the_burn(context, given, action, what)


def _by_the_burn(context: Context, given: Given, action: Action, what: str) -> Verdict:
    scope = action.spec.scope
    about = Part(SCOPE_KINDS[scope.kind], scope.value, scope)
    held = action.accepted_at or 0
    before_nano, _ = burnt_in(context, about, held // MINUTE * MINUTE - _BEFORE_S, held // MINUTE * MINUTE)
    before = per_minute(before_nano, _BEFORE_S)
    found = burn_now(context, about)
    seen = burn_known(context, about, found)
    if found.empty or seen.end - MEASURED_S < held:
        known = "nothing is known" if found.empty else f"data ends {age(seen.end, context.now)} ago"
        since = f"was accepted {age(held, context.now)} ago"
        sentence = f"{_capital(what)} {since}, and {known}: too early to say."
        return verdict(False, "burn-fell", given, sentence)
    now, unknown = seen.now, seen.unknown
    moved = change(now / before - 1) if before else "nothing burnt before"
    over = f"; it is {action.state.value} since" if action.state.ended else ""
    sentence = f"{about} burns {rate(now)} against {rate(before)} before {what} ({moved}){over}"
    return verdict(
        now < before * _HALF and not unknown,
        "burn-fell",
        given,
        f"As far as is known, {sentence}; but {unknown}." if unknown else f"{sentence}.",
        truth=found.now,
        line=line_of(context, about, found.at),
    )


def _action_of(context: Context, given: Given) -> tuple[Action | None, str]:
    name = given.get("of", "").strip()
    if not name:
        missing("of", "the id of an action's step")
    run = context.run
    if run is None:
        return None, "Only a run has actions that the burn could fall by."
    declared = run.runbook.named(name)
    if declared is None:
        bad("of", name, "the id of a step of this runbook")
    ident = run.step(declared.seq).action
    if ident is None:
        return None, f"Step {declared.seq} ({declared.title}) has made no action."
    with context.reader.snapshot():
        found = read_actions(context.reader, context.reader.rows("action_by_id", {"id": ident}))
    return (found[0], "") if found else (None, f"There is no action {ident}.")


def keys_silent(context: Context, given: Given) -> Verdict:
    """No key of a scope has made a call that came through, for so long, as all of its accounts know."""
    about, for_s = part(context, given, required=True), seconds(given, "for", "5m")
    if for_s > _LONGEST_SILENCE_S:
        bad("for", given["for"], "7 days at most")
    for_s = -(-for_s // MINUTE) * MINUTE
    seen = sight(context, about)
    end = int(context.now) // MINUTE * MINUTE if seen.until is None else seen.until
    unknown = seen.unknown(end - for_s, end, min(for_s, FRESH_S))
    # A call after the end of what all accounts know is a call all the same, also in the minute under way.
    nano, cells = burnt_in(
        context, about, end - for_s, max(end, int(context.now) // MINUTE * MINUTE + MINUTE)
    )
    through = sum(max(0.0, cell.requests - cell.errors) for cell in cells)
    refused = round(sum(cell.errors for cell in cells))
    silent = not nano and through < 1
    if silent and unknown:
        sentence = f"Whether {about} calls is not known: {unknown}."
        return drilled(context, verdict(False, "keys-silent", given, sentence, as_of=seen.until))
    failed = f"; {refused:,} were refused or failed" if refused else ""
    calls = "no call came through" if silent else f"{round(through):,} calls came through"
    burnt = "" if not nano else f" and burnt {short(to_credits(nano))} credits"
    window = f"in {duration(for_s)} up to {instant(end)}, {age(end, context.now)} ago"
    sentence = f"{about}: {calls}{burnt} {window}{failed}."
    return drilled(context, verdict(silent, "keys-silent", given, sentence, as_of=end))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
