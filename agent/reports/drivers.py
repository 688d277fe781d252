"""What drives the rise of one row: requests, model mix, tokens, cache, price. Adds up to the nano-credit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics import cause as causes
from agent.analytics.decompose import Factor, Prices, Traffic, decompose
from agent.domain.money import to_credits
from agent.domain.usage import MICRO, QUANTITY_METER, Meter, Operation
from agent.ledger.kinds import Kind
from agent.reports.cells import COUNTS, Cell, Names
from agent.reports.figure import share_of
from agent.reports.triage_report import Driver

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

_LABELS = {
    Factor.REQUESTS: ("requests", "requests/min"),
    Factor.MODEL_MIX: ("model mix", ""),
    Factor.INPUT_TOKENS: ("input tokens per request", "tokens/request"),
    Factor.OUTPUT_TOKENS: ("output tokens per request", "tokens/request"),
    Factor.CACHE_SHARE: ("cache share", "share"),
    Factor.UNITS: ("other units per request", "units/request"),
    Factor.PRICE: ("price", ""),
}
_DIGITS = Decimal("0.0001")


@dataclass(slots=True)
class Kinds:
    """A row's sums by kind of traffic: (model, tier, operation)."""

    cells: dict[tuple[str, str, str], Cell]

    @property
    def credits_nano(self) -> int:
        """Nano-credits of all kinds."""
        return sum(cell.credits_nano for cell in self.cells.values())

    def total(self, column: str) -> float:
        """The sum of one count over all kinds."""
        return float(sum(getattr(cell, column) for cell in self.cells.values()))

    def priced(self) -> dict[str, Traffic]:
        """The kinds that cost something or have a price, as the decomposition takes them."""
        return {
            "\0".join(kind): Traffic(
                operation=kind[2],
                requests=cell.requests,
                tokens_input=cell.tokens_input,
                tokens_cached=cell.tokens_cached,
                tokens_output=cell.tokens_output,
                units=cell.quantity_micro / MICRO,
                credits_nano=cell.credits_nano,
            )
            for kind, cell in self.cells.items()
            if cell.credits_nano or cell.unpriced < cell.requests
        }

    def for_cause(self) -> tuple[causes.Cell, ...]:
        """The kinds as the likely cause is judged by."""
        return tuple(
            causes.Cell(
                model=model,
                tier=tier,
                operation=operation,
                requests=cell.requests,
                tokens_input=cell.tokens_input,
                tokens_cached=cell.tokens_cached,
                tokens_output=cell.tokens_output,
                credits_nano=cell.credits_nano,
                errors=cell.errors,
            )
            for (model, tier, operation), cell in self.cells.items()
        )


def by_kind(reader: LedgerReader, names: Names, cells: Iterable[Cell]) -> Kinds:
    """Sum cells by model, tier and operation."""
    found: dict[tuple[str, str, str], Cell] = {}
    for cell in cells:
        kind = (
            names.service_name(reader, Kind.MODEL, cell),
            names.service_name(reader, Kind.TIER, cell),
            names.service_name(reader, Kind.OPERATION, cell),
        )
        into = found.setdefault(kind, Cell(0, 0))
        into.credits_nano += cell.credits_nano
        for column in COUNTS:
            setattr(into, column, getattr(into, column) + getattr(cell, column))
    return Kinds(found)


def drivers(
    reader: LedgerReader, now: Kinds, usual: Kinds, window_s: int, *, at: int, usual_at: int
) -> tuple[Driver, ...]:
    """The factors of the rise from `usual` to `now`; rates are those in force at the two instants."""
    before, after = usual.priced(), now.priced()
    prices = {
        name: (_prices(reader, name, at), _prices(reader, name, usual_at)) for name in {*before, *after}
    }
    amounts = decompose(after, before, prices)
    rise = sum(amounts.values())
    facts_now, facts_usual = _facts(now, window_s), _facts(usual, window_s)
    return tuple(
        Driver(
            factor=factor.value,
            label=_LABELS[factor][0],
            credits=to_credits(nano),
            share=share_of(nano, rise) if rise > 0 else None,
            now=facts_now.get(factor),
            usual=facts_usual.get(factor),
            unit=_LABELS[factor][1],
        )
        for factor, nano in amounts.items()
        if nano or factor is not Factor.UNITS
    )


def _facts(kinds: Kinds, window_s: int) -> dict[Factor, Decimal]:
    """The factors that one number says, over all kinds of traffic."""
    requests, tokens = kinds.total("requests"), kinds.total("tokens_input")
    facts = {Factor.REQUESTS: _part(requests * 60, window_s)}
    if requests:
        facts[Factor.INPUT_TOKENS] = _part(tokens, requests)
        facts[Factor.OUTPUT_TOKENS] = _part(kinds.total("tokens_output"), requests)
        facts[Factor.UNITS] = _part(kinds.total("quantity_micro"), requests * MICRO)
    if tokens:
        facts[Factor.CACHE_SHARE] = _part(kinds.total("tokens_cached"), tokens)
    return facts


def _part(amount: float, whole: float) -> Decimal:
    return Decimal(amount / whole).quantize(_DIGITS)


def _prices(reader: LedgerReader, name: str, at: int) -> Prices:
    """The rates of a kind of traffic in force at an instant; each token alike where none is known."""
    model, tier, operation = name.split("\0")
    rates: dict[str, int] = {}
    chosen = None
    for row in reader.rows("rates_of", {"model": model, "tier": tier}):
        if chosen is None:
            chosen = (row["model"], row["tier"])
        if (row["model"], row["tier"]) == chosen and row["effective_from"] <= at:
            rates.setdefault(row["meter"], row["nano_per_million"])
    if not rates:
        return Prices()
    meter = QUANTITY_METER.get(Operation(operation))
    return Prices(
        input=rates.get(Meter.TOKENS_INPUT, 0),
        cached=rates.get(Meter.TOKENS_INPUT_CACHED, rates.get(Meter.TOKENS_INPUT, 0)),
        output=rates.get(Meter.TOKENS_OUTPUT, 0),
        unit=rates.get(meter, 0) if meter else 0,
    )
