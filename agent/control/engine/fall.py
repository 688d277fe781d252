"""What became of the burn that an action was to hold: before it and since, as far as usage is known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agent.control.gateways.base import dialect_of
from agent.control.planning.calls import MINUTE_S
from agent.control.planning.keys import PlannedKey, keys_in, keys_of
from agent.control.planning.reach import Reach
from agent.domain.action import ActionKind

if TYPE_CHECKING:
    from agent.control.planning import Books
    from agent.domain.action import Action
    from agent.domain.gateway import Target
    from agent.ledger.alert_store import Whose
    from agent.settings import Settings

WINDOW_S = 60
"""Burn is that of such a window: one before an action, and two since, one after the other."""
LIVE_S = 15
"""The windows since, where calls are known to the second and refusals have confirmed the action already."""
WITHIN_S = 1_800
"""Seconds after it bites within which a fall is the action's doing; evenings come by themselves."""
_LONGEST_S = 86_400  # until an action bites

_GOOD_PART = 4  # the least part of what was foreseen, as a divisor

Burn = Mapping[int, int]
"""Nano-credits by context."""


@dataclass(frozen=True, slots=True)
class BurnSince:
    """The burn of what an action hits, nano-credits a minute, before it and since."""

    before_nano: int
    after_nano: tuple[int, int]  # of two windows, the newest last
    after_s: int  # from the action to the end of what is measured
    foreseen_nano: int = 0  # what the preview said would be saved
    others: str = ""  # a key beside those hit to which much of what was foreseen has moved
    batch_nano: int = 0  # of the burn since, by batches that the limit does not hold
    final: bool = False  # whatever burns later is not the action's doing
    block: bool = False  # it is to stop all calls
    bitten_s: int = 0  # how long the action bites by the end of what is measured

    @property
    def fell(self) -> bool:
        """In both windows by half of what was foreseen at least; nothing foreseen, nothing to find.

        After a block no calls are proof, however much more than the last minute before it was foreseen.
        """
        if self.block and self.before_nano and not any(self.after_nano):
            return True
        falls = (self.before_nano - after for after in self.after_nano)
        return self.foreseen_nano > 0 and all(fall * 2 >= self.foreseen_nano for fall in falls)

    @property
    def goes_on(self) -> bool:
        """Whether calls went on all the time: a window without any may be the action's doing."""
        return all(self.after_nano)

    @property
    def now_nano(self) -> int:
        """The burn since."""
        return sum(self.after_nano) // 2


def bites_at(action: Action) -> int | None:
    """From when on an action bears on calls; None before it is accepted."""
    return (
        None if action.accepted_at is None else action.accepted_at + foreseen(action, "effect_s", _LONGEST_S)
    )


def foreseen(action: Action, name: str, most: int = 2**62) -> int:
    """A whole number of an action's preview; 0 where it has none that makes sense."""
    found = action.preview.get(name)
    return found if type(found) is int and 0 < found <= most else 0


@dataclass
class Sight:
    """What the actions of one look are measured by: of thousands of keys it is read once for all of them."""

    books: Books
    settings: Settings

    @cached_property
    def keys(self) -> Mapping[str, PlannedKey]:
        """Every key, by its id."""
        found = keys_of(self.books, self.books.served, self.settings.acting.production)
        return {key.api_key: key for key in found}

    @cached_property
    def whose(self) -> Mapping[int, Whose]:
        """Whose the keys were, by context."""
        return self.books.alerts.contexts()

    def reached(self, targets: Iterable[Target]) -> Iterator[str]:
        """The keys whose calls changes at targets bear on."""
        for target in targets:
            reach = self._reaches.get(target.gateway)
            yield from (key.api_key for key in reach.of(target)) if reach is not None else ()

    def live(self, start: int, end: int) -> Burn:
        """The burn in [start, end), by single calls that no provider has told."""
        if (start, end) not in self._live:
            self._live[start, end] = _live(self.books, start, end)
        return self._live[start, end]

    @cached_property
    def _live(self) -> dict[tuple[int, int], Burn]:
        return {}

    @cached_property
    def _reaches(self) -> dict[str, Reach]:
        gateways = self.settings.gateways
        return {
            each.name: Reach(dialect_of(each.kind), self.books.served.get(each.name, ())) for each in gateways
        }


def burn_since(sight: Sight, action: Action, now: int, *, sure: bool = False) -> BurnSince | None:
    """What became of the burn after the action bites; None while too little of that is known.

    By single calls to the second where what it hits burnt by them, else by whole minutes of the provider.
    Shorter windows are enough where it is `sure` that the action works.
    """
    books, bites = sight.books, bites_at(action)
    if bites is None or now < bites + 2 * LIVE_S:
        return None
    begun = action.begun_at or action.accepted_at or now
    keys, whose, hit = sight.keys, sight.whose, _hit(sight, action)
    was = sight.live(begun - WINDOW_S, begun)
    live = any(nano and whose[context].api_key in hit for context, nano in was.items() if context in whose)
    live = live and not _told_of(sight, hit, begun)
    if not live:
        begun, bites = begun // MINUTE_S * MINUTE_S, -(-bites // MINUTE_S) * MINUTE_S
        was = _by_minutes(sight, begun - WINDOW_S, begun)
    window = LIVE_S if live and sure else WINDOW_S
    both = 2 * window
    mine = [
        context
        for context, nano in was.items()
        if nano and context in whose and whose[context].api_key in hit
    ]
    end = min(_known_to(books, mine, bites, now), bites + WITHIN_S)
    if not live:
        end = end // MINUTE_S * MINUTE_S
    if end < bites + both:
        return None
    since = [
        _a_minute(_by_key(whose, sight.live(*stretch) if live else _by_minutes(sight, *stretch)), window)
        for stretch in ((end - both, end - window), (end - window, end))
    ]
    before = _by_key(whose, was)
    saved = foreseen(action, "saved_nano")
    near = _near(keys, hit)
    other = _rose(before, since[0] + since[1], near, saved)
    batch = _batches(sight, action, hit, (end - both, end))
    return BurnSince(
        sum(before.get(name, 0) for name in hit),
        (sum(since[0][name] for name in hit), sum(since[1][name] for name in hit)),
        end - (action.accepted_at or begun),
        saved,
        keys[other].name if other in keys else other,
        batch * MINUTE_S // both,
        final=end >= bites + WITHIN_S,
        block=action.spec.kind is ActionKind.BLOCK,
        bitten_s=end - bites,
    )


def _hit(sight: Sight, action: Action) -> set[str]:
    """The keys that were meant, and all others whose calls a target bears on: a preview names only some."""
    spec = action.spec
    asked = keys_in(sight.keys.values(), spec.scope)
    meant = {key.api_key for key in asked if not (spec.non_prod and key.production)}
    return meant.union(sight.reached(step.target for step in action.steps))


def _told_of(sight: Sight, hit: set[str], begun: int) -> bool:
    """Whether a provider tells of a part of the window before: its single calls are not all of it."""
    start, end = (begun - WINDOW_S) // MINUTE_S * MINUTE_S, -(-begun // MINUTE_S) * MINUTE_S
    told = sight.books.rules.named("plan_buckets", start=start, end=end)
    return any(context in sight.whose and sight.whose[context].api_key in hit for context, *_ in told)


def _near(keys: Mapping[str, PlannedKey], hit: set[str]) -> set[str]:
    """The other keys of the teams and projects that are hit: there traffic moves to, if anywhere."""
    mine = [keys[name] for name in hit if name in keys]
    teams, projects = ({getattr(key, level) for key in mine} - {""} for level in ("team", "project"))
    return {key.api_key for key in keys.values() if key.team in teams or key.project in projects} - hit


def _rose(before: Mapping[str, int], twice: Mapping[str, int], near: set[str], saved: int) -> str:
    """The key whose burn rose most, by a good part of what was foreseen; `twice`: the burn of two windows."""
    rose = {name: nano // 2 - before.get(name, 0) for name, nano in twice.items() if name in near}
    most = max(rose, key=lambda name: rose[name], default="")
    return most if most and 0 < saved <= rose[most] * _GOOD_PART else ""


def _batches(sight: Sight, action: Action, hit: set[str], stretch: tuple[int, int]) -> int:
    """Nano-credits in a stretch by batches of what is hit, where a limit of the action does not hold them."""
    told = {step.target.gateway for step in action.steps}
    offers = [dialect_of(each.kind).offers for each in sight.settings.gateways if each.name in told]
    kind = action.spec.kind
    if all(offer[kind].holds_batches for offer in offers if kind in offer):
        return 0
    books, whose, (start, end) = sight.books, sight.whose, stretch
    nano = 0
    for name in ("plan_events", "plan_buckets"):
        for context, service, *_, burnt in books.rules.named(name, start=start, end=end):
            if service in books.batch_services and context in whose and whose[context].api_key in hit:
                nano += burnt
    return nano


def _known_to(books: Books, contexts: Iterable[int], since: int, now: int) -> int:
    """Up to when usage is known in every account of some contexts; never beyond now."""
    bound = {"contexts": json.dumps(list(contexts)), "since": since, "now": now}
    ends = [int(end) for (end,) in books.rules.named("plan_known_to", **bound)]
    return min([now, *ends])


def _live(books: Books, start: int, end: int) -> Burn:
    """In [start, end), by single calls that no provider has told."""
    found: Counter[int] = Counter()
    for context, _, _, _, _, _, nano in books.rules.named("plan_events", start=start, end=end):
        found[context] += nano
    return found


def _by_minutes(sight: Sight, start: int, end: int) -> Burn:
    """In [start, end), whole minutes, by whatever tells of them; an hour known whole is spread evenly."""
    found = Counter(sight.live(start, end))
    for context, _, at, width, _, _, nano in sight.books.rules.named("plan_buckets", start=start, end=end):
        found[context] += nano * (min(at + width, end) - max(at, start)) // width
    return found


def _a_minute(burnt: Counter[str], window_s: int) -> Counter[str]:
    """Nano-credits a minute of what was burnt in a window."""
    return Counter({name: nano * MINUTE_S // window_s for name, nano in burnt.items()})


def _by_key(whose: Mapping[int, Whose], burn: Burn) -> Counter[str]:
    found: Counter[str] = Counter()
    for context, nano in burn.items():
        if context in whose:
            found[whose[context].api_key] += nano
    return found
