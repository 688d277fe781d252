"""What stands behind hard caps, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from console.commands.tables import terminal_width

if TYPE_CHECKING:
    from agent.domain.backstop import Backstop

_NARROW = 100
_MOST_CAPS, _MOST_NAMED, _MOST_LINES = 6, 3, 3

all_option = click.option(
    "--all", "whole", is_flag=True, help="All of what stands behind hard caps, not the first few."
)
"""Adds `--all`, as `whole`."""


def backstop_lines(behind: Iterable[Backstop], *, whole: bool = True) -> str:
    """A heading, and of each cap the provider's own limit or why there is none.

    Without `whole` the first few caps, of each a few names and lines, and how many more there are.
    """
    width = min(terminal_width() or _NARROW, _NARROW)
    alike: dict[str, list[str]] = {}
    for each in behind:
        alike.setdefault(each.sentence, []).append(each.allocation_id)
    told = list(alike.items())
    shown = told if whole else told[:_MOST_CAPS]
    lines = ["behind each hard cap, by the provider's own limits"]
    for sentence, ids in shown:
        lines += _told(f"{_named(ids, whole)}: {sentence}", width, whole)
    if left := sum(len(ids) for _, ids in told[len(shown) :]):
        lines.append(f"  and {left} more (--all)")
    return "\n".join(lines)


def _named(ids: Sequence[str], whole: bool) -> str:
    """All, or the first few; one more than that is not worth hiding."""
    if whole or len(ids) <= _MOST_NAMED + 1:
        return ", ".join(ids)
    return f"{', '.join(ids[:_MOST_NAMED])} and {len(ids) - _MOST_NAMED} more (--all)"


def _told(text: str, width: int, whole: bool) -> list[str]:
    lines = textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")
    if whole or len(lines) <= _MOST_LINES + 1:
        return lines
    return [*lines[:_MOST_LINES], f"      and {len(lines) - _MOST_LINES} more lines (--all)"]
