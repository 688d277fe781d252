"""NDJSON: one usage record a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.errors import BurndeckError
from agent.telemetry.decode import BadRow, Lines, Part, RowError, Rows, decode_block, decode_line

_PART = 1 << 17  # bytes, some hundred lines
_LONGEST_LINE = 1 << 24  # bytes; more is no line of usage, and would fill the memory


def ndjson_parts(blocks: Iterable[bytes], name: str) -> Iterator[Part]:
    """The rows of a file given as blocks of bytes; `name` is for errors."""
    line = 1
    rest = b""
    for block in blocks:
        text = rest + block
        end = text.rfind(b"\n") + 1
        start = 0
        while start < end:
            stop = text.rfind(b"\n", start, start + _PART) + 1 or text.find(b"\n", start) + 1
            part = _part(text[start:stop], line)
            yield part
            line = part.last_line + 1
            start = stop
        rest = text[end:]
        if len(rest) > _LONGEST_LINE:
            raise BurndeckError(f"{name}:{line}: a line of over 16 MB", hint="One record a line is needed.")
    if rest:
        yield _part(rest, line)


def _part(text: bytes, first: int) -> Part:
    """Whole lines, of which the first has the number `first`."""
    records = decode_block(text)
    if records is not None:
        return Part(records, Lines(text, first), last_line=first + len(records) - 1, size=len(text))
    rows = Rows()
    lines = text.removesuffix(b"\n").split(b"\n")
    part = Part(rows=rows, last_line=first + len(lines) - 1, size=len(text))
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue  # a blank line is no row
        try:
            part.records.append(decode_line(line))
            rows.add(number, line)
        except RowError as error:
            part.bad.append(BadRow.of(number, str(error), line))
    return part
