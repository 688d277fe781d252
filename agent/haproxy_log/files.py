"""A log over its rotations: which file a place in it is in, and what comes next.

A file is known by its first line, which holds the time to the millisecond: it stays the same when the file
is renamed, copied or compressed, and is another one when the file is emptied and begun anew. An inode would
be the same after the latter, and another one after a copy.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

Stream = IO[bytes] | gzip.GzipFile
_HEAD = 1 << 16  # bytes of the first line that tell files apart
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


def identity(stream: Stream) -> str:
    """What a file is known by; empty as long as its first line is not whole."""
    stream.seek(0)
    head = stream.read(_HEAD)
    end = head.find(b"\n") + 1
    if not end and len(head) < _HEAD:
        return ""
    return hashlib.blake2b(head[: end or _HEAD], digest_size=8).hexdigest()


def open_log(path: Path) -> Stream:
    """A file of the log, compressed or not."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def rotated(path: Path) -> list[Path]:
    """Earlier files of a log, oldest first: `NAME.1`, `NAME-20260301`, also with .gz."""
    found = []
    for each in path.parent.glob(f"{path.name}[.-]*"):
        try:
            if each.is_file():
                found.append((each.stat().st_mtime_ns, each))
        except OSError:
            continue  # rotated away meanwhile
    return [each for _, each in sorted(found)]


def read_on(path: Path, at: Place | None, most: int) -> Piece | None:
    """The next lines of a log, at most about `most` bytes of them; None when there are none yet.

    Without a place: from the beginning of the present file. Raises `FileNotFoundError` when there is no log.
    """
    lost = False
    for _ in range(_RETRIES):
        here = _identity_of(path)
        if here is None and (at is None or at.file not in map(_earlier_identity, rotated(path))):
            raise FileNotFoundError(str(path))
        if at is None:
            if not here:
                return None
            at = Place(here)
        if here == at.file:
            piece = _lines(path, at, most)
            if piece is not None:
                return replace(piece, lost=lost) if piece.text or lost else None
            continue  # it was emptied meanwhile
        step = _in_earlier(path, at, here or "", most)
        if isinstance(step, Piece):
            return replace(step, lost=lost)
        at, gone = step
        lost = lost or gone
        if at is None:
            return None
    return None


def beginning(path: Path, early: Callable[[bytes], bool], furthest: int) -> tuple[Place | None, bool]:
    """A place with only `early` lines before it, looked for from the end backwards, over rotations too.

    False with it: there is none within `furthest` bytes from the end, and it is the one that far back.
    """
    place: Place | None = None
    for each in (path, *reversed(rotated(path))):
        try:
            with open_log(each) as stream:
                if not (name := identity(stream)):
                    continue
                offset, found = _back(stream, early, furthest)
                furthest -= stream.seek(0, os.SEEK_END)
        except (OSError, EOFError):
            if each == path and not rotated(path):
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


def _in_earlier(path: Path, at: Place, here: str, most: int) -> Piece | tuple[Place | None, bool]:
    """What is left of an earlier file, else where to go on and whether something may be missing."""
    earlier = rotated(path)
    names = [_earlier_identity(each) for each in earlier]
    if at.file not in names:
        # Gone: all that is still there came later, or is known and counts once.
        first = next((name for name in names if name), here)
        return (Place(first), True) if first else (None, False)
    # The last one of that name: a copy that was made for the rotation is the newer one.
    index = len(names) - 1 - names[::-1].index(at.file)
    later = next((name for name in names[index + 1 :] if name and name != at.file), here)
    # Only when the next file has begun has the writer left this one, and an open line there stays open.
    piece = _lines(earlier[index], at, most, final=bool(later))
    if piece is not None and piece.text:
        return piece
    return (Place(later) if later else None), False


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


def _identity_of(path: Path) -> str | None:
    """What a file is known by, '' while it has no line; None when it is not there."""
    try:
        with open_log(path) as stream:
            return identity(stream)
    except FileNotFoundError:
        return None


def _earlier_identity(path: Path) -> str:
    """The same of an earlier file, which may go, or still be compressed, while we look."""
    try:
        return _identity_of(path) or ""
    except (OSError, EOFError):
        return ""
