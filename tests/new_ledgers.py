"""New ledgers of tests are copies of one that the migrations made, which takes longer than most of the tests.

`real_migrations` lets them be made anew, where it is the making that is tested.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from sqlite3 import Connection

import pytest

from agent.ledger import connection, open_writer, writer


@contextlib.contextmanager
def copied() -> Iterator[None]:
    """Lets `open_writer` find the copy where there would be no file yet; all else of it is as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "connect_writer", _connect)
        yield


@contextlib.contextmanager
def migrated() -> Iterator[None]:
    """Lets the migrations make each new ledger."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "connect_writer", connection.connect_writer)
        yield


def _connect(path: Path) -> Connection:
    if path.parent.is_dir() and not path.exists():
        _copy(path)
    return connection.connect_writer(path)


def _copy(path: Path) -> None:
    made = _made()
    # Under its name only when it is whole: another thread may open the same new ledger meanwhile.
    part = path.with_name(f"{path.name}-{threading.get_ident()}")
    with part.open("xb") as file:
        file.write(made)
    with contextlib.suppress(FileExistsError):
        os.link(part, path)
    part.unlink()


@cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder, migrated():
        path = Path(folder) / "ledger.sqlite"
        open_writer(path).close()
        return path.read_bytes()
