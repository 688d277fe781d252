"""Calls by endpoint and cost by model, now against the same hours of other days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.model_name import split_version
from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.words import duration
from agent.ledger.kinds import Kind
from agent.reports.baselines import find_baseline
from agent.reports.cells import Cell, Names, read_cells, read_names
from agent.reports.layers import Truth, truth_of_window
from agent.reports.moment import DAY, MINUTE, moment
from agent.reports.selection import select
from agent.runbooks.asked.answer import UNKNOWN, change, empty, evidence, named, share, short
from agent.runbooks.asked.given import part
from agent.runbooks.asked.windows import window

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.runbooks.asked.given import Part
    from agent.runbooks.asking import Context, Given

_WINDOW_S = 15 * MINUTE
_WEEK_D = 7
_STORM, _MANY = Decimal("1.8"), Decimal("0.2")  # times the usual calls, of which so many fail


@dataclass
class Sums:
    """What some cells did together."""

    requests: Decimal = Decimal(0)
    errors: Decimal = Decimal(0)
    tokens: Decimal = Decimal(0)
    nano: int = 0
    latency_ms: int = 0
    timed: int = 0

    def add(self, cell: Cell) -> None:
        """One more cell."""
        self.requests += Decimal(cell.requests)
        self.errors += Decimal(cell.errors)
        self.tokens += Decimal(cell.tokens_input) + Decimal(cell.tokens_output)
        self.nano += cell.credits_nano
        self.latency_ms += cell.latency_ms
        self.timed += cell.latency_count

    @property
    def error_share(self) -> Decimal | None:
        """Of the calls; None where nobody sees errors."""
        seen = self.timed or self.errors
        return min(self.errors / self.requests, Decimal(1)) if seen and self.requests else None

    @property
    def latency(self) -> Decimal | None:
        """Mean milliseconds."""
        return Decimal(self.latency_ms) / self.timed if self.timed else None

    @property
    def unit_cost(self) -> Decimal | None:
        """Credits a request."""
        return to_credits(self.nano) / self.requests if self.requests else None

    @property
    def length(self) -> Decimal | None:
        """Tokens a request."""
        return self.tokens / self.requests if self.requests else None


@dataclass
class _Look:
    """A part in a window and in windows of the past, by one dimension."""

    reader: LedgerReader
    about: Part
    kind: Kind
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = read_names(self.reader)

    def cells(self, start: int, end: int) -> list[Cell]:
        within = [self.about.within] if self.about.within else []
        selection = select(self.reader, self.names, within)
        found = read_cells(self.reader, self.names, start, end, selection.context_list())
        return selection.keep(found.values())

    def sums(self, cells: Iterable[Cell]) -> dict[str, Sums]:
        found: dict[str, Sums] = {}
        for cell in cells:
            name = self.names.service_name(self.reader, self.kind, cell)
            found.setdefault(name, Sums()).add(cell)
        return found

    def truth(self, cells: Iterable[Cell], start: int, end: int) -> Truth:
        return truth_of_window(self.reader, start, end, self.names.requests(Kind.ACCOUNT, cells))


def calls(context: Context, given: Given) -> Evidence:
    """Requests, errors and latency by endpoint in a quarter of an hour, against what is usual then."""
    about, reader = part(context, given), context.reader
    title = f"Calls of {about} by endpoint"
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("calls", title, given)
        start, look = when.at - _WINDOW_S, _Look(reader, about, Kind.ENDPOINT)
        cells = look.cells(start, when.at)
        baseline = find_baseline(reader, start, when.at)
        past = [cell for window in baseline.windows for cell in look.cells(*window)]
        now, usual, truth = look.sums(cells), look.sums(past), look.truth(cells, start, when.at)
    past_s = sum(end - first for first, end in baseline.windows)
    names = sorted({*now, *usual}, key=lambda name: -now.get(name, Sums()).requests)
    rows = [_endpoint(name, now.get(name, Sums()), usual.get(name, Sums()), past_s) for name in names]
    return evidence(
        "calls",
        title,
        given,
        _said(about, now.values(), usual.values(), past_s),
        ("endpoint", "requests/min", "usual", "errors", "usual errors", "latency", "usual latency"),
        rows,
        note=f"{duration(_WINDOW_S)}; usual: mean of {baseline.sentence}; a call that is sent again counts "
        "as another request; errors and latency come from events only",
        truth=truth,
    )


def _endpoint(name: str, now: Sums, usual: Sums, past_s: int) -> tuple[str, ...]:
    return (
        named(name),
        _a_minute(now, _WINDOW_S),
        _a_minute(usual, past_s),
        share(now.error_share),
        share(usual.error_share),
        _ms(now.latency),
        _ms(usual.latency),
    )


def _said(about: Part, now: Iterable[Sums], usual: Iterable[Sums], past_s: int) -> str:
    mine, before = _together(now), _together(usual)
    if not mine.requests and not before.requests:
        return f"{about} makes no calls, and usually makes none."
    text = f"{about} makes {_a_minute(mine, _WINDOW_S)} requests a minute"
    if past_s:
        text += f" against {_a_minute(before, past_s)} usually"
    if mine.error_share is None:
        return f"{text}; nobody sees which of them fail."
    failed = f"{share(mine.error_share)} fail"
    if not past_s:
        return f"{text}; {failed}."
    times = mine.requests * past_s / (before.requests * _WINDOW_S) if before.requests else Decimal(0)
    again = ": they are sent again and again" if times >= _STORM and mine.error_share >= _MANY else ""
    return f"{text}; {failed}{again}, usually {share(before.error_share)}."


UNIT_COLUMNS = (
    "model",
    "credits a request",
    "last week",
    "change",
    "tokens a request",
    "last week's",
    "requests",
    "against",
)


def unit_cost(context: Context, given: Given) -> Evidence:
    """Credits and tokens a request by model, against the same hours of the seven days before.

    A version without a past is held against the other versions of its model.
    """
    about, reader = part(context, given), context.reader
    window_s = window(context, given, "1h")
    window_s = -(-window_s // MINUTE) * MINUTE
    title = f"Cost of a request of {about} by model"
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("unit-cost", title, given)
        start, look = when.at - window_s, _Look(reader, about, Kind.MODEL)
        cells = look.cells(start, when.at)
        past = [
            cell
            for back in range(1, _WEEK_D + 1)
            for cell in look.cells(start - back * DAY, when.at - back * DAY)
        ]
        now, before, truth = look.sums(cells), look.sums(past), look.truth(cells, start, when.at)
    found = [_Unit(name, sums, *_against(name, before)) for name, sums in now.items() if sums.requests]
    found.sort(key=lambda unit: (-unit.above_nano, -unit.now.nano, unit.model))
    return evidence(
        "unit-cost",
        title,
        given,
        _dearest(about, found),
        UNIT_COLUMNS,
        [unit.row() for unit in found],
        note=f"{duration(window_s)} against the same time of the {_WEEK_D} days before",
        truth=truth,
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    model: str
    now: Sums
    against: str  # the model or family whose past it is held against; empty: none is known
    before: Sums

    @property
    def change(self) -> Decimal | None:
        """Of the credits a request."""
        was, cost = self.before.unit_cost, self.now.unit_cost
        return cost / was - 1 if was and cost is not None else None

    @property
    def above_nano(self) -> int:
        """What its requests cost more than they did."""
        was = self.before.unit_cost
        return 0 if was is None else self.now.nano - int(was.scaleb(9) * self.now.requests)

    def row(self) -> tuple[str, ...]:
        """As cells."""
        return (
            self.model,
            short(self.now.unit_cost),
            short(self.before.unit_cost),
            change(self.change),
            short(self.now.length),
            short(self.before.length),
            short(self.now.requests),
            self.against,
        )


def _against(model: str, before: dict[str, Sums]) -> tuple[str, Sums]:
    if model in before:
        return model, before[model]
    family = split_version(model)[0]
    others = [(name, sums) for name, sums in before.items() if name and split_version(name)[0] == family]
    return ", ".join(name for name, _ in others), _together(sums for _, sums in others)


def _dearest(about: Part, found: Sequence[_Unit]) -> str:
    if not found:
        return f"{about} makes no requests now."
    first = found[0]
    if first.change is None:
        cost = short(first.now.unit_cost)
        return f"{named(first.model)} costs {cost} credits a request; last week is unknown."
    if first.above_nano <= 0:
        moved = f"{named(first.model)}: {change(first.change)}"
        return f"No model costs more a request than in the week before; {moved}."
    against = "" if first.against == first.model else f" of {first.against}"
    return (
        f"{named(first.model)} costs {short(first.now.unit_cost)} credits a request against "
        f"{short(first.before.unit_cost)}{against} in the week before ({change(first.change)}), with "
        f"{short(first.now.length)} tokens a request against {short(first.before.length)}."
    )


def _together(parts: Iterable[Sums]) -> Sums:
    found = Sums()
    for each in parts:
        found.requests += each.requests
        found.errors += each.errors
        found.tokens += each.tokens
        found.nano += each.nano
        found.latency_ms += each.latency_ms
        found.timed += each.timed
    return found


def _a_minute(sums: Sums, seconds_: int) -> str:
    return short(sums.requests * 60 / seconds_) if seconds_ else UNKNOWN


def _ms(value: Decimal | None) -> str:
    return UNKNOWN if value is None else f"{short(value)} ms"
