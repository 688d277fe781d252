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
from agent.domain.words import duration, instant
from agent.errors import BurndeckError

VALID_S = 14_400
"""A token counts for so long after its request was written, by the ledger's clock."""

_REQUEST, _TOKEN = "burndeck-request-1:", "burndeck-approval-1:"
_LARGEST = 65_536  # characters of a token
_LARGEST_REQUEST = 4 << 20  # which names every target: of thousands of keys, too
_MOST_WORDS = 50
_TIME_END = 1 << 37  # the year 6325
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
    """A request as it is carried to another machine: all that its digest covers, who asks, and what is known.

    `at` is the ledger's time when it was written: the other machine need not have the same.
    """

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
    words: list[list[str]]  # what is planned for each target, as it was said to whoever asked
    at: int
    approve_by: int | None = None  # the request lapses then, whatever becomes of a token

    @property
    def until(self) -> int:
        """Until when a word on it counts, by the ledger's clock."""
        return counts_until(self.at, self.approve_by)


def counts_until(at: int, approve_by: int | None) -> int:
    """Until when a token counts whose request was written at `at`: never longer than the request waits."""
    return at + VALID_S if approve_by is None else min(at + VALID_S, approve_by)


def request_text(action: Action, ledger: str, title: str, now: int) -> str:
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
        "words": [[str(step.target), step.detail] for step in action.steps if step.detail][:_MOST_WORDS],
        "at": now,
        "approve_by": action.approve_by,
    }
    packed = zlib.compress(canonical(body).encode(), 9)
    return _REQUEST + base64.urlsafe_b64encode(packed).decode()


def read_request(text: str) -> RequestText:
    """The request of a line; its digest is computed anew, so that what is shown is what is signed."""
    try:
        values = parse_canonical(_unpack(text.strip(), _REQUEST, _LARGEST_REQUEST))
        parse_spec(values["spec"])
        digest = request_digest(values["spec"], values["hit"], values["reason"], values["revision"])
        request = RequestText(digest=digest, **values)
        _check(request)
        return request
    except (ValueError, TypeError, KeyError) as error:
        raise BurndeckError(
            f"that is no whole request: {error}",
            hint="Copy the line that `burndeck approve REQUEST --export` printed, all of it.",
        ) from None


def _check(request: RequestText) -> None:
    if type(request.at) is not int or not 0 <= request.at < _TIME_END:
        raise ValueError("it does not say when it was written")
    if request.approve_by is not None and type(request.approve_by) is not int:
        raise ValueError("it does not say until when it waits")
    if not isinstance(request.preview, dict) or not all(
        isinstance(pair, list) and len(pair) == 2 for pair in request.words
    ):
        raise ValueError("what it foresees cannot be read")


def make_token(request: RequestText, identity: Identity, verdict: Verdict, note: str) -> str:
    """Signs a word on a request, to be pasted where the ledger is."""
    body = {
        "ledger": request.ledger,
        "action": request.action,
        "digest": request.digest,
        "person": identity.name,
        "verdict": verdict.value,
        "note": note,
        "at": request.at,
    }
    text = canonical(body)
    return seal(text, identity.sign(text))


def seal(text: str, signature: str) -> str:
    """The token of a text and its signature."""
    sealed = json.dumps([text, signature], separators=(",", ":"))
    return _TOKEN + base64.urlsafe_b64encode(zlib.compress(sealed.encode(), 9)).decode()


def unseal(token: str) -> tuple[str, str]:
    """The text of a token and its signature, which nobody has looked at; raises `Refused`."""
    try:
        text, signature = json.loads(_unpack(token.strip(), _TOKEN, _LARGEST))
        if not isinstance(text, str) or not isinstance(signature, str):
            raise ValueError("not a text and its signature")
    except (ValueError, TypeError) as error:
        raise Refused(f"that is no token: {error}") from None
    return text, signature


def fields_of(text: str) -> dict[str, Any]:
    """What the text of a token says; `ValueError` or `TypeError` where it is none."""
    values = parse_canonical(text.encode())
    if not isinstance(values, dict) or values.keys() != _FIELDS:
        raise ValueError("not the fields of an approval")
    Verdict(values["verdict"])
    if type(values["action"]) is not int:
        raise ValueError("it names no action")
    return values


def read_token(token: str, people: Collection[Person], ledger: str, now: int) -> Word:
    """The word in a token. Raises `Refused` unless one of `people` signed it, for this ledger, lately."""
    text, signature = unseal(token)
    try:
        values = fields_of(text)
    except (ValueError, TypeError) as error:
        raise Refused(f"that is no token: {error}") from None
    verdict, at, action = Verdict(values["verdict"]), values["at"], values["action"]
    name = str(values["person"])[:64]
    person = next((each for each in people if _signed(text, signature, each)), None)
    if person is None and any(each.name == name for each in people):
        raise Refused(f"the token's signature is not that of {name}")
    if person is None:
        raise Refused(f"burndeck.toml knows no person {name!r}")
    if values["ledger"] != ledger:
        raise Refused("the token was made for another ledger")
    _in_time(at, now)
    return Word(action, str(values["digest"]), person, verdict, str(values["note"])[:1000])


def _in_time(at: object, now: int) -> None:
    if type(at) is not int or not 0 <= at < _TIME_END:
        raise Refused("the token does not say when its request was written")
    if at > now:
        raise Refused(
            f"the token is from the future: its request was written at {instant(at)} by the ledger's clock, "
            f"which says {instant(now)} now: export the request again"
        )
    if now >= at + VALID_S:
        raise Refused(
            f"the token is too old: its request was written at {instant(at)}, it counts for "
            f"{duration(VALID_S)} of the ledger's clock, which says {instant(now)} now: export it again"
        )


def _signed(text: str, signature: str, person: Person) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(person.public_key).verify(raw, text.encode())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _unpack(text: str, prefix: str, most: int) -> bytes:
    """The bytes behind a prefix; `ValueError` for anything else, also for what would grow without end."""
    if not text.startswith(prefix):
        raise ValueError(f"it must begin with {prefix}")
    if len(text) > most:
        raise ValueError(f"it is longer than {most:,} characters")
    try:
        packed = base64.b64decode(text[len(prefix) :], altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, most * 4)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"it is damaged ({error})") from None
    if not unpacking.eof:
        raise ValueError("it is not whole")
    return data
