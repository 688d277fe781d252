"""`burndeck audit`: what was done, and what is amiss: traffic without caps, keys, pitfalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from console.lazy import Lazy, LazyGroup

_EPILOG = """\b
Examples:
  burndeck audit list --since 30d
  burndeck audit verify
  burndeck audit caps --since 30d
  burndeck audit keys --json | jq '.findings[].subject'
"""


class _Audit(LazyGroup):
    LAZY: ClassVar[Mapping[str, Lazy]] = {
        "list": Lazy("console.commands.audit_log", "What was done, newest first.", "list_"),
        "verify": Lazy("console.commands.audit_log", "Prove that nobody rewrote the log."),
        "caps": Lazy("console.commands.audit_coverage", "Traffic that no cap counts, with its amount."),
        "keys": Lazy("console.commands.audit_coverage", "Keys without labels, overdue, unused, too many."),
        "pitfalls": Lazy("console.commands.audit_coverage", "Tags alone, aliases, dearer versions, caps."),
    }


@click.group("audit", cls=_Audit, epilog=_EPILOG)
def audit() -> None:
    """The audit log, and audits of what no cap counts, of keys, and of known pitfalls."""
