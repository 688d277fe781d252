"""Amounts and times in words, as sentences of reports and alerts use them."""

from __future__ import annotations

import datetime
from decimal import Decimal


def duration(seconds: int) -> str:
    """`45 s`, `12 min`, `3 h 10 min`, `2 d 4 h`: two units at most."""
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{days} d" + (f" {hours % 24} h" if hours % 24 else "")


def instant(at: int) -> str:
    """`2026-11-18 10:05 UTC`."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def percent(share: Decimal) -> str:
    """`+25 %` for a change of 0.25, always with its sign."""
    return f"{share * 100:+.0f} %"


def plain_line(text: str) -> str:
    """What somebody else wrote on one line, without anything that ends or hides one."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def plural(count: int, word: str) -> str:
    """`1 week`, `3 weeks`."""
    return f"{count} {word}" + ("" if count == 1 else "s")
