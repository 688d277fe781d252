from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger import open_reader, open_writer
from agent.ledger.reader import LedgerReader
from tests.agent.control.build import Desk
from tests.agent.control.court import Court


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_writer(tmp_path / "ledger.sqlite") as writer:
        yield Desk(writer)


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(desk: Desk) -> Iterator[LedgerReader]:
    with open_reader(desk.path) as opened:
        yield opened
