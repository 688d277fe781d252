"""What the provider's audit log tells of burndeck's own actions: one row an action, not one a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.action import LONGEST_S, Action, StepState
from agent.domain.action_words import spec_title
from agent.domain.change import ChangeKind, one_line
from agent.domain.gateway import Target, TargetKind
from agent.ledger.action_rows import actions_of
from agent.reports.changes import AUDIT_LOG

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.changes import ChangeEntry

SOURCE = "burndeck"
LATE_S = 120
"""So far the provider's clock and ours may be apart, and so long an answer may take."""
_ECHOES = (ChangeKind.LIMIT, ChangeKind.PROJECT, ChangeKind.KEY, ChangeKind.CONFIG)
_OF_CHANGES = ("team", "project", "api_key")
_UNDONE = (StepState.UNDOING, StepState.UNDONE, StepState.KEPT)


@dataclass(frozen=True, slots=True)
class _Deed:
    """What an action did once: it was applied, or undone."""

    action: Action
    undone: bool
    start: int
    end: int

    def apart(self, at: int) -> int:
        """Seconds between an instant and it."""
        return max(self.start - at, at - self.end, 0)

    def told(self, first: ChangeEntry) -> ChangeEntry:
        """The one row for all that it changed, at the first of it."""
        action, scope = self.action, self.action.spec.scope
        actor = action.ended_by if self.undone else action.requested_by
        what = f"action {action.id} {'undone ' if self.undone else ''}by {actor}: {spec_title(action.spec)}"
        known = scope.kind.value in _OF_CHANGES
        return replace(
            first,
            id=f"action-{action.id}-{'undone' if self.undone else 'applied'}",
            source=SOURCE,
            title=one_line(what),
            actor=actor,
            scope_kind=scope.kind.value if known else "",
            scope=scope.value if known else "",
            url="",
        )


def without_echoes(reader: LedgerReader, found: Sequence[ChangeEntry]) -> list[ChangeEntry]:
    """Changes, newest first, where those that burndeck's own actions have made are one row an action.

    The audit log tells them under the name of whoever made the admin key, which is nobody's deed.
    """
    logged = [each.at for each in found if _logged(each)]
    if not logged:
        return list(found)
    deeds = list(_deeds(reader, min(logged), max(logged)))
    kept: list[ChangeEntry] = []
    own: dict[tuple[int, bool], tuple[_Deed, ChangeEntry]] = {}
    for each in found:
        deed = _behind(each, deeds) if _logged(each) else None
        if deed is None:
            kept.append(each)
        else:
            own[deed.action.id or 0, deed.undone] = (deed, each)  # the oldest stays
    kept += [deed.told(first) for deed, first in own.values()]
    return sorted(kept, key=lambda each: (-each.at, each.kind is not ChangeKind.RELEASE, each.title, each.id))


def _logged(each: ChangeEntry) -> bool:
    return each.source.endswith(AUDIT_LOG) and each.kind in _ECHOES


def _behind(each: ChangeEntry, deeds: Iterable[_Deed]) -> _Deed | None:
    """The deed that a change is the echo of."""
    near = [deed for deed in deeds if deed.apart(each.at) <= LATE_S and _hits(deed.action, each)]
    return min(near, key=lambda deed: deed.apart(each.at), default=None)


def _hits(action: Action, each: ChangeEntry) -> bool:
    return any(_same(step.target, each) for step in action.steps)


def _same(target: Target, each: ChangeEntry) -> bool:
    """Whether a change is about the target of an action."""
    project, _, within = target.id.partition("/")
    if target.kind is TargetKind.PROJECT_MODEL:
        return each.kind is ChangeKind.LIMIT and each.scope == project and within in each.title
    if target.kind is TargetKind.PROJECT:
        return each.kind is not ChangeKind.KEY and each.scope == project
    if target.kind in (TargetKind.KEY, TargetKind.KEY_SCOPES):
        return each.kind is ChangeKind.KEY and each.scope in (within, target.id)
    return target.kind is TargetKind.ORGANIZATION and not each.scope


def _deeds(reader: LedgerReader, first: int, last: int) -> Iterator[_Deed]:
    """What actions did around a stretch of time."""
    bound = {"asked": first - 2 * LONGEST_S, "since": first - LATE_S, "until": last + LATE_S}
    rows = [dict(row) for row in reader.rows("actions_at_work", bound)]
    steps = reader.rows("steps_of_actions", {"actions": [row["id"] for row in rows]}) if rows else []
    for action in actions_of(rows, map(dict, steps)):
        if action.spec.drill or action.begun_at is None:
            continue
        applied = [step.at for step in action.steps if step.state is StepState.APPLIED and step.at]
        yield _Deed(action, False, action.begun_at, max([action.accepted_at or action.begun_at, *applied]))
        undone = [step.at for step in action.steps if step.state in _UNDONE and step.at]
        if undone:
            yield _Deed(action, True, min(undone), max([*undone, action.ended_at or 0]))
