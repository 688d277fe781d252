"""What stands behind hard caps, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from console.commands.tables import terminal_width

if TYPE_CHECKING:
    from agent.domain.backstop import Backstop

_NARROW = 100


def backstop_lines(behind: Iterable[Backstop]) -> str:
    """A heading, and of each cap the provider's own limit or why there is none."""
    width = min(terminal_width() or _NARROW, _NARROW)
    lines = ["behind each hard cap, by the provider's own limits"]
    alike: dict[str, list[str]] = {}
    for each in behind:
        alike.setdefault(each.sentence, []).append(each.allocation_id)
    for sentence, ids in alike.items():
        text = f"{', '.join(ids)}: {sentence}"
        lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(lines)
