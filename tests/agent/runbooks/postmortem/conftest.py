from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.ledger import open_reader
from agent.ledger.reader import LedgerReader
from tests.agent.runbooks.postmortem.storm import World, build


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("storm"))


@pytest.fixture
def world(played: World, tmp_path: Path) -> World:
    """A copy of the ledger after the storm, with which a test may do as it likes."""
    path = tmp_path / "ledger.sqlite"
    shutil.copy(played.path, path)
    return replace(played, path=path, settings=played.settings.with_ledger(path))


@pytest.fixture
def reader(world: World) -> Iterator[LedgerReader]:
    with open_reader(world.path) as opened:
        yield opened
