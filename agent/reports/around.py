"""What is known around actions: what people call their projects and keys, and whose caps they serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionKind
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.gateway import Target, TargetKind
from agent.domain.person import AGENT
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_KINDS = {Kind.PROJECT: ScopeKind.PROJECT, Kind.API_KEY: ScopeKind.API_KEY}
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
        project = target.id.partition("/")[0]
        if target.kind not in _IN_PROJECTS or not project:
            return ""
        return self.names.get(Scope(ScopeKind.PROJECT, project), "")

    def cap(self, action: Action) -> str:
        """Whose hard cap a limit of the agent stands behind: `team:search`."""
        return self.caps.get(action.alert, "") if _behind_cap(action) and action.alert is not None else ""


def read_around(reader: LedgerReader, found: Iterable[Action]) -> Around:
    """What is known around some actions; nothing is read that none of them calls for."""
    found = list(found)
    names = _names(reader) if any(_named(action) for action in found) else {}
    behind = {action.alert for action in found if _behind_cap(action)}
    alerts = {ident: reader.alert_store().alert(ident) for ident in behind if ident is not None}
    caps = {
        ident: f"{alert.signal.scope_kind}:{alert.signal.scope}".rstrip(":")
        for ident, alert in alerts.items()
        if alert is not None and alert.signal.allocation_id
    }
    return Around(names, caps)


def _names(reader: LedgerReader) -> Mapping[Scope, str]:
    rows = [row for row in reader.rows("directory_names") if row["kind"] in _KINDS]
    names = {Scope(_KINDS[Kind(row["kind"])], row["id"]): _plain(row["name"]) for row in rows if row["id"]}
    often = Counter((scope.kind, name) for scope, name in names.items())
    return {
        scope: name
        for scope, name in names.items()
        if name and name != scope.value and often[scope.kind, name] == 1
    }


def _behind_cap(action: Action) -> bool:
    return action.requested_by == AGENT and action.spec.kind is ActionKind.CAP


def _named(action: Action) -> bool:
    return action.spec.scope.kind in _KINDS.values() or any(
        step.target.kind in _IN_PROJECTS for step in action.steps
    )


def _plain(name: str) -> str:
    """A name in one line: the provider lets people call a project anything."""
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())
