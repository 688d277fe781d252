"""Which scope lies within which: teams in departments, keys in projects, as the ledger has seen them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.domain.allocation import Scope, ScopeKind
from agent.ledger.alert_store import Whose


class Lineage:
    """Answers from the contexts of the ledger, and remembers; contexts are read only when they are needed."""

    def __init__(self, contexts: Callable[[], Iterable[Whose]]) -> None:
        self._contexts = contexts
        self._known: dict[tuple[Scope, Scope], bool] = {}

    def within(self, inner: Scope, outer: Scope) -> bool:
        """Whether traffic of the inner scope has ever belonged to the outer, wider one."""
        if outer.kind is ScopeKind.ORGANIZATION:
            return inner != outer
        if outer.kind.depth >= inner.kind.depth:
            return False
        if (inner, outer) not in self._known:
            self._known[inner, outer] = any(
                value_of(whose, inner.kind) == inner.value and value_of(whose, outer.kind) == outer.value
                for whose in self._contexts()
            )
        return self._known[inner, outer]


def value_of(whose: Whose, kind: ScopeKind) -> str:
    """The name of a level in a context."""
    match kind:
        case ScopeKind.ORGANIZATION:
            return ""
        case ScopeKind.BILLING_GROUP:
            return whose.billing_group
        case ScopeKind.DEPARTMENT:
            return whose.department
        case ScopeKind.TEAM:
            return whose.team
        case ScopeKind.PROJECT:
            return whose.project
        case ScopeKind.API_KEY:
            return whose.api_key
