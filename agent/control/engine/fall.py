"""What became of the burn that an action was to hold: before it and since, as far as usage is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from agent.control.planning.calls import MINUTE_S, recent_calls
from agent.control.planning.keys import PlannedKey, keys_in, keys_of

if TYPE_CHECKING:
    from agent.control.planning import Books
    from agent.domain.action import Action
    from agent.settings import Settings

BEFORE_S = 300
"""The burn before an action is that of so many seconds, where a provider tells it by the minute."""
LIVE_S = 60
"""And of so many where calls are known one by one."""
LEAST_S = 10
"""Seconds after an action bites from which on single calls show what became of the burn."""
_LOOK_AGAIN_S = 5
_FALLS_BY = 5  # an effect is a fall by a fifth of the burn at least, and by half of what was foreseen


class Known(NamedTuple):
    """Up to when usage is known."""

    metered: int  # the end of the newest minute that a provider has told
    live: int  # the newest call, by five seconds


def known_to(books: Books) -> Known:
    """Up to when usage is known now."""
    newest = books.alerts.newest_event() or 0
    return Known(max(books.alerts.covered_to(), default=0), newest // _LOOK_AGAIN_S * _LOOK_AGAIN_S)


@dataclass(frozen=True, slots=True)
class BurnSince:
    """The burn of what an action hits, nano-credits a minute, before it and since."""

    before_nano: int
    after_nano: int
    after_s: int  # from the action to the end of what is measured
    foreseen_nano: int = 0  # what the preview said would be saved
    others: str = ""  # whose burn rose meanwhile although nothing was asked of it

    @property
    def fell(self) -> bool:
        """By enough to speak of."""
        fall = self.before_nano - self.after_nano
        return fall > 0 and fall * _FALLS_BY >= self.before_nano and fall * 2 >= self.foreseen_nano


def burn_since(books: Books, settings: Settings, action: Action, known: Known) -> BurnSince | None:
    """What became of the burn after the action bites; None while too little of that is known.

    By single calls to the second where what it hits burnt by them, else by whole minutes of the provider.
    """
    at = action.accepted_at
    if at is None:
        return None
    bites = at + int(action.preview.get("effect_s") or 0)
    everybody = keys_of(books, books.actions.gateway_keys(), settings.acting.production)
    keys = {key.api_key: key for key in everybody}
    hit = _hit(action, keys)
    end = known.live
    was = _live_by_key(books, at - LIVE_S, at) if end >= bites + LEAST_S else {}
    if any(was.get(name) for name in hit):
        is_ = _live_by_key(books, max(bites, end - LIVE_S), end)
    else:
        start, end = -(-bites // MINUTE_S) * MINUTE_S, known.metered
        if end < start + MINUTE_S:
            return None
        minute = at // MINUTE_S * MINUTE_S
        was = _by_key(books, minute - BEFORE_S, minute)
        is_ = _by_key(books, max(start, end - BEFORE_S), end)
    rose = {
        name: is_.get(name, 0) - was.get(name, 0)
        for name in is_.keys() - hit
        if is_.get(name, 0) > was.get(name, 0)
    }
    other = max(rose, key=lambda name: rose[name], default="")
    return BurnSince(
        sum(was.get(name, 0) for name in hit),
        sum(is_.get(name, 0) for name in hit),
        end - at,
        int(action.preview.get("saved_nano") or 0),
        keys[other].name if other in keys else other,
    )


def _hit(action: Action, keys: Mapping[str, PlannedKey]) -> set[str]:
    spec = action.spec
    asked = keys_in(keys.values(), spec.scope)
    named = {key.api_key for key in asked if not (spec.non_prod and key.production)}
    return named | set(action.preview.get("bystanders") or ())


def _by_key(books: Books, start: int, end: int) -> dict[str, int]:
    """Nano-credits a minute of each key in [start, end)."""
    found: dict[str, int] = {}
    for caller, minutes in recent_calls(books, start, end).items():
        nano = sum(calls.nano for calls in minutes.values())
        found[caller.api_key] = found.get(caller.api_key, 0) + nano
    return {name: nano * MINUTE_S // (end - start) for name, nano in found.items()}


def _live_by_key(books: Books, start: int, end: int) -> dict[str, int]:
    """Nano-credits a minute of each key in [start, end), by single calls that no provider has told."""
    contexts = books.alerts.contexts()
    found: dict[str, int] = {}
    for context, _, _, _, _, _, nano in books.rules.named("plan_events", start=start, end=end):
        if whose := contexts.get(context):
            found[whose.api_key] = found.get(whose.api_key, 0) + nano
    return {name: nano * MINUTE_S // (end - start) for name, nano in found.items()}
