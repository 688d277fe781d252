"""Map files: what HAProxy loads at its next start or reload. Lines of others and comments stay."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent.control.gateways.base import GatewayError


def values(path: Path, only: str | None = None) -> dict[str, str]:
    """Value by key, or of one key alone; the first line of a key is the one that counts."""
    found: dict[str, str] = {}
    text = _read(path)
    for line in text.splitlines() if only is None else _lines_with(text, only):
        key, value = _entry(line)
        if key and only in (None, key):
            found.setdefault(key, value)
    return found


def _lines_with(text: str, part: str) -> Iterator[str]:
    """Lines in which a text stands, and some others beside them; thousands of others are not looked at."""
    at = text.find(part)
    while at >= 0:
        begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        yield from text[begin : end if end >= 0 else len(text)].splitlines()
        at = text.find(part, end) if end >= 0 else -1


def put(path: Path, key: str, value: int | str | None) -> None:
    """Sets the one line of a key, or takes it away; whole or not at all, and durable once it returns.

    Whoever else does the same, in this process or another one, waits: none undoes what the other has set.
    """
    path = path.resolve()
    with _alone(path):
        _put(path, key, value)


def _put(path: Path, key: str, value: int | str | None) -> None:
    old = _read(path)
    lines: list[str] = []
    placed = value is None
    for line in old.splitlines(keepends=True):
        if key not in line or _entry(line)[0] != key:
            lines.append(line)
        elif not placed:
            lines.append(f"{key} {value}\n")
            placed = True
    if not placed:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(f"{key} {value}\n")
    if (new := "".join(lines)) != old:
        _replace(path, new)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """By a lock on the folder: the file itself is another one after each change."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _error(path, "written", error) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _entry(line: str) -> tuple[str, str]:
    text = line.strip()
    if not text or text.startswith("#"):
        return "", ""
    key, _, value = text.replace("\t", " ").partition(" ")
    return key, value.strip()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise _error(path, "read", error) from None


def _replace(path: Path, text: str) -> None:
    temporary = None
    try:
        was = path.stat()
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(file.fileno(), was.st_mode & 0o7777)
            if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                # HAProxy reads maps before it drops its rights, so another owner does it no harm.
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), was.st_uid, was.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _error(path, "written", error) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _error(path: Path, what: str, error: OSError) -> GatewayError:
    return GatewayError(
        f"{path}: cannot be {what}: {error.strerror or error}",
        hint="The file must be there and the agent's user may write to its folder: "
        "else a reload of HAProxy would forget the change.",
        refused=True,
    )
