"""The burn now: of the last minute where single calls are known, else of the last five that were told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.planning.calls import MINUTE_S, Caller, Calls, Minutes, Refusals, recent_calls
from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.control.planning.plan import Plan
    from agent.settings import Settings

BURN_S = 300
"""The burn now is that of so many seconds before the end of what is known, where it is known by minutes."""


@dataclass(frozen=True, slots=True)
class Lately:
    """Calls of the newest stretch, [end - width_s, end)."""

    calls: Mapping[Caller, Minutes]
    end: int
    width_s: int
    live: bool  # by single calls, to the second

    def a_minute(self, nano: int) -> int:
        """What burnt in the stretch, a minute."""
        return nano * MINUTE_S // self.width_s


def lately(
    books: Books, calls: Mapping[Caller, Minutes], api_keys: Collection[str], end: int, now: float
) -> Lately:
    """The newest stretch of calls, which are known until `end`; live where all that keys did is."""
    recent = {caller: between(minutes, end - BURN_S, end) for caller, minutes in calls.items()}
    newest = books.newest_call(now)
    active = {caller.api_key for caller, minutes in recent.items() if minutes} & set(api_keys)
    if newest is not None and active and _live(books, active, newest, end):
        since = newest + 1 - MINUTE_S
        borne = {caller.api_key for caller in calls} | set(api_keys)
        return Lately(recent_calls(books, since, newest + 1, borne), newest + 1, MINUTE_S, live=True)
    return Lately(recent, end, BURN_S, live=False)


def between(minutes: Minutes, start: int, end: int) -> dict[int, Calls]:
    """The minutes that begin in [start, end)."""
    return {minute: calls for minute, calls in minutes.items() if start <= minute < end}


def by_calls(
    books: Books, settings: Settings, made: Plan, stretch: tuple[int, int], recent: Lately
) -> tuple[Refusals, Refusals] | None:
    """What a throttle would have refused in a stretch, and lately, call by call; None: too many to hold."""
    from agent.control.planning.replay import tried

    try:
        found = tried(books, settings, made.spec, *stretch, made)
    except BurndeckError:
        return None
    return found.refusals(*stretch), found.refusals(recent.end - recent.width_s, recent.end)


def _live(books: Books, active: Collection[str], newest: int, end: int) -> bool:
    """Whether all of some keys burn by single calls, and no provider has told of the last minute yet."""
    contexts = books.alerts.contexts()
    rows = books.rules.named("plan_events", start=end - BURN_S, end=newest + 1)
    if not set(active) <= {contexts[row[0]].api_key for row in rows if row[0] in contexts}:
        return False
    told = books.rules.named("replay_coverage", start=newest + 1 - MINUTE_S, end=newest + 1)
    if not told:
        return True
    accounts = dict(books.rules.named("replay_accounts"))
    mine = {accounts.get(ident) for ident, whose in contexts.items() if whose.api_key in active}
    return mine.isdisjoint(account for account, _, _ in told)
