"""`burndeck runbook`: runbooks as texts, and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from console.lazy import Lazy, LazyGroup

_EPILOG = """\b
Examples:
  burndeck runbook list
  burndeck runbook show cost-spike
  burndeck runbook new search-latency --title "Search is slow"
  burndeck runbook check
"""


class _Runbook(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "list": Lazy(
            "console.commands.runbook_texts", "The runbooks in force, and what opens them.", "list_"
        ),
        "show": Lazy("console.commands.runbook_texts", "One runbook: parameters, steps, where they lead."),
        "check": Lazy("console.commands.runbook_texts", "What is wrong with runbooks, by file and line."),
        "new": Lazy("console.commands.runbook_texts", "A commented runbook to begin with."),
    }


@click.group("runbook", cls=_Runbook, epilog=_EPILOG)
def runbook() -> None:
    """Runbooks: what a person and the agent do together, step by step.

    The shipped ones, and your own in the folder runbooks beside burndeck.toml, which override them by id.
    """
