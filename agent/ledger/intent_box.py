"""Where a console or a command, which is not the agent, puts an intent: one row in one short transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import LedgerError
from agent.ledger import schema
from agent.ledger.connection import connect_box, saying
from agent.ledger.sql import statement


@dataclass(frozen=True, slots=True)
class Place:
    """Where an intent will stand; it is part of what is signed."""

    ledger: str
    row: int


def put_intent(path: Path, sign: Callable[[Place], tuple[str, str]]) -> int:
    """Add the intent whose text and signature `sign` gives for its place; returns its id.

    Waits up to five seconds for the agent's write under way. `LedgerError` when the ledger is missing, older
    than this burndeck or locked for longer. `sign` runs while nobody else may write, so it has to be quick.
    """
    with contextlib.closing(connect_box(path)) as conn, saying(path):
        schema.check(conn, path)
        conn.execute("BEGIN IMMEDIATE")
        try:
            place = conn.execute(statement("intent_place")).fetchone()
            if place is None:
                raise LedgerError(f"{path}: the ledger has lost its name", hint="restore the newest backup")
            text, signature = sign(Place(*place))
            conn.execute(statement("add_intent"), (place[1], text, signature))
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
    return int(place[1])
