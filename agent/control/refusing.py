"""Refusals on the side of whoever asks, put on record; the agent alone writes the audit log.

A command or a console refuses early what the agent would refuse too: a role or a scope that is missing, a
pool that is short, an allocation that may not be so, a request that is decided, expired or somebody else's.
That leaves a note: an intent of its own kind, signed by the person who was refused, which no agent can carry
out, whatever is granted meanwhile. The agent writes the person, what was asked and the reason into the audit
log, as it does for what it refuses itself; the reason is what the person's machine said, and the record says
so.

Not on record: what was typed wrong (an option, a name or a number that nothing has, an empty reason), what
no gateway can do or what holds already, what was only looked at (a preview, --dry-run, a form), what a person
gave up at the question, and whoever has no identity that burndeck.toml knows, for then nobody is known who
could be named. An answer on another machine has no ledger; there the person is only told. The same refusal of
the same person is noted once a minute, and no person leaves more than `MOST` notes a minute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agent.control.identity import Identity, find_identity
from agent.control.signing import put_signed
from agent.control.standing import NotAllowedError, person_of
from agent.domain.intent import LARGEST_BYTES, LONGEST_S, Intent, IntentKind, parse_intent
from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.settings import Settings

AGAIN_S = 60
"""The same refusal of the same person is noted once in so many seconds."""
MOST = 20
"""Notes of one person in that time, whatever they say."""

_ASKED, _WHY, _ASK = "asked", "reason", "ask"
_LONGEST_REASON = 600
_LARGEST_ASK = 4_096
_LOOK_BACK = 200


@contextlib.contextmanager
def on_record(
    settings: Settings,
    kind: IntentKind,
    subject: str,
    payload: Mapping[str, Any],
    now: float,
    identity: Identity | None = None,
) -> Iterator[None]:
    """Notes a `NotAllowedError` that is raised within, and lets it go on to whoever asked."""
    try:
        yield
    except NotAllowedError as refused:
        note(settings, kind, subject, payload, refused.message, now, identity)
        raise


def note(
    settings: Settings,
    kind: IntentKind,
    subject: str,
    payload: Mapping[str, Any],
    reason: str,
    now: float,
    identity: Identity | None = None,
) -> int | None:
    """Signs that the person here was refused, for the audit log; its row, or None where it is not noted.

    What goes wrong with it is not said: the person is told of the refusal, and nothing was done either way.
    """
    with contextlib.suppress(BurndeckError, ValueError):
        identity = identity or find_identity()
        person = person_of(identity, settings.people) if identity else None
        if identity is None or person is None:
            return None
        said = _printable(reason)
        noted = {_ASKED: kind.value, _WHY: said} | _kept(payload)
        if _often(settings, person.name, (kind.value, subject, said), int(now)):
            return None
        return put_signed(
            settings, identity, person, IntentKind.REFUSED_ASK, subject, noted, int(now), LONGEST_S
        )
    return None


def told(intent: Intent) -> str:
    """Why what a note is about was refused, in the words that the person was told."""
    return _printable(intent.payload.get(_WHY)) or "refused before it was asked"


def refused_fields(intent: Intent) -> dict[str, str]:
    """What the audit record of a refused intent says of it: what was asked, and who refused it early."""
    if intent.kind is not IntentKind.REFUSED_ASK:
        return {"kind": intent.kind.value}
    asked = intent.payload.get(_ASKED)
    known = asked if isinstance(asked, str) and asked in tuple(IntentKind) else intent.kind.value
    return {"kind": known, "refused_by": f"the machine of {intent.person}"}


def _often(settings: Settings, person: str, noted: tuple[str, str, str], now: int) -> bool:
    """Whether this person was refused the same, or very much, within the last minute."""
    from agent.ledger import open_reader

    with open_reader(settings.ledger_path) as reader:
        rows = reader.rows("intents_newest", {"most": LARGEST_BYTES + 1, "count": _LOOK_BACK})
    found = []
    for row in rows:
        try:
            intent = parse_intent(row["body"])
        except ValueError:
            continue
        recent = now - AGAIN_S < intent.made_at <= now
        if recent and intent.person == person and intent.kind is IntentKind.REFUSED_ASK:
            found.append((intent.payload.get(_ASKED), intent.subject, intent.payload.get(_WHY)))
    return noted in found or len(found) >= MOST


def _kept(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, where it is short enough to be read by anybody."""
    from agent.domain.canonical import canonical

    return {_ASK: dict(payload)} if payload and len(canonical(dict(payload)).encode()) <= _LARGEST_ASK else {}


def _printable(reason: object) -> str:
    text = reason if isinstance(reason, str) else ""
    return "".join(each if each.isprintable() else " " for each in text).strip()[:_LONGEST_REASON]
