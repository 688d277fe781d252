"""An engine on a real ledger, before a gateway in memory that fails, breaks off and dies as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from agent.clock import ManualClock
from agent.control.engine import Bench, Executor, Pace, Poller
from agent.control.gateways.base import GatewayError, GoneError
from agent.control.occasion import Occasion
from agent.control.planning import Plan
from agent.control.proposing import begin
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Needs, Step
from agent.domain.allocation import Scope
from agent.domain.gateway import Fields, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState, Traffic
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Gateway

NOW = 1_795_003_200
HOUR = 3_600
GATE = Gateway(kind="litellm", name="gate", base_url="http://127.0.0.1:9")
KEY = Target("gate", TargetKind.KEY, "sk-search")
OTHER = Target("gate", TargetKind.KEY, "sk-ranking")
RPM, TPM = "rpm_limit", "tpm_limit"
QUICK = Pace(pauses=(0.0, 0.0), longest=0.0, give_up=60.0)

T = TypeVar("T")


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """Of one process: it ends at the given step or condition, and nothing happens after."""

    steps: int | None = None  # None: it lives on
    until: Callable[[], bool] | None = None

    def step(self) -> None:
        if self.until is not None and self.until():
            self.steps = 0
        if self.steps is None:
            return
        if self.steps == 0:
            raise Killed
        self.steps -= 1


@dataclass
class Memory:
    """What a gateway holds, with the writes that changed something, and what is wrong with it."""

    held: dict[Target, dict[str, Any]]
    troubles: list[str] = field(default_factory=list)  # of the next calls: down, lost, half, refused, ""
    effects: list[tuple[int, Target, str, Any, Any]] = field(default_factory=list)
    traffic: Traffic | None = None
    watch: Callable[[], None] = lambda: None  # called between reading and the answer
    slow_traffic: asyncio.Event | None = None

    def link(self, life: Life) -> MemoryLink:
        return MemoryLink(self, life)

    def trouble(self) -> str:
        return self.troubles.pop(0) if self.troubles else ""

    def set(self, target: Target, name: str, value: object) -> None:
        """Somebody else does."""
        self.held[target][name] = value


@dataclass
class MemoryLink:
    """One connection to it."""

    memory: Memory
    life: Life
    closed: bool = False

    async def _arrive(self) -> str:
        self.life.step()
        await asyncio.sleep(0)
        assert not self.closed, "somebody speaks on a closed connection"
        trouble = self.memory.trouble()
        if trouble == "down":
            raise GatewayError("gate cannot be reached", hint="Is it running?")
        if trouble == "refused":
            raise GatewayError("gate said no", refused=True)
        return trouble

    async def inventory(self) -> Inventory:
        await self._arrive()
        states = [TargetState(target, dict(held), "v") for target, held in self.memory.held.items()]
        self.memory.watch()
        return Inventory(states=states)

    async def read(self, target: Target) -> TargetState:
        await self._arrive()
        if target not in self.memory.held:
            raise GoneError(f"{target} is gone", refused=True)
        held = self.memory.held[target]
        found = TargetState(target, dict(held), "v", gone=held.get("deleted") is True)
        self.life.step()
        return found

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        trouble = await self._arrive()
        for count, (name, value) in enumerate(sorted(fields.items())):
            if trouble == "half" and count:
                raise GatewayError("gate broke off in the middle")
            before = self.memory.held[target].get(name)
            if before != value:
                self.memory.effects.append((action, target, name, before, value))
            self.memory.held[target][name] = value
            self.life.step()
        if trouble in ("lost", "half"):
            raise GatewayError("gate took it, and the line broke before it could say so")

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        if self.memory.slow_traffic is not None:
            await self.memory.slow_traffic.wait()
        return self.memory.traffic

    async def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    """The writer, as long as the process lives."""

    writer: LedgerWriter
    life: Life

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        self.life.step()
        await asyncio.sleep(0)
        found = task(self.writer)
        self.life.step()
        return found


class Shop:
    """One ledger, one gateway, and as many lives of the agent as a test wants."""

    def __init__(self, path: Path, held: dict[Target, dict[str, Any]] | None = None) -> None:
        self.writer = open_writer(path / "ledger.sqlite")
        self.memory = Memory(held or {KEY: {RPM: None, TPM: 900}, OTHER: {RPM: 60, TPM: None}})
        self.clock = ManualClock(NOW)
        self.real = 0.0  # real seconds, by a clock that nobody sets back
        self.settings = Settings(ledger_path=self.writer.path, own_gateways=(GATE,))
        self.told: list[Occasion] = []
        self.kind = ActionKind.THROTTLE  # of what is asked for

    @property
    def now(self) -> int:
        return int(self.clock.now())

    def tell(self, writer: LedgerWriter, occasion: Occasion, now: int) -> None:
        self.told.append(occasion)

    def bench(self, life: Life | None = None) -> Bench:
        life = life or Life()
        return Bench(
            self.settings,
            Desk(self.writer, life),
            self.clock,
            self.tell,
            opening=lambda settings, gateway: self.memory.link(life),
            monotonic=lambda: self.real,
        )

    def settle(self, life: Life | None = None, pace: Pace = QUICK) -> bool:
        """The agent starts, and does all there is to do; whether it lived to the end."""

        async def run() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # of the killed
            bench = self.bench(life)
            await Executor(bench, pace).settle()
            await bench.close()

        try:
            asyncio.run(run())
        except BaseException as error:  # a task group brings it in a group
            if life is None or life.steps != 0:
                raise
            assert isinstance(error, Killed | BaseExceptionGroup), error
            return False
        return True

    def poll(self) -> None:
        async def run() -> None:
            bench = self.bench()
            await Poller(bench, GATE).poll()
            await bench.close()

        asyncio.run(run())

    def ask(
        self, *changes: tuple[Target, Fields], expires_s: int = HOUR, needs: Needs = (), drill: bool = False
    ) -> int:
        """An action that sets fields, planned by what the gateway holds now; its id."""
        spec = ActionSpec(
            self.kind,
            Scope.parse("team:search"),
            limit=Limit(10, LimitUnit.RPM),
            expires_s=expires_s,
            drill=drill,
        )
        steps = tuple(
            Step(seq, target, want, {name: self.memory.held[target].get(name) for name in want}, version="v")
            for seq, (target, want) in enumerate(changes)
        )
        made = Plan(spec, steps, keys=(), needs=needs)
        found = begin(
            self.writer,
            self.settings,
            made,
            self.now,
            by="ada",
            reason="it burns",
            incident=None,
            alert=None,
            tell=self.tell,
        )
        assert found.id is not None
        return found.id

    def action(self, ident: int) -> Action:
        found = self.writer.actions.action(ident)
        assert found is not None
        return found

    def state(self, ident: int) -> ActionState:
        return self.action(ident).state

    def steps(self, ident: int) -> list[str]:
        return [step.state.value for step in self.action(ident).steps]

    def release(self, ident: int, *, by: str = "ada") -> None:
        """As somebody who may."""
        action = self.action(ident)
        if not action.state.ended and action.state is not ActionState.REVERSING:
            self.writer.actions.save(
                replace(action, state=ActionState.REVERSING, ended_by=by, why="released")
            )

    def renew(self, ident: int, seconds: int = HOUR) -> None:
        action = self.action(ident)
        if action.expires_at is not None and action.state in (ActionState.ACCEPTED, ActionState.CONFIRMED):
            self.writer.actions.save(replace(action, expires_at=self.now + seconds))

    def kinds(self) -> list[str]:
        return [occasion.kind for occasion in self.told]

    def close(self) -> None:
        self.writer.close()
