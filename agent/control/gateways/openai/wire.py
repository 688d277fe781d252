"""What the Administration API sends of limits, permissions and keys; fields not named are ignored."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

R = TypeVar("R")


class Page(Struct, Generic[R]):
    """A page of a list; the next one comes after `last_id`."""

    data: list[R]
    has_more: bool = False
    last_id: str | None = None


class Project(Struct):
    """A project."""

    id: str
    name: str | None = None
    status: str | None = None
    archived_at: int | None = None

    @property
    def archived(self) -> bool:
        """Whether it is over for good."""
        return self.status == "archived" if self.status else self.archived_at is not None


class Holder(Struct):
    """A person or service account."""

    id: str
    name: str | None = None
    email: str | None = None


class Owner(Struct):
    """Whose key it is: one of both."""

    user: Holder | None = None
    service_account: Holder | None = None


class ApiKey(Struct):
    """A project's key, without its value and without its scopes: the API tells neither."""

    id: str
    name: str | None = None
    created_at: int | None = None
    owner: Owner | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Who holds it."""
        if self.owner is None:
            return {}
        found = {"user": self.owner.user, "service_account": self.owner.service_account}
        return {what: holder.id for what, holder in found.items() if holder is not None}


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
