"""Stretches of time as people write them: `90s`, `15m`, `6h`, `4d`."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SHAPE = re.compile(r"\s*(\d+)\s*([smhd])\s*")


class Duration(int):
    """Whole seconds, written `90s`, `15m`, `6h` or `4d` in files."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """`"6h"` as 21600 seconds; raises `ValueError` saying how to write one."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a stretch of time such as '90s', '15m', '6h' or '4d'")
        return cls(int(match[1]) * _SECONDS[match[2]])

    def __str__(self) -> str:
        unit = next(unit for unit in "dhms" if self % _SECONDS[unit] == 0)
        return f"{self // _SECONDS[unit]}{unit}"
