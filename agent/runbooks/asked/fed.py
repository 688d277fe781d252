"""Where usage comes from: sources, stretches without data, and the named reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.run import Evidence
from agent.domain.usage import Layer
from agent.domain.words import duration, instant, plural
from agent.ledger.rule_store import RuleStore
from agent.ledger.sources_seen import Account
from agent.reports.layers import truth
from agent.reports.moment import DAY, HOUR, MINUTE, moment
from agent.reports.named import report
from agent.reports.status_line import source_states
from agent.runbooks.asked.answer import UNKNOWN, age, empty, evidence, exact
from agent.runbooks.asked.given import count

if TYPE_CHECKING:
    from agent.reports.status import SourceState
    from agent.runbooks.asking import Context, Given

LATE_S = 15 * MINUTE
"""A source whose newest data is older is late."""
_OF_LAYERS = "drift"  # the report whose amounts are of a layer each
_MONTH_S = 30 * DAY  # the longest stretch of most reports
_BILL_LATE_S = 3 * DAY  # a bill comes a day late, and is revised for another


def named(name: str, title: str) -> Callable[[Context, Given], Evidence]:
    """The query of a named report."""

    def ask(context: Context, given: Given) -> Evidence:
        reader = context.reader
        with reader.snapshot():
            found, when = report(reader, context.settings, name, context.now), moment(reader, context.now)
            priced = any("credits" in column for column in found.columns) and name != _OF_LAYERS
            layers = truth(reader, when.at - _MONTH_S, when.at, days=True) if priced else None
        rows = [tuple(UNKNOWN if cell is None else _cell(cell) for cell in row) for row in found.rows]
        if when.as_of is None and not rows:
            return empty(name, title, given)
        words = plural(len(rows), "row") if rows else "Nothing to report"
        marked = ", something to act on" if found.finding else ""
        return evidence(
            name,
            title,
            given,
            f"{words}{marked}.",
            found.columns,
            rows,
            note=found.note,
            truth=layers,
            as_of=when.as_of,
        )

    return ask


def _cell(cell: str | int | Decimal) -> str:
    return cell if isinstance(cell, str) else exact(cell)


def sources(context: Context, given: Given) -> Evidence:
    """Every source: its state, its newest data, and since when it is blind."""
    title, now = "Sources of usage", int(context.now)
    found = list(source_states(context.reader))
    seen = {state.name for state in found}
    unread = [each for each in context.settings.sources if each.name not in seen]
    rows = [_source(state, now) for state in found]
    rows += [(each.name, each.kind, "not read yet", UNKNOWN, "always", "start the agent") for each in unread]
    if not rows:
        return evidence("sources", title, given, "No source is configured, and none has ever reported.")
    blind = [row[0] for row in rows if row[4]]
    sentence = f"{', '.join(blind)}: no new data" if blind else "Every source brings data"
    when = moment(context.reader, now)
    newest = f"; the newest complete minute is {age(when.as_of, now)} old" if when.as_of is not None else ""
    return evidence(
        "sources",
        title,
        given,
        f"{sentence}{newest}.",
        ("source", "kind", "state", "newest data", "blind since", "what it says"),
        rows,
        as_of=when.as_of,
    )


def _source(state: SourceState, now: int) -> tuple[str, ...]:
    newest = newest_of(state)
    late = newest is None or now - newest > LATE_S
    says = "; ".join(filter(None, (state.message, state.hint)))
    when = UNKNOWN if newest is None else f"{age(newest, now)} ago"
    since = (instant(newest) if newest is not None else "always") if late else ""
    return state.name, state.kind, state.state, when, since, says


def oldest(context: Context) -> tuple[str, int | None]:
    """The source that is furthest behind, with its newest data; what usage brings where there is no source.

    A source of burndeck.toml that was never read is behind all others.
    """
    states = {state.name: newest_of(state) for state in source_states(context.reader)}
    names = [source.name for source in context.settings.sources] or list(states)
    if not names:
        return "", moment(context.reader, context.now).as_of
    ends = {name: states.get(name) for name in names}
    name = min(names, key=lambda each: ends[each] or 0)
    return name, ends[name]


def newest_of(state: SourceState) -> int | None:
    """Up to when a source has brought data; of one that meters nothing, when it was read last."""
    return state.covered_to if state.covered_to is not None else state.last_ok


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of an account without the data of a layer."""

    account: str
    layer: Layer
    start: int
    end: int
    open: bool  # it goes on
    meanwhile: str  # what is known of it all the same

    def row(self) -> tuple[str, ...]:
        """As cells."""
        end = "now" if self.open else instant(self.end)
        lasted = duration(self.end - self.start)
        return self.account, self.layer.word, instant(self.start), end, lasted, self.meanwhile


def gaps(context: Context, given: Given) -> Evidence:
    """Stretches of the last days without data, by account and layer, the newest first."""
    days = count(given, "days", "7", 90)
    title = f"Stretches without data in the last {plural(days, 'day')}"
    reader, now = context.reader, int(context.now)
    with reader.snapshot():
        when = moment(reader, now)
        if when.as_of is None:
            return empty("gaps", title, given)
        store, start = RuleStore(reader.rows), (now - days * DAY) // HOUR * HOUR
        spans = _spans(context, now)
        found = [
            gap for account in store.accounts() for gap in _of_account(store, account, spans, start, now)
        ]
    found.sort(key=lambda gap: (not gap.open, -gap.start, gap.account))
    blind = [gap for gap in found if gap.layer is not Layer.BILLED]
    whole = sum(gap.end - gap.start for gap in blind)
    sentence = (
        f"{plural(len(blind), 'stretch').replace('stretchs', 'stretches')} without usage data, "
        f"{duration(whole)} together, {sum(gap.open for gap in blind)} of them going on."
        if blind
        else "No stretch without usage data."
    )
    return evidence(
        "gaps",
        title,
        given,
        sentence,
        ("account", "layer", "from", "to", "for", "meanwhile"),
        [gap.row() for gap in found],
        note="of accounts that nobody meters, an hour without a single call counts as a gap",
        as_of=when.as_of,
    )


Spans = dict[tuple[int, int], list[tuple[int, int]]]


def _spans(context: Context, end: int) -> Spans:
    """Covered stretches by account (dim id) and layer, of all time."""
    found: Spans = {}
    for row in context.reader.rows("coverage_within", {"start": 0, "end": end}):
        found.setdefault((row["account"], row["layer"]), []).append((row["start"], row["end"]))
    return {key: sorted(spans) for key, spans in found.items()}


def _of_account(store: RuleStore, account: Account, spans: Spans, start: int, now: int) -> Iterator[Gap]:
    metered = spans.get((account.id, Layer.METERED), [])
    billed = spans.get((account.id, Layer.BILLED), [])
    hours = store.layer_hours(account.id, Layer.ESTIMATED, start)
    if metered:
        for first, last in _holes(metered, start, now, LATE_S):
            seen = sum(first < hour + HOUR and hour < last for hour in hours)
            whole = -(-last // HOUR) - first // HOUR
            meanwhile = f"events of {seen} of {plural(whole, 'hour')}" if seen else "nothing: blind"
            yield Gap(account.name, Layer.METERED, first, last, last == now, meanwhile)
    elif hours:
        known = [(hour, hour + HOUR) for hour in hours]
        for first, last in _holes(known, hours[0], now // HOUR * HOUR, HOUR - 1):
            open_ = last == now // HOUR * HOUR
            yield Gap(account.name, Layer.ESTIMATED, first, last, open_, "nothing: blind")
    if billed:
        due = (now - _BILL_LATE_S) // DAY * DAY
        for first, last in _holes(billed, start, due, 0):
            yield Gap(account.name, Layer.BILLED, first, last, last == due, "lower layers stand in")


def _holes(spans: Iterable[tuple[int, int]], start: int, end: int, least: int) -> Iterator[tuple[int, int]]:
    """What [start, end) has that no span covers, longer than `least`; nothing before the first span."""
    at: int | None = None
    for first, last in sorted(spans):
        if at is not None and first > at:
            hole = max(at, start), min(first, end)
            if hole[1] - hole[0] > least:
                yield hole
        at = last if at is None else max(at, last)
    if at is not None and end - max(at, start) > least:
        yield max(at, start), end
