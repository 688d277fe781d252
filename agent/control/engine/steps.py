"""One target's part of an action, told to its gateway: read, compared, written, read again. Never twice.

Every write sets absolute values, and is written down before it is sent. After a crash the gateway's own
state says what became of it, field by field: it holds what was wanted (done), what was before (not done), or
a third thing, which somebody else has set and which is left alone. The ledger's word on a step proves
nothing, since anybody who may write its file can write that: nothing counts as done or undone by it alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.control.engine.holding import held, in_force, others, ours_after_all, to_restore, unknown
from agent.control.gateways.base import GatewayError, GoneError, dialect_of
from agent.domain.action import ActionKind, ActionState, Step, StepState
from agent.domain.gateway import Fields, TargetKind, TargetState
from agent.domain.intent import Refused
from agent.domain.person import AGENT
from agent.domain.unseen import BLINDLY

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.control.gateways.base import Link
    from agent.domain.action import Action
    from agent.ledger.writer import LedgerWriter

SAME = "step.same"
"""Kind of the audit record of a target that somebody else has set to the same: it is not undone."""
_NOTHING = (StepState.PLANNED, StepState.FAILED, StepState.KEPT)
"""States of steps of which nothing holds, by the ledger."""


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
        """Restores what was before: undone, or kept where it was changed meanwhile or cannot be found.

        Of a step of which nothing holds by the ledger it is looked whether that is so. Raises `GatewayError`
        while it could not be undone: try again.
        """
        if self.action.spec.drill:
            return await self._save(step, StepState.UNDONE, "drill: nothing was changed")
        if step.target.kind is TargetKind.ALLOCATION:
            return await self._take_back(step)
        do = self._decide if irreversible(self.action) else self._undo
        return await self._in_turn(step, do, undoing=True)

    async def decide(self, step: Step) -> Step:
        """Says by a reading alone whether a step was done that nobody could say it of.

        Raises `GatewayError` while the gateway cannot be read: try again.
        """
        return await self._in_turn(step, self._decide, undoing=False, reading=True)

    async def _in_turn(
        self,
        step: Step,
        do: Callable[[Link, Step, TargetState], Awaitable[Step]],
        *,
        undoing: bool,
        reading: bool = False,
    ) -> Step:
        """Whoever waited for the turn looks again first: an earlier action may have handed it its own."""
        async with self.bench.turn(step.target):
            fresh = await self.bench.desk.write(lambda writer: self._fresh(writer, step))
            if fresh is None:
                return step
            try:
                async with self.bench.line(step.target.gateway) as link:
                    return await do(link, fresh, self._there(await link.read(fresh.target)))
            except GatewayError as error:
                return await self._refused(fresh, error, undoing=undoing, reading=reading)
            finally:
                self.bench.touch(step.target)

    def _there(self, state: TargetState) -> TargetState:
        """The state, unless its target is deleted: then there is nothing to hold back, nor to give back."""
        if state.gone and not irreversible(self.action):
            hint = "Nothing of it is left to be changed: look at what the gateway holds now."
            raise GoneError(f"{state.target} was deleted", hint=hint, refused=True)
        return state

    def _fresh(self, writer: LedgerWriter, step: Step) -> Step | None:
        """The step as it is now; None when its action is to be undone instead, or is no more."""
        found = writer.actions.own_step(self.action.id or 0, step.seq)
        if found is None:
            return None
        state, now = found
        return now if state is self.action.state else None

    async def _refused(self, step: Step, error: GatewayError, *, undoing: bool, reading: bool) -> Step:
        """What becomes of a step that the gateway said no to; raises the error where that says nothing.

        A target that cannot be found is not undone: it may be there all the same, or be back tomorrow.
        """
        if undoing and error.refused and step.state in _NOTHING:
            return step
        if undoing and isinstance(error, GoneError):
            return await self._save(step, StepState.KEPT, f"not undone: {error.message}")
        if undoing or not error.refused or (reading and not isinstance(error, GoneError)):
            raise error
        return await self._save(step, StepState.FAILED, error.message)

    async def _apply(self, link: Link, step: Step, state: TargetState) -> Step:
        now, words = held(state, step.want), self._words(step)
        if unknown(state):
            return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, step.want)
        if step.state is not StepState.PLANNED:
            return await self._go_on(link, step, state)
        if now == dict(step.want):
            if irreversible(self.action):
                return await self._save(step, StepState.APPLIED, "it was gone already")
            return await self.bench.desk.write(lambda writer: self._same(writer, step))
        if now != dict(step.before):
            text = f"it has moved since the preview: {words(step.before)} then, {words(now)} now"
            return await self._save(step, StepState.FAILED, text)
        return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, step.want)

    async def _go_on(self, link: Link, step: Step, state: TargetState) -> Step:
        """After an attempt of which nobody knows how far it came: a gateway may take fields one by one."""
        now = held(state, step.want)
        if now == dict(step.want):
            return step if step.state is StepState.APPLIED else await self._save(step, StepState.APPLIED)
        later = await self.bench.desk.write(lambda writer: self._on_top(writer, step, now))
        left = {name: value for name, value in step.want.items() if name not in later}
        if all(now[name] == value for name, value in left.items()):
            return await self._save(step, StepState.APPLIED)
        theirs = {name: value for name, value in others(step, state).items() if name not in later}
        if not theirs:
            return await self._write(link, step, StepState.APPLYING, StepState.APPLIED, left)
        text = f"left as somebody else has set it meanwhile: {self._words(step)(theirs)}"
        ours = later or any(now[name] == value != step.before.get(name) for name, value in left.items())
        return await self._save(step, StepState.APPLIED if ours else StepState.FAILED, text)

    def _on_top(self, writer: LedgerWriter, step: Step, now: Fields) -> set[str]:
        """The fields that actions have set further which found there what this step had wanted.

        So it was done. Given up as changed by somebody else, it would outlast all of them.
        """
        ident = self.action.id or 0
        rest = [each for _, each in writer.actions.holding(step.target, ident)]
        found = set()
        for name, value in step.want.items():
            seen = [value]
            for each in rest:  # the oldest first: each stands on one before it
                if name in each.want and each.before.get(name) in seen:
                    seen.append(each.want[name])
            if now[name] in seen[1:]:
                found.add(name)
        return found

    async def _decide(self, link: Link, step: Step, state: TargetState) -> Step:
        """Of what cannot be taken back: it was done, or it was not."""
        done = held(state, step.want) == dict(step.want)
        if self.action.state is ActionState.REVERSING:
            if not done:
                return await self._save(step, StepState.UNDONE, "it was not done")
            return await self._save(step, StepState.KEPT, "it cannot be taken back")
        return await self._save(
            step, StepState.APPLIED if done else StepState.FAILED, "" if done else "it was not done"
        )

    async def _undo(self, link: Link, step: Step, state: TargetState) -> Step:
        if not step.holds:
            return await self._look_again(link, step, state)
        step, handed_on = await self.bench.desk.write(lambda writer: self._hand_on(writer, step, state))
        if handed_on:
            return step
        text = BLINDLY if state.unseen else ""
        if unknown(state):
            return await self._write(link, step, StepState.UNDOING, StepState.UNDONE, step.before, text)
        theirs = others(step, state)
        over = StepState.UNDONE
        if theirs:
            over, text = StepState.KEPT, f"left as somebody else has set it: {self._words(step)(theirs)}"
        back = to_restore(step, state)
        if not back:
            return await self._save(step, over, text if theirs else "")
        return await self._write(link, step, StepState.UNDOING, over, back, text)

    async def _look_again(self, link: Link, step: Step, state: TargetState) -> Step:
        """Nothing of it holds, by the ledger: it stays so, unless the gateway holds what only it has set."""
        back: Fields = {} if unknown(state) else ours_after_all(step, state)
        if back:
            back = await self.bench.desk.write(lambda writer: self._of_nobody_else(writer, step, back))
        if not back:
            return step
        return await self._write(link, step, StepState.UNDOING, StepState.UNDONE, back)

    def _of_nobody_else(self, writer: LedgerWriter, step: Step, back: Fields) -> Fields:
        """Without what another action holds, or somebody else had set to the same before this one could."""
        ident = self.action.id or 0
        if step.state is StepState.KEPT and writer.actions.noted(SAME, f"action:{ident}/{step.seq}"):
            return {}
        holding = [each for _, each in writer.actions.holding(step.target, ident)]
        return {
            name: value
            for name, value in back.items()
            if not any(name in each.want and each.want[name] == step.want[name] for each in holding)
        }

    def _same(self, writer: LedgerWriter, step: Step) -> Step:
        text = "it has been set to the same meanwhile"
        with writer.transaction():
            subject = f"action:{self.action.id}/{step.seq}"
            writer.control.audit(self._now(), AGENT, SAME, subject, {"target": str(step.target)})
            return self._kept(writer, step, StepState.KEPT, text)

    async def _write(
        self, link: Link, step: Step, during: StepState, after: StepState, fields: Fields, detail: str = ""
    ) -> Step:
        step = await self._save(step, during)
        await link.write(step.target, fields, action=self.action.id or 0, seq=step.seq)
        state = await link.read(step.target)
        if not unknown(state) and (now := held(state, fields)) != dict(fields):
            words = self._words(step)
            raise GatewayError(
                f"{step.target.gateway} took it, but holds {words(now)} where {words(fields)} was set",
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
            changes = writer.actions.allocation_changes(self._now())
            if any(change.action == self.action.id for change in changes):
                return self._kept(writer, step, StepState.APPLIED, "")
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
                if step.state in _NOTHING:
                    return step
                return self._kept(writer, step, StepState.UNDONE, "")

        return await self.bench.desk.write(undo)

    def _hand_on(self, writer: LedgerWriter, step: Step, state: TargetState) -> tuple[Step, bool]:
        """What a later action has set on top is its to undo from now on, to what was before both.

        Returns what is left of the step, and whether that is nothing. Where the later change is not in force
        (any more) by what the gateway holds, it inherits all the same, and this step still restores what it
        has set.
        """
        ident = self.action.id or 0
        with writer.transaction():
            heirs: dict[str, int] = {}
            passed: set[str] = set()
            holding = writer.actions.in_force_at if others(step, state) else writer.actions.holding
            for action, later in holding(step.target, ident):
                inherited = {
                    name: step.before.get(name)
                    for name, value in step.want.items()
                    if action > ident
                    and name not in heirs
                    and name in later.want
                    and later.before.get(name) == value
                    and (later.holds or state.fields.get(name) == later.want[name])
                }
                if inherited:
                    writer.actions.save_step(action, replace(later, before={**later.before, **inherited}))
                    heirs |= dict.fromkeys(inherited, action)
                    passed |= {name for name in inherited if in_force(later, name, step, state)}
            if not passed:
                return step, False
            left = {name: value for name, value in step.want.items() if name not in passed}
            names = ", ".join(str(action) for action in sorted({heirs[name] for name in passed}))
            text = f"action {names} holds it now"
            if not left:
                return self._kept(writer, step, StepState.UNDONE, text), True
            rest = replace(step, want=left, before={name: step.before.get(name) for name in left})
            return self._kept(writer, rest, step.state, text), False

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


def irreversible(action: Action) -> bool:
    """Whether nothing of an action can be taken back, once it is done."""
    return action.spec.kind is ActionKind.REVOKE and not action.spec.drill
