from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger import open_reader, open_writer
from agent.ledger.reader import LedgerReader
from agent.ledger.writer import LedgerWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[LedgerWriter]:
    with open_writer(path) as opened:
        yield opened


@pytest.fixture
def reader(writer: LedgerWriter) -> Iterator[LedgerReader]:
    with open_reader(writer.path) as opened:
        yield opened
