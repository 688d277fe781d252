"""What may stand in burndeck.toml, with a description beside each key; `burndeck init` prints them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from agent.domain.allocation import (
    BLOCK_EXPIRES_S,
    OVERRIDE_APPROVERS,
    Scope,
    ScopeKind,
    allocation_id_problem,
)
from agent.domain.duration import Duration
from agent.domain.labels import label_problem
from agent.domain.person import Role
from agent.settings_alerts import Alerts
from agent.settings_changes import Changes, Release, day_problem
from agent.settings_gateways import Acting, Gateway
from agent.settings_people import PersonTable
from agent.settings_section import Section, address, countable, not_negative, positive, says, schedule, share

_LEAST_REREAD = Duration(60)  # what is read again anew every third of it must not take longer than that
_OPENAI = "https://api.openai.com/v1"
_MOST_CAP = 1_000  # a thousand times the month is a slip of the pen, and far more no longer fits the ledger


SourceKind = Literal["openai", "litellm", "haproxy"]
EnforcementMode = Literal["automatic", "manual", "none"]
SOURCE_KINDS: tuple[str, ...] = get_args(SourceKind)


def _label(key: str, label: str, value: str) -> None:
    if problem := label_problem(label, value):
        raise ValueError(f"{key}: {problem}")


class Organization(Section, frozen=True):
    """Who burns, in which currency, and what a credit is worth."""

    id: Annotated[str, says("Allocation ids begin with it.", "org-1234")] = "org-1"
    name: Annotated[str, says("Shown at the top of the console.", "Example Corp")] = ""
    currency: Annotated[str, says("Currency of the provider's bill.")] = "USD"
    usd_per_credit: Annotated[Decimal, says("What one credit is worth.")] = Decimal("0.01")
    time_zone: Annotated[str, says('Zone of "month" and "day" in budgets.')] = "UTC"

    def __post_init__(self) -> None:
        positive("usd_per_credit", self.usd_per_credit)
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            problem = f"time_zone: {self.time_zone!r} is no IANA time zone such as 'Europe/Berlin'"
            raise ValueError(problem) from None


class LedgerFile(Section, frozen=True):
    """The one SQLite file."""

    path: Annotated[
        str, says("Relative to this file; by default in the user's data folder.", "burndeck.sqlite")
    ] = ""


class Source(Section, frozen=True):
    """A provider to read. One [[sources]] table each."""

    kind: Annotated[SourceKind, says("Which provider's API it speaks.")] = "openai"
    name: Annotated[str, says("How burndeck calls it; by default its kind.", "openai")] = ""
    account: Annotated[str, says("Provider account whose usage it is; by default its name.", "openai")] = ""
    base_url: Annotated[str, says("Where the API is.")] = _OPENAI
    log: Annotated[str, says("haproxy: its JSON access log.", "/var/log/haproxy-llm.log")] = ""
    listen: Annotated[
        str,
        says(
            "haproxy: where the log arrives by UDP; it is then kept in the log file. Whoever can send there "
            "can forge usage: keep it on this machine.",
            "127.0.0.1:5514",
        ),
    ] = ""
    every: Annotated[
        str,
        says("Read usage this often: a time or a cron expression; by default 60s, of a gateway 2s.", "60s"),
    ] = ""
    costs_every: Annotated[str, says("Read the bill this often.")] = "1h"
    directory_every: Annotated[str, says("Read projects, keys and people this often.")] = "1h"
    audit_log: Annotated[bool, says("openai: read the provider's audit log into the feed of changes.")] = True
    audit_every: Annotated[str, says("Read it this often.")] = "5m"
    reread: Annotated[Duration, says("Usage is revised: this much is read again.")] = Duration(5_400)
    costs_reread: Annotated[Duration, says("Bills this far back are read again.")] = Duration(345_600)
    history: Annotated[Duration, says("How far back the first start reads.")] = Duration(2_592_000)
    detail: Annotated[Duration, says("As far back it reads minutes, hours before.")] = Duration(21_600)
    settle: Annotated[Duration, says("A minute is complete this long after its end.")] = Duration(60)
    headers: Annotated[dict[str, str], says("Further HTTP headers, for a proxy in between.")] = msgspec.field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https:// or http://")
        if self.kind == "litellm" and self.base_url == _OPENAI:
            raise ValueError("base_url: a source of kind litellm needs it, as in http://127.0.0.1:4000")
        usual = "60s" if self.kind == "openai" else "2s"  # a gateway's log is there at once
        msgspec.structs.force_setattr(self, "every", self.every or usual)
        for key in ("every", "costs_every", "directory_every", "audit_every"):
            schedule(key, getattr(self, key))
        for key in ("reread", "costs_reread", "history", "detail"):
            positive(key, getattr(self, key))
        if self.kind == "haproxy" and not self.log:
            raise ValueError("log: a source of kind haproxy needs it")
        if self.listen:
            address("listen", self.listen)
        if self.reread < _LEAST_REREAD:
            raise ValueError(f"reread: must be {_LEAST_REREAD} or more")
        msgspec.structs.force_setattr(self, "name", self.name or self.kind)
        msgspec.structs.force_setattr(self, "account", self.account or self.name)

    @property
    def has_secret(self) -> bool:
        """Whether it is read with a key; a log is read by the agent's own rights."""
        return self.kind != "haproxy"


class Rates(Section, frozen=True):
    """Prices."""

    file: Annotated[str, says("Your own prices, over the built-in ones.", "prices.toml")] = ""


class Owners(Section, frozen=True):
    """The owners registry: who owns which key and project, and what a team belongs to."""

    files: Annotated[tuple[str, ...], says("TOML or CSV files.", '["owners.toml"]')] = ()


class BillingGroup(Section, frozen=True):
    """A part of the organization that is billed for itself. One [[billing_groups]] table each."""

    id: Annotated[str, says("Its short name, as in the owners registry.", "payments")]
    name: Annotated[str, says("Shown where there is room.", "Payments")] = ""
    usd_per_credit: Annotated[Decimal | None, says("Its own conversion rate.", '"0.01"')] = None

    def __post_init__(self) -> None:
        _label("id", "billing_group", self.id)
        if self.usd_per_credit is not None:
            positive("usd_per_credit", self.usd_per_credit)


class AllocationTable(Section, frozen=True):
    """Credits a month for one scope. One [[allocations]] table each."""

    id: Annotated[str, says("org-<n>, or org-<n>-<bg|dept|team|project|key>-<name>.", "org-1234-team-search")]
    scope: Annotated[
        str,
        says("organization, or billing_group, department, team, project, api_key and :NAME.", "team:search"),
    ]
    monthly_credits: Annotated[Decimal, says("Credits a calendar month.", '"1200000"')]
    soft_cap: Annotated[Decimal, says("Share of it at which to warn.")] = Decimal("0.70")
    hard_cap: Annotated[Decimal, says("Share of it at which it ends.")] = Decimal("1.00")
    reserve: Annotated[Decimal, says("Credits set aside beside it; no cap counts them.")] = Decimal(0)
    emergency_buffer: Annotated[
        Decimal, says("Credits that one person may take at the hard cap by breaking the glass.")
    ] = Decimal(0)
    override_approvers: Annotated[
        tuple[Role, ...], says("Roles that must approve an override of the hard cap, a person each.")
    ] = tuple(map(Role, OVERRIDE_APPROVERS))
    block_expires: Annotated[
        Duration, says("A block of the hard cap undoes itself after this long unless renewed; 0s: never.")
    ] = Duration(BLOCK_EXPIRES_S)
    approved_models: Annotated[
        tuple[str, ...],
        says("Models that may be used and suggested; another is a finding. Empty for all.", '["gpt-5-mini"]'),
    ] = ()
    at_hard_cap: Annotated[
        EnforcementMode, says("Blocks non-production at the hard cap: automatic, manual (proposes) or none.")
    ] = "automatic"
    at_hard_cap_prod: Annotated[
        EnforcementMode, says("The same for production: by default somebody is paged and decides.")
    ] = "manual"
    owner: Annotated[str, says("Who answers for it.", "Head of Payments Finance")] = ""
    rollover: Annotated[
        Decimal, says("Share of the monthly credits that may be carried into the next month.")
    ] = Decimal(0)
    expires: Annotated[str, says("The last day on which it holds.", "2026-12-31")] = ""
    cost_center: Annotated[str, says("General ledger account that pays.", "CC-430")] = ""
    chargeback: Annotated[
        Literal["", "showback", "chargeback"],
        says("Whether its burn is shown or charged to it; empty: not decided.", "showback"),
    ] = ""
    contacts: Annotated[tuple[str, ...], says("Whom to ask.", '["payments-oncall@example.com"]')] = ()
    daily_limit: Annotated[
        Decimal, says("api_key: credits a day, beyond which the key is throttled; 0 for none.")
    ] = Decimal(0)

    def __post_init__(self) -> None:
        try:
            scope = Scope.parse(self.scope)
        except ValueError as error:
            raise ValueError(f"scope: {error}") from None
        if problem := allocation_id_problem(self.id, scope):
            raise ValueError(f"id: {problem}")
        positive("monthly_credits", self.monthly_credits)
        positive("soft_cap", self.soft_cap)
        positive("hard_cap", self.hard_cap)
        if self.hard_cap < self.soft_cap:
            raise ValueError("hard_cap: must not be below soft_cap")
        for key in ("reserve", "emergency_buffer"):
            not_negative(key, getattr(self, key))
        share("rollover", self.rollover)
        not_negative("daily_limit", self.daily_limit)
        if self.daily_limit and scope.kind is not ScopeKind.API_KEY:
            raise ValueError("daily_limit: only keys have one")
        if self.expires and (problem := day_problem(self.expires)):
            raise ValueError(f"expires: {problem}")
        for key in ("monthly_credits", "reserve", "emergency_buffer", "daily_limit"):
            countable(key, getattr(self, key))
        if lacking := [role for role in OVERRIDE_APPROVERS if role not in self.override_approvers]:
            raise ValueError(
                "override_approvers: an override of the hard cap takes two roles at least, "
                f"{' and '.join(OVERRIDE_APPROVERS)}; here {' and '.join(lacking)} is missing"
            )
        if self.hard_cap > _MOST_CAP:
            raise ValueError(f"hard_cap: must be a share, {_MOST_CAP} or less")


class Agent(Section, frozen=True):
    """The background agent."""

    heartbeat: Annotated[Duration, says("How often it says in the ledger that it lives.")] = Duration(5)
    log_file: Annotated[str, says("By default beside the ledger.", "agent.log")] = ""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], says("How much it writes there.")] = (
        "info"
    )

    def __post_init__(self) -> None:
        positive("heartbeat", self.heartbeat)


class Runbooks(Section, frozen=True):
    """Runbooks of your own; each overrides the shipped one of its id."""

    folder: Annotated[
        str, says("Where they are; by default the folder runbooks beside this file, if any.", "runbooks")
    ] = ""


class ClockTable(Section, frozen=True):
    """A clock that began at `epoch` when the wall clock read `started`; the demo writes it."""

    epoch: Annotated[float, says("Seconds since 1970.")]
    started: Annotated[float, says("Seconds since 1970.")]
    speed: Annotated[float, says("How many times as fast it runs.")] = 1.0

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed: must be positive")


class ConfigFile(Section, frozen=True):
    """burndeck.toml."""

    organization: Organization = Organization()
    ledger: LedgerFile = LedgerFile()
    sources: tuple[Source, ...] = ()
    rates: Rates = Rates()
    registry: Owners = Owners()
    billing_groups: tuple[BillingGroup, ...] = ()
    allocations: tuple[AllocationTable, ...] = ()
    people: tuple[PersonTable, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    acting: Acting = Acting()
    alerts: Alerts = Alerts()
    releases: tuple[Release, ...] = ()
    changes: Changes = Changes()
    runbooks: Runbooks = Runbooks()
    agent: Agent = Agent()
    clock: ClockTable | None = None
