"""One target's part of an action, told to its gateway: read, compared, written, read again. Never twice.

Every write sets absolute values, and is written down before it is sent. After a crash the gateway's own
state says what became of it, field by field: it holds what was wanted (done), what was before (not done), or
a third thing, which somebody else has set and which is left alone.
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
    from agent.control.gateways.base import Link
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
        return await self._in_turn(step, self._apply, undoing=False)

    async def undo(self, step: Step) -> Step:
        """Restores what was before: undone, or kept where somebody else has changed it meanwhile.

        Raises `GatewayError` while it could not be undone: try again.
        """
        if self.action.spec.drill:
            return await self._save(step, StepState.UNDONE, "drill: nothing was changed")
        if step.target.kind is TargetKind.ALLOCATION:
            return await self._take_back(step)
        return await self._in_turn(step, self._undo, undoing=True)

    async def _in_turn(
        self, step: Step, do: Callable[[Link, Step, TargetState], Awaitable[Step]], *, undoing: bool
    ) -> Step:
        """Whoever waited for the turn looks again first: an earlier action may have handed it its own."""
        async with self.bench.turn(step.target):
            fresh = await self.bench.desk.write(lambda writer: self._fresh(writer, step))
            if fresh is None:
                return step
            try:
                async with self.bench.line(step.target.gateway) as link:
                    return await do(link, fresh, await link.read(step.target))
            except GoneError as error:
                over = StepState.UNDONE if undoing else StepState.FAILED
                return await self._save(fresh, over, error.message)
            except GatewayError as error:
                if not error.refused or undoing:
                    raise
                return await self._save(fresh, StepState.FAILED, error.message)
            finally:
                self.bench.touch(step.target)

    def _fresh(self, writer: LedgerWriter, step: Step) -> Step | None:
        """The step as it is now; None when its action is to be undone instead, or is no more."""
        found = writer.actions.step(self.action.id or 0, step.seq)
        if found is None:
            return None
        state, now = found
        return now if state is self.action.state else None

    async def _apply(self, link: Link, step: Step, state: TargetState) -> Step:
        held, words = _held(state, step.want), self._words(step)
        if _unknown(state):
            return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, step.want)
        if step.state is StepState.APPLYING:
            return await self._go_on(link, step, held)
        if held == dict(step.want):
            return await self._save(step, StepState.KEPT, "it has been set to the same meanwhile")
        if held != dict(step.before):
            text = f"it has moved since the preview: {words(step.before)} then, {words(held)} now"
            return await self._save(step, StepState.FAILED, text)
        return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, step.want)

    async def _go_on(self, link: Link, step: Step, held: Fields) -> Step:
        """After an attempt of which nobody knows how far it came: a gateway may take fields one by one."""
        if held == dict(step.want):
            return await self._save(step, StepState.APPLIED)
        theirs = _others(step, held)
        if not theirs:
            return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, step.want)
        text = f"left as somebody else has set it meanwhile: {self._words(step)(theirs)}"
        ours = any(held[name] == value != step.before.get(name) for name, value in step.want.items())
        return await self._save(step, StepState.APPLIED if ours else StepState.FAILED, text)

    async def _undo(self, link: Link, step: Step, state: TargetState) -> Step:
        step = await self.bench.desk.write(lambda writer: self._hand_on(writer, step, state))
        if step.state is StepState.UNDONE:
            return step
        if _unknown(state):
            return await self._write(link, step, StepState.UNDOING, StepState.UNDONE, step.before)
        held = _held(state, step.want)
        theirs = _others(step, held)
        over, text = StepState.UNDONE, ""
        if theirs:
            over, text = StepState.KEPT, f"left as somebody else has set it: {self._words(step)(theirs)}"
        ours = {
            name: step.before.get(name)
            for name, value in step.want.items()
            if held[name] == value != step.before.get(name)
        }
        if not ours:
            return await self._save(step, over, text)
        return await self._write(link, step, StepState.UNDOING, over, ours, text)

    async def _write(
        self, link: Link, step: Step, during: StepState, after: StepState, fields: Fields, detail: str = ""
    ) -> Step:
        step = await self._save(step, during)
        await link.write(step.target, fields, action=self.action.id or 0, seq=step.seq)
        state = await link.read(step.target)
        if not _unknown(state) and (held := _held(state, fields)) != dict(fields):
            words = self._words(step)
            raise GatewayError(
                f"{step.target.gateway} took it, but holds {words(held)} where {words(fields)} was set",
                hint="Look at the gateway: something else may be setting it.",
            )

        def keep(writer: LedgerWriter) -> Step:
            with writer.transaction():
                writer.actions.save_target(state, self._now())
                return self._kept(writer, step, after, detail)

        return await self.bench.desk.write(keep)

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

    def _hand_on(self, writer: LedgerWriter, step: Step, state: TargetState) -> Step:
        """What a later action has set on top is its to undo from now on, to what was before both.

        Returns what is left of the step. Where the later change is not in force (any more) by what the
        gateway holds, it inherits all the same, and this step still restores what it has set.
        """
        ident = self.action.id or 0
        with writer.transaction():
            heirs: dict[str, int] = {}
            passed: set[str] = set()
            for action, later in writer.actions.holding(step.target):
                inherited = {
                    name: step.before.get(name)
                    for name, value in step.want.items()
                    if action > ident
                    and name not in heirs
                    and name in later.want
                    and later.before.get(name) == value
                }
                if inherited:
                    writer.actions.save_step(action, replace(later, before={**later.before, **inherited}))
                    heirs |= dict.fromkeys(inherited, action)
                    passed |= {name for name in inherited if _in_force(later, name, step, state)}
            if not passed:
                return step
            left = {name: value for name, value in step.want.items() if name not in passed}
            names = ", ".join(str(action) for action in sorted({heirs[name] for name in passed}))
            text = f"action {names} holds it now"
            if not left:
                return self._kept(writer, step, StepState.UNDONE, text)
            rest = replace(step, want=left, before={name: step.before.get(name) for name in left})
            return self._kept(writer, rest, step.state, text)

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


def _others(step: Step, held: Fields) -> dict[str, object]:
    """The fields that hold neither what was before nor what was wanted: somebody else has set them."""
    return {
        name: value
        for name, value in held.items()
        if value != step.want[name] and value != step.before.get(name)
    }


def _in_force(later: Step, name: str, step: Step, state: TargetState) -> bool:
    """Whether a later change of a field is what the gateway goes by, so that undoing is the later one's."""
    if later.state is StepState.APPLIED:
        return True
    if _unknown(state):
        return later.state is StepState.UNDOING
    value = state.fields.get(name)
    return bool(value != step.want[name] or later.want[name] == value)


def _unknown(state: TargetState) -> bool:
    """Whether the gateway cannot say what it holds."""
    return not state.version and not state.fields
