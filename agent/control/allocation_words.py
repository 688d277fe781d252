"""What becomes of an allocation, in words: one field after the other, and only what differs."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from agent.domain.allocation import Allocation
from agent.domain.allocations import FIELDS, base_nano
from agent.domain.gateway import Fields
from agent.domain.money import to_credits
from agent.domain.words import duration

_NAMES = {
    "monthly_nano": "monthly credits",
    "reserve_nano": "reserve",
    "buffer_nano": "emergency buffer",
    "daily_nano": "credits a day of a key",
    "block_expires_s": "block expires after",
    "at_hard_cap_prod": "production at the hard cap",
}
_SHARES = ("soft_cap", "hard_cap", "rollover")


def differing(before: Allocation, after: Allocation) -> tuple[str, ...]:
    """Names of the fields that a change really changes; 1.0 and 1.00 are the same share."""
    return tuple(sorted(name for name in FIELDS if _held(before, name) != _held(after, name)))


def difference_words(before: Allocation | None, after: Allocation | None) -> str:
    """`60,000 credits -> 70,000 credits a month; rollover 0 % -> 10 %`."""
    if before is None or after is None:
        one, other = (_credits(base_nano(each)) if each else "nothing" for each in (before, after))
        return f"{one} -> {other} a month"
    said: list[str] = []
    for name in differing(before, after):
        old, new = (_value(name, _held(each, name)) for each in (before, after))
        if name == "monthly_nano":
            said.insert(0, f"{old} -> {new} a month")
        else:
            said.append(f"{field_name(name)} {old} -> {new}")
    return "; ".join(said)


def allocation_words(fields: Fields) -> str:
    """Fields of a change: `500 credits more until 1 Dec 00:00 UTC`, `60,000 credits a month`."""
    said = []
    for name, value in sorted(fields.items()):
        if value in (None, False) or name == "from":
            continue
        if name == "top_up_nano":
            said.append(f"{_credits(value)} more")
        elif name == "until":
            said.append(f"until {_moment(value)}")
        elif name == "monthly_nano":
            said.append(f"{_credits(value)} a month")
        elif value is True:
            said.append(name.replace("_", " "))
        else:
            said.append(f"{field_name(name)} {_value(name, value)}")
    return ", ".join(said) or "nothing"


def field_name(name: str) -> str:
    """What people call a field of an allocation."""
    return _NAMES.get(name, name.replace("_", " "))


def _held(allocation: Allocation, name: str) -> Any:
    return base_nano(allocation) if name == "monthly_nano" else getattr(allocation, name)


def _value(name: str, value: object) -> str:
    if name.endswith("_nano"):
        return _credits(value)
    if name.endswith("_s") and type(value) is int:
        return duration(value)
    if name in _SHARES:
        return _share(value)
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or "none"
    return str(value) or "none"


def _share(value: object) -> str:
    try:
        percent = (Decimal(str(value)) * 100).normalize()
    except ArithmeticError:
        return str(value)
    return f"{percent:f} %"


def amount_words(nano: int) -> str:
    """Credits to the last digit that is not zero: `70,000`, `0.5`."""
    found = to_credits(nano)
    return f"{found:,.0f}" if found == found.to_integral_value() else f"{found.normalize():,f}"


def _credits(nano: object) -> str:
    return f"{amount_words(nano)} credits" if isinstance(nano, int) else str(nano)


def _moment(at: object) -> str:
    if not isinstance(at, int):
        return str(at)
    when = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return f"{when.day} {when:%b %H:%M} UTC"
