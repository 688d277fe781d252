"""NDJSON: one usage record a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.errors import BurndeckError
from agent.telemetry.decode import BadRow, Part, decode_lines

_PART = 512  # lines; their objects stay in the processor's cache
_LONGEST_LINE = 1 << 24  # bytes; more is no line of usage, and would fill the memory


def ndjson_parts(blocks: Iterable[bytes], name: str) -> Iterator[Part]:
    """The rows of a file given as blocks of bytes; `name` is for errors."""
    number = 1
    rest = b""
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for place in range(0, len(lines), _PART):
            yield _part(lines[place : place + _PART], number + place)
        number += len(lines)
        if len(rest) > _LONGEST_LINE:
            raise BurndeckError(f"{name}:{number}: a line of over 16 MB", hint="One record a line is needed.")
    if rest:
        yield _part([rest], number)


def _part(lines: list[bytes], number: int) -> Part:
    last = number + len(lines) - 1
    records, refused = decode_lines(lines)
    if not refused:
        return Part(records, list(range(number, last + 1)), lines, last_line=last)
    places = {place for place, _ in refused}
    kept = [place for place in range(len(lines)) if place not in places]
    bad = [
        BadRow(number + place, reason, lines[place].decode("utf-8", "replace"))
        for place, reason in refused
        if lines[place].strip()  # a blank line is no row
    ]
    return Part(records, [number + place for place in kept], [lines[place] for place in kept], bad, last)
