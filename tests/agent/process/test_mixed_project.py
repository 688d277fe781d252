"""A hard cap over a project of production and others: at the provider the others are refused, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.engine import Bench, Executor, Poller
from agent.control.gateways.base import open_link
from agent.domain.action import Action, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.money import NANO
from agent.domain.usage import Dimensions
from agent.process.acting import Enforcer, Told
from agent.settings_gateways import Gateway
from tests.agent.alerts.office import HOUR, NOW, Office
from tests.agent.control.engine.shop import QUICK, Desk, Life
from tests.agent.control.gateways.openai_world import World, busy_project, world
from tests.agent.ledger.build import bucket
from tests.fixtures.provider.talk import provider

WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 1_000 * NANO, at_hard_cap_prod="none")
STATED = Gateway(kind="openai", unknown_key_scopes="all")


class Mixed:
    """The agent's enforcer and engine before the provider; of the busiest project one key is production's."""

    def __init__(self, here: World, path: Path, mode: str) -> None:
        self.here = here
        self.office = Office(path, replace(WALLET, at_hard_cap=mode))
        settings = replace(self.office.settings, sources=here.settings.sources, own_gateways=(STATED,))
        self.office.settings = settings
        self.enforcer = Enforcer(settings, Told(settings))
        self.project = busy_project(here.talk)
        cells = [cell for cell in here.talk.organization.cells if cell.key.project.id == self.project]
        keys = {cell.key.id: 0.0 for cell in cells if cell.key.deleted_days_ago is None}
        for cell in cells:
            if cell.key.id in keys:
                keys[cell.key.id] += cell.per_minute
        self.prod, self.dev = sorted(keys, key=lambda each: -keys[each])[:2]

    def run(self) -> None:
        """A process of the agent reads the gateway and carries out what there is."""

        async def live() -> None:
            bench = Bench(
                self.office.settings,
                Desk(self.office.writer, Life()),
                self.here.talk.clock,
                self.enforcer.tell,
                opening=open_link,
            )
            try:
                await Executor(bench, QUICK).settle()
                await Poller(bench, STATED).poll()
            finally:
                await bench.close()

        asyncio.run(live())

    def reach_the_cap(self) -> Action:
        """The allocation has burnt all that it has; what the agent makes of it."""
        hour = self.office.now // HOUR * HOUR - HOUR
        burnt = {self.dev: ("dev", 1_000), self.prod: ("prod", 1)}
        rows = [
            bucket(
                hour,
                HOUR,
                nano=credits_ * NANO,
                dimensions=Dimensions(
                    "openai", api_key=key, project=self.project, environment=environment, team="wallet"
                ),
            )
            for key, (environment, credits_) in burnt.items()
        ]
        writer = self.office.writer
        writer.write_usage_window("openai", hour, hour + HOUR, {"completions": rows}, read_at=self.office.now)
        self.run()
        self.office.judge(60)
        self.enforcer.enforce(writer, self.office.now)
        (action,) = (each for each in writer.actions.open_actions() if each.spec.kind.value == "block")
        return action

    def go(self, action: Action) -> Action:
        """A person lets it begin, where policy does not."""
        if action.state is ActionState.STANDBY:
            over = replace(action, state=ActionState.PENDING, needs=(), approve_by=None)
            self.office.writer.actions.save(over)
        self.run()
        found = self.office.writer.actions.action(action.id or 0)
        assert found is not None
        return found

    def calls(self, key: str) -> int:
        """Requests of a key in the hour after."""
        start = NOW + 180
        return sum(self.here.requests(self.project, start, start + HOUR, api_key_ids=[key]))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with provider(at=NOW) as talk:
        yield world(talk, monkeypatch)


@pytest.mark.parametrize(("mode", "state"), [("automatic", "pending"), ("manual", "standby")])
def test_at_a_hard_cap_the_other_keys_fall_silent_and_production_calls_on(
    here: World, tmp_path: Path, mode: str, state: str
) -> None:
    mixed = Mixed(here, tmp_path / "l.sqlite", mode)

    begun = mixed.reach_the_cap()
    done = mixed.go(begun)
    here.talk.clock.advance(2 * HOUR)

    assert begun.state.value == state
    assert [step.target.id for step in begun.steps] == [f"{mixed.project}/{mixed.dev}"]
    assert done.state is ActionState.ACCEPTED
    assert mixed.calls(mixed.dev) == 0
    assert mixed.calls(mixed.prod) > 0
    mixed.office.writer.close()
