"""What the Administration API sends of limits and permissions; fields that are not named are ignored."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


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


def switches(tools: dict[str, Any]) -> dict[str, bool]:
    """Which hosted tools are on, among other things that the API may say there."""
    rows = {name: tool for name, tool in sorted(tools.items()) if isinstance(tool, dict)}
    return {name: tool["enabled"] for name, tool in rows.items() if isinstance(tool.get("enabled"), bool)}
