"""Texts of runbooks, put together from what matters to a test."""

from __future__ import annotations

FRONT = 'id = "search-latency"\ntitle = "Search is slow"'
NOTE = 'kind = "note"\nprompt = "What happened?"'


def runbook(*blocks: str, front: str = FRONT) -> str:
    """A runbook with one step a block."""
    return f"+++\n{front}\n+++\n\n# Search is slow\n\nRead this first.\n" + "".join(
        step(number, block) for number, block in enumerate(blocks, start=1)
    )


def step(number: int, block: str, title: str = "Look") -> str:
    """A step with some prose around its machine's part."""
    return f"\n## {number}. {title}\n\nWhat to look for.\n\n```toml burndeck\n{block}\n```\n"


def line_with(text: str, piece: str) -> int:
    """The first line of a text that has a piece in it, from 1."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if piece in line)
