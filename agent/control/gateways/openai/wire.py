"""What the Administration API sends of limits and permissions; fields that are not named are ignored."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class RateLimit(Struct):
    """The limits of a model in a project."""

    id: str
    model: str
    max_requests_per_1_minute: int
    max_tokens_per_1_minute: int


class SpendLimit(Struct):
    """A limit of a calendar month's spend, in cents."""

    threshold_amount: int


class ModelPermissions(Struct):
    """The models that a project may call, or may not."""

    mode: str | None = None
    model_ids: list[str] | None = None

    def fields(self) -> dict[str, Any] | None:
        """As our field; None where nothing is restricted."""
        if self.mode is None:
            return None
        return {"mode": self.mode, "model_ids": sorted(self.model_ids or [])}


class Scoped(Struct):
    """The part of an event of the audit log that may tell scopes."""

    scopes: list[str] | None = None


class KeyChange(Struct):
    """What happened to a key."""

    id: str | None = None
    data: Scoped | None = None
    changes_requested: Scoped | None = None


class KeyEvent(Struct):
    """A key was made or changed, by the audit log; what happened stands under the event's own name."""

    id: str
    effective_at: int
    created: KeyChange | None = field(default=None, name="api_key.created")
    updated: KeyChange | None = field(default=None, name="api_key.updated")

    @property
    def key(self) -> str:
        """The key; empty where the event names none."""
        change = self.updated or self.created
        return (change.id if change else None) or ""

    @property
    def scopes(self) -> list[str] | None:
        """Its scopes from then on, an empty list for all; None where the event does not tell.

        Only of a change does the API say that none means all. Were a new key without any taken for one that
        has all, an undo would give it rights that it never had.
        """
        if self.updated is not None:
            return self.updated.changes_requested.scopes if self.updated.changes_requested else None
        return (self.created.data.scopes or None) if self.created and self.created.data else None


def switches(tools: dict[str, Any]) -> dict[str, bool]:
    """Which hosted tools are on, among other things that the API may say there."""
    rows = {name: tool for name, tool in sorted(tools.items()) if isinstance(tool, dict)}
    return {name: tool["enabled"] for name, tool in rows.items() if isinstance(tool.get("enabled"), bool)}
