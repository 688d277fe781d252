"""What LiteLLM holds for a key or team, as fields: read from its answers, written back as it wants them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agent.domain.canonical import canonical
from agent.domain.gateway import Fields, Target, TargetKind, TargetState
from agent.litellm.keys import Json, epoch_of

COUNTS = ("rpm_limit", "tpm_limit", "max_parallel_requests")
MODEL_LIMITS = ("model_rpm_limit", "model_tpm_limit")
"""Limits of a key by model. The proxy keeps them inside of the key's metadata."""
DELETED = "deleted"
"""Field of keys alone: whether it is gone for ever."""

_KEY_ID = {TargetKind.KEY: "key", TargetKind.TEAM: "team_id"}


def state_of(gateway: str, kind: TargetKind, row: Json) -> TargetState:
    """The state of a key (`token`) or team (`team_id`) of the proxy's own description of it.

    Limits by model that are no numbers are left out, since nobody could put them back.
    """
    fields: dict[str, Any] = {
        **{name: _count(row.get(name)) for name in COUNTS},
        "blocked": row.get("blocked"),
        "models": [str(model) for model in row.get("models") or ()],
        "max_budget": _amount(row.get("max_budget")),
        "budget_duration": row.get("budget_duration"),
    }
    if kind is TargetKind.KEY:
        fields[DELETED] = False
        metadata = metadata_of(row)
        for name in MODEL_LIMITS:
            with contextlib.suppress(TypeError, ValueError):
                fields[name] = _counts(metadata.get(name))
    target = Target(gateway, kind, str(row["token" if kind is TargetKind.KEY else "team_id"]))
    version = _version(fields, epoch_of(row.get("settings_updated_at")))
    return TargetState(target, fields, version)


def gone(target: Target) -> TargetState:
    """The state of a key that the proxy has no more."""
    return TargetState(target, {DELETED: True}, version=DELETED, gone=True)


def body_of(target: Target, fields: Fields, metadata: Json) -> dict[str, Any]:
    """The body of an update that sets these fields; `metadata` is all that the key has now, if it matters.

    The proxy replaces metadata and never merges it, so all of it is sent, with only our part changed.
    """
    body: dict[str, Any] = {_KEY_ID[target.kind]: target.id}
    body |= {name: value for name, value in fields.items() if name not in MODEL_LIMITS}
    if isinstance(body.get("max_budget"), str):
        body["max_budget"] = Decimal(body["max_budget"])
    if touched := [name for name in MODEL_LIMITS if name in fields]:
        whole = dict(metadata)
        for name in touched:
            whole.pop(name, None)
            if fields[name] is not None:
                whole[name] = fields[name]
        body["metadata"] = whole
    return body


def metadata_of(row: Json) -> Json:
    """What people keep with a key; empty where that is no object."""
    metadata = row.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def in_metadata(fields: Fields) -> bool:
    """Whether writing these fields means writing the metadata."""
    return any(name in fields for name in MODEL_LIMITS)


def _version(fields: Mapping[str, Any], changed_at: float | None) -> str:
    """Moves with every change of the fields, and for a key with every edit by an admin; never by traffic."""
    said = {**fields, "blocked": bool(fields["blocked"])}  # null is what a key has that was never blocked
    said |= {name: said[name] or None for name in MODEL_LIMITS if name in said}
    edited = None if changed_at is None else round(changed_at * 1000)
    return hashlib.sha256(canonical({"fields": said, "edited": edited}).encode()).hexdigest()[:16]


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _counts(value: Any) -> dict[str, int] | None:
    """Limits by model; None where there are none, which is not the same as an empty object to restore."""
    if not isinstance(value, dict):
        return None
    return {str(model): int(limit) for model, limit in value.items() if limit is not None}


def _amount(value: Any) -> str | None:
    """Dollars as text: JSON without floats, and no digit is lost."""
    return None if value is None else f"{Decimal(value):f}"
