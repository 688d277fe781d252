from __future__ import annotations

from pathlib import Path

import pytest

from agent.ledger import open_writer
from tests.agent.runbooks.asked.look import spiking


@pytest.fixture(scope="session")
def spike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that nobody writes: search burns six times as usual."""
    return spiking(tmp_path_factory.mktemp("asked") / "spike.sqlite")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger without anything."""
    path = tmp_path_factory.mktemp("asked") / "empty.sqlite"
    with open_writer(path):
        pass
    return path
