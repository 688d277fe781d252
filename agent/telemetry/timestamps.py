"""ISO 8601 and epoch timestamps to UTC epoch seconds: whole columns at once, odd ones one by one."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.telemetry.decode import RowError

Ints = NDArray[np.int64]
Stamp = str | int | float

# 2000 to 2100: outside of it a number is not seconds, or the clock of the caller is broken.
_FIRST, _END = 946_684_800, 4_102_444_800
_EPOCH_FACTORS = (1, 1_000, 1_000_000, 1_000_000_000)  # seconds, milli-, micro-, nanoseconds
_SHORTEST, _LONGEST = len("2026-01-01T00:00:00Z"), len("2026-01-01T00:00:00.000000000Z")
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_MONTH_STARTS = (
    np.arange(np.datetime64("1970-01"), np.datetime64("2101-02"), dtype="datetime64[M]")
    .astype("datetime64[D]")
    .astype(np.int64)
)


def epochs(stamps: Sequence[Stamp]) -> tuple[Ints, dict[int, str]]:
    """UTC epoch seconds (fractions cut off), and the reason by place where a stamp is none."""
    at = np.zeros(len(stamps), np.int64)
    odd = np.ones(len(stamps), np.bool_)
    lengths = _lengths(stamps)
    for length in np.unique(lengths).tolist():
        if _SHORTEST <= length <= _LONGEST:
            places = np.flatnonzero(lengths == length)
            some = stamps if len(places) == len(stamps) else [stamps[place] for place in places.tolist()]
            values, good = _canonical("".join(some), length)  # type: ignore[arg-type]
            at[places[good]] = values[good]
            odd[places[good]] = False
    bad: dict[int, str] = {}
    for place in np.flatnonzero(odd).tolist():
        try:
            at[place] = epoch(stamps[place])
        except RowError as error:
            bad[place] = str(error)
    return at, bad


def _lengths(stamps: Sequence[Stamp]) -> Ints:
    """Lengths of the texts; numbers have none."""
    try:
        return np.fromiter(map(len, stamps), np.int64, len(stamps))  # type: ignore[arg-type]
    except TypeError:
        return np.fromiter((len(s) if isinstance(s, str) else 0 for s in stamps), np.int64, len(stamps))


def epoch(stamp: Stamp) -> int:
    """UTC epoch seconds of one timestamp; a time without a zone is UTC. Raises `RowError`."""
    try:
        seconds = _of_number(float(stamp))
    except ValueError:
        seconds = _of_text(str(stamp))
    if not _FIRST <= seconds < _END:
        raise RowError(f"timestamp: {str(stamp)[:40]!r} is not between the years 2000 and 2100")
    return math.floor(seconds)


def _of_number(number: float) -> float:
    for factor in _EPOCH_FACTORS:
        if _FIRST <= number / factor < _END:
            return number / factor
    return number


def _of_text(text: str) -> float:
    try:
        moment = datetime.datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        problem = f"timestamp: {text[:40]!r} is neither ISO 8601 nor epoch seconds"
        raise RowError(problem) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _canonical(text: str, length: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Seconds of `YYYY-MM-DDTHH:MM:SS[.f...]Z`  one after another, and which have that form."""
    # One row a position, so that every step below runs through neighboring bytes.
    letters = np.frombuffer(text.encode("ascii", "replace"), np.uint8).reshape(-1, length).T.copy()
    good = letters[length - 1] == ord("Z")
    for position, mark in _MARKS.items():
        good &= letters[position] == ord(mark)
    fraction = range(20, length - 1)
    if length > _SHORTEST:
        good &= letters[19] == ord(".")
        good &= len(fraction) > 0
    digits = letters - np.uint8(ord("0"))  # what is no digit becomes more than 9
    for position in (*_DIGITS, *fraction):
        good &= digits[position] <= 9
    century, year, month, day, hour, minute, second = (
        (digits[tens] * 10 + digits[ones]).astype(np.int64)
        for tens, ones in zip(_DIGITS[::2], _DIGITS[1::2], strict=True)
    )
    months = (century * 100 + year - 1970) * 12 + month - 1
    good &= (month >= 1) & (month <= 12) & (months >= 0) & (months < len(_MONTH_STARTS) - 1)
    months = np.where(good, months, 0)
    days = _MONTH_STARTS[months] + day - 1
    good &= (day >= 1) & (days < _MONTH_STARTS[months + 1]) & (hour < 24) & (minute < 60) & (second < 60)
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    good &= (seconds >= _FIRST) & (seconds < _END)
    return seconds, good
