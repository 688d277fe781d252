"""Reading a log on from a place, over its rotations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.haproxy_log.rotation import (
    Earlier,
    Stream,
    UnsettledError,
    earlier_files,
    identity,
    identity_of,
    open_log,
)

_HEAD = 1 << 16  # bytes that are looked through for the end of a line
_STEP = 1 << 18  # bytes that are gone back at once
_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log is read: so many bytes, and lines, of the file with this first line."""

    file: str
    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines as they follow one another in one file."""

    path: Path
    start: Place
    text: bytes
    end: Place
    lost: bool = False  # the file that was read last is gone, and with it what nobody had read of it

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Line number from 1, offset and text of every line; the last one is empty where all are whole."""
        offset = self.start.offset
        for number, line in enumerate(self.text.split(b"\n"), self.start.line + 1):
            yield number, offset, line.strip(b"\r\0 ")
            offset += len(line) + 1


def read_on(path: Path, at: Place | None, most: int) -> Piece | None:
    """The next lines of a log, at most about `most` bytes of them; None when there are none yet.

    Without a place: from the beginning of the present file. Raises `FileNotFoundError` when there is no log.
    """
    lost = False
    for _ in range(_RETRIES):
        here = identity_of(path)
        if at is None:
            if here is None:
                raise FileNotFoundError(str(path))
            if not here:
                return None
            at = Place(here)
        if here == at.file:
            piece = _lines(path, at, most)
            if piece is not None:
                return replace(piece, lost=lost) if piece.text or lost else None
            continue  # it was emptied meanwhile
        try:
            earlier = earlier_files(path)
        except UnsettledError:
            return None
        if at.file not in [each.name for each in earlier]:
            if here is None:
                raise FileNotFoundError(str(path))
            # Gone: all that is still there came later, or is known and counts once.
            first = earlier[0].name if earlier else here
            if not first:
                return None
            at, lost = Place(first), True
            continue
        step = _in_earlier(earlier, at, here or "", most)
        if isinstance(step, Piece):
            return replace(step, lost=lost)
        if step is None:
            return None
        at = step
    return None


def beginning(path: Path, early: Callable[[bytes], bool], furthest: int) -> tuple[Place | None, bool]:
    """A place with only `early` lines before it, looked for from the end backwards, over rotations too.

    False with it: there is none within `furthest` bytes from the end, and it is the one that far back.
    """
    try:
        earlier = [each.path for each in reversed(earlier_files(path))]
    except UnsettledError:
        earlier = []
    place: Place | None = None
    for each in (path, *earlier):
        try:
            with open_log(each) as stream:
                if not (name := identity(stream)):
                    continue
                offset, found = _back(stream, early, furthest)
                furthest -= stream.seek(0, os.SEEK_END)
        except (OSError, EOFError):
            if not earlier:
                raise
            continue
        place = Place(name, offset)
        if found or furthest <= 0:
            return place, found
    return place, True


def _back(stream: Stream, early: Callable[[bytes], bool], furthest: int) -> tuple[int, bool]:
    """Offset of an early line, else of the beginning or as far back as was allowed."""
    size = offset = stream.seek(0, os.SEEK_END)
    while offset > max(0, size - furthest):
        offset = max(0, offset - _STEP)
        stream.seek(offset)
        head = stream.read(_HEAD)
        start = head.find(b"\n") + 1 if offset else 0
        line, whole, _ = head[start:].partition(b"\n")
        if whole and early(line):
            return offset + start, True
    return offset, False


def _in_earlier(earlier: Sequence[Earlier], at: Place, here: str, most: int) -> Piece | Place | None:
    """What is left of an earlier file, else where to go on; None: nowhere yet."""
    index = [each.name for each in earlier].index(at.file)
    later = earlier[index + 1].name if index + 1 < len(earlier) else here
    # Only when the next file has begun has the writer left this one, and an open line there stays open.
    piece = _lines(earlier[index].path, at, most, final=bool(later))
    if piece is None:
        return at  # it has just got another name
    if piece.text:
        return piece
    return Place(later) if later else None


def _lines(path: Path, at: Place, most: int, *, final: bool = False) -> Piece | None:
    """Whole lines of a file from a place on; with `final` also an open last one. None: it is another file."""
    try:
        with open_log(path) as stream:
            # A file that became shorter was put back to an earlier state: what is known counts once.
            start = at if at.offset <= stream.seek(0, os.SEEK_END) else Place(at.file)
            stream.seek(start.offset)
            text = stream.read(most)
            if identity(stream) != at.file:
                return None
    except (OSError, EOFError):
        return None
    end = text.rfind(b"\n") + 1
    if not end and len(text) >= most:
        end = len(text)  # no line of a log is that long
    elif final and len(text) < most:
        end = len(text)
    text = text[:end]
    lines = text.count(b"\n")
    return Piece(path, start, text, Place(at.file, start.offset + end, start.line + lines))
