"""The one SQLite file: schema, write path, rollups, named queries. No other package opens it.

Writing needs numpy and is imported only when `open_writer` is called; reading is plain sqlite3.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.ledger.writer import LedgerWriter

__all__ = ["open_reader", "open_writer"]


def open_writer(path: Path) -> LedgerWriter:
    """Open the ledger for writing; a missing file is created, an older one migrated."""
    from agent.ledger.writer import LedgerWriter

    return LedgerWriter(path)


def open_reader(path: Path) -> LedgerReader:
    """Open an existing ledger for reading; `LedgerError` when it is missing, newer or no ledger."""
    from agent.ledger.reader import LedgerReader

    return LedgerReader(path)
