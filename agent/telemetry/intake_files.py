"""Files of usage records: plain or gzip (by content, not by name), NDJSON or CSV, or standard input."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from agent.errors import BurndeckError
from agent.telemetry.decode import BadRow, CutOff, Part
from agent.telemetry.decode_csv import csv_parts
from agent.telemetry.decode_ndjson import ndjson_parts

STDIN = "-"
_BLOCK = 1 << 20  # bytes a read
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


class UsageFile:
    """A file being read; a context manager. `done` of `size` bytes are read (size 0: unknown)."""

    def __init__(self, name: str, stream: IO[bytes], size: int) -> None:
        self.name = name
        self.size = size
        self.done = 0
        self._stream = stream

    def __enter__(self) -> UsageFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self.name != STDIN:
            self._stream.close()

    def parts(self) -> Iterator[Part]:
        """The rows, some hundred at a time. Raises `BurndeckError` when the file is of no known format."""
        last = 0
        try:
            for part in self._decoded():
                last = max(part.last_line, last)
                yield part
        except CutOff as cut:
            yield Part(bad=[BadRow(last + 1, str(cut), "")])

    def _decoded(self) -> Iterator[Part]:
        blocks = self._blocks()
        first = next(blocks, b"").removeprefix(_BOM)
        if first:
            read = ndjson_parts if _is_ndjson(first, self.name) else csv_parts
            yield from read(chain((first,), blocks), self.name)

    def _blocks(self) -> Iterator[bytes]:
        """Uncompressed content; raises `CutOff` where gzip data breaks off, after what came before it."""
        first = self._read()
        if not first.startswith(_GZIP):
            while first:
                yield first
                first = self._read()
            return
        data: bytes = first
        member = zlib.decompressobj(wbits=31)
        while data:
            try:
                content = member.decompress(data, _BLOCK)
            except zlib.error:
                raise CutOff("the gzip data is damaged from here on") from None
            if content:
                yield content
            data = member.unconsumed_tail or member.unused_data.lstrip(b"\0") or self._read()
            if member.eof and data:
                member = zlib.decompressobj(wbits=31)
        if not member.eof:
            raise CutOff("the gzip data ends early, as after a broken copy")

    def _read(self) -> bytes:
        try:
            block = self._stream.read(_BLOCK)
        except OSError as error:
            raise BurndeckError(f"{self.name}: cannot be read: {error.strerror}") from None
        self.done += len(block)
        return block


def open_usage_file(name: str) -> UsageFile:
    """Opens a path, or standard input for `-`; raises `BurndeckError` when it cannot be opened."""
    if name == STDIN:
        import sys

        return UsageFile(STDIN, sys.stdin.buffer, 0)
    path = Path(name)
    try:
        return UsageFile(name, path.open("rb"), path.stat().st_size)
    except OSError as error:
        raise BurndeckError(f"{name}: cannot be opened: {error.strerror}", hint="Check the path.") from None


def _is_ndjson(first: bytes, name: str) -> bool:
    start = first.lstrip()[:4]
    if start.startswith(b"{"):
        return True
    if start.startswith(b"["):
        raise BurndeckError(f"{name}: is one JSON array", hint="One object a line is needed: jq -c '.[]'")
    if b"\0" in first or start == b"PAR1":
        raise BurndeckError(f"{name}: is neither NDJSON nor CSV nor gzip", hint="Export it as one of these.")
    return False
