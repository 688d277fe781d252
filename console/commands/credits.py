"""Amounts of credits and shares as people type them on the command line."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click


class Credits(click.ParamType[int]):
    """`5000` or `0.5` credits, more than nothing, as nano-credits."""

    name = "credits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from agent.domain.money import AmountError, parse_credits

        if isinstance(value, int):
            return value
        try:
            return int(parse_credits(str(value)))
        except AmountError as error:
            self.fail(str(error), param, ctx)


class Share(click.ParamType[str]):
    """`0.85` or `85%`, as the text that a change of an allocation has."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        try:
            share = Decimal(text.removesuffix("%").strip())
        except InvalidOperation:
            share = Decimal("NaN")
        if text.endswith("%"):
            share /= 100
        if not share.is_finite() or share < 0:
            self.fail(f"{text!r} is no share such as 0.85 or 85%", param, ctx)
        return format(share.normalize(), "f")
