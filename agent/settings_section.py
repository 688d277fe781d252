"""What every table of burndeck.toml is made of: the base class, descriptions and common checks."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from agent.domain.duration import Duration
from agent.domain.money import AmountError, to_nano


def says(text: str, example: str = "") -> msgspec.Meta:
    """The description of a key, and the value that the sample shows when there is no default."""
    return msgspec.Meta(description=text, examples=[example] if example else None)


def positive(key: str, value: Decimal | int) -> None:
    """Raises `ValueError` unless a value is finite and above zero."""
    _finite(key, value)
    if value <= 0:
        raise ValueError(f"{key}: must be more than zero")


def not_negative(key: str, value: Decimal | int) -> None:
    """Raises `ValueError` unless a value is finite and zero or above."""
    _finite(key, value)
    if value < 0:
        raise ValueError(f"{key}: must not be negative")


def countable(key: str, credits_: Decimal) -> None:
    """Raises `ValueError` unless credits can be counted: finite, within the ledger, no finer than it is."""
    try:
        nano = to_nano(credits_)
    except AmountError:
        raise ValueError(f"{key}: {credits_} is no amount of credits that can be counted") from None
    if credits_ and not nano:
        raise ValueError(f"{key}: {credits_} credits are too few to be counted")


def share(key: str, value: Decimal) -> None:
    """Raises `ValueError` unless a value lies in 0..1."""
    if not (value.is_finite() and 0 <= value <= 1):
        raise ValueError(f"{key}: must be a share between 0 and 1")


def _finite(key: str, value: Decimal | int) -> None:
    if not Decimal(value).is_finite():
        raise ValueError(f"{key}: {value} is no number to count with")


def schedule(key: str, text: str) -> None:
    """Raises `ValueError` unless the text is a stretch of time or a cron expression."""
    try:
        positive(key, Duration.parse(text))
    except ValueError:
        if _is_cron(text):
            return
        problem = f"{key}: {text!r} is neither a stretch of time ('60s', '1h') nor a cron expression"
        raise ValueError(problem) from None


def address(key: str, text: str) -> None:
    """Raises `ValueError` unless the text is HOST:PORT, where an IPv6 host stands in brackets."""
    found = re.fullmatch(r"(?:[^\s:\[\]]*|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", text)
    if found is None or int(found[1]) > 65_535:
        raise ValueError(f"{key}: {text!r} is not HOST:PORT")


def _is_cron(text: str) -> bool:
    if len(text.split()) != 5:
        return False
    from croniter import croniter

    return bool(croniter.is_valid(text))


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of burndeck.toml."""
