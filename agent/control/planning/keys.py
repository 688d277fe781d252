"""Which keys lie in a scope: by where they burn now, and by what gateways say of those that never burnt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import GatewayKey

if TYPE_CHECKING:
    from agent.control.planning.books import Books


@dataclass(frozen=True, slots=True)
class PlannedKey:
    """A key with all that it lies in. `production` also where nobody knows the environment."""

    api_key: str
    name: str
    team: str = ""
    environment: str = ""
    project: str = ""
    department: str = ""
    billing_group: str = ""
    production: bool = True
    burn_nano: int = 0  # nano-credits a minute, now

    def within(self, scope: Scope) -> bool:
        """Whether it lies in a scope."""
        if scope.kind is ScopeKind.ORGANIZATION:
            return True
        return str(getattr(self, scope.kind.value)) == scope.value


def keys_of(
    books: Books, known: Mapping[str, Sequence[GatewayKey]], production: Collection[str]
) -> list[PlannedKey]:
    """Every key, once for each: a key that burns in several environments is production if one of them is."""
    newest = {whose.api_key: whose for whose in books.whose}
    risky = {
        whose.api_key for whose in books.whose if not whose.environment or whose.environment in production
    }
    names = books.alerts.key_names()
    found = [
        PlannedKey(
            api_key=name,
            name=names.get(name, name),
            team=whose.team,
            environment=whose.environment,
            project=whose.project,
            department=whose.department,
            billing_group=whose.billing_group,
            production=name in risky,
        )
        for name, whose in newest.items()
    ]
    found += [
        PlannedKey(
            api_key=key.api_key,
            name=key.name or names.get(key.api_key, key.api_key),
            team=key.team,
            environment=key.environment,
            project=key.project,
            production=not key.environment or key.environment in production,
        )
        for key in _unseen(known, newest)
    ]
    return found


def keys_in(keys: Iterable[PlannedKey], scope: Scope) -> list[PlannedKey]:
    """The keys that lie in a scope."""
    return [key for key in keys if key.within(scope)]


def keys_by(keys: Iterable[PlannedKey], kind: ScopeKind) -> dict[str, list[PlannedKey]]:
    """The keys by what they lie in of one kind, for who asks of many scopes; the organization has no name."""
    found: dict[str, list[PlannedKey]] = {}
    for key in keys:
        name = "" if kind is ScopeKind.ORGANIZATION else str(getattr(key, kind.value))
        found.setdefault(name, []).append(key)
    return found


def _unseen(known: Mapping[str, Sequence[GatewayKey]], found: Collection[str]) -> Iterable[GatewayKey]:
    seen = set(found)
    for keys in known.values():
        for key in keys:
            if key.api_key not in seen:
                seen.add(key.api_key)
                yield key
