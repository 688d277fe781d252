"""Everything of a team that leaves: its keys wherever they are known, what they burn, and who else is hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.domain.known_key import KnownKey
from agent.ledger.key_store import Declared, KeyStore, ServiceAccount
from agent.ledger.kinds import Kind
from agent.reports.audit_finding import stretch_of
from agent.reports.cap_coverage import MONTH_S
from agent.reports.figure import Figure
from agent.reports.layers import truth
from agent.reports.moment import HOUR

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.audit_finding import Stretch
    from agent.reports.rolled import Counts
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class LeavingKey:
    """A key of the team."""

    api_key: str
    name: str
    project: str
    environments: tuple[str, ...]
    owner: str
    gateways: tuple[str, ...]  # that serve it; none: it cannot be blocked, only deleted at the provider
    blocked: bool
    burnt: Figure  # credits, over the stretch
    rate: Figure  # credits/min, over the last hour
    shared_with: tuple[str, ...] = ()  # other teams that it burnt for too


@dataclass(frozen=True, slots=True)
class OffBoarding:
    """A team with all that it can burn by."""

    team: str
    start: int
    end: int
    keys: tuple[LeavingKey, ...]  # that still work, the one that burns most first
    gone: tuple[str, ...]  # keys that the provider lists no more
    service_accounts: tuple[ServiceAccount, ...]  # of the team's projects
    projects: tuple[str, ...]
    allocations: tuple[str, ...]  # ids of those of the team
    burnt: Figure
    rate: Figure

    @property
    def unreached(self) -> tuple[str, ...]:
        """Keys that no gateway can block."""
        return tuple(key.api_key for key in self.keys if not key.gateways and not key.blocked)

    @property
    def known(self) -> bool:
        """Whether there is anything of such a team at all."""
        return bool(self.keys or self.gone or self.projects or self.allocations)


def off_boarding(
    reader: LedgerReader,
    settings: Settings,
    team: str,
    now: float,
    *,
    since_s: int = MONTH_S,
    declared: Declared | None = None,
) -> OffBoarding:
    """What blocking a whole team would stop, by the ledger, the directory and every gateway.

    `declared`: what the owners registry says of keys now; without it, keys that never burnt are found by
    their gateway or project alone.
    """
    with reader.snapshot():
        stretch = stretch_of(reader, now, since_s)
        store = KeyStore(reader.rows)
        keys = store.known(declared)
        projects = _projects(keys, team)
        mine = [key for key in keys if _of(key, team, projects)]
        shown = settings_now(settings, reader.action_store(), now)
        scopes = {("team", team), *(("project", each) for each in projects)}
        scopes |= {("api_key", key.api_key) for key in mine}
        look = _Look.of(stretch, reader, int(now))
        return OffBoarding(
            team=team,
            start=look.start,
            end=look.end,
            keys=tuple(look.leaving(key, team) for key in look.ordered(mine) if key.alive),
            gone=tuple(key.api_key for key in mine if not key.alive),
            service_accounts=tuple(each for each in store.service_accounts() if each.project in projects),
            projects=tuple(sorted(projects)),
            allocations=tuple(
                each.id for each in shown.allocations if (each.scope.kind.value, each.scope.value) in scopes
            ),
            burnt=look.burnt(mine),
            rate=look.rate(mine),
        )


def _projects(keys: Sequence[KnownKey], team: str) -> set[str]:
    """Projects that are this team's alone, by their keys."""
    teams: dict[str, set[str]] = {}
    for key in keys:
        project = key.labels.get("project", "")
        if project and key.labels.get("team"):
            teams.setdefault(project, set()).add(key.labels["team"])
    return {project for project, owners in teams.items() if owners == {team}}


def _of(key: KnownKey, team: str, projects: set[str]) -> bool:
    """By its label, else by its project: a key that nobody has used yet is the project's."""
    label = key.labels.get("team", "")
    return label == team if label else key.labels.get("project", "") in projects


@dataclass(frozen=True, slots=True)
class _Look:
    start: int
    end: int
    month: Mapping[str, Counts]
    hour: Mapping[str, int]  # nano-credits by key
    stretch: Stretch | None
    reader: LedgerReader

    @classmethod
    def of(cls, stretch: Stretch | None, reader: LedgerReader, now: int) -> _Look:
        if stretch is None:
            return cls(now, now, {}, {}, None, reader)
        at = stretch.at
        found = stretch.rolled.credits(Kind.API_KEY, at - HOUR, at)
        stretch.names.learn(reader, found)
        hour = {stretch.names.name(ident): nano for ident, nano in found.items()}
        return cls(stretch.start, at, stretch.counts(Kind.API_KEY), hour, stretch, reader)

    def ordered(self, keys: Sequence[KnownKey]) -> list[KnownKey]:
        return sorted(keys, key=lambda key: (-self._nano([key]), key.api_key))

    def leaving(self, key: KnownKey, team: str) -> LeavingKey:
        others = {place.team for place in key.places if place.team} - {team}
        return LeavingKey(
            api_key=key.api_key,
            name=key.name,
            project=key.labels.get("project", ""),
            environments=key.environments or tuple(filter(None, [key.labels.get("environment", "")])),
            owner=key.labels.get("owner", "") or key.owner_name,
            gateways=key.gateways,
            blocked=key.blocked,
            burnt=self.burnt([key]),
            rate=self.rate([key]),
            shared_with=tuple(sorted(others)),
        )

    def burnt(self, keys: Sequence[KnownKey]) -> Figure:
        if self.stretch is None:
            return Figure(None, "credits")
        return self.stretch.figure(self._nano(keys))

    def rate(self, keys: Sequence[KnownKey]) -> Figure:
        if self.stretch is None:
            return Figure(None, "credits/min")
        nano = sum(self.hour.get(key.api_key, 0) for key in keys)
        return truth(self.reader, self.end - HOUR, self.end).rate(nano, HOUR)

    def _nano(self, keys: Sequence[KnownKey]) -> int:
        return sum(self.month[key.api_key].credits_nano for key in keys if key.api_key in self.month)
