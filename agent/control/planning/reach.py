"""Which keys a change at a target bears on, without asking of every pair of the thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agent.domain.gateway import GatewayKey, Target, TargetKind

if TYPE_CHECKING:
    from agent.control.gateways.base import Dialect


class Reach:
    """Keys of one gateway: a target that is a key is found by its id, any other by what keys belong to."""

    def __init__(self, dialect: Dialect, keys: Iterable[GatewayKey]) -> None:
        self._dialect = dialect
        self._by_id: dict[str, list[GatewayKey]] = {}
        self._alike: dict[tuple[object, ...], list[GatewayKey]] = {}
        for key in keys:
            for name in {key.id, key.api_key}:
                self._by_id.setdefault(name, []).append(key)
            belongs = (key.team, key.project, key.environment, *sorted(key.labels.items()))
            self._alike.setdefault(belongs, []).append(key)

    def of(self, target: Target) -> Iterator[GatewayKey]:
        """The keys whose calls a change at a target bears on."""
        if target.kind in (TargetKind.KEY, TargetKind.KEY_SCOPES):
            for key in self._named(target.id):
                if self._dialect.reaches(target, key):
                    yield key
            return
        for keys in self._alike.values():
            if self._dialect.reaches(target, keys[0]):
                yield from keys

    def _named(self, name: str) -> Sequence[GatewayKey]:
        """The keys that an id may mean: by itself, behind its project, or with a mark behind it."""
        last = name.rpartition("/")[2]
        found = self._by_id.get(name) or self._by_id.get(last)
        return found if found is not None else [key for keys in self._alike.values() for key in keys]
