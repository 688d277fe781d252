"""What the agent asks for behind one cap, folded into one row until somebody unfolds it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind
from agent.domain.person import AGENT
from console.screens.actions.rows import Part, row
from console.widgets.rows import Brief, Row

if TYPE_CHECKING:
    from agent.reports.action_report import ActionEntry

FOLD = "fold:"
"""Begins the key of a row that stands for several actions."""
FOLDED, UNFOLDED = "▸", "▾"
_LEVELS = {"project": "project ", "api_key": "key "}


@dataclass(frozen=True, slots=True)
class Fold:
    """Limits that the agent asked for behind one cap at one gateway, and that stand alike."""

    source: str  # whose they are, whatever becomes of them: what is unfolded stays so
    key: str  # of its row
    entries: tuple[ActionEntry, ...]  # by number

    @property
    def first(self) -> ActionEntry:
        """Any of them: what they have in common is the same of each."""
        return self.entries[0]

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the actions."""
        return tuple(entry.id for entry in self.entries)

    @property
    def title(self) -> str:
        """`6 project limits at openai · cap team:search`."""
        levels = {entry.scope.partition(":")[0] for entry in self.entries}
        level = _LEVELS.get(levels.pop(), "") if len(levels) == 1 else ""
        where = f" at {', '.join(self.first.gateways)}" if self.first.gateways else ""
        cap = f" · cap {self.first.cap}" if self.first.cap else ""
        return f"{len(self.entries)} {level}limits{where}{cap}"


def fold(entries: Sequence[ActionEntry]) -> list[Fold | ActionEntry]:
    """What people asked for, then what the agent asked for, each in the order given; alike limits as one.

    A fold has its place where the first of it stood. One that nothing stands beside is no fold.
    """
    groups: dict[Hashable, list[ActionEntry]] = {}
    for entry in entries:
        groups.setdefault(_alike(entry) if _folds(entry) else entry.id, []).append(entry)
    found: list[Fold | ActionEntry] = [entry for entry in entries if entry.requested_by != AGENT]
    often: dict[str, int] = {}
    for group in groups.values():
        if len(group) == 1:
            found += [entry for entry in group if entry.requested_by == AGENT]
            continue
        source = _source(group[0])
        often[source] = often.get(source, 0) + 1
        place = f"/{often[source]}" if often[source] > 1 else ""
        by_number = tuple(sorted(group, key=lambda entry: entry.id))
        found.append(Fold(source, f"{FOLD}{source}{place}", by_number))
    return found


def _folds(entry: ActionEntry) -> bool:
    """Only limits behind a cap come by the dozen; a block, or what failed, is worth a row of its own."""
    behind_cap = entry.requested_by == AGENT and entry.kind == ActionKind.CAP.value
    return behind_cap and entry.alert is not None and not entry.failed and not entry.kept


def _source(entry: ActionEntry) -> str:
    return "/".join(map(str, (entry.alert, entry.incident, *entry.gateways, *("drill",) * entry.drill)))


def _alike(entry: ActionEntry) -> Hashable:
    """Equal for what comes from the same cap, waits for the same answers, and went the same way so far."""
    said = frozenset((word.person, word.role) for word in entry.given)
    became = (entry.reach, entry.effect, entry.why, entry.ended_by)
    return _source(entry), entry.cap, entry.state, entry.waits_for, said, became


def rows(entries: Sequence[ActionEntry], part: Part, now: float, unfolded: Collection[str] = ()) -> list[Row]:
    """Table rows of a list's actions, with countdowns as of now; `unfolded` has sources of folds."""
    found: list[Row] = []
    for each in fold(part.of(entries)):
        if isinstance(each, Fold):
            found += _fold_rows(each, part, now, unfolded=each.source in unfolded)
        else:
            found.append(row(each, part, now))
    return found


def _fold_rows(found: Fold, part: Part, now: float, *, unfolded: bool) -> list[Row]:
    """One row for all, then one for each where it is unfolded: in any order they stay below the first."""
    inner = [row(entry, part, now) for entry in found.entries]
    head = _head(found, row(_all_of(found), part, now), UNFOLDED if unfolded else FOLDED)
    head = replace(head, search=" ".join(each.search for each in inner))
    if not unfolded:
        return [head]
    return [head, *(_below(head, each, entry) for each, entry in zip(inner, found.entries, strict=True))]


def _head(found: Fold, head: Row, sign: str) -> Row:
    """The row of all, whose narrow wording keeps whose cap it is."""
    state, what, *others = head.cells
    whose = found.first.cap.partition(":")[2] or found.first.cap
    narrow = f"{sign} {len(found.entries)} limits{f' · {whose}' if whose else ''}"
    told = replace(what, text=f"{sign} {found.title}", brief=Brief("", narrow, if_cut=True))
    return replace(head, key=found.key, cells=(state, told, *others))


def _all_of(found: Fold) -> ActionEntry:
    """One entry in the place of all: the oldest, with the earliest end that is still to come."""
    entries = found.entries
    return replace(
        found.first,
        title=found.title,
        called="",
        begun_at=_least(entry.begun_at for entry in entries),
        requested_at=min(entry.requested_at for entry in entries),
        approve_by=_least(entry.approve_by for entry in entries),
        expires_at=_least(entry.expires_at for entry in entries),
        ended_at=max((entry.ended_at for entry in entries if entry.ended_at is not None), default=None),
    )


def _least(instants: Iterable[int | None]) -> int | None:
    return min((each for each in instants if each is not None), default=None)


def _below(head: Row, inner: Row, entry: ActionEntry) -> Row:
    """The row of one: by its name and amount, and sorted as the row of all is."""
    name = entry.called or entry.scope.partition(":")[2]
    texts = [cell.text for cell in inner.cells]
    texts[1] = f"  {name}{entry.title.partition(entry.scope)[2]}"
    cells = zip(inner.cells, texts, head.cells, strict=True)
    return replace(
        inner, cells=tuple(replace(cell, text=text, sort=above.sort) for cell, text, above in cells)
    )
