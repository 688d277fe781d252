"""The outbox: messages written in the transaction of what they tell of, and what became of their delivery."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from agent.domain.notice import Notice
from agent.ledger.sql import statement
from agent.ledger.store import Store


class Place(Protocol):
    """Where a message goes."""

    @property
    def channel(self) -> str:
        """Name in [[alerts.channels]]."""
        ...

    @property
    def target(self) -> str:
        """What the channel reaches there; empty where it reaches one thing only."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits, without its text."""

    id: str
    channel: str
    target: str
    dedup_key: str
    attempts: int
    created_at: int
    next_at: int


class Outbox(Store):
    """Messages of one ledger, on the connection of its writer."""

    def put(self, notice: Notice, places: Iterable[Place], now: int) -> int:
        """Adds a message for every place, in the transaction under way; returns how many are new.

        Putting the same message again changes nothing, also after it was sent.
        """
        text = encode_notice(notice)
        new = 0
        with self._transaction() as conn:
            for place in places:
                row = {
                    "id": delivery_id(notice.id, place.channel, place.target),
                    "notice": text,
                    "channel": place.channel,
                    "target": place.target,
                    "alert": notice.alert,
                    "dedup_key": notice.dedup_key,
                    "at": now,
                }
                new += conn.execute(statement("put_outbox"), row).rowcount
        return new

    def waiting(self, most: int) -> list[Waiting]:
        """The first undelivered messages of each destination, in the order in which they were put."""
        return [Waiting(*row) for row in self._all("outbox_waiting", {"most": most})]

    def notices(self, ids: Sequence[str]) -> dict[str, Notice]:
        """The messages of some ids. One that cannot be read is given up, so that it holds up no other."""
        found = {}
        for ident, text in self._all("outbox_notices", {"ids": json.dumps(list(ids))}):
            try:
                found[ident] = decode_notice(text)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self.give_up(ident, f"This burndeck cannot read the message: {error}")
        return found

    def told(self, alert: int | None) -> list[tuple[str, str]]:
        """Channel and target of everybody who was told of an alert, or is about to be."""
        return [(channel, target) for channel, target in self._all("outbox_told", {"alert": alert})]

    def receipt(self, notice: Notice, place: Place) -> str:
        """What the receiver called an earlier message of the same episode; empty where there is none."""
        bound = {
            "alert": notice.alert,
            "channel": place.channel,
            "target": place.target,
            "dedup_key": notice.dedup_key,
        }
        rows = self._all("outbox_receipt", bound)
        return str(rows[0][0]) if rows else ""

    def sent(self, ident: str, receipt: str, now: int) -> None:
        """Marks a message as delivered."""
        self._write("outbox_sent", {"id": ident, "at": now, "receipt": receipt})

    def again(self, ident: str, error: str, next_at: int) -> None:
        """Marks an attempt as failed; the next one is due at `next_at`."""
        self._write("outbox_again", {"id": ident, "error": error, "next_at": next_at})

    def give_up(self, ident: str, error: str, *, gone: bool = False) -> None:
        """Marks a message as undeliverable; `gone`: its receiver wants no more of them."""
        self._write("outbox_given_up", {"id": ident, "error": error, "state": "gone" if gone else "failed"})

    def purge(self, before: int) -> int:
        """Forgets messages from before a time that are delivered or given up; returns how many."""
        with self._transaction() as conn:
            return conn.execute(statement("outbox_purge"), {"before": before}).rowcount


def delivery_id(notice_id: str, channel: str, target: str) -> str:
    """One id for a message to one destination, so that it is there once however often it is put."""
    return hashlib.sha256(f"{notice_id}\n{channel}\n{target}".encode()).hexdigest()[:32]


def encode_notice(notice: Notice) -> str:
    """A notice as JSON."""
    return msgspec.json.encode(notice).decode()


def decode_notice(text: str) -> Notice:
    """The notice of a JSON text; keys that this burndeck does not know are left out."""
    return msgspec.json.decode(text, type=Notice)
