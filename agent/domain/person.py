"""People who may act: who they are, how their signature is known, and how far they reach."""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Collection
from dataclasses import dataclass

from agent.domain.allocation import Scope, ScopeKind

AGENT = "agent"
"""Whom the audit log names where the agent acted by itself."""
UNVERIFIED = "unverified"
"""Whom the audit log names where a signature did not prove anybody."""

_ALGORITHM = "ed25519"
_KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Role(enum.StrEnum):
    """What a person is to the organization's spend; `agent.control.roles` says what each may do."""

    VIEWER = "viewer"  # looks, and changes nothing
    OPERATOR = "operator"  # on call
    FINANCE = "finance"
    ENGINEERING = "engineering"
    LEAD = "lead"  # answers for a team
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose signature the agent accepts."""

    name: str
    public_key: bytes  # Ed25519, raw
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...] = ()  # without any: the whole organization
    titles: tuple[str, ...] = ()  # from which roles came; only roles decide

    def __post_init__(self) -> None:
        if problem := name_problem(self.name):
            raise ValueError(problem)
        if len(self.public_key) != _KEY_BYTES:
            raise ValueError(f"an Ed25519 public key has {_KEY_BYTES} bytes")

    def reaches(self, around: Collection[Scope]) -> bool:
        """Whether something that lies in all of `around` lies in a scope of this person."""
        if not self.scopes:
            return True
        return any(scope.kind is ScopeKind.ORGANIZATION or scope in around for scope in self.scopes)


def name_problem(name: str) -> str:
    """What is wrong with a person's name, or nothing."""
    if name in (AGENT, UNVERIFIED):
        return f"the name {name!r} is burndeck's own"
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name: up to 64 letters, digits and . _ @ + -, no blanks"
    return ""


def public_key_text(public_key: bytes) -> str:
    """A public key as burndeck.toml has it."""
    return f"{_ALGORITHM}:{base64.b64encode(public_key).decode()}"


def parse_public_key(text: str) -> bytes:
    """The raw key of `ed25519:BASE64`; `ValueError` saying what is wrong."""
    algorithm, _, encoded = text.strip().partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if algorithm != _ALGORITHM or len(key) != _KEY_BYTES:
        raise ValueError("must be the whole public key that `burndeck identity create` printed (ed25519:...)")
    return key
