"""One target's part of an action, told to its gateway: read, compared, written, read again. Never twice.

Every write sets absolute values, and is written down before it is sent. After a crash the gateway's own state
says what became of it: what it holds is either what was wanted (done), what was before (not done), or a third
thing, which somebody else has set and which is left alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.control.gateways.base import GatewayError, GoneError, dialect_of
from agent.domain.action import Step, StepState
from agent.domain.gateway import Fields, TargetKind, TargetState
from agent.domain.intent import Refused

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.domain.action import Action
    from agent.ledger.writer import LedgerWriter


@dataclass(frozen=True)
class StepWork:
    """Works on the steps of one action."""

    bench: Bench
    action: Action

    async def apply(self, step: Step) -> Step:
        """Brings a step to an end: applied, kept or failed.

        Raises `GatewayError` while nobody can say whether it was done: try again.
        """
        if self.action.spec.drill:
            return await self._save(step, StepState.APPLIED, "drill: nothing was changed")
        if step.target.kind is TargetKind.ALLOCATION:
            return await self._allocate(step)
        async with self.bench.turn(step.target):
            return await self._change(step, self._apply)

    async def undo(self, step: Step) -> Step:
        """Restores what was before: undone, or kept where somebody else has changed it meanwhile.

        Raises `GatewayError` while it could not be undone: try again.
        """
        if self.action.spec.drill:
            return await self._save(step, StepState.UNDONE, "drill: nothing was changed")
        if step.target.kind is TargetKind.ALLOCATION:
            return await self._take_back(step)
        async with self.bench.turn(step.target):
            step = await self.bench.desk.write(lambda writer: self._hand_on(writer, step))
            if step.state is StepState.UNDONE:
                return step
            return await self._change(step, self._undo)

    async def _change(self, step: Step, do: Callable[[Step, TargetState], Awaitable[Step]]) -> Step:
        try:
            state = await self.bench.link(step.target.gateway).read(step.target)
            return await do(step, state)
        except GoneError as error:
            undoing = do == self._undo
            return await self._save(step, StepState.UNDONE if undoing else StepState.FAILED, error.message)
        except GatewayError as error:
            if not error.refused or do == self._undo:
                raise
            return await self._save(step, StepState.FAILED, error.message)

    async def _apply(self, step: Step, state: TargetState) -> Step:
        held = _held(state, step.want)
        if _unknown(state):
            return await self._write(step, StepState.APPLYING, StepState.APPLIED, step.want)
        if held == dict(step.want):
            if step.state is StepState.APPLYING:
                return await self._save(step, StepState.APPLIED)
            return await self._save(step, StepState.KEPT, "somebody else has set the same meanwhile")
        if held != dict(step.before):
            words = self._words(step)
            text = f"it has moved since the preview: {words(step.before)} then, {words(held)} now"
            return await self._save(step, StepState.FAILED, text)
        return await self._write(step, StepState.APPLYING, StepState.APPLIED, step.want)

    async def _undo(self, step: Step, state: TargetState) -> Step:
        held = _held(state, step.want)
        if not _unknown(state):
            if held == dict(step.before):
                return await self._save(step, StepState.UNDONE)
            if held != dict(step.want):
                text = f"left as somebody else has set it: {self._words(step)(held)}"
                return await self._save(step, StepState.KEPT, text)
        return await self._write(step, StepState.UNDOING, StepState.UNDONE, step.before)

    async def _write(self, step: Step, during: StepState, after: StepState, fields: Fields) -> Step:
        step = await self._save(step, during)
        link = self.bench.link(step.target.gateway)
        await link.write(step.target, fields, action=self.action.id or 0, seq=step.seq)
        state = await link.read(step.target)
        if not _unknown(state) and (held := _held(state, fields)) != dict(fields):
            words = self._words(step)
            raise GatewayError(
                f"{step.target.gateway} took it, but holds {words(held)} where {words(fields)} was set",
                hint="Look at the gateway: something else may be setting it.",
            )
        await self.bench.desk.write(lambda writer: writer.actions.save_target(state, self._now()))
        return await self._save(step, after)

    async def _allocate(self, step: Step) -> Step:
        from agent.control.allocating import apply_allocation

        def apply(writer: LedgerWriter) -> Step:
            try:
                with writer.transaction():
                    apply_allocation(writer, self.bench.settings, self.action, self._now())
                    return self._kept(writer, step, StepState.APPLIED, "")
            except Refused as refused:
                return self._kept(writer, step, StepState.FAILED, refused.reason)

        return await self.bench.desk.write(apply)

    async def _take_back(self, step: Step) -> Step:
        from agent.control.allocating import undo_allocation

        def undo(writer: LedgerWriter) -> Step:
            with writer.transaction():
                undo_allocation(writer, self.action, self._now())
                return self._kept(writer, step, StepState.UNDONE, "")

        return await self.bench.desk.write(undo)

    def _hand_on(self, writer: LedgerWriter, step: Step) -> Step:
        """What a later action has set on top is its to undo from now on, to what was before both.

        Returns what is left of the step.
        """
        ident = self.action.id or 0
        with writer.transaction():
            holding = writer.actions.holding(step.target)
            mine = next((each for action, each in holding if (action, each.seq) == (ident, step.seq)), step)
            handed: dict[str, int] = {}
            for action, later in holding:
                inherited = {
                    name: mine.before.get(name)
                    for name, value in mine.want.items()
                    if action > ident
                    and name not in handed
                    and name in later.want
                    and later.before.get(name) == value
                }
                if inherited:
                    writer.actions.save_step(action, replace(later, before={**later.before, **inherited}))
                    handed |= dict.fromkeys(inherited, action)
            if not handed:
                return mine
            left = {name: value for name, value in mine.want.items() if name not in handed}
            rest = replace(mine, want=left, before={name: mine.before.get(name) for name in left})
            heirs = ", ".join(str(action) for action in sorted(set(handed.values())))
            state = mine.state if left else StepState.UNDONE
            return self._kept(writer, rest, state, f"action {heirs} holds it now")

    async def _save(self, step: Step, state: StepState, detail: str = "") -> Step:
        return await self.bench.desk.write(lambda writer: self._kept(writer, step, state, detail))

    def _kept(self, writer: LedgerWriter, step: Step, state: StepState, detail: str) -> Step:
        after = replace(step, state=state, at=self._now(), detail=detail or step.detail)
        writer.actions.save_step(self.action.id or 0, after)
        return after

    def _words(self, step: Step) -> Callable[[Fields], str]:
        table = self.bench.settings.gateway(step.target.gateway)
        return dialect_of(table.kind).words if table else str

    def _now(self) -> int:
        return int(self.bench.clock.now())


def _held(state: TargetState, fields: Fields) -> dict[str, object]:
    """What a target holds of some fields."""
    return {name: state.fields.get(name) for name in fields}


def _unknown(state: TargetState) -> bool:
    """Whether the gateway cannot say what it holds."""
    return not state.version and not state.fields
