"""What limits that had stood all along would have saved: a throttle, and a key's daily limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.money import NANO, to_credits
from agent.domain.words import duration, instant, plural
from agent.errors import BurndeckError
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.runbooks.postmortem.burn import Burn
from agent.runbooks.postmortem.model import Catch

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_ROOM = Decimal("1.5")  # over the busiest minute of the day before: what ordinary days are spared
_DAY_ROOM = Decimal("1.25")  # over the dearest day of the week before
_DAYS = 7
_NO_LIMIT = 10**9
_MOST_CALLS = 1_000_000  # are played again one by one in less than a second
_LONGEST_S = DAY  # of an incident whose calls are played again one by one


def throttle(
    reader: LedgerReader, settings: Settings, burn: Burn, start: int, end: int, fired: int
) -> Catch | None:
    """A standing limit a little over the busiest minute of the day before; None where no call is known."""
    from agent.control.planning import books_of
    from agent.control.planning.replay import tried

    scope = scope_of(burn)
    if scope is None or end - start > _LONGEST_S:
        return None
    calls = _calls(reader, burn, start - DAY, end)
    if calls > _MOST_CALLS:
        sentence = f"a standing limit on {scope} was not tried: {calls:,} calls are too many to play again."
        return Catch(f"a standing limit on {scope}", "", None, None, None, "", sentence)
    books = books_of(reader)
    spec = ActionSpec(ActionKind.THROTTLE, scope, limit=Limit(_NO_LIMIT, LimitUnit.RPM))
    try:
        busiest = _busiest(books, settings, spec, start - DAY, start)
        if not busiest:
            return None
        limit = Limit(int(busiest * _ROOM) + 1, LimitUnit.RPM)
        spec = replace(spec, limit=limit)
        before = tried(books, settings, spec, start - DAY, start).refusals(start - DAY, start)
        made = tried(books, settings, spec, start, end)
        found = made.refusals(start, end)
    except BurndeckError:
        return None  # more calls than can be held at once
    each = "" if scope.kind is ScopeKind.API_KEY else " a key"
    policy = f"a standing limit of {limit}{each} on {scope}, half over the busiest minute of the day before"
    if not found.requests:
        return None
    if not found.refused:
        sentence = f"{policy}, would have refused none of its {found.requests:,} calls: they were not more."
        return Catch(policy, "", None, None, None, "", sentence)
    saved = to_credits(found.saved_nano)
    at = int(made.calls.times[made.held & ~made.passed].min()) // 1_000
    share = f"{found.refused:,} of {found.requests:,} calls"
    sentence = f"{policy}, would have refused {share} and saved {saved:,.1f} credits."
    price = f"on the day before it refuses {before.refused:,} of {before.requests:,} calls"
    command = f'burndeck throttle {scope} --rpm {limit.amount} --for 31d --reason "standing limit"'
    return Catch(policy, command, at, _earlier(at, fired), saved, price, sentence)


def _calls(reader: LedgerReader, burn: Burn, start: int, end: int) -> int:
    """How many calls a scope made, by whole hours."""
    if burn.burnt.ident is None:
        return 0
    hours = range(start // HOUR * HOUR, end, HOUR)
    store = reader.alert_store().burn
    return sum(count for *_, count in store.hours([(burn.kind, burn.burnt.ident)], hours))


def scope_of(burn: Burn) -> Scope | None:
    """The scope that an action takes for what burnt; None of a model or an environment, which none takes."""
    kind, _, value = burn.label.partition(":")
    try:
        return Scope(ScopeKind(kind), value)
    except ValueError:
        return None


def _busiest(books: Books, settings: Settings, spec: ActionSpec, start: int, end: int) -> int:
    """Calls of the busiest minute of any one key."""
    import numpy as np

    from agent.control.planning.past_calls import slices
    from agent.control.planning.replay import tried

    calls = tried(books, settings, spec, start, end).calls
    counts = (np.unique(calls.times[part] // 60_000, return_counts=True)[1] for _, part in slices(calls))
    return max((int(each.max()) for each in counts if len(each)), default=0)


def _earlier(at: int | None, fired: int) -> int | None:
    return None if at is None or at >= fired else fired - at


def daily_limit(burn: Burn, start: int, end: int, fired: int) -> Catch | None:
    """A key's daily limit a little over its dearest day of the week before; None for what is no key."""
    scope = scope_of(burn)
    if scope is None or scope.kind is not ScopeKind.API_KEY:
        return None
    today = start // DAY * DAY
    days = burn.burnt.days(today - _DAYS * DAY, today)
    if not days:
        return None
    limit = -(-int(max(days.values()) * _DAY_ROOM) // NANO) * NANO
    policy = (
        f"a daily limit of {limit // NANO:,} credits on {scope}, a quarter over its dearest day of {_DAYS}"
    )
    at, saved = _held(burn, limit, start, end)
    if at is None:
        sentence = f"{policy}, would not have been reached."
        return Catch(policy, "", None, None, None, "", sentence)
    earlier = _earlier(at, fired)
    ahead = f", {duration(earlier)} before anybody was told" if earlier else ""
    amount = to_credits(saved)
    sentence = (
        f"{policy}, would have been reached at {instant(at)}{ahead}: what came after it, "
        f"{amount:,.1f} credits, would not have been burnt."
    )
    setting = f'[[allocations]]  # of {scope}\ndaily_limit = "{limit // NANO}"'
    price = f"on none of the {plural(len(days), 'day')} before it is reached"
    return Catch(policy, setting, at, earlier, amount, price, sentence)


def _held(burn: Burn, limit: int, start: int, end: int) -> tuple[int | None, int]:
    """When a day's limit is reached first, and what burns after it on such days, within the incident."""
    first: int | None = None
    saved = 0
    for day in range(start // DAY * DAY, end, DAY):
        used = burn.sum(day, max(day, start)) if start > day else 0
        if used >= limit:
            continue  # it was reached before anything went wrong
        for minute, nano in burn.minutes(max(day, start), min(day + DAY, end)).items():
            if used >= limit:
                saved += nano
            elif used + nano >= limit:
                first = minute + MINUTE if first is None else first
            used += nano
    return first, saved


def best(catches: Sequence[Catch]) -> Catch | None:
    """The one that would have saved most, else the one that would have told first."""
    saving = [each for each in catches if each.saved]
    if saving:
        return max(saving, key=lambda each: each.saved or 0)
    telling = [each for each in catches if each.earlier_s]
    return max(telling, key=lambda each: each.earlier_s or 0, default=None)
