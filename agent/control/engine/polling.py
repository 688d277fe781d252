"""Reads again and again what gateways serve and hold, and says where somebody else has changed it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.engine.holding import held
from agent.control.gateways.base import GatewayError
from agent.control.occasion import Occasion, record
from agent.domain.action import ActionState, StepState
from agent.domain.unseen import UNTOLD, UNTOLD_HINT
from agent.ledger.gateway_store import GatewayStatus
from agent.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.control.engine.desk import Bench
    from agent.domain.action import Action
    from agent.domain.gateway import Inventory, Target, TargetState
    from agent.ledger.writer import LedgerWriter
    from agent.settings_gateways import Gateway

_log = logging.getLogger(__name__)


class Poller:
    """Reads one gateway whenever `poll` is called."""

    def __init__(self, bench: Bench, gateway: Gateway) -> None:
        self._bench = bench
        self._gateway = gateway
        self._drifted: dict[tuple[int, int], str] = {}

    async def poll(self) -> bool:
        """Keeps what the gateway serves and holds, or why it could not be read; whether it could."""
        name, kind = self._gateway.name, self._gateway.kind
        began = self._bench.monotonic()
        try:
            async with self._bench.line(name) as link:
                inventory = await link.inventory()
        except GatewayError as error:
            _log.warning("gateway %s: %s", name, error.message)
            failed = GatewayStatus(name, kind, "failed", redact(error.message), error.hint, self._now())
        except Exception as error:  # noqa: BLE001 - whatever one gateway says, it is told and the agent goes on
            _log.exception("gateway %s cannot be read", name)
            text, hint = redact(f"{type(error).__name__}: {error}"), "The agent's log has more."
            failed = GatewayStatus(name, kind, "failed", text, hint, self._now())
        else:
            await self._bench.desk.write(lambda writer: self._keep(writer, inventory, began))
            return True
        await self._bench.desk.write(lambda writer: writer.actions.save_gateway(failed))
        return False

    def _keep(self, writer: LedgerWriter, inventory: Inventory, began: float) -> None:
        """`began`: what an action has changed since then is newer than what was read.

        Nor does an assumption take the place of what was known, nor what the gateway tells late that of what
        an action has set: whatever is planned next would take the key for one that nobody holds.
        """
        now = self._now()
        name = self._gateway.name
        open_ = writer.actions.open_actions()
        behind = _behind(open_, {state.target: state for state in inventory.states if state.late})
        stay = {
            each.target
            for each in inventory.states
            if each.assumed or each.target in behind or self._bench.touched_since(each.target, began)
        }
        states = {state.target: state for state in inventory.states if state.target not in stay}
        with writer.transaction():
            if self._gateway.kind != "webhook":  # which holds nothing itself: what it was told stays
                known = writer.actions.targets() if stay else {}
                told = [
                    known.get(state.target, state) if state.target in stay else state
                    for state in inventory.states
                ]
                told = [state for state in told if state.fields or not state.assumed]
                writer.actions.save_inventory(name, replace(inventory, states=told), now)
            keys, targets = len(inventory.keys), len(inventory.states)
            said, hint = f"{keys} keys, {targets} targets", ""
            if inventory.untold:
                said, hint = f"{said}; {UNTOLD}", UNTOLD_HINT
            writer.actions.save_gateway(GatewayStatus(name, self._gateway.kind, "ok", said, hint, now, now))
            self._look_for_drift(writer, open_, states, now)

    def _look_for_drift(
        self, writer: LedgerWriter, open_: Sequence[Action], states: dict[Target, TargetState], now: int
    ) -> None:
        """Tells once of every target that does not hold any more what an action has set."""
        found: dict[tuple[int, int], str] = {}
        for action in open_:
            if action.state not in (ActionState.ACCEPTED, ActionState.CONFIRMED) or action.spec.drill:
                continue
            for step in action.steps:
                state = states.get(step.target)
                if state is None or step.state is not StepState.APPLIED:
                    continue
                holds, ident = held(state, step.want), action.id or 0
                if holds == dict(step.want):
                    continue
                if any(other > ident for other, _ in writer.actions.holding(step.target, ident)):
                    continue
                place = (ident, step.seq)
                found[place] = str(holds)
                if self._drifted.get(place) != found[place]:
                    text = f"{step.target} was changed by somebody else: {step.detail} does not hold any more"
                    record(
                        writer,
                        Occasion("drifted", action, text, recipients=("ops_on_call",)),
                        now,
                        self._bench.tell,
                    )
        self._drifted = found

    def _now(self) -> int:
        return int(self._bench.clock.now())


def _behind(actions: Iterable[Action], late: Mapping[Target, TargetState]) -> set[Target]:
    """Targets of which the gateway perhaps only does not tell yet what an action has set."""
    if not late:
        return set()
    return {
        step.target
        for action in actions
        if not action.spec.drill
        for step in action.steps
        if step.state is StepState.APPLIED
        and (state := late.get(step.target)) is not None
        and (state.told_at is None or step.at is None or state.told_at <= step.at)
        and held(state, step.want) == dict(step.before)
    }
