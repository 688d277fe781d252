"""The provider's directory as the Administration API sends it; fields that are not named are ignored."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

R = TypeVar("R")


class Listing(Struct, Generic[R]):
    """A page of a directory list; `last_id` is what the next page comes after."""

    data: list[R]
    has_more: bool = False
    last_id: str | None = None


class Project(Struct):
    """A project; archived ones stay listed."""

    id: str
    name: str | None = None
    status: str | None = None
    created_at: int | None = None
    archived_at: int | None = None

    @property
    def archived(self) -> bool:
        """Whether it is over for good."""
        return self.status == "archived" if self.status else self.archived_at is not None


class Person(Struct):
    """A user, or a service account inside of a project."""

    id: str
    name: str | None = None
    email: str | None = None
    role: str | None = None
    created_at: int | None = None
    added_at: int | None = None


class KeyOwner(Struct):
    """Whose key it is: exactly one of both."""

    type: str | None = None
    user: Person | None = None
    service_account: Person | None = None


class ApiKey(Struct):
    """A project's key, without its value and its scopes: the API tells neither."""

    id: str
    name: str | None = None
    redacted_value: str | None = None
    created_at: int | None = None
    last_used_at: int | None = None
    expires_at: int | None = None
    owner: KeyOwner | None = None

    @property
    def holders(self) -> dict[str, str]:
        """Who holds it, by `user` and `service_account`."""
        if self.owner is None:
            return {}
        found = {"user": self.owner.user, "service_account": self.owner.service_account}
        return {what: holder.id for what, holder in found.items() if holder is not None}
