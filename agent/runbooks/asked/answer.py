"""Answers as evidence: amounts as text that is ready to read, and never more rows than a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from agent.domain.run import Evidence, Line
from agent.domain.words import duration, plural
from agent.reports.moment import NOTHING
from agent.secrets import redact

if TYPE_CHECKING:
    from agent.reports.figure import Figure
    from agent.reports.layers import Truth
    from agent.runbooks.asking import Given

MOST_ROWS = 20
UNKNOWN = "–"
NOBODY = "(nobody)"
"""How the part of a dimension is called that has no name."""


def evidence(
    name: str,
    title: str,
    given: Given,
    sentence: str,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    *,
    note: str = "",
    truth: Truth | Figure | None = None,
    as_of: int | None = None,
    line: Line | None = None,
) -> Evidence:
    """The evidence of an answer. `truth` says which layer its amounts are of, and how new they are."""
    left = len(rows) - MOST_ROWS
    notes = [note, f"{plural(left, 'more row')} not shown" if left > 0 else "", _mixed(truth)]
    return Evidence(
        name=name,
        title=title,
        using={key: value for key, value in given.items() if value},
        sentence=redact(sentence),
        columns=tuple(columns),
        rows=tuple(tuple(map(redact, row)) for row in rows[:MOST_ROWS]),  # texts of people are among them
        note=redact("; ".join(filter(None, notes))),
        layer=truth.layer.word if truth is not None and truth.layer is not None else "",
        as_of=truth.as_of if as_of is None and truth is not None else as_of,
        line=line,
    )


def empty(name: str, title: str, given: Given, sentence: str = NOTHING) -> Evidence:
    """The answer where the ledger has nothing to answer with."""
    return evidence(name, title, given, sentence)


def _mixed(truth: Truth | Figure | None) -> str:
    layers = getattr(truth, "layers", ())
    mixed = len(layers) > 1 or getattr(truth, "mixed", False)
    return "layers are mixed: the least certain one is named" if mixed else ""


def exact(value: Decimal | int | None) -> str:
    """A number to its last digit: `1,234.5`."""
    if value is None:
        return UNKNOWN
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(value: Decimal | int | None) -> str:
    """A number with about three digits that count, whole ones from 100 on: `1,284`, `12.4`, `0.0450`."""
    if value is None:
        return UNKNOWN
    amount = Decimal(value)
    if not amount or abs(amount) >= 100:
        return f"{rounded(amount, 0):,}"
    return f"{rounded(amount, min(9, max(0, 2 - amount.adjusted()))):,f}"


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as people round."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def credits_(value: Decimal | Figure | None) -> str:
    """`1,235 credits`, as a sentence says it: whole from a thousand on, else four digits that count."""
    amount = value if value is None or isinstance(value, Decimal) else value.value
    return UNKNOWN if amount is None else f"{about(amount)} credits"


def credits_exactly(value: Decimal | Figure | None) -> str:
    """`1,234.5 credits`, as a table has it."""
    amount = value if value is None or isinstance(value, Decimal) else value.value
    return UNKNOWN if amount is None else f"{exact(amount)} credits"


def about(value: Decimal) -> str:
    """A number as people say it: `1,235`, `465.7`, `0.04500` without its zeros."""
    places = 0 if not value or abs(value) >= 1_000 else min(9, max(0, 3 - value.adjusted()))
    return exact(rounded(value, places))


def rate(value: Decimal | Figure | None) -> str:
    """`412 credits/min`."""
    amount = value if value is None or isinstance(value, Decimal) else value.value
    return UNKNOWN if amount is None else f"{short(amount)} credits/min"


def money(value: Decimal | None, currency: str) -> str:
    """`1,234.50 USD`, to the cent; smaller parts where there are any."""
    if value is None:
        return UNKNOWN
    whole = exact(value)
    places = len(whole.partition(".")[2])
    return f"{value:,.2f} {currency}" if places <= 2 else f"{whole} {currency}"


def share(value: Decimal | None) -> str:
    """`42 %`, `0.4 %`."""
    if value is None:
        return UNKNOWN
    percent = value * 100
    return f"{rounded(percent, 1 if abs(percent) < 10 and percent else 0):f} %"


def change(value: Decimal | None) -> str:
    """`+32 %`, `×4.1` from three times as much on."""
    if value is None:
        return UNKNOWN
    return f"×{rounded(value + 1, 1):,}" if value >= 2 else f"{rounded(value * 100, 0):+f} %"


def age(at: int | None, now: float) -> str:
    """How long ago: `12 min`."""
    return UNKNOWN if at is None else duration(max(0, int(now) - at))


def runway(seconds: int | None) -> str:
    """The time until a cap: `reached`, `3 h 10 min`, `not this month`."""
    if seconds is None:
        return "not this month"
    return duration(seconds) if seconds else "reached"


def named(value: str) -> str:
    """A name; that of nobody where it is empty."""
    return value or NOBODY
