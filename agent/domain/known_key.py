"""A key with all that anybody says of it: its usage, the directory, gateways and the owners registry."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agent.domain.allocation import Scope, ScopeKind

SERVICE_ACCOUNT = "service_account"
"""`owner_type` of keys that belong to no person."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a key burnt, as it was known then. Names are empty where nobody knew."""

    account: str = ""
    project: str = ""
    environment: str = ""
    team: str = ""
    department: str = ""
    billing_group: str = ""
    cost_center: str = ""
    owner: str = ""
    pattern: str = ""

    def label(self, name: str) -> str:
        """The value of a label."""
        return str(getattr(self, name))

    def within(self, scope: Scope, api_key: str) -> bool:
        """Whether burn of a key here lies in a scope."""
        if scope.kind is ScopeKind.ORGANIZATION:
            return True
        value = api_key if scope.kind is ScopeKind.API_KEY else self.label(scope.kind.value)
        return value == scope.value


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key. Times are UTC epoch seconds, None where nobody knows them."""

    api_key: str
    account: str = ""  # the provider account that it is of, where usage or the directory tell
    name: str = ""
    places: Sequence[KeyPlace] = ()  # where it ever burnt, the newest last
    labels: Mapping[str, str] = field(default_factory=dict)  # that it has now; empty values are left out
    gateways: tuple[str, ...] = ()  # that serve it
    blocked: bool = False  # at every gateway that serves it
    in_directory: bool = False  # the provider lists it now
    removed: bool = False  # the provider listed it once, and no more
    project: str = ""  # by the directory, else by a gateway
    owner_type: str = ""
    owner_id: str = ""
    owner_name: str = ""
    created_at: int | None = None
    last_used_at: int | None = None  # by the provider's word

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.api_key

    @property
    def alive(self) -> bool:
        """Whether somebody lets it in, as far as is known."""
        return not self.removed or bool(self.gateways)

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments where it ever burnt, those that are known."""
        return tuple(sorted({place.environment for place in self.places if place.environment}))

    @property
    def of_service_account(self) -> bool:
        """Whether it belongs to a service account."""
        return self.owner_type == SERVICE_ACCOUNT

    def missing(self, required: Collection[str]) -> tuple[str, ...]:
        """The required labels that it has not."""
        return tuple(label for label in required if not self.labels.get(label))
