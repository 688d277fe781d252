"""The feed of changes: releases, keys, limits, projects and people, newest first, and as marks of a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.change import ChangeKind, PlotMark
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row
    from agent.reports.burn_report import Series
    from agent.settings import Settings

MOST = 5_000
"""Changes of one reading; more than that nobody reads."""
AUDIT_LOG = " audit log"
"""Ends the source of whatever a provider's audit log tells."""
MOST_MARKS = 40
"""Marks of one plot: it has hardly more columns."""
_ALL = ("", "service")
"""Scopes that no figure can be told apart by: such a change may be behind the burn of anybody."""


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One change. Instants are UTC epoch seconds."""

    id: str
    at: int
    until: int | None  # None: a moment
    source: str
    kind: ChangeKind
    title: str
    actor: str
    scope_kind: str  # project | team | service | api_key; "" for the whole organization
    scope: str
    url: str


def changes(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    since_s: int,
    until: int | None = None,
    within: tuple[Kind, str] | None = None,
) -> tuple[ChangeEntry, ...]:
    """The changes of the last `since_s` seconds, newest first; those up to `until`, by default up to now.

    What began before and lasted into them is one of them.
    `within` a team, project or key leaves out what is known to be about another one only.
    """
    end = int(now) + 1 if until is None else until
    return _between(reader, int(now) - since_s, end, within)


def near(
    reader: LedgerReader,
    settings: Settings,
    at: float,
    *,
    before_s: int,
    after_s: int,
    within: tuple[Kind, str] | None = None,
) -> tuple[ChangeEntry, ...]:
    """The changes around an instant, the nearest in time first and releases before anything else."""
    found = _between(reader, int(at) - before_s, int(at) + after_s + 1, within)
    return tuple(
        sorted(found, key=lambda each: (each.kind is not ChangeKind.RELEASE, abs(each.at - at), each.id))
    )


def marks_between(
    reader: LedgerReader,
    start: int,
    end: int,
    *,
    within: tuple[Kind, str] | None = None,
    releases_only: bool = False,
) -> tuple[PlotMark, ...]:
    """The changes in [start, end) as marks of a plot, oldest first; where they are many, releases."""
    found = [each for each in _between(reader, start, end, within) if each.at >= start]
    releases = [each for each in found if each.kind is ChangeKind.RELEASE]
    others = [] if releases_only else [each for each in found if each.kind is not ChangeKind.RELEASE]
    kept = [*releases, *others][:MOST_MARKS]
    marks = (PlotMark(each.at, each.title, each.kind is ChangeKind.RELEASE) for each in kept)
    return tuple(sorted(marks, key=lambda mark: mark.at))


def marked(
    reader: LedgerReader, series: Series, until: int, within: tuple[Kind, str] | None = None
) -> Series:
    """A series with the changes that fall into it, up to an instant: its last step may end later."""
    if not series.points:
        return series
    start, end = series.points[0].at, min(until, series.points[-1].at + series.step_s)
    return replace(series, marks=marks_between(reader, start, end, within=within))


def _between(
    reader: LedgerReader, start: int, end: int, within: tuple[Kind, str] | None
) -> tuple[ChangeEntry, ...]:
    rows = reader.rows("changes_between", {"since": start, "until": end, "most": MOST})
    found = [_entry(row) for row in rows]
    if within is not None and found:
        found = list(_concerning(reader, found, within))
    return tuple(_without_echoes(reader, found))


def _without_echoes(reader: LedgerReader, found: Sequence[ChangeEntry]) -> Sequence[ChangeEntry]:
    """Without what an audit log tells of burndeck's own actions; where none tells, no action is looked at."""
    if not any(each.source.endswith(AUDIT_LOG) for each in found):
        return found
    from agent.reports.own_changes import without_echoes

    return without_echoes(reader, found)


def _entry(row: Row) -> ChangeEntry:
    columns = {name: row[name] for name in ChangeEntry.__slots__}
    return ChangeEntry(**columns | {"kind": ChangeKind(row["kind"])})


def _concerning(
    reader: LedgerReader, found: Sequence[ChangeEntry], within: tuple[Kind, str]
) -> Iterable[ChangeEntry]:
    """Those that are about the scope, something in it, something around it, or about all."""
    kind, value = within
    column = {Kind.TEAM: "team", Kind.PROJECT: "project", Kind.API_KEY: "api_key"}.get(kind)
    if column is None:
        return found
    about = {(column, value)}
    burnt = set()
    for row in reader.rows("change_scopes"):
        burnt.add(row["api_key"])
        if row[column] == value:
            about.update((name, row[name]) for name in ("team", "project", "api_key"))
    listed = {row["id"]: row["project"] for row in reader.rows("change_keys")}

    def concerns(each: ChangeEntry) -> bool:
        if each.scope_kind in _ALL or (each.scope_kind, each.scope) in about:
            return True
        if each.scope_kind != "api_key" or each.scope in burnt or kind is Kind.API_KEY:
            return False
        # A new key has not burnt yet; one that not even the directory has may be anybody's.
        return each.scope not in listed or ("project", listed[each.scope]) in about

    return filter(concerns, found)
