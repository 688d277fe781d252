"""burndeck.toml as typed values; every error names file, line and key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agent import paths
from agent.clock import Clock, ScaledClock, SystemClock
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.change import Change, Instant
from agent.domain.duration import Duration
from agent.domain.money import to_nano
from agent.domain.person import Person, public_key_text
from agent.errors import ConfigError
from agent.secrets import SecretName, master_key
from agent.settings_alerts import Alerts
from agent.settings_changes import Changes, is_address
from agent.settings_gateways import Acting, Gateway
from agent.settings_schema import Agent, BillingGroup, ConfigFile, Organization, Source
from agent.toml_file import Key, config_error, decode_toml, read_text

if TYPE_CHECKING:
    from agent.ledger.rows import ReleaseRow

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration in force. `Settings()` is what holds without any file."""

    file: Path | None = None  # where it was read from
    organization: Organization = field(default_factory=Organization)
    ledger_path: Path = field(default_factory=paths.default_ledger)
    sources: tuple[Source, ...] = ()
    rate_files: tuple[Path, ...] = ()
    registry_files: tuple[Path, ...] = ()
    billing_groups: tuple[BillingGroup, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    people: tuple[Person, ...] = ()
    own_gateways: tuple[Gateway, ...] = ()
    acting: Acting = field(default_factory=Acting)
    alerts: Alerts = field(default_factory=Alerts)
    releases: tuple[ReleaseRow, ...] = ()
    declared_changes: tuple[Change, ...] = ()  # the releases, as the feed of changes has them
    changes: Changes = field(default_factory=Changes)
    own_runbooks: Path | None = None  # the folder that the file names
    agent: Agent = field(default_factory=Agent)
    scaled_clock: ScaledClock | None = None
    own_log: Path | None = None
    unchanged_allocations: tuple[Allocation, ...] | None = None  # those of the file, where changes hold

    def clock(self) -> Clock:
        """The clock of this ledger: the wall clock, unless a demo set its own."""
        return self.scaled_clock or SystemClock()

    def with_ledger(self, path: Path) -> Settings:
        """The same settings on another ledger file."""
        return dataclasses.replace(self, ledger_path=path)

    def with_allocations(self, allocations: tuple[Allocation, ...]) -> Settings:
        """The same settings with the allocations of a moment; those of the file are kept beside them."""
        if allocations == self.allocations:
            return self
        configured = self.configured_allocations
        return dataclasses.replace(self, allocations=allocations, unchanged_allocations=configured)

    @property
    def configured_allocations(self) -> tuple[Allocation, ...]:
        """The allocations of the file, whatever was changed since."""
        return self.allocations if self.unchanged_allocations is None else self.unchanged_allocations

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """Where limits and blocks can be set: those of burndeck.toml, else every openai source is one."""
        if self.own_gateways:
            return self.own_gateways
        return tuple(
            Gateway(kind="openai", name=source.name, source=source.name)
            for source in self.sources
            if source.kind == "openai"
        )

    def gateway(self, name: str) -> Gateway | None:
        """The gateway of a name."""
        return next((each for each in self.gateways if each.name == name), None)

    @property
    def log_path(self) -> Path:
        """The agent's log: as configured, else beside the ledger."""
        return self.own_log or paths.log_of(self.ledger_path)

    @property
    def default_account(self) -> str:
        """Account of rows that name none: the source's, also of the one that is read without any [[sources]].

        Raises `ConfigError` when there are several, since rows of another account would count twice.
        """
        accounts = [source.account for source in self.sources] or [Source().account]
        if len(accounts) > 1:
            raise ConfigError(
                "there are several sources, so rows that name no account may be of any of them",
                hint=f"Say which with --account: {', '.join(accounts)}, or another name.",
            )
        return accounts[0]

    def secret_names(self, source: Source) -> tuple[str | SecretName, ...]:
        """Names under which the key of a source is looked for: its own, then its kind's.

        Sources of one kind never share the kind's: with one key they would read one organization twice. A
        proxy has its master key, which a gateway of that name has too.
        """
        if source.kind == "litellm":
            return (master_key(source.name),)
        alone = [each.kind for each in self.sources].count(source.kind) <= 1
        return (source.name, source.kind) if alone else (source.name,)

    def usd_per_credit(self, billing_group: str = "") -> Decimal:
        """Conversion rate of a billing group, else the organization's."""
        for group in self.billing_groups:
            if group.id == billing_group and group.usd_per_credit is not None:
                return group.usd_per_credit
        return self.organization.usd_per_credit


def load_settings(path: Path | None = None) -> Settings:
    """The settings of `path`, else of the first burndeck.toml found, else the defaults.

    Raises `ConfigError` naming file, line and key.
    """
    chosen = path or paths.find_config()
    if chosen is None:
        return Settings()
    return parse_settings(read_text(chosen, "configuration"), chosen)


def parse_settings(text: str, file: Path, changes: Mapping[str, Any] | None = None) -> Settings:
    """The settings in `text`, with `changes` over it; relative paths are relative to `file`'s folder."""
    config = decode_toml(text, str(file), ConfigFile, _hook, changes)
    _check_together(config, text, str(file))
    at = _Paths(text, file)
    clock = config.clock
    return Settings(
        file=file,
        organization=config.organization,
        ledger_path=at.one(("ledger", "path"), config.ledger.path) or paths.default_ledger(),
        sources=tuple(at.source(index, row) for index, row in enumerate(config.sources)),
        rate_files=at.all(("rates", "file"), (config.rates.file,)),
        registry_files=at.all(("registry", "files"), config.registry.files),
        billing_groups=config.billing_groups,
        allocations=_allocations(config),
        people=tuple(row.person() for row in config.people),
        own_gateways=tuple(at.gateway(index, row) for index, row in enumerate(config.gateways)),
        acting=config.acting,
        alerts=config.alerts,
        releases=_releases(config),
        declared_changes=tuple(row.change() for row in config.releases),
        changes=at.changes(config.changes),
        own_runbooks=at.one(("runbooks", "folder"), config.runbooks.folder),
        agent=config.agent,
        scaled_clock=ScaledClock(clock.epoch, clock.started, clock.speed) if clock else None,
        own_log=at.one(("agent", "log_file"), config.agent.log_file),
    )


def _hook(kind: type, value: Any) -> Any:
    """Values of our own types from what TOML has."""
    if kind is Instant:
        return Instant.parse(value)
    if not isinstance(value, str):
        raise ValueError(f"expected text in quotes, got {value!r}")
    if kind is Duration:
        return Duration.parse(value)
    raise NotImplementedError(kind)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Paths as a configuration means them: relative ones start in its folder, `~` is a home."""

    text: str
    file: Path

    def one(self, key: Key, value: str) -> Path | None:
        """The path at a key; None where it is empty."""
        if not value:
            return None
        try:
            return self.file.resolve().parent / Path(value).expanduser()
        except RuntimeError:  # pathlib's answer to the home of somebody unknown
            problem = f"{value!r} starts in the home of a user that this machine does not know"
            raise config_error(self.text, str(self.file), key, problem, "Write the whole path.") from None

    def within(self, table: str, index: int, row: R, *keys: str) -> R:
        """A table with these paths made whole."""
        found = {key: str(self.one((table, index, key), getattr(row, key)) or "") for key in keys}
        return msgspec.structs.replace(row, **found)

    def gateway(self, index: int, row: Gateway) -> Gateway:
        """A gateway with whole paths."""
        return self.within("gateways", index, row, "socket", "maps", "log")

    def source(self, index: int, row: Source) -> Source:
        """A source with whole paths."""
        return self.within("sources", index, row, "log")

    def changes(self, section: Changes) -> Changes:
        """Where changes are read, with whole paths of calendars that are files."""
        whole = (
            value if is_address(value) else str(self.one(("changes", "calendars"), value))
            for value in section.calendars
        )
        return msgspec.structs.replace(section, calendars=tuple(whole))

    def all(self, key: Key, values: tuple[str, ...]) -> tuple[Path, ...]:
        """The paths of a list; empty ones are left out."""
        return tuple(path for value in values if (path := self.one(key, value)))


def _allocations(config: ConfigFile) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(
            id=row.id,
            scope=Scope.parse(row.scope),
            monthly_nano=to_nano(row.monthly_credits),
            soft_cap=row.soft_cap,
            hard_cap=row.hard_cap,
            reserve_nano=to_nano(row.reserve),
            buffer_nano=to_nano(row.emergency_buffer),
            override_approvers=row.override_approvers,
            block_expires_s=int(row.block_expires),
            approved_models=row.approved_models,
            at_hard_cap=row.at_hard_cap,
            at_hard_cap_prod=row.at_hard_cap_prod,
            owner=row.owner,
            rollover=row.rollover,
            expires=row.expires,
            cost_center=row.cost_center,
            chargeback=row.chargeback,
            contacts=row.contacts,
            daily_nano=to_nano(row.daily_limit),
        )
        for row in config.allocations
    )


def _releases(config: ConfigFile) -> tuple[ReleaseRow, ...]:
    if not config.releases:
        return ()
    from agent.ledger.rows import ReleaseRow  # rows of everything else come with it

    return tuple(
        ReleaseRow(
            id=row.id,
            day=row.start,
            title=row.title,
            team=row.team,
            credits_nano_per_day=to_nano(row.credits_per_day),
        )
        for row in config.releases
    )


def _check_together(config: ConfigFile, text: str, where: str) -> None:
    """Rules that no single table can check: names are used once, and only names that exist."""

    def once(table: str, key: str, values: list[Any]) -> None:
        for index, value in enumerate(values):
            if value in values[:index]:
                at: Key = (table, index, key)
                raise config_error(
                    text, where, at, f"{str(value)!r} is there twice", f"Every {key} is used once."
                )

    once("sources", "name", [source.name for source in config.sources])
    once("sources", "account", [source.account for source in config.sources])
    once("billing_groups", "id", [group.id for group in config.billing_groups])
    once("allocations", "id", [row.id for row in config.allocations])
    once("allocations", "scope", [row.scope for row in config.allocations])
    once("people", "name", [row.name for row in config.people])
    once("people", "public_key", [public_key_text(row.person().public_key) for row in config.people])
    once("gateways", "name", [gateway.name for gateway in config.gateways])
    _gateways_have_sources(config, text, where)
    once("releases", "id", [row.id for row in config.releases])
    if config.changes.webhook and not config.acting.listen:
        problem = "pipelines have no address to post to"
        hint = 'Set listen in [acting], as in listen = "127.0.0.1:8787".'
        raise config_error(text, where, ("changes", "webhook"), problem, hint)
    for index, row in enumerate(config.allocations):
        scope = Scope.parse(row.scope)
        known = [group.id for group in config.billing_groups]
        if scope.kind is ScopeKind.BILLING_GROUP and known and scope.value not in known:
            key: Key = ("allocations", index, "scope")
            problem = f"there is no billing group {scope.value!r}"
            raise config_error(text, where, key, problem, "Known: " + ", ".join(known))


def _gateways_have_sources(config: ConfigFile, text: str, where: str) -> None:
    names = [source.name for source in config.sources if source.kind == "openai"]
    for index, row in enumerate(config.gateways):
        if row.kind != "openai":
            continue
        if row.source and row.source not in names:
            problem = f"there is no openai source {row.source!r}"
            raise config_error(
                text, where, ("gateways", index, "source"), problem, "Known: " + ", ".join(names)
            )
        if not row.source and len(names) != 1:
            problem = "an openai gateway needs the source whose admin key it uses"
            raise config_error(
                text, where, ("gateways", index), problem, 'Write source = "NAME" of [[sources]].'
            )
