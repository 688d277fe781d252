"""Keys as audits read them, through a reader or on the writer's connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.domain.known_key import KeyPlace, KnownKey
from agent.ledger.history_store import Read

_LABELS = ("team", "project", "environment")  # that gateways have columns for
_LONGEST_LIFE_S = 400 * 86_400  # blocks that were renewed for longer than that are nobody's memory

Labels = Mapping[str, str]
Declared = Mapping[str, Labels]
"""By key: the labels that the owners registry gives it now."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account at the provider that belongs to no person."""

    id: str
    account: str
    project: str
    name: str


@dataclass
class _Draft:
    places: list[KeyPlace] = field(default_factory=list)
    listed: tuple[Any, ...] | None = None  # its row in the directory
    served: list[tuple[Any, ...]] = field(default_factory=list)


class KeyStore:
    """Reads of keys. `KeyStore(reader.rows)` serves a command, `writer.keys` the agent."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def known(self, declared: Declared | None = None) -> list[KnownKey]:
        """Every key that ever burnt, or that the directory or a gateway names, by its id.

        A label is what the registry says, else a gateway, else what was known where the key burnt last.
        """
        drafts: dict[str, _Draft] = {}
        for api_key, place in self.places():
            if api_key:
                drafts.setdefault(api_key, _Draft()).places.append(place)
        for api_key, *row in self._all("keys_in_directory"):
            drafts.setdefault(api_key, _Draft()).listed = tuple(row)
        for gateway, api_key, *row in self._all("keys_at_gateways"):
            drafts.setdefault(api_key, _Draft()).served.append((gateway, *row))
        known = declared or {}
        return [_key(api_key, draft, known.get(api_key, {})) for api_key, draft in sorted(drafts.items())]

    def places(self) -> list[tuple[str, KeyPlace]]:
        """Every key and place that ever burnt, the newest last; the key is empty where nobody knew it."""
        return [(api_key, KeyPlace(*row)) for api_key, *row in self._all("key_places")]

    def projects(self) -> dict[str, str]:
        """What people call each project of the directory, by its id."""
        return dict(self._all("projects_in_directory"))

    def service_accounts(self) -> list[ServiceAccount]:
        """Every service account that the provider lists now."""
        return [ServiceAccount(*row) for row in self._all("service_accounts")]

    def blocks_ended(self, since: int) -> set[str]:
        """Keys of which a block was declined, failed or undone by somebody since an instant."""
        bound = {"requested_since": since - _LONGEST_LIFE_S, "ended_since": since}
        return {scope for (scope,) in self._all("key_blocks_over", **bound)}

    def _all(self, name: str, **bound: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._read(name, bound)]


def _key(api_key: str, draft: _Draft, declared: Labels) -> KnownKey:
    account, project, name, owner_type, owner_id, owner_name, created, used, removed = draft.listed or (
        *("",) * 6,
        *(None,) * 3,
    )
    served_names = [row[1] for row in draft.served if row[1]]
    served_projects = [row[3] for row in draft.served if row[3]]
    made = [at for at in (created, *(row[6] for row in draft.served)) if at is not None]
    return KnownKey(
        api_key=api_key,
        account=account or (draft.places[-1].account if draft.places else ""),
        name=name or next(iter(served_names), ""),
        places=tuple(draft.places),
        labels=_labels(draft, declared, project),
        gateways=tuple(sorted({row[0] for row in draft.served})),
        blocked=bool(draft.served) and all(row[7] for row in draft.served),
        in_directory=draft.listed is not None and removed is None,
        removed=removed is not None,
        project=project or next(iter(served_projects), ""),
        owner_type=owner_type,
        owner_id=owner_id,
        owner_name=owner_name,
        created_at=min(made, default=None),
        last_used_at=used,
    )


def _labels(draft: _Draft, declared: Labels, project: str) -> dict[str, str]:
    """The weakest word first, so that a stronger one replaces it."""
    found: dict[str, str] = {}
    if draft.places:
        newest = draft.places[-1]
        names = ("team", "cost_center", "project", "environment", "department", "billing_group", "owner")
        found |= {name: newest.label(name) for name in names if newest.label(name)}
    if project:
        found["project"] = project
    for row in draft.served:
        columns = dict(zip(_LABELS, row[2:5], strict=True))
        labels = columns | json.loads(row[5])
        found |= {name: value for name, value in labels.items() if value}
    return found | {name: value for name, value in declared.items() if value}
