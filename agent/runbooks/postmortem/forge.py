"""Text as Markdown that every forge shows alike: whatever people wrote stays text, and tables stay whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ACTIVE = re.compile(r"([\\`*\[\]<>|~&$!])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word it means nothing
_START = re.compile(r"^([#+=:-]|\d+(?=[.)]))")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(value: str) -> str:
    """Any text as a piece of a line."""
    plain = " ".join(_NO_TEXT.sub(" ", value).split())
    return _UNDERSCORE.sub(r"\\_", _ACTIVE.sub(r"\\\1", plain))


def line(value: str) -> str:
    """Any text where a line begins: it starts no list, heading or rule."""
    found = text(value)
    return _START.sub(lambda match: _escaped(match[1]), found)


def sentence(value: str) -> str:
    """A sentence of our own where a line begins, with a capital; a name at its start stays as it is."""
    first = value.split(" ", 1)[0]
    return line(value[:1].upper() + value[1:] if first.isalpha() else value)


def _escaped(start: str) -> str:
    return f"{start}\\" if start.isdecimal() else f"\\{start}"


def code(value: str) -> str:
    """Any text as code; nothing of nothing."""
    plain = " ".join(_NO_TEXT.sub(" ", value).split())
    if not plain:
        return ""
    longest = max((len(each) for each in re.findall(r"`+", plain)), default=0)
    fence, room = "`" * (longest + 1), " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{room}{plain}{room}{fence}"


def code_cell(value: str) -> str:
    """Any text as code in a table, where a line that divides cells is marked even in code."""
    return code(value).replace("|", "\\|")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """The lines of a table, of cells that `text` and `code_cell` made; columns named in `right` end flush."""
    rules = ["--:" if place in right else "---" for place in range(len(columns))]
    return [_row(columns), _row(rules), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def block(code_text: str, language: str = "") -> list[str]:
    """The lines of a block of code."""
    longest = max((len(each) for each in re.findall(r"`+", code_text)), default=0)
    fence = "`" * max(3, longest + 1)
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", code_text)
    return [f"{fence}{language}", *kept.split("\n"), fence]


def quote(value: str) -> list[str]:
    """What somebody wrote, line by line."""
    lines = [line(each) for each in value.splitlines()]
    return [f"> {each}\\" if each else ">" for each in lines[:-1]] + [f"> {each}" for each in lines[-1:]]
