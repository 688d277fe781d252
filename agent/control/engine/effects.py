"""Did it work? What gateways refused since, and what became of the burn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from agent.control.gateways.base import GatewayError
from agent.control.occasion import Occasion, record
from agent.control.planning import books_of
from agent.control.planning.calls import MINUTE_S, recent_calls
from agent.control.planning.keys import PlannedKey, keys_in, keys_of
from agent.domain.action import Action, ActionKind, ActionState, StepState
from agent.domain.gateway import Traffic
from agent.domain.money import to_credits

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.control.planning import Books
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

BEFORE_S = 300
"""The burn before an action is that of so many seconds."""
MOST_ASKED = 20
"""Targets of an action whose traffic a gateway is asked for."""

_FALLS_BY = 5  # an effect is a fall by a fifth of the burn at least, and by half of what was foreseen
_FELL = "burn fell"
_QUICK_S, _SLOW_S = 0.5, 10.0  # real seconds between two looks: in the first minute, and later
_log = logging.getLogger(__name__)


@dataclass
class _Looks:
    """When an action was looked at, in the loop's seconds, and by which data its burn was judged last."""

    first: float
    next: float = 0.0
    data_at: int | None = None


@dataclass
class Watching:
    """Looks at actions that hold until it is known what they did."""

    bench: Bench
    _looks: dict[int, _Looks] = field(default_factory=dict)

    async def look(self, actions: Sequence[Action], now: int) -> None:
        """Confirms what traffic shows, and says what became of the burn."""
        loop = asyncio.get_running_loop()
        for gone in self._looks.keys() - {action.id for action in actions}:
            del self._looks[gone]
        for action in actions:
            if not action.spec.kind.at_gateways or action.id is None:
                continue
            looks = self._looks.setdefault(action.id, _Looks(loop.time()))
            if loop.time() < looks.next:
                continue
            quick = loop.time() - looks.first < MINUTE_S
            looks.next = loop.time() + (_QUICK_S if quick else _SLOW_S)
            traffic = await self._traffic(action, now) if action.state is ActionState.ACCEPTED else None
            judge = partial(self._judge, action=action, traffic=traffic, data_at=looks.data_at, now=now)
            looks.data_at = await self.bench.desk.write(judge)

    async def _traffic(self, action: Action, now: int) -> Traffic | None:
        """What the gateways' own logs say of all targets together; None where none of them can say."""
        asked = [step for step in action.steps if step.state is StepState.APPLIED][:MOST_ASKED]
        found = []
        silent: set[str] = set()
        for step in asked:
            gateway = step.target.gateway
            if gateway in silent:
                continue
            try:
                async with self.bench.line(gateway) as link:
                    since = float(step.at or action.accepted_at or now)
                    found.append(await link.traffic(step.target, step.want, since, float(now)))
            except GatewayError as error:
                silent.add(gateway)  # it is asked again at the next look, not for every target of this one
                _log.info("action %s: %s", action.id, error.message)
        known = [each for each in found if each is not None]
        if not known:
            return None
        first = [each.first_refused_at for each in known if each.first_refused_at is not None]
        return Traffic(
            refused=sum(each.refused for each in known),
            passed=sum(each.passed for each in known),
            first_refused_at=min(first, default=None),
        )

    def _judge(
        self,
        writer: LedgerWriter,
        *,
        action: Action,
        traffic: Traffic | None,
        data_at: int | None,
        now: int,
    ) -> int | None:
        """Keeps what is new; returns up to when the burn was judged."""
        with writer.transaction():
            current = writer.actions.action(action.id or 0)
            if current is None or current.state is not action.state:
                return data_at
            books = books_of(writer)
            complete = books.complete_to
            burn = None
            if complete is not None and complete != data_at:
                burn = burn_since(books, self.bench.settings, current, complete)
            after = _told(current, traffic, burn, now, self.bench.settings)
            if after != current:
                writer.actions.save(after)
                if occasion := _occasion(current, after):
                    record(writer, occasion, now, self.bench.tell)
            return complete


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


def burn_since(books: Books, settings: Settings, action: Action, complete: int) -> BurnSince | None:
    """What became of the burn, by whole minutes after the action bites; None before the first of them."""
    at = action.accepted_at
    if at is None:
        return None
    bites = at + int(action.preview.get("effect_s") or 0)
    start = -(-bites // MINUTE_S) * MINUTE_S
    if complete < start + MINUTE_S:
        return None
    before = (at // MINUTE_S * MINUTE_S - BEFORE_S, at // MINUTE_S * MINUTE_S)
    after = (max(start, complete - BEFORE_S), complete)
    keys = {
        key.api_key: key for key in keys_of(books, books.actions.gateway_keys(), settings.acting.production)
    }
    hit = _hit(action, keys)
    was, is_ = (_by_key(books, *span) for span in (before, after))
    rose = {
        name: is_.get(name, 0) - was.get(name, 0)
        for name in is_.keys() - hit
        if is_.get(name, 0) > was.get(name, 0)
    }
    other = max(rose, key=lambda name: rose[name], default="")
    return BurnSince(
        sum(was.get(name, 0) for name in hit),
        sum(is_.get(name, 0) for name in hit),
        complete - at,
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


def _told(
    action: Action, traffic: Traffic | None, burn: BurnSince | None, now: int, settings: Settings
) -> Action:
    """The action with what is known of its effect by now."""
    after = action
    refused = traffic is not None and traffic.refused > 0
    fell = burn is not None and burn.fell
    if action.state is ActionState.ACCEPTED and (refused or fell):
        after = replace(after, state=ActionState.CONFIRMED, confirmed_at=now)
    effect = _effect(action, traffic, burn, now, settings)
    return replace(after, effect=effect) if effect else after


def _effect(
    action: Action, traffic: Traffic | None, burn: BurnSince | None, now: int, settings: Settings
) -> str:
    """One sentence; empty while there is nothing new to say."""
    accepted = action.accepted_at or now
    if action.effect.startswith(_FELL):
        return ""  # said once, of the first minute that showed it
    if burn is not None and burn.fell:
        was, is_ = (f"{to_credits(nano):,.1f}" for nano in (burn.before_nano, burn.after_nano))
        return f"{_FELL} from {was} to {is_} credits/min, {burn.after_s} s after"
    if traffic is not None and traffic.refused:
        first = traffic.first_refused_at
        when = f"{max(first - accepted, 0.0):.1f} s after" if first is not None else "since"
        return f"refuses calls: the first {when}, {traffic.refused} so far"
    waited = now - accepted
    patience = int(settings.acting.no_effect_after) + int(action.preview.get("effect_s") or 0)
    if action.effect or burn is None or waited < patience or action.spec.kind is ActionKind.CAP:
        return ""
    if not burn.before_nano:
        return "nothing burnt there before, and nothing does now"
    minutes = max(waited // 60, 1)
    why = (
        f"the traffic also comes through key {burn.others}"
        if burn.others
        else "its calls go past the gateways that were told, or the limit is above them"
    )
    return f"no effect after {minutes} min: {why}"


def _occasion(before: Action, after: Action) -> Occasion | None:
    if after.state is ActionState.CONFIRMED and before.state is not ActionState.CONFIRMED:
        return Occasion("confirmed", after, f"confirmed by traffic: {after.effect}")
    if after.effect.startswith("no effect") and not before.effect:
        return Occasion(
            "no_effect",
            after,
            after.effect,
            recipients=("ops_on_call",),
            next_command="burndeck triage",
        )
    return None
