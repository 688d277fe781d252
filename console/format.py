"""Numbers, times and ages as screens write them: short, aligned, the same everywhere."""

from __future__ import annotations

import time
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

NOTHING = "–"
"""Where a value is not known. Never a zero."""

SCALES: tuple[tuple[Decimal, str], ...] = (
    (Decimal(10) ** 12, "T"),
    (Decimal(10) ** 9, "G"),
    (Decimal(10) ** 6, "M"),
    (Decimal(10) ** 3, "k"),
)


def number(value: Decimal | float | int | None) -> str:
    """At most five characters (six below zero): 0.08, 12.4, 1,284, 12.8k, 3.07M."""
    if value is None:
        return NOTHING
    amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if _rounded(size, 0) < 10_000:
        places = 2 if size < 10 else 1 if _rounded(size, 1) < 1000 else 0
        if 0 < size < Decimal("0.005"):
            return f"{sign}<0.01"
        text = f"{_rounded(size, places):,}"
        return sign + ("0" if size == 0 else text)
    for scale, letter in SCALES:
        if size >= scale * Decimal("0.9995"):
            scaled = size / scale
            places = 2 if scaled < Decimal("9.995") else 1 if scaled < Decimal("99.95") else 0
            return f"{sign}{_rounded(scaled, places):,}{letter}"
    return f"{sign}{_rounded(size, 0):,}"


def signed(value: Decimal | None) -> str:
    """A difference with its sign: +298.4, -41.8."""
    if value is None:
        return NOTHING
    return f"+{number(value)}" if value > 0 else number(value)


def whole(value: Decimal | int | None) -> str:
    """A count without decimals while it is small: 12, 1,284, 12.8k."""
    if value is not None and abs(exact := Decimal(value)) < 10_000:
        return f"{_rounded(exact, 0):,}"
    return number(value)


def small(value: Decimal | None) -> str:
    """An amount that may be far below one, with three digits that count: 0.000123, 0.0450, 12.4."""
    if value is None:
        return NOTHING
    if value == 0 or abs(value) >= 1:
        return number(value)
    places = -value.adjusted() + 2
    return f"{_rounded(value, min(places, 9)):f}"


def change(value: Decimal | None) -> str:
    """A relative change with its sign: +32 %, -8 %, ×4.1 from three times as much on, new without a past."""
    if value is None:
        return NOTHING
    if value >= 2:
        factor = value + 1
        return f"×{_rounded(factor, 1) if factor < 100 else _rounded(factor, 0):,}"
    percent = _rounded(value * 100, 0)
    return f"{'+' if percent > 0 else ''}{percent} %" if percent else "0 %"


def share(value: Decimal | None) -> str:
    """A fraction as a percentage: 42 %, 0.4 %."""
    if value is None:
        return NOTHING
    percent = value * 100
    if 99 < percent < 100:
        return f"{percent.quantize(Decimal('0.1'), rounding=ROUND_DOWN)} %"  # all but a rest is not all
    if percent and abs(percent) < Decimal("9.95"):
        return f"{_rounded(percent, 1)} %"
    return f"{_rounded(percent, 0)} %"


def money(value: Decimal | None, currency: str) -> str:
    """An amount of money: $12.40, $128, $1,284, $12.8k; other currencies by their code."""
    if value is None:
        return NOTHING
    sign = "-" if value < 0 else ""
    text = f"{_rounded(abs(value), 2)}" if abs(value) < Decimal("99.995") else whole(abs(value))
    return f"{sign}${text}" if currency == "USD" else f"{sign}{text} {currency}"


def span(seconds: float | None) -> str:
    """A length of time in its two largest units: 45 s, 12 min, 3 h 10 min, 11 d 4 h."""
    if seconds is None:
        return NOTHING
    left = max(0, int(seconds))
    if left < 60:
        return f"{left} s"
    if left < 3600:
        return f"{left // 60} min"
    if left < 86400:
        hours, minutes = left // 3600, left % 3600 // 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = left // 86400, left % 86400 // 3600
    return f"{days} d {hours} h" if hours and days < 100 else f"{days:,} d"


def age(seconds: float | None) -> str:
    """An age in one unit: 12s, 4m, 3h, 2d."""
    if seconds is None:
        return NOTHING
    left = max(0, int(seconds))
    for unit, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if left >= unit:
            return f"{left // unit}{letter}"
    return f"{left}s"


def clock(at: float, *, seconds: bool = False) -> str:
    """Time of day in UTC: 19:30."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.gmtime(at))


def day(at: float) -> str:
    """A UTC day: 23 Nov."""
    return time.strftime("%d %b", time.gmtime(at)).lstrip("0")


def moment(at: float, now: float | None = None) -> str:
    """A UTC instant: 23 Nov 19:30, with the year where it is not this year's."""
    other_year = now is not None and time.gmtime(at).tm_year != time.gmtime(now).tm_year
    year = time.strftime(" %Y", time.gmtime(at)) if other_year else ""
    return f"{day(at)}{year} {clock(at)}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
