"""Allocations: how many credits a part of the organization may burn in a month, and where caps bite."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from decimal import Decimal


class ScopeKind(enum.StrEnum):
    """Levels of the hierarchy, widest first."""

    ORGANIZATION = "organization"
    BILLING_GROUP = "billing_group"
    DEPARTMENT = "department"
    TEAM = "team"
    PROJECT = "project"
    API_KEY = "api_key"

    @property
    def depth(self) -> int:
        """0 for the organization, 5 for a key: the larger, the narrower."""
        return _DEPTHS[self]


_DEPTHS = {kind: depth for depth, kind in enumerate(ScopeKind)}

OVERRIDE_APPROVERS = ("finance", "engineering")
"""Roles (`agent.domain.person`) that must approve an override of a hard cap, one person each."""
BLOCK_EXPIRES_S = 3_600

_ID_PART = {
    ScopeKind.BILLING_GROUP: "bg",
    ScopeKind.DEPARTMENT: "dept",
    ScopeKind.TEAM: "team",
    ScopeKind.PROJECT: "project",
    ScopeKind.API_KEY: "key",
}


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What an allocation is for. `value` is empty for the organization alone."""

    kind: ScopeKind
    value: str = ""

    def __post_init__(self) -> None:
        if (self.kind is ScopeKind.ORGANIZATION) != (self.value == ""):
            raise ValueError(f"scope {self}: only the organization has no name after the colon")

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}" if self.value else self.kind.value

    @classmethod
    def parse(cls, text: str) -> Scope:
        """`team:search` or `organization` as a scope; raises `ValueError` saying what is allowed."""
        kind, _, value = text.partition(":")
        try:
            return cls(ScopeKind(kind.strip()), value.strip())
        except ValueError:
            allowed = ", ".join(["organization", *(f"{part}:NAME" for part in _ID_PART)])
            raise ValueError(f"scope {text!r} is none of {allowed}") from None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Credits of one calendar month for one scope. Caps are shares of the monthly credits."""

    id: str  # org-1234-bg-payments
    scope: Scope
    monthly_nano: int
    soft_cap: Decimal = Decimal("0.70")  # warns
    hard_cap: Decimal = Decimal("1.00")  # blocks
    reserve_nano: int = 0  # kept beside the monthly credits: the pool counts it, no cap does
    buffer_nano: int = 0  # what an override may release at the hard cap
    override_approvers: tuple[str, ...] = OVERRIDE_APPROVERS
    block_expires_s: int = BLOCK_EXPIRES_S  # a block undoes itself then; 0: never
    approved_models: tuple[str, ...] = ()  # that may be used and suggested; empty: all
    at_hard_cap: str = "automatic"  # automatic | manual | none: what becomes of non-production there
    at_hard_cap_prod: str = "manual"  # and of production
    owner: str = ""
    rollover: Decimal = Decimal(0)  # share of the monthly credits that may be carried on
    expires: str = ""  # the last day, as 2026-12-31
    cost_center: str = ""
    chargeback: str = ""  # showback | chargeback: whether its burn is shown or charged; empty: not decided
    contacts: tuple[str, ...] = ()
    daily_nano: int = 0  # of a key: a day's credits, 0 for no limit
    topped_nano: int = 0  # of monthly_nano: what top-ups have added for this period
    carried_nano: int = 0  # of monthly_nano: what was left of last month and is carried on

    @property
    def soft_cap_nano(self) -> int:
        """Nano-credits at which the soft cap is reached, rounded down."""
        return int(self.monthly_nano * self.soft_cap)

    @property
    def hard_cap_nano(self) -> int:
        """Nano-credits at which the hard cap is reached, rounded down."""
        return int(self.monthly_nano * self.hard_cap)


def usual_id(organization: str, scope: Scope) -> str:
    """The id that an allocation of a scope has, in the organization with the id `org-1`: `org-1-team-new`."""
    part = _ID_PART.get(scope.kind)
    if part is None:
        return organization
    name = re.sub(r"[^A-Za-z0-9._]+|[._-]{2,}", "-", scope.value).strip("._-")
    return f"{organization}-{part}-{name}"


def allocation_id_problem(allocation_id: str, scope: Scope) -> str | None:
    """What is wrong with an allocation id, or None. The shape is `org-<n>` or `org-<n>-<level>-<name>`."""
    part = _ID_PART.get(scope.kind)
    shape = r"org-\d+" + (rf"-{part}-[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*" if part else "")
    if re.fullmatch(shape, allocation_id):
        return None
    example = "org-1234" + (f"-{part}-{scope.value}" if part else "")
    return f"allocation id {allocation_id!r} is not written like {example!r}"
