"""The files of a log: how each is known, and which earlier ones there are, in their order.

A file is known by its first line, which holds the time to the millisecond: it stays the same when the file
is renamed, copied or compressed, and is another one when the file is emptied and begun anew. An inode would
be the same after the latter, and another one after a copy.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

Stream = IO[bytes] | gzip.GzipFile
_HEAD = 1 << 16  # bytes of the first line that tell files apart
_LOOKS = 8
_ROTATED = re.compile(
    r"""( \.\d{1,4}                                         # .1
        | [.-] \d{4}-?\d{2}-?\d{2} ([T_.-]?\d{2}([:.-]?\d{2}){0,2})?  # -20260301, -2026-03-01, -2026030112
        | -\d{10}                                          # -1790003000: dateformat -%s
        ) (\.gz)?""",
    re.VERBOSE,
)


class UnsettledError(Exception):
    """A rotation is under way; a moment later the files can be told apart again."""


@dataclass(frozen=True, slots=True, order=True)
class Earlier:
    """An earlier file; they sort by age, the oldest first."""

    written: int  # when it was written last, nanoseconds
    name: str  # what it is known by
    path: Path


def open_log(path: Path) -> Stream:
    """A file of the log, compressed or not."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def identity(stream: Stream) -> str:
    """What a file is known by; empty as long as its first line is not whole."""
    stream.seek(0)
    head = stream.read(_HEAD)
    end = head.find(b"\n") + 1
    if not end and len(head) < _HEAD:
        return ""
    return hashlib.blake2b(head[: end or _HEAD], digest_size=8).hexdigest()


def identity_of(path: Path) -> str | None:
    """What the present file is known by, '' while it has no line; None when there is none."""
    try:
        with open_log(path) as stream:
            return identity(stream)
    except FileNotFoundError:
        return None


def earlier_files(path: Path) -> Sequence[Earlier]:
    """Earlier files of a log, each once, oldest first: `NAME.1`, `NAME-20260301`, also with .gz.

    Others beside it, such as `NAME.bak` or `NAME-other`, are somebody else's, whatever they hold.
    Raises `UnsettledError` while they are just being renamed: between two names one could be overlooked.
    """
    look = _look(path)
    for _ in range(_LOOKS):
        again = _look(path)
        if [(each.name, each.path) for each in again] == [(each.name, each.path) for each in look]:
            return _each_once(again)
        look = again
    raise UnsettledError


def _look(path: Path) -> list[Earlier]:
    found = []
    for each in path.parent.glob(f"{glob.escape(path.name)}[.-]*"):
        if not _ROTATED.fullmatch(each.name, len(path.name)):
            continue
        try:
            with open_log(each) as stream:
                if name := identity(stream):
                    found.append(Earlier(os.fstat(stream.fileno()).st_mtime_ns, name, each))
        except (OSError, EOFError):
            continue  # it has gone, is no file, or is only half compressed
    return sorted(found)


def _each_once(files: Sequence[Earlier]) -> Sequence[Earlier]:
    """Of several copies the longest that is not compressed, since such a one may be incomplete."""
    best: dict[str, Earlier] = {}
    for file in sorted(files, key=_completeness):
        age = min(file.written, best[file.name].written) if file.name in best else file.written
        best[file.name] = Earlier(age, file.name, file.path)
    return sorted(best.values())


def _completeness(file: Earlier) -> tuple[bool, int]:
    try:
        return file.path.suffix != ".gz", file.path.stat().st_size
    except OSError:
        return False, 0
