"""Approvals that are made on another machine: a request goes there as text, and a signed token comes back."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from agent.control.identity import Identity
from agent.domain.action import Action, Verdict, parse_spec, request_digest, spec_fields
from agent.domain.canonical import canonical, parse_canonical
from agent.domain.intent import Refused
from agent.domain.person import Person
from agent.errors import BurndeckError

VALID_S = 14_400
"""A token counts for so long after it was made."""

_REQUEST, _TOKEN = "burndeck-request-1:", "burndeck-approval-1:"
_LARGEST = 65_536
_AHEAD_S = 120  # clocks differ
_FIELDS = {"action", "at", "digest", "ledger", "note", "person", "verdict"}


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said of an action."""

    action: int
    digest: str
    person: Person
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestText:
    """A request as it is carried to another machine: all that its digest covers, and who asks."""

    ledger: str
    action: int
    digest: str
    title: str
    spec: dict[str, Any]
    hit: list[list[Any]]
    reason: str
    revision: int
    requested_by: str
    preview: dict[str, Any]


def request_text(action: Action, ledger: str, title: str) -> str:
    """One line that `burndeck approve` on another machine understands."""
    body = {
        "ledger": ledger,
        "action": action.id,
        "title": title,
        "spec": spec_fields(action.spec),
        "hit": [[str(step.target), dict(step.want)] for step in action.steps],
        "reason": action.reason,
        "revision": action.revision,
        "requested_by": action.requested_by,
        "preview": dict(action.preview),
    }
    packed = zlib.compress(canonical(body).encode(), 9)
    return _REQUEST + base64.urlsafe_b64encode(packed).decode()


def read_request(text: str) -> RequestText:
    """The request of a line; its digest is computed anew, so that what is shown is what is signed."""
    try:
        values = parse_canonical(_unpack(text.strip(), _REQUEST))
        parse_spec(values["spec"])
        digest = request_digest(values["spec"], values["hit"], values["reason"], values["revision"])
        return RequestText(digest=digest, **values)
    except (ValueError, TypeError, KeyError) as error:
        raise BurndeckError(
            f"that is no whole request: {error}",
            hint="Copy the line that `burndeck approve REQUEST --export` printed, all of it.",
        ) from None


def is_request(text: str) -> bool:
    """Whether a text is a request from another machine."""
    return text.startswith(_REQUEST)


def make_token(request: RequestText, identity: Identity, verdict: Verdict, note: str, now: int) -> str:
    """Signs a word on a request, to be pasted where the ledger is."""
    body = {
        "ledger": request.ledger,
        "action": request.action,
        "digest": request.digest,
        "person": identity.name,
        "verdict": verdict.value,
        "note": note,
        "at": now,
    }
    text = canonical(body)
    sealed = json.dumps([text, identity.sign(text)], separators=(",", ":"))
    return _TOKEN + base64.urlsafe_b64encode(zlib.compress(sealed.encode(), 9)).decode()


def read_token(token: str, people: Collection[Person], ledger: str, now: int) -> Word:
    """The word in a token. Raises `Refused` unless one of `people` signed it, for this ledger, lately."""
    try:
        text, signature = json.loads(_unpack(token.strip(), _TOKEN))
        values = parse_canonical(text.encode())
        if not isinstance(values, dict) or values.keys() != _FIELDS:
            raise ValueError("not the fields of an approval")
        verdict, at, action = Verdict(values["verdict"]), values["at"], values["action"]
        if type(action) is not int:
            raise ValueError("it names no action")
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused(f"that is no token: {error}") from None
    person = next((each for each in people if each.name == values["person"]), None)
    if person is None:
        raise Refused(f"burndeck.toml knows no person {str(values['person'])[:64]!r}")
    if not _signed(text, signature, person):
        raise Refused(f"the token's signature is not that of {person.name}")
    if values["ledger"] != ledger:
        raise Refused("the token was made for another ledger")
    if type(at) is not int or not at - _AHEAD_S <= now < at + VALID_S:
        raise Refused("the token is too old, or from the future: make another one")
    return Word(action, str(values["digest"]), person, verdict, str(values["note"])[:1000])


def _signed(text: str, signature: str, person: Person) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(person.public_key).verify(raw, text.encode())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _unpack(text: str, prefix: str) -> bytes:
    """The bytes behind a prefix; `ValueError` for anything else, also for what would grow without end."""
    if not text.startswith(prefix) or len(text) > _LARGEST:
        raise ValueError(f"it must begin with {prefix}")
    try:
        packed = base64.b64decode(text[len(prefix) :], altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, _LARGEST * 4)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"it is damaged ({error})") from None
    if not unpacking.eof:
        raise ValueError("it is not whole")
    return data
