"""`--set NAME=VALUE`, as often as it takes."""

from __future__ import annotations

from collections.abc import Callable

import click

from console.commands.common import F


def values_option(text: str) -> Callable[[F], F]:
    """Adds `--set NAME=VALUE`; the function gets them as `values`."""
    return click.option("--set", "values", metavar="NAME=VALUE", multiple=True, callback=_parsed, help=text)


def _parsed(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    return named_values(given, param, ctx)


def named_values(
    given: tuple[str, ...], param: click.Parameter | None = None, ctx: click.Context | None = None
) -> dict[str, str]:
    """`("scope=team:search",)` by name; a usage error for what has no name or no value."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", ctx, param)
        if name.strip() in found:
            raise click.BadParameter(f"{name.strip()} is given twice", ctx, param)
        found[name.strip()] = value.strip()
    return found
