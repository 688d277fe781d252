"""People, intents and an agent's desk on a real ledger file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.control import Handled, Intent, IntentHandler, IntentKind, IntentReceipt, submit, take
from agent.control.identity import Identity, new_identity
from agent.domain.allocation import Scope
from agent.domain.person import Person, Role
from agent.ledger.intent_box import Place, put_intent
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from tests.agent.ledger.look import rows

NOW = 1_795_003_200
SEARCH = Scope.parse("team:search")
AROUND = (Scope.parse("api_key:key_1"), SEARCH)
"""Where every subject of these tests lies."""


def person(identity: Identity, *roles: Role, scopes: tuple[Scope, ...] = ()) -> Person:
    """The person of an identity; an operator unless told otherwise."""
    return Person(identity.name, identity.public_key, roles or (Role.OPERATOR,), scopes)


@dataclass
class Desk:
    """An agent's side of one ledger; its handler keeps what was done as cursors, so in the ledger itself."""

    writer: LedgerWriter
    ada: Identity = field(default_factory=lambda: new_identity("ada"))
    people: tuple[Person, ...] | None = None

    @property
    def path(self) -> Path:
        return self.writer.path

    @property
    def settings(self) -> Settings:
        return Settings(ledger_path=self.path, people=self.people or (person(self.ada),))

    def submit(self, subject: str = "17", kind: IntentKind = IntentKind.ACKNOWLEDGE) -> IntentReceipt:
        """An intent of Ada's, as a console makes it."""
        return submit(self.settings, kind, subject, {"note": "mine"}, NOW, identity=self.ada)

    def sign(self, by: Identity | None = None, **changes: object) -> int:
        """An intent with any field changed and then properly signed; returns its row."""

        def signed(place: Place) -> tuple[str, str]:
            text = replace(intent(place), **changes).text()  # type: ignore[arg-type]
            return text, (by or self.ada).sign(text)

        return put_intent(self.path, signed)

    def take(self, now: int = NOW, apply: object = None, *, most: int = 100) -> list[Handled]:
        """What the agent does with what waits."""
        handler = IntentHandler(lambda _writer, _intent: AROUND, apply or remember)  # type: ignore[arg-type]
        handlers = dict.fromkeys((IntentKind.ACKNOWLEDGE, IntentKind.SILENCE), handler)
        return take(self.writer, self.settings, now, handlers, most=most)

    def done(self) -> list[str]:
        """Subjects of what was carried out, in order."""
        return [row[0] for row in rows(self.path, "SELECT value FROM source_cursor ORDER BY name")]

    def states(self) -> list[tuple[int, str, str]]:
        """Row, state and reason of every intent."""
        return rows(self.path, "SELECT id, state, reason FROM intent ORDER BY id")

    def audited(self) -> list[tuple[str, str, str]]:
        """Actor, kind and subject of every audit record."""
        return rows(self.path, "SELECT actor, kind, subject FROM audit ORDER BY seq")


def intent(place: Place) -> Intent:
    """An acknowledgement by Ada."""
    return Intent(
        ledger=place.ledger,
        place=place.row,
        kind=IntentKind.ACKNOWLEDGE,
        subject="17",
        payload={"note": "mine"},
        person="ada",
        made_at=NOW,
        expires_at=NOW + 600,
        nonce=f"{place.row:032x}",
    )


def remember(writer: LedgerWriter, what: Intent, now: int) -> None:
    """The handler: one row for each intent that was carried out, in order."""
    count = len(rows_of(writer))
    writer.save_cursor("done", f"{count:06}", what.subject)


def rows_of(writer: LedgerWriter) -> list[tuple[str]]:
    """What the handler has kept, in the transaction under way."""
    with writer.transaction() as conn:
        return conn.execute("SELECT name FROM source_cursor").fetchall()


def tamper(path: Path, *statements: str) -> None:
    """Somebody with a SQL prompt."""
    conn = sqlite3.connect(path)
    try:
        for text in statements:
            conn.execute(text)
        conn.commit()
    finally:
        conn.close()
