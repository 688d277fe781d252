"""A scope as people name it, by the id that the ledger knows it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope, ScopeKind
from agent.errors import ConfigError
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MOST = 6
_NEAR = 3
_ROUGHLY = 0.5
"""So much alike is worth a question, where nothing is more."""
_DIRECTORY = {ScopeKind.API_KEY: Kind.API_KEY, ScopeKind.PROJECT: Kind.PROJECT}


def find_scope(reader: LedgerReader, settings: Settings, scope: Scope) -> Scope:
    """The scope with the id of what was named: keys and projects have names beside it, which screens show.

    Raises `ConfigError` for a name of several, with their ids, and for one of nothing that is known, with
    those that are like it. Where nothing of that level is known, it stays as it was said.
    """
    if scope.kind is ScopeKind.ORGANIZATION:
        return scope
    names = _names(reader, settings, scope.kind)
    if not names or scope.value in names:
        return scope
    kind = scope.kind.value.replace("_", " ")
    found = sorted(ident for ident, called in names.items() if scope.value in called)
    if len(found) > 1:
        which = ", ".join(f"{scope.kind.value}:{ident}" for ident in found)
        raise ConfigError(f"{len(found)} are called {scope.value!r} ({kind})", hint=f"Say which: {which}")
    if found:
        return Scope(scope.kind, found[0])
    raise ConfigError(
        f"there is no {kind} {scope.value!r}{_meant(names, scope.value)}",
        hint="`burndeck triage` shows what burns, and whose it is.",
    )


def unknown(reader: LedgerReader, settings: Settings, kind: ScopeKind, pattern: str) -> str:
    """That nothing of a level is called so, with what is like it; nothing where something is.

    For what may be meant for later, and is done all the same. `pattern` may have `*` and `?`.
    """
    if kind is ScopeKind.ORGANIZATION:
        return ""
    names = _names(reader, settings, kind)
    if any(fnmatchcase(name, pattern) for name in names) or any(pattern in some for some in names.values()):
        return ""
    word = kind.value.replace("_", " ")
    return f"the ledger knows no {word} {pattern!r}{_meant(names, pattern) if names else ''}"


def find_called(reader: LedgerReader, kind: Kind, value: str) -> str:
    """A model, environment or endpoint as the ledger calls it.

    Raises `ConfigError` for one that it does not know, with those that are like it. Where none of its kind is
    known, it stays as it was said.
    """
    names: dict[str, set[str]] = {
        row["value"]: set() for row in reader.rows("dims_of_kind", {"kind": int(kind)})
    }
    if not names or not value or value in names:
        return value
    raise ConfigError(
        f"there is no {kind.name.lower()} {value!r}{_meant(names, value)}",
        hint="`burndeck triage` shows what burns, and whose it is.",
    )


def _names(reader: LedgerReader, settings: Settings, kind: ScopeKind) -> Mapping[str, set[str]]:
    """What of a level is known: ids, with the names that each one has."""
    names: dict[str, set[str]] = {}
    with reader.snapshot():
        for whose in reader.alert_store().contexts().values():
            names.setdefault(whose.level(kind), set())
        for keys in reader.action_store().gateway_keys().values():
            for key in keys:
                ident = str(getattr(key, kind.value, ""))
                names.setdefault(ident, set()).update({key.name} if kind is ScopeKind.API_KEY else ())
        listed = reader.rows("directory_names") if kind in _DIRECTORY else ()
        for row in listed:
            if row["kind"] == _DIRECTORY[kind]:
                names.setdefault(row["id"], set()).add(row["name"])
    for allocation in settings.allocations:
        if allocation.scope.kind is kind:
            names.setdefault(allocation.scope.value, set())
    if kind is ScopeKind.BILLING_GROUP:
        names |= {group.id: set() for group in settings.billing_groups if group.id not in names}
    names.pop("", None)
    return names


def meant_key(reader: LedgerReader, settings: Settings, text: str) -> str:
    """The end of a sentence about a key that nobody knows: `; did you mean search-prod?`."""
    names = _names(reader, settings, ScopeKind.API_KEY)
    return _meant(names, text) if names else ""


def _meant(names: Mapping[str, set[str]], text: str) -> str:
    called = [*names, *(name for several in names.values() for name in several if name)]
    if close := _nearest(text, called):
        return f"; did you mean {_either(close)}?"
    known = sorted(names)
    if len(known) > _MOST:
        return f": {len(known)} are known, and none is called like it"
    return f": known are {', '.join(known)}"


def _nearest(text: str, called: Sequence[str]) -> list[str]:
    """What is like it, the nearest first; where nothing is, what has it as a part, and what is roughly so."""
    if close := get_close_matches(text, called, _NEAR):
        return list(dict.fromkeys(close))
    lowered = {name.lower(): name for name in called}
    small = text.lower()
    parts = [name for name in lowered if len(small) > 2 and small in name]
    close = [*sorted(parts, key=len), *get_close_matches(small, lowered, _NEAR, _ROUGHLY)]
    return list(dict.fromkeys(lowered[name] for name in close))[:_NEAR]


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
