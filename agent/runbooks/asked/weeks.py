"""The last seven days against the seven before, team by team, with what drove each change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.usage import Operation
from agent.domain.words import instant
from agent.reports.cells import Cell, Names, read_names
from agent.reports.drivers import Kinds, drivers
from agent.reports.figure import change_of
from agent.reports.layers import truth
from agent.reports.moment import DAY, HOUR, moment
from agent.runbooks.asked.answer import change, credits_, credits_exactly, empty, evidence, named

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.runbooks.asking import Context, Given

_WEEK_S = 7 * DAY
_EXPLAINED = 20  # teams of which the drivers are worked out: no more are shown
_COLUMNS = (
    "requests",
    "tokens_input",
    "tokens_cached",
    "tokens_output",
    "quantity_micro",
    "unpriced",
    "credits_nano",
)
Teams = Mapping[int, Kinds]


@dataclass(frozen=True, slots=True)
class _Change:
    team: str
    now: Kinds
    before: Kinds

    @property
    def nano(self) -> int:
        """How much more it burnt."""
        return self.now.credits_nano - self.before.credits_nano


def week(context: Context, given: Given) -> Evidence:
    """This week against the last by team, the largest change first, each with its largest driver."""
    title, reader = "This week against the last, by team", context.reader
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("week", title, given)
        end = when.at // HOUR * HOUR
        names = read_names(reader)
        now = _teams(reader, names, end - _WEEK_S, end)
        before = _teams(reader, names, end - 2 * _WEEK_S, end - _WEEK_S)
        names.learn(reader, {*now, *before})
        none = Kinds({})
        found = [
            _Change(names.name(ident), now.get(ident, none), before.get(ident, none))
            for ident in {*now, *before}
        ]
        found.sort(key=lambda each: (-abs(each.nano), each.team))
        causes = [_cause(reader, each, end) for each in found[:_EXPLAINED]]
        layers = truth(reader, end - _WEEK_S, end, days=True)
    causes += [""] * (len(found) - len(causes))
    rows = [
        (
            named(each.team),
            credits_exactly(to_credits(each.now.credits_nano)),
            credits_exactly(to_credits(each.before.credits_nano)),
            _signed(each.nano),
            change(change_of(each.now.credits_nano, each.before.credits_nano)),
            cause,
        )
        for each, cause in zip(found, causes, strict=True)
    ]
    return evidence(
        "week",
        title,
        given,
        _said(found, causes),
        ("team", "this week", "last week", "change", "in per cent", "mostly by"),
        rows,
        note=f"seven days up to {instant(end)}; of calls of all kinds together, model by model",
        truth=layers,
    )


def _teams(reader: LedgerReader, names: Names, start: int, end: int) -> Teams:
    """What each team (dim id) did with each model in whole hours; whole days as they are billed."""
    span = {
        "start": start,
        "first_day": min(-(-start // DAY) * DAY, end),
        "last_day": max(end // DAY * DAY, -(-start // DAY) * DAY),
        "end": end,
    }
    rows = reader.rows("asked_team_models", span)
    names.learn(reader, {row["model"] for row in rows})
    found: dict[int, Kinds] = {}
    for row in rows:
        cell = Cell(0, 0, **{column: row[column] for column in _COLUMNS})
        kind = (names.name(row["model"]), "standard", Operation.COMPLETION.value)
        found.setdefault(row["team"], Kinds({})).cells[kind] = cell
    return found


def _cause(reader: LedgerReader, each: _Change, at: int) -> str:
    """The factor that moved most, in the direction of the change."""
    found = drivers(reader, each.now, each.before, _WEEK_S, at=at, usual_at=at - _WEEK_S)
    sign = 1 if each.nano >= 0 else -1
    first = max(found, key=lambda driver: driver.credits * sign, default=None)
    if first is None or first.credits * sign <= 0:
        return ""
    return f"{first.label} ({'+' if first.credits > 0 else ''}{credits_(first.credits)})"


def _signed(nano: int) -> str:
    return f"{'+' if nano > 0 else ''}{credits_(to_credits(nano))}"


def _said(found: list[_Change], causes: list[str]) -> str:
    now = sum(each.now.credits_nano for each in found)
    before = sum(each.before.credits_nano for each in found)
    text = f"{credits_(to_credits(now))} this week against {credits_(to_credits(before))}"
    moved = change_of(now, before)
    text += f" ({change(moved)})" if moved is not None else ", of which nothing is known before"
    if not found or not found[0].nano:
        return f"{text}."
    by = f", mostly by {causes[0]}" if causes[0] else ""
    return f"{text}; most moved {named(found[0].team)}: {_signed(found[0].nano)}{by}."
