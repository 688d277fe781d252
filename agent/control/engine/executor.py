"""Actions from the moment that they may begin to their end, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agent.control.engine.effects import Watching
from agent.control.engine.ending import Deadlines, by_itself, ended_in_time, finish, not_begun, partly
from agent.control.engine.owning import Owning
from agent.control.engine.set_back import NewestTime
from agent.control.engine.steps import StepWork, irreversible
from agent.control.gateways.base import GatewayError
from agent.control.occasion import Occasion, record
from agent.domain.action import Action, ActionState, Step, StepState
from agent.domain.person import AGENT
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.engine.desk import Bench
    from agent.ledger.writer import LedgerWriter

AT_ONCE = 8
"""Steps of one action that are under way at the same time."""
GIVE_UP_S = 120.0
"""Real seconds after which an action that no gateway can be told is given up; undoing never is."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the engine is with gateways, in real seconds."""

    pauses: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)  # between attempts
    longest: float = 15.0  # when these are used up
    give_up: float = GIVE_UP_S


PATIENT = Pace()
_LOOK_S = 0.5  # how often, in real seconds, it is looked whether something is due while actions are in force
_IDLE_S = 2.0
_SAY_AGAIN_S = 5.0  # real seconds until another reason of a gateway is kept
_OVER = (StepState.FAILED, StepState.KEPT)  # of steps: nothing more is done of them
_log = logging.getLogger(__name__)


class Executor:
    """One task an action that is being done or undone; a look now and then at those that hold."""

    def __init__(self, bench: Bench, pace: Pace = PATIENT) -> None:
        self._bench = bench
        self._pace = pace
        self._deadlines = Deadlines(bench.clock, bench.monotonic)
        self._owning = Owning()
        self._newest_time = NewestTime()
        self._look: asyncio.Task[None] | None = None
        self._kicked = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._watching = Watching(bench)

    def kick(self) -> None:
        """There may be something to do."""
        self._kicked.set()

    async def run(self) -> None:
        """Never ends by itself."""
        try:
            while True:
                self._kicked.clear()
                busy = await self.tick()
                # Not wait_for: in Python 3.11 it forgets a cancellation that comes together with the kick.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S if busy else _IDLE_S):
                        await self._kicked.wait()
        finally:
            under_way = [*self._tasks.values(), *([self._look] if self._look else [])]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await self._bench.close()

    async def tick(self) -> bool:
        """Ends what is over in time, takes up what may begin, looks at what holds; whether any is open."""
        now = int(self._bench.clock.now())
        open_ = await self._bench.desk.write(lambda writer: self._open(writer, now))
        for action in open_:
            assert action.id is not None
            work = _WORK.get(action.state)
            if work is not None and action.id not in self._tasks:
                task = asyncio.create_task(self._attempt(action.id, work))
                self._tasks[action.id] = task
                task.add_done_callback(partial(self._done, action.id))
        holding = [each for each in open_ if each.state in (ActionState.ACCEPTED, ActionState.CONFIRMED)]
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_at(holding, now))
        return bool(self._tasks or holding)

    def _open(self, writer: LedgerWriter, now: int) -> list[Action]:
        tell = self._bench.tell
        own = self._owning.open_actions(writer, now, tell)
        own = self._newest_time.moved(writer, own, now, self._deadlines)
        valid_s = int(self._bench.settings.acting.approval_valid)
        return ended_in_time(writer, own, now, tell, self._deadlines, valid_s)

    async def _look_at(self, holding: Sequence[Action], now: int) -> None:
        """Apart from all else: a gateway that is slow to tell of traffic holds up neither acts nor ends."""
        try:
            await self._watching.look(holding, now)
        except Exception:  # noqa: BLE001 - it is looked again soon
            _log.exception("the effect of actions could not be looked at")

    async def settle(self) -> None:
        """Ticks until nothing is being done or undone any more; for commands and tests."""
        while True:
            await self.tick()
            if self._look is not None:
                await self._look
            if not self._tasks:
                return
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _done(self, ident: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(ident, None)
        self._kicked.set()

    async def _attempt(self, ident: int, work: Callable[[Executor, Action], Awaitable[None]]) -> None:
        action = await self._bench.desk.write(lambda writer: _own(writer, ident))
        if action is None:
            return  # the next look puts it back, or ends it
        try:
            await work(self, action)
        except Exception:  # noqa: BLE001 - whatever it was, the action is not forgotten
            _log.exception("action %d: it is taken up again", ident)
            await asyncio.sleep(self._pace.longest)

    async def _execute(self, action: Action) -> None:
        action = await self._bench.desk.write(lambda writer: self._begin(writer, action.id or 0))
        if action.state is not ActionState.EXECUTING:
            return
        work, done = StepWork(self._bench, action), dict[int, Step]()
        todo = [step for step in action.steps if step.state not in _OVER]
        said = self._reason(action)
        trouble = await self._all(
            action, todo, work.apply, done, give_up_s=self._pace.give_up, at_each_trouble=said
        )
        if irreversible(action) and (open_ := [step for step in todo if step.seq not in done]):
            told = self._once(action, "not_done", f"nobody can say whether it was done: {trouble}")
            await self._all(action, open_, work.decide, done, troubled=told)
        await self._bench.desk.write(lambda writer: self._accept(writer, action.id or 0, done, trouble))

    async def _reverse(self, action: Action) -> None:
        """All steps are looked at, those first of which something holds by the ledger: it may be wrong."""
        work = StepWork(self._bench, action)
        begun = action.begun_at is not None
        steps = [step for step in action.steps if begun or step.state is not StepState.PLANNED]
        steps.sort(key=lambda step: not step.holds)
        told = self._once(action, "not_undone", "cannot be undone yet")
        await self._all(action, steps, work.undo, {}, troubled=told)
        await self._bench.desk.write(
            lambda writer: finish(writer, action.id or 0, self._now(), self._bench.tell)
        )

    def _once(self, action: Action, kind: str, text: str) -> Callable[[GatewayError], Awaitable[None]]:
        """Tells people of the first trouble of an action, and of no other one."""
        told = False

        async def troubled(error: GatewayError) -> None:
            nonlocal told
            if not told:
                told = True
                await self._note(action, kind, f"{text}: {error.message}", error.hint)

        return troubled

    def _reason(self, action: Action) -> Callable[[GatewayError], Awaitable[None]]:
        """Keeps on an action what its gateway says while it is not done; no oftener than people read."""
        said, due = action.why, 0.0
        loop = asyncio.get_running_loop()

        def keep(writer: LedgerWriter) -> None:
            with writer.transaction():
                now = writer.actions.action(action.id or 0)
                if now is not None and now.state is ActionState.EXECUTING:
                    writer.actions.save(replace(now, why=said))

        async def troubled(error: GatewayError) -> None:
            nonlocal said, due
            if error.message != said and loop.time() >= due:
                said, due = error.message, loop.time() + _SAY_AGAIN_S
                await self._bench.desk.write(keep)

        return troubled

    async def _all(
        self,
        action: Action,
        steps: Sequence[Step],
        do: Callable[[Step], Awaitable[Step]],
        done: dict[int, Step],
        *,
        give_up_s: float | None = None,
        troubled: Callable[[GatewayError], Awaitable[None]] | None = None,
        at_each_trouble: Callable[[GatewayError], Awaitable[None]] | None = None,
    ) -> str:
        """Does something with all steps, some at a time, until it is done; returns what went wrong last.

        `done` gets what came of each. Whatever goes wrong with one step, expected or not, ends no other one.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        loop = asyncio.get_running_loop()
        last = ""

        async def attempt(step: Step, tries: int) -> None:
            now = await self._again(action, step) if tries else step
            if now is not None:
                done[step.seq] = await do(now)

        async def one(step: Step) -> None:
            nonlocal last
            began: float | None = None
            for tries in itertools.count():
                async with gate:
                    began = loop.time() if began is None else began  # it has not failed while it waited
                    error = await _trouble(action, step, attempt(step, tries))
                if error is None:
                    return
                last = error.message
                if give_up_s is not None and loop.time() - began >= give_up_s:
                    return
                pauses = self._pace.pauses
                if at_each_trouble is not None and tries:
                    await _trouble(action, step, at_each_trouble(error))
                if troubled is not None and tries == len(pauses):
                    await _trouble(action, step, troubled(error))
                await asyncio.sleep(pauses[tries] if tries < len(pauses) else self._pace.longest)

        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(one(step))
        return last

    async def _again(self, action: Action, step: Step) -> Step | None:
        """The step as the failed attempt has left it; None when the action is to be undone by now."""
        ident, seq = action.id or 0, step.seq
        found = await self._bench.desk.write(lambda writer: writer.actions.own_step(ident, seq))
        return found[1] if found is not None and found[0] is action.state else None

    def _begin(self, writer: LedgerWriter, ident: int) -> Action:
        with writer.transaction():
            action = writer.actions.action(ident)
            assert action is not None
            if action.state is not ActionState.PENDING:
                return action
            now = self._now()
            ends = now + action.spec.expires_s if action.spec.expires_s else _until(action)
            return writer.actions.save(
                replace(action, state=ActionState.EXECUTING, begun_at=now, expires_at=ends)
            )

    def _accept(self, writer: LedgerWriter, ident: int, done: Mapping[int, Step], trouble: str) -> None:
        with writer.transaction():
            action = writer.actions.action(ident)
            if action is None or action.state is not ActionState.EXECUTING:
                return  # it was released meanwhile
            now = self._now()
            action = replace(action, steps=[_seen(step, done.get(step.seq)) for step in action.steps])
            applied = [step for step in action.steps if step.state is StepState.APPLIED]
            if not applied:
                not_begun(writer, action, now, trouble, self._bench.tell)
                return
            why = partly(action, trouble)
            state = ActionState.ACCEPTED
            after = writer.actions.save(replace(action, state=state, accepted_at=now, why=why))
            self._watching.exact[ident] = self._bench.clock.now()
            text = why or f"accepted by {plural(len(applied), 'target')}"
            occasion = Occasion("accepted", after, text, recipients=("ops_on_call",) if why else ())
            record(writer, occasion, now, self._bench.tell)
            if action.spec.drill:
                over = replace(after, state=ActionState.REVERSING, ended_by=AGENT, why=by_itself(after))
                writer.actions.save(over)

    async def _note(self, action: Action, kind: str, text: str, hint: str) -> None:
        occasion = Occasion(kind, action, text, recipients=("ops_on_call",), next_command=hint)
        now = self._now()

        def note(writer: LedgerWriter) -> None:
            with writer.transaction():
                record(writer, occasion, now, self._bench.tell)

        await self._bench.desk.write(note)

    def _now(self) -> int:
        return int(self._bench.clock.now())


def _own(writer: LedgerWriter, ident: int) -> Action | None:
    """The action as it is now, also where its row was changed since it was proved: None then."""
    action = writer.actions.action(ident)
    return action if action is not None and writer.actions.own(action) else None


async def _trouble(action: Action, step: Step, work: Awaitable[None]) -> GatewayError | None:
    """What went wrong; what nobody expected is logged, and no more final than a gateway that is away."""
    try:
        await work
    except GatewayError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the step is tried again, and its siblings go on
        _log.exception("action %s, %s: unexpected", action.id, step.target)
        return GatewayError(
            f"{step.target}: {type(error).__name__}: {error}", hint="The agent's log says where; report it."
        )
    return None


def _seen(step: Step, done: Step | None) -> Step:
    """A step that is to count as applied only where its gateway has said so, and not by its row alone."""
    if step.state in _OVER:
        return step
    if done is not None:
        return replace(step, state=done.state, at=done.at, detail=done.detail)
    return replace(step, state=StepState.APPLYING) if step.state is not StepState.PLANNED else step


def _until(action: Action) -> int | None:
    """When what is changed ends by itself, where the change says so: a top-up ends with its period."""
    ends = [step.want["until"] for step in action.steps if type(step.want.get("until")) is int]
    return min(ends, default=None)


_WORK: dict[ActionState, Callable[[Executor, Action], Awaitable[None]]] = {
    ActionState.PENDING: Executor._execute,
    ActionState.EXECUTING: Executor._execute,
    ActionState.REVERSING: Executor._reverse,
}
