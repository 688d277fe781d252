"""Which keys lie in a scope: by where they burn now, and by what gateways say of those that never burnt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    found: dict[str, PlannedKey] = {}
    environments: dict[str, set[str]] = {}
    for whose in books.whose:
        environments.setdefault(whose.api_key, set()).add(whose.environment)
        found[whose.api_key] = PlannedKey(
            api_key=whose.api_key,
            name="",
            team=whose.team,
            environment=whose.environment,
            project=whose.project,
            department=whose.department,
            billing_group=whose.billing_group,
        )
    for key in _unseen(known, found):
        environments[key.api_key] = {key.environment}
        found[key.api_key] = PlannedKey(
            api_key=key.api_key,
            name=key.name,
            team=key.team,
            environment=key.environment,
            project=key.project,
        )
    return [
        _named(key, books, any(each in production or not each for each in environments[key.api_key]))
        for key in found.values()
    ]


def keys_in(keys: Iterable[PlannedKey], scope: Scope) -> list[PlannedKey]:
    """The keys that lie in a scope."""
    return [key for key in keys if key.within(scope)]


def _unseen(
    known: Mapping[str, Sequence[GatewayKey]], found: Mapping[str, PlannedKey]
) -> Iterable[GatewayKey]:
    seen = set(found)
    for keys in known.values():
        for key in keys:
            if key.api_key not in seen:
                seen.add(key.api_key)
                yield key


def _named(key: PlannedKey, books: Books, production: bool) -> PlannedKey:
    return replace(key, name=key.name or books.alerts.key_name(key.api_key), production=production)
