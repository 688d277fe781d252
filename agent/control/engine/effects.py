"""Did it work? What gateways refused since, and what became of the burn."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from agent.control.engine.called_back import fold
from agent.control.engine.fall import WITHIN_S, BurnSince, Sight, bites_at, burn_since
from agent.control.gateways.base import GatewayError
from agent.control.occasion import Occasion, record
from agent.control.planning import books_of
from agent.domain.action import Action, ActionKind, ActionState, Step, StepState
from agent.domain.gateway import Traffic
from agent.domain.money import to_credits
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

MOST_ASKED = 20
"""Targets of an action whose traffic a gateway is asked for."""

_FELL = "burn fell"
_NONE = "no effect"
_REFUSES = "refuses calls"
_TOLD_OF_NONE = ("ops_on_call",)  # and told again, where an effect shows after all
_PACE = ((10, 0.5), (60, 1.0), (600, 10.0))  # until so many real seconds: a look each so many
_SLOWEST_S = 60.0
_PATIENCE_S = 10.0  # of one look at the traffic of one action at one gateway
_log = logging.getLogger(__name__)


@dataclass
class _Looks:
    """When an action was looked at, in the loop's seconds."""

    first: float
    next: float = 0.0
    measured: bool = False  # no more is to be known of its burn


@dataclass(frozen=True, slots=True)
class Seen:
    """What gateways' own logs say of the targets of an action."""

    targets: int = 0  # that it was put into force at
    asked: int = 0  # of them, those whose gateway has answered
    refusing: int = 0  # of them, targets that refuse calls
    refused: int = 0
    first_refused_at: float | None = None
    mute: bool = True  # no gateway of it can say what it refuses


@dataclass
class Watching:
    """Looks at actions that hold until it is known what they did."""

    bench: Bench
    exact: dict[int, float] = field(default_factory=dict)  # when they were accepted: the ledger has seconds
    _looks: dict[int, _Looks] = field(default_factory=dict)
    _sight: Sight | None = None  # of the look that is under way
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, actions: Sequence[Action], now: int) -> None:
        """Confirms what traffic shows, and says what became of the burn; no action waits for another."""
        loop = asyncio.get_running_loop()
        for gone in self._looks.keys() - {action.id for action in actions}:
            del self._looks[gone]
            self.exact.pop(gone, None)
        due, self._sight = [], None
        for action in actions:
            if not action.spec.kind.at_gateways or action.id is None:
                continue
            looks = self._looks.setdefault(action.id, _Looks(loop.time()))
            if loop.time() < looks.next:
                continue
            looks.next = loop.time() + _pause(loop.time() - looks.first)
            due.append(self._look(action, now))
        await asyncio.gather(*due)

    async def _look(self, action: Action, now: int) -> None:
        try:
            wanted = action.state is ActionState.ACCEPTED and _REFUSES not in action.effect
            seen = await self._traffic(action, now) if wanted else None
            async with self._one:  # whoever else wants to write waits for one of them, and not for all
                await self.bench.desk.write(partial(self._judge, action=action, seen=seen, now=now))
        except Exception:  # noqa: BLE001 - it is looked again soon, and the others are looked at all the same
            _log.exception("the effect of action %s could not be looked at", action.id)

    async def _traffic(self, action: Action, now: int) -> Seen:
        """What the gateways' own logs say of all targets together."""
        applied = [step for step in action.steps if step.state is StepState.APPLIED]
        found: list[Traffic | None] = []
        silent: set[str] = set()
        ends: dict[str, float] = {}  # of the patience with each gateway
        for step in applied[:MOST_ASKED]:
            gateway = step.target.gateway
            if gateway in silent:
                continue
            until = ends.setdefault(gateway, asyncio.get_running_loop().time() + _PATIENCE_S)
            try:
                async with asyncio.timeout_at(until):
                    found.append(await self._ask(step, action, now))
            except (GatewayError, TimeoutError) as error:
                silent.add(gateway)  # it is asked again at the next look, not for every target of this one
                _log.info("action %s: %s does not tell of traffic: %s", action.id, gateway, error)
        refusing = [each for each in found if each is not None and each.refused]
        first = [each.first_refused_at for each in refusing if each.first_refused_at is not None]
        return Seen(
            targets=len(applied),
            asked=len(found),
            refusing=len(refusing),
            refused=sum(each.refused for each in refusing),
            first_refused_at=min(first, default=None),
            mute=not silent and not any(each is not None for each in found),
        )

    async def _ask(self, step: Step, action: Action, now: int) -> Traffic | None:
        async with self.bench.line(step.target.gateway) as link:
            since = float(step.at or action.accepted_at or now)
            return await link.traffic(step.target, step.want, since, float(now))

    def _judge(self, writer: LedgerWriter, *, action: Action, seen: Seen | None, now: int) -> None:
        """Keeps what is new."""
        with writer.transaction():
            current = writer.actions.action(action.id or 0)
            if current is None or current.state is not action.state:
                return
            hooks = {each.name for each in self.bench.settings.gateways if each.kind == "webhook"}
            calls_back = any(step.target.gateway in hooks for step in current.steps)
            if calls_back:
                current = fold(writer, current, now, self.bench.tell)  # what was said before it was accepted
            if not current.state.active:
                return
            burn = None
            if _FELL not in current.effect:
                burn = self._burn(writer, current, now)
            accepted = self.exact.get(current.id or 0)
            if calls_back and seen is not None:
                seen = replace(seen, mute=False)  # its receiver can say so: nothing else stands for its word
            after = _told(current, seen, burn, now, self.bench.settings, accepted)
            if after != current:
                writer.actions.save(after)
                if occasion := _occasion(current, after):
                    record(writer, occasion, now, self.bench.tell)

    def _burn(self, writer: LedgerWriter, action: Action, now: int) -> BurnSince | None:
        """What became of the burn, as long as that may change."""
        looks, settings = self._looks.get(action.id or 0), self.bench.settings
        if looks is not None and looks.measured:
            return None
        if self._sight is None:
            self._sight = Sight(books_of(writer), settings)
        sure = action.state is ActionState.CONFIRMED  # by what was refused: no fall by chance
        burn = burn_since(self._sight, action, now, sure=sure)
        if looks is not None and burn is not None and burn.final:
            looks.measured = now - (bites_at(action) or now) >= int(settings.acting.no_effect_after)
        return burn


def _pause(looked_s: float) -> float:
    """Until the next look at an action that is looked at since so many seconds."""
    return next((pause for until, pause in _PACE if looked_s < until), _SLOWEST_S)


def _told(
    action: Action,
    seen: Seen | None,
    burn: BurnSince | None,
    now: int,
    settings: Settings,
    exact: float | None,
) -> Action:
    """The action with what is known of its effect by now.

    A fall may be chance: it confirms only where no gateway can say what it refuses. What was not done at
    every target stays accepted, with what was not done.
    """
    refuses = seen is not None and seen.refused > 0
    fell = burn is not None and burn.fell
    effect = action.effect
    if refuses and seen is not None:
        effect = _refusals(seen, action.accepted_at or now, exact)
        if action.effect.startswith(_FELL):
            effect = f"{action.effect}; {effect}"
    if fell and burn is not None:
        was, is_ = (f"{to_credits(nano):,.1f}" for nano in (burn.before_nano, burn.now_nano))
        effect = f"{_FELL} from {was} to {is_} credits/min, {burn.after_s} s after"
        if action.state is ActionState.ACCEPTED and _REFUSES in action.effect:  # at a part of the targets
            effect += f"; {action.effect}"
    effect = effect or _no_effect(action, burn, now, settings)
    shown = refuses or (fell and seen is not None and seen.mute)
    if action.state is ActionState.ACCEPTED and shown and _whole(action):
        return replace(action, state=ActionState.CONFIRMED, confirmed_at=now, effect=effect)
    return replace(action, effect=effect)


def _whole(action: Action) -> bool:
    """Whether it is in force at every target that it was asked for."""
    return all(step.state is StepState.APPLIED for step in action.steps)


def _refusals(seen: Seen, accepted: int, exact: float | None) -> str:
    when = _first(seen.first_refused_at, accepted, exact)
    where = ""
    if seen.targets > 1:
        where = f" at {seen.refusing} of {plural(seen.asked, 'target')}"
        where += f" that were asked, of {seen.targets}" if seen.asked < seen.targets else ""
    return f"{_REFUSES}{where}: the first {when}, {seen.refused} so far"


def _no_effect(action: Action, burn: BurnSince | None, now: int, settings: Settings) -> str:
    """One sentence; empty while there is nothing to say."""
    bites = bites_at(action)
    patience = int(settings.acting.no_effect_after)
    if burn is None or bites is None or now - bites < patience or action.spec.kind is ActionKind.CAP:
        return ""
    if burn.bitten_s < min(patience, WITHIN_S):  # what is known is too old to show it
        return ""
    if not burn.before_nano:
        return "nothing burnt there before, and nothing does now" if not burn.now_nano else ""
    if burn.fell or not burn.goes_on:
        return ""
    return f"{_NONE} after {max(burn.after_s // 60, 1)} min: {_why(burn)}"


def _why(burn: BurnSince) -> str:
    """What is known of why nothing fell."""
    if burn.batch_nano * 2 > burn.now_nano:
        return "what burns on is batch traffic, which this limit does not hold"
    if burn.others:
        return f"the traffic also comes through key {burn.others}"
    if burn.block:
        return "the traffic does not go through what was blocked"
    if not burn.foreseen_nano:
        return "its calls are below the limit, as was foreseen"
    return "the traffic does not go through what was limited, or the limit is above it"


def _first(refused_at: float | None, accepted: int, exact: float | None) -> str:
    """When the first call was refused; an agent that began since knows only in which second it was told."""
    if refused_at is None:
        return "since"
    if exact is None:
        return f"within {max(math.ceil(refused_at - accepted), 1)} s"
    return f"{max(refused_at - exact, 0.0):.1f} s after"


def _occasion(before: Action, after: Action) -> Occasion | None:
    corrected = before.effect.startswith(_NONE) and not after.effect.startswith(_NONE)
    who = _TOLD_OF_NONE if corrected else ()
    after_all = "; that it had no effect was said too early" if corrected else ""
    if after.state is ActionState.CONFIRMED and before.state is not ActionState.CONFIRMED:
        text = f"confirmed by traffic: {after.effect}{after_all}"
        return Occasion("confirmed", after, text, recipients=who)
    if corrected:
        return Occasion("effect", after, f"{after.effect}{after_all}", recipients=who)
    if after.effect.startswith(_NONE) and not before.effect:
        return Occasion(
            "no_effect",
            after,
            after.effect,
            recipients=_TOLD_OF_NONE,
            next_command="burndeck triage",
        )
    return None
