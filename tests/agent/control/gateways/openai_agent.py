"""The agent's engine before the simulated provider, with keys that are blocked by their scopes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from agent.control.engine import Bench, Executor, Poller
from agent.control.gateways.base import open_link
from agent.control.occasion import Occasion
from agent.control.planning import Plan, books_of, plan
from agent.control.proposing import begin
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.ledger import open_writer
from agent.ledger.reader import LedgerReader
from agent.reports.action_report import ActionDetail
from agent.reports.actions import action_detail
from agent.settings_gateways import Gateway
from fixtures.organization import Key
from tests.agent.control.engine.shop import QUICK, Desk, Life
from tests.agent.control.gateways.openai_world import World, busy_project
from tests.fixtures.moments import HOUR, WEDNESDAY_AFTERNOON

NOW = int(WEDNESDAY_AFTERNOON)
READ_ONLY = ["api.all.read"]
SOME = ["api.model.request", "model.read"]
STATED = Gateway(kind="openai", unknown_key_scopes="all")


class Agent:
    """A ledger and the agent's engine before the provider. Every `Bench` is a process of its own."""

    def __init__(self, here: World, path: Path, gateway: Gateway) -> None:
        self.here = here
        self.writer = open_writer(path / "ledger.sqlite")
        self.settings = replace(here.settings, own_gateways=(gateway,), ledger_path=self.writer.path)
        self.gateway = gateway
        self.told: list[Occasion] = []
        self.project = busy_project(here.talk)
        busiest = self._busiest()
        self.key, self.key_name = busiest.id, busiest.name

    def _busiest(self) -> Key:
        cells = [cell for cell in self.here.talk.organization.cells if cell.key.project.id == self.project]
        return max(cells, key=lambda cell: cell.per_minute).key

    @property
    def now(self) -> int:
        return int(self.here.talk.clock.now())

    @property
    def path(self) -> str:
        return f"/organization/projects/{self.project}/api_keys/{self.key}"

    @property
    def target(self) -> Target:
        return Target("openai", TargetKind.KEY_SCOPES, f"{self.project}/{self.key}")

    def bench(self, life: Life) -> Bench:
        desk = Desk(self.writer, life)
        tell = lambda writer, occasion, now: self.told.append(occasion)  # noqa: E731
        return Bench(self.settings, desk, self.here.talk.clock, tell, opening=open_link)

    def run(self, *, polls: int = 0, settles: bool = True, life: Life | None = None) -> None:
        """A process that does all there is to do, and reads the gateway as often."""

        async def live() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # of the killed
            bench = self.bench(life or Life())
            try:
                if settles:
                    await Executor(bench, QUICK).settle()
                poller = Poller(bench, self.gateway)
                for _ in range(polls):
                    await poller.poll()
            finally:
                await bench.close()

        asyncio.run(live())

    def plan(self, scope: str = "", *, non_prod: bool = False) -> Plan:
        asked = Scope.parse(scope or f"api_key:{self.key}")
        spec = ActionSpec(ActionKind.BLOCK, asked, non_prod=non_prod, expires_s=HOUR)
        return plan(books_of(self.writer), self.settings, spec, self.now)

    def block(self, made: Plan | None = None) -> int:
        ident = self.begin(made or self.plan())
        self.run()
        return ident

    def lives(self) -> int:
        """Processes that die one write later each, until one lives to the end; how many died."""
        for count in range(100):
            life = Life(steps=count)
            try:
                self.run(life=life)
            except BaseException:
                if life.steps != 0:
                    raise
            if life.steps:
                return count
        raise AssertionError("it never comes to an end")

    def begin(self, made: Plan) -> int:
        about = {"by": "ada", "reason": "it burns", "incident": None, "alert": None, "needs": ()}
        tell = lambda writer, occasion, now: self.told.append(occasion)  # noqa: E731
        begun = begin(self.writer, self.settings, made, self.now, tell=tell, **about)  # type: ignore[arg-type]
        assert begun.id is not None
        return begun.id

    def action(self, ident: int) -> Action:
        found = self.writer.actions.action(ident)
        assert found is not None
        return found

    def detail(self, ident: int) -> ActionDetail:
        """An action as a screen shows it."""
        with LedgerReader(self.writer.path) as reader:
            found = action_detail(reader, ident, self.now)
        assert found is not None
        return found

    def release(self, ident: int) -> None:
        self.reverse(ident)
        self.run()

    def reverse(self, ident: int) -> None:
        over = replace(self.action(ident), state=ActionState.REVERSING, ended_by="ada", why="released")
        self.writer.actions.save(over)

    def scopes(self) -> list[str]:
        """What the key has, by the provider's own log."""
        asked = {"event_types[]": "api_key.updated", "resource_ids[]": self.key}
        events = self.here.talk.items("/organization/audit_logs", **asked)
        return events[0]["api_key.updated"]["changes_requested"]["scopes"]

    def calls(self, start: int, end: int, *, others: bool = False) -> int:
        """Requests of the key, or of the other keys of its project."""
        mine = sum(self.here.requests(self.project, start, end, api_key_ids=[self.key]))
        return sum(self.here.requests(self.project, start, end)) - mine if others else mine
