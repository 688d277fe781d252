"""What is known around actions: what people call their projects and keys, and whose caps they serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionKind
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import Target, TargetKind
from agent.domain.person import AGENT
from agent.domain.words import plain_line
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_KINDS = {int(Kind.PROJECT): ScopeKind.PROJECT, int(Kind.API_KEY): ScopeKind.API_KEY}
_IN_PROJECTS = (TargetKind.PROJECT, TargetKind.PROJECT_MODEL, TargetKind.KEY, TargetKind.KEY_SCOPES)


@dataclass(frozen=True, slots=True)
class Around:
    """Names by project or key, and scopes of hard caps by the alert of each.

    A name that two projects have is none of them: their ids tell them apart.
    """

    names: Mapping[Scope, str] = field(default_factory=dict)
    caps: Mapping[int, str] = field(default_factory=dict)

    def called(self, action: Action) -> str:
        """The name of what an action is about; empty where it has none of its own."""
        return self.names.get(action.spec.scope, "")

    def called_at(self, target: Target) -> str:
        """The name of the project that a target lies in; empty where it has none."""
        project = _project_of(target)
        return "" if project is None else self.names.get(project, "")

    def cap(self, action: Action) -> str:
        """Whose hard cap a limit of the agent stands behind: `team:search`."""
        return self.caps.get(action.alert, "") if _behind_cap(action) and action.alert is not None else ""


def read_around(reader: LedgerReader, found: Iterable[Action]) -> Around:
    """What is known around some actions; nothing is read that none of them calls for."""
    found = list(found)
    names = _names(reader, {scope for action in found for scope in _named(action)})
    behind = {action.alert for action in found if _behind_cap(action)}
    alerts = {ident: reader.alert_store().alert(ident) for ident in behind if ident is not None}
    caps = {
        ident: f"{alert.signal.scope_kind}:{alert.signal.scope}".rstrip(":")
        for ident, alert in alerts.items()
        if alert is not None and alert.signal.allocation_id
    }
    return Around(names, caps)


def _names(reader: LedgerReader, wanted: Collection[Scope]) -> Mapping[Scope, str]:
    if not wanted:
        return {}
    levels = {scope.kind for scope in wanted}
    found = [
        (_KINDS[row["kind"]], row["id"], _plain(row["name"]))
        for row in reader.rows("directory_names")
        if _KINDS.get(row["kind"]) in levels
    ]
    often = Counter((kind, name) for kind, _, name in found)
    names = {Scope(kind, ident): name for kind, ident, name in found if ident and often[kind, name] == 1}
    return {scope: name for scope in wanted if (name := names.get(scope, "")) not in ("", scope.value)}


def _behind_cap(action: Action) -> bool:
    return action.requested_by == AGENT and action.spec.kind is ActionKind.CAP


def _named(action: Action) -> Iterator[Scope]:
    """The projects and keys that an action is about, and those in which it acts."""
    if action.spec.scope.kind in _KINDS.values():
        yield action.spec.scope
    yield from filter(None, (_project_of(step.target) for step in action.steps))


def _project_of(target: Target) -> Scope | None:
    project = target.id.partition("/")[0]
    return Scope(ScopeKind.PROJECT, project) if target.kind in _IN_PROJECTS and project else None


def _plain(name: str) -> str:
    """A name in one line: the provider lets people call a project anything."""
    if name.isprintable() and "  " not in name:
        return name.strip()
    return plain_line(name)
