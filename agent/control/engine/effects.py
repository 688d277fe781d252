"""Did it work? What gateways refused since, and what became of the burn."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from agent.control.engine.fall import BurnSince, Known, burn_since, known_to
from agent.control.gateways.base import GatewayError
from agent.control.occasion import Occasion, record
from agent.control.planning import books_of
from agent.control.planning.calls import MINUTE_S
from agent.domain.action import Action, ActionKind, ActionState, StepState
from agent.domain.gateway import Traffic
from agent.domain.money import to_credits

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

MOST_ASKED = 20
"""Targets of an action whose traffic a gateway is asked for."""

_FELL = "burn fell"
_QUICK_S, _SLOW_S = 0.5, 10.0  # real seconds between two looks: in the first minute, and later
_log = logging.getLogger(__name__)


@dataclass
class _Looks:
    """When an action was looked at, in the loop's seconds, and by which data its burn was judged last."""

    first: float
    next: float = 0.0
    data_at: Known | None = None


@dataclass
class Watching:
    """Looks at actions that hold until it is known what they did."""

    bench: Bench
    exact: dict[int, float] = field(default_factory=dict)  # when they were accepted: the ledger has seconds
    _looks: dict[int, _Looks] = field(default_factory=dict)

    async def look(self, actions: Sequence[Action], now: int) -> None:
        """Confirms what traffic shows, and says what became of the burn."""
        loop = asyncio.get_running_loop()
        for gone in self._looks.keys() - {action.id for action in actions}:
            del self._looks[gone]
            self.exact.pop(gone, None)
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
        data_at: Known | None,
        now: int,
    ) -> Known | None:
        """Keeps what is new; returns up to when the burn was judged."""
        with writer.transaction():
            current = writer.actions.action(action.id or 0)
            if current is None or current.state is not action.state:
                return data_at
            books = books_of(writer)
            known = known_to(books)
            burn = None
            if known != data_at and not current.effect.startswith(_FELL):
                burn = burn_since(books, self.bench.settings, current, known)
            accepted = self.exact.get(current.id or 0)
            after = _told(current, traffic, burn, now, self.bench.settings, accepted)
            if after != current:
                writer.actions.save(after)
                if occasion := _occasion(current, after):
                    record(writer, occasion, now, self.bench.tell)
            return known


def _told(
    action: Action,
    traffic: Traffic | None,
    burn: BurnSince | None,
    now: int,
    settings: Settings,
    exact: float | None,
) -> Action:
    """The action with what is known of its effect by now."""
    after = action
    refused = traffic is not None and traffic.refused > 0
    fell = burn is not None and burn.fell
    if action.state is ActionState.ACCEPTED and (refused or fell):
        after = replace(after, state=ActionState.CONFIRMED, confirmed_at=now)
    effect = _effect(action, traffic, burn, now, settings, exact)
    return replace(after, effect=effect) if effect else after


def _effect(
    action: Action,
    traffic: Traffic | None,
    burn: BurnSince | None,
    now: int,
    settings: Settings,
    exact: float | None,
) -> str:
    """One sentence; empty while there is nothing new to say."""
    accepted = action.accepted_at or now
    if action.effect.startswith(_FELL):
        return ""  # said once, of the first minute that showed it
    if burn is not None and burn.fell:
        was, is_ = (f"{to_credits(nano):,.1f}" for nano in (burn.before_nano, burn.after_nano))
        return f"{_FELL} from {was} to {is_} credits/min, {burn.after_s} s after"
    if traffic is not None and traffic.refused:
        when = _first(traffic.first_refused_at, accepted, exact)
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


def _first(refused_at: float | None, accepted: int, exact: float | None) -> str:
    """When the first call was refused; an agent that began since knows only in which second it was told."""
    if refused_at is None:
        return "since"
    if exact is None:
        return f"within {max(math.ceil(refused_at - accepted), 1)} s"
    return f"{max(refused_at - exact, 0.0):.1f} s after"


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
