"""Conditions on the burn: below a bound, fallen after an action, keys that call no more."""

from __future__ import annotations

from dataclasses import replace
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
from agent.runbooks.asked.since import UNDONE, Since, later, made, since_action, since_asked
from agent.runbooks.asked.verdicts import UNKNOWN_DATA, drilled, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.runbooks.asked.burning import BurnNow
    from agent.runbooks.asking import Context, Given

_BEFORE_S = 15 * MINUTE  # the burn before an action is the mean of so many seconds
_HALF = Decimal("0.5")
_LONGEST_SILENCE_S = 7 * DAY
_FELL_S = 2 * MINUTE
"""So much must be known after an action before a wait believes that the burn fell."""
_NEVER_HELD = (ActionState.FAILED, ActionState.DECLINED)


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
    seen, since = burn_known(context, about, found), since_asked(context)
    if since is not None and (early := since.early(seen.end, MEASURED_S)):
        return drilled(
            context, _too_early(context, "burn-below", given, about, found, since, seen.end, early)
        )
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
    undone = [each for each in made(context) if each.state in UNDONE and each.accepted_at is not None]
    last = max(undone, key=lambda each: each.ended_at or 0, default=None)
    if last is None or (last.ended_at or 0) <= end - MEASURED_S:
        return ""
    held = f"action {last.id} held until {age(last.ended_at, context.now)} ago"
    return f"that is the mean of {duration(MEASURED_S)}, and {held}: too early to say"


def _too_early(
    context: Context, name: str, given: Given, about: Part, found: BurnNow, since: Since, end: int, early: str
) -> Verdict:
    if found.empty or end <= since.first:
        return verdict(False, name, given, f"Too early to say of {about}: {early}.", truth=found.now)
    nano, _ = burnt_in(context, about, since.first, end)
    so_far = rate(per_minute(nano, end - since.first))
    sentence = f"Too early to say of {about}: {early}; {so_far} so far."
    return verdict(False, name, given, sentence, truth=found.now, line=line_of(context, about, found.at))


def burn_fell(context: Context, given: Given) -> Verdict:
    """The burn fell after the action of a step: confirmed by traffic, or under half of what it was."""
    action, trouble = _action_of(context, given)
    if action is None:
        return _never("burn-fell", given, trouble)
    what = f"action {action.id} ({spec_title(action.spec)})"
    drill = action.spec.drill or (context.run is not None and context.run.drill)
    if drill and action.accepted_at is not None:
        sentence = f"This is a drill: {what} changed nothing, so the burn counts as fallen."
        return verdict(True, "burn-fell", given, sentence, as_of=int(context.now))
    if action.confirmed_at is not None and action.state is ActionState.CONFIRMED:
        sentence = f"{_capital(what)} is confirmed: {action.effect or 'traffic shows it'}."
        return verdict(True, "burn-fell", given, sentence, as_of=int(context.now))
    if action.state in _NEVER_HELD:
        why = f": {action.why}" if action.why else ""
        return _never("burn-fell", given, f"{_capital(what)} is {action.state.value}{why}; nothing changed.")
    if action.accepted_at is None:
        if action.state.ended:
            return _never("burn-fell", given, f"{_capital(what)} is {action.state.value}: it never held.")
        return verdict(
            False, "burn-fell", given, f"{_capital(what)} is {action.state.value}: it does not hold yet."
        )
    return _by_the_burn(context, given, action, what)


def _never(name: str, given: Given, sentence: str) -> Verdict:
    return replace(verdict(False, name, given, sentence), never=True)


def _by_the_burn(context: Context, given: Given, action: Action, what: str) -> Verdict:
    scope = action.spec.scope
    about = Part(SCOPE_KINDS[scope.kind], scope.value, scope)
    held, undone = action.accepted_at or 0, action.state in UNDONE
    before_nano, _ = burnt_in(context, about, held // MINUTE * MINUTE - _BEFORE_S, held // MINUTE * MINUTE)
    before = per_minute(before_nano, _BEFORE_S)
    found, since = burn_now(context, about), None if undone else since_asked(context)
    accepted = Since(held, f"action {action.id} in force since")
    since = later(accepted, since) if since is not None else None
    seen = burn_known(context, about, found, since.first if since is not None else 0)
    early = accepted.early(seen.end, MEASURED_S) if since is None else since.early(seen.end, _FELL_S)
    if undone and (found.empty or early):
        return _never("burn-fell", given, f"{_capital(what)} is {action.state.value}: it holds no more.")
    if found.empty:
        since_then = f"was accepted {age(held, context.now)} ago, and nothing is known"
        return verdict(False, "burn-fell", given, f"{_capital(what)} {since_then}: too early to say.")
    if early:
        return _too_early(context, "burn-fell", given, about, found, since or accepted, seen.end, early)
    now, unknown = seen.now, seen.unknown
    moved = change(now / before - 1) if before else "nothing burnt before"
    over = f"; it is {action.state.value} since, and holds nothing back" if undone else ""
    sentence = f"{about} burns {rate(now)} against {rate(before)} before {what} ({moved}){over}"
    judged = verdict(
        now < before * _HALF and not unknown and not undone,
        "burn-fell",
        given,
        f"As far as is known, {sentence}; but {unknown}." if unknown else f"{sentence}.",
        truth=found.now,
        line=line_of(context, about, found.at),
    )
    return replace(judged, never=undone)


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
    since = since_action(context)
    early = since.early(end, for_s) if since is not None else ""
    if silent and (unknown or early):
        sentence = f"Whether {about} calls is not known: {unknown or f'too early to say, {early}'}."
        return drilled(context, verdict(False, "keys-silent", given, sentence, as_of=seen.until))
    failed = f"; {refused:,} were refused or failed" if refused else ""
    calls = "no call came through" if silent else f"{round(through):,} calls came through"
    burnt = "" if not nano else f" and burnt {short(to_credits(nano))} credits"
    window = f"in {duration(for_s)} up to {instant(end)}, {age(end, context.now)} ago"
    sentence = f"{about}: {calls}{burnt} {window}{failed}."
    return drilled(context, verdict(silent, "keys-silent", given, sentence, as_of=end))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
