"""The simulated provider, and the agent's engine before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings_gateways import Gateway
from tests.agent.control.gateways.openai_agent import STATED, Agent
from tests.agent.control.gateways.openai_world import World, world
from tests.fixtures.provider.talk import Talk, provider


@pytest.fixture
def talk() -> Iterator[Talk]:
    with provider() as own:
        yield own


@pytest.fixture
def here(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> World:
    return world(talk, monkeypatch)


@pytest.fixture
def agent(here: World, tmp_path: Path) -> Iterator[Agent]:
    made = Agent(here, tmp_path, Gateway(kind="openai"))
    yield made
    made.writer.close()


@pytest.fixture
def stated(here: World, tmp_path: Path) -> Iterator[Agent]:
    """Its owner states that no key was ever restricted."""
    made = Agent(here, tmp_path, STATED)
    yield made
    made.writer.close()
