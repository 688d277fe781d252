"""Which scope lies within which: teams in departments, keys in projects, as the ledger has seen them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope, ScopeKind

if TYPE_CHECKING:
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


class Belonging:
    """Where scopes belong now: a parent that a team or key has left does not hold it any more.

    Contexts come oldest first. The newest one of each key says where the key, and all that it is used for,
    belongs.
    """

    def __init__(self, contexts: Callable[[], Iterable[Whose]]) -> None:
        self._contexts = contexts
        self._known: dict[ScopeKind, Mapping[str, Sequence[Whose]]] = {}

    def within(self, inner: Scope, outer: Scope) -> bool:
        """Whether traffic of the inner scope belongs to the outer, wider one."""
        if outer.kind is ScopeKind.ORGANIZATION:
            return inner != outer
        if outer.kind.depth >= inner.kind.depth:
            return False
        if inner.kind not in self._known:
            self._known[inner.kind] = self._by_value(inner.kind)
        return any(
            value_of(whose, outer.kind) == outer.value
            for whose in self._known[inner.kind].get(inner.value, ())
        )

    @cached_property
    def _oldest_first(self) -> Sequence[Whose]:
        return list(self._contexts())

    def _by_value(self, kind: ScopeKind) -> Mapping[str, Sequence[Whose]]:
        found: dict[str, list[Whose]] = {}
        for whose in {whose.api_key_id: whose for whose in self._oldest_first}.values():
            found.setdefault(value_of(whose, kind), []).append(whose)
        # Who shares a key with others, or has none, may be in no newest one but is in one of their own.
        own = {value_of(whose, kind): [whose] for whose in self._oldest_first}
        return own | found


def value_of(whose: Whose, kind: ScopeKind) -> str:
    """The name of a level in a context."""
    return whose.level(kind)
