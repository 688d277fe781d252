"""CSV: one usage record a row below a header, labels and units as JSON text or in columns of their own."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from agent.domain.labels import LABELS
from agent.errors import ConfigError
from agent.telemetry.decode import FIELDS, REQUIRED, BadRow, CutOff, Part, Record, RowError, Rows, record_of

_PART = 512  # rows
_DELIMITERS = ",;\t"
_NESTED = ("usage_labels", "units_consumed")


def csv_parts(blocks: Iterable[bytes], name: str) -> Iterator[Part]:
    """The rows of a file given as blocks of bytes; raises `ConfigError` when its header will not do."""
    lines = _text_lines(blocks)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    _check_header(header, name)
    part, rows = _empty()
    try:
        for line, cells in _numbered(csv.reader(lines, delimiter=delimiter)):
            raw = (cells if isinstance(cells, str) else delimiter.join(cells)).encode("utf-8", "replace")
            part.last_line = line
            part.size += len(raw)
            try:
                part.records.append(_record(header, cells))
                rows.add(line, raw)
            except RowError as error:
                part.bad.append(BadRow.of(line, str(error), raw))
            if len(part.records) + len(part.bad) >= _PART:
                yield part
                part, rows = _empty()
    except CutOff:
        yield part
        raise
    yield part


def _empty() -> tuple[Part, Rows]:
    rows = Rows()
    return Part(rows=rows), rows


def _numbered(reader: Any) -> Iterator[tuple[int, list[str] | str]]:
    """Line number in the file and cells of every row, or the reason why it has none."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = f"the row is not CSV: {error}"
        if cells:
            yield reader.line_num + 1, cells  # the header was the first line


def _record(header: list[str], cells: list[str] | str) -> Record:
    if isinstance(cells, str):
        raise RowError(cells)
    if len(cells) != len(header):
        raise RowError(f"the row has {len(cells)} cells, the header {len(header)}")
    row: dict[str, Any] = {}
    for column, cell in zip(header, cells, strict=True):
        if not cell:
            continue
        if not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell):
            raise RowError(f"{column}: is not UTF-8 text")
        parent, _, child = column.partition(".")
        if column in LABELS:
            parent, child = "usage_labels", column
        if child and parent in _NESTED:
            row.setdefault(parent, {})[child] = cell
        else:
            row[column] = cell
    return record_of(row)


def _check_header(header: list[str], name: str) -> None:
    there = {column.partition(".")[0] for column in header}
    for column in REQUIRED:
        if column not in there:
            near = difflib.get_close_matches(column, header, n=1)
            hint = f"Rename {near[0]!r}." if near else f"Columns are: {', '.join(FIELDS)}."
            raise ConfigError(f"{name}:1: there is no column {column!r}", hint=hint)


def _text_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Lines with their ends, as the csv module wants them; bytes that are no UTF-8 become surrogates."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "surrogateescape") + "\n"
    if rest:
        yield rest.decode("utf-8", "surrogateescape")
