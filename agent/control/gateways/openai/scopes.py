"""Scopes of keys: what a key may do, and what is left of that when it may call no model any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.control.gateways.base import Hit, UnsupportedError
from agent.control.gateways.openai import names
from agent.domain.gateway import Fields, GatewayKey, Target
from agent.domain.words import plural

ALL = "all"
"""Every permission. Our own word: the API calls it an empty list, which is too easily meant otherwise."""
READ_ONLY = ("api.all.read",)

_READS = ".read"


def as_field(scopes: Sequence[str]) -> Any:
    """What the API says, as our field."""
    return sorted(set(scopes)) if scopes else ALL


def as_sent(field: Any) -> list[str]:
    """Our field, as the API takes it; raises `ValueError` where it would mean all by accident."""
    if field == ALL:
        return []
    if not isinstance(field, list) or not field or not all(isinstance(scope, str) for scope in field):
        raise ValueError("scopes are a list of names, or every one of them")
    return list(field)


def calls_models(field: Any) -> bool:
    """Whether a key with these scopes may send requests to models, as far as their names say."""
    return field == ALL or not all(scope.endswith(_READS) for scope in field)


def blocked(field: Any) -> Any:
    """What is left of scopes when only reading is; a key that may read a little does not get to read more."""
    kept = [] if field == ALL else [scope for scope in field if scope.endswith(_READS)]
    return sorted(kept) or list(READ_ONLY)


def words(field: Any) -> str:
    """For people."""
    if field is None:
        return "permissions not known"
    if field == ALL:
        return "every permission"
    listed = ", ".join(field)
    return f"permissions {listed}" if calls_models(field) else f"may only read ({listed})"


def keys_alone(gateway: str, hit: Hit, projects: Sequence[str]) -> list[Target]:
    """The keys of some projects that can be blocked one by one: their scopes are known, to be given back."""
    wanted = set(projects)
    found = [names.of_scopes(gateway, key.project, key.id) for key in hit.keys if key.project in wanted]
    return [target for target in found if names.SCOPES in _fields(hit, target)]


def nobody_knows(gateway: str, keys: Sequence[GatewayKey]) -> UnsupportedError:
    """Why keys that share their project with others are not blocked, and what helps."""
    which = keys[0].name or keys[0].id if len(keys) == 1 else plural(len(keys), "key")
    return UnsupportedError(
        f"nobody knows the permissions of {which} at {gateway}, so a block of it alone could not be undone",
        hint=f"{HELP} Or throttle the models of {keys[0].project} for all of its keys.",
    )


HELP = (
    "Save a key's permissions at the provider once: its audit log then tells them. Where no key was ever "
    'restricted, write unknown_key_scopes = "all" into the [[gateways]] table.'
)
"""What makes scopes known."""


def _fields(hit: Hit, target: Target) -> Fields:
    states: Mapping[Target, Any] = hit.known
    return states[target].fields if target in states else {}
