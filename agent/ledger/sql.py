"""Named SQL: every statement lives in `queries/*.sql` under a line `-- name: the_name`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "queries"
_MARK = "-- name:"


def statement(name: str) -> str:
    """The text of a named statement; KeyError when there is none of that name."""
    return statements()[name]


@cache
def statements() -> dict[str, str]:
    """Every named statement, read once per process; a name used twice is an error."""
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.sql")):
        for part in path.read_text(encoding="utf-8").split(_MARK)[1:]:
            head, _, text = part.partition("\n")
            name = head.strip()
            if name in found:
                raise ValueError(f"{path.name}: the name {name!r} is taken")
            found[name] = text.strip()
    return found
