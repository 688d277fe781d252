"""Instants and stretches of time as people type them on the command line."""

from __future__ import annotations

import datetime
import math
from typing import Any

import click


class Instant(click.ParamType[float]):
    """`2026-11-18T10:05`, `2026-11-18 10:05:00+01:00` or seconds since 1970; UTC where no zone is given."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip()
        if text.isdigit():
            return float(text)
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time such as 2026-11-18T10:05", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.timestamp()


class Seconds(click.ParamType[float]):
    """Real seconds to wait, such as `0` or `2.5`."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0):
            self.fail(f"{value!r} is no number of seconds, 0 or more", param, ctx)
        return seconds


class Stretch(click.ParamType[int]):
    """`90s`, `15m`, `6h`, `4d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from agent.domain.duration import Duration

        if isinstance(value, int):
            return value
        try:
            return int(Duration.parse(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)
