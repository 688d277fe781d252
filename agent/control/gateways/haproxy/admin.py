"""HAProxy's admin socket: maps read and changed while it runs. Every answer is looked at."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from agent.control.gateways.base import GatewayError

if TYPE_CHECKING:
    from collections.abc import Sequence

Entry = tuple[str, str]
"""Key and value of a map."""

_LISTED = re.compile(r"-?\d+ \((?P<path>[^)]+)\) ")
_FOUND = re.compile(
    r"type=\w+, case=\w+, found="
    r'(?:no|yes, idx=\w+, key="(?P<key>[^"]*)", value="(?P<value>[^"]*)", type="\w+")'
)
# A command ends at a line feed or semicolon and is cut at blanks: nothing else may get into one.
_WORD = re.compile(r"[\w.:@/+=~-]{1,256}")
_AT_ONCE = 4  # connections; beyond ten, HAProxy's default, it takes none and a call looks broken off
_MOST = 64 << 20  # bytes of an answer; a million keys need less


class Admin:
    """Commands over the socket, a connection each, as HAProxy closes it after its answer."""

    def __init__(self, socket: str, timeout_s: float) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def maps(self) -> tuple[str, ...]:
        """The paths of all maps of the running configuration, as it calls them."""
        answer = await self._ask("show map")
        found = tuple(match["path"] for line in answer.splitlines() if (match := _LISTED.match(line)))
        if not found and answer.strip() and not answer.startswith("#"):
            raise self._refused("show map", answer)
        return found

    async def entries(self, path: str) -> Sequence[Entry]:
        """All entries of a map in their order; the first of a key is the one that counts."""
        return [(row[1], row[2] if len(row) == 3 else "") for row in await self._rows(path)]

    async def values(self, asked: Sequence[Entry]) -> list[str | None] | None:
        """The value that counts of each map and key, all at once; None where it does not tell them so."""
        if not all(_WORD.fullmatch(text) for each in asked for text in each):
            return None
        answer = await self._ask(";".join(f"get map {path} {key}" for path, key in asked))
        found = [_FOUND.fullmatch(each.strip()) for each in answer.strip().split("\n\n")]
        if len(found) != len(asked):
            return None
        values: list[str | None] = []
        for each, (_, key) in zip(found, asked, strict=True):
            if each is None or each["key"] not in (None, key):
                return None
            values.append(each["value"])
        return values

    async def _rows(self, path: str) -> list[list[str]]:
        """Entries with their references first."""
        answer = await self._ask(f"show map {word(path)}")
        rows = [line.split(maxsplit=2) for line in answer.splitlines() if line.strip()]
        if any(len(row) < 2 or not row[0].startswith("0x") for row in rows):
            raise self._refused(f"show map {path}", answer)
        return rows

    async def put(self, path: str, key: str, value: int | None, *, held: int) -> None:
        """Sets the one entry of a key, or takes it away; there is no moment in which it has none in between.

        `held`: how many entries it has now. A second `add` would pile up entries. 2.6 falls over a `set`
        that it dislikes, which a number is not; it sets all entries of the key.
        """
        path, key = word(path), word(key)
        if value is None:
            await self._tell("del map", f"{path} {key}", ("Key not found.",))
            return
        if held and not await self._tell("set map", f"{path} {key} {value:d}", ("entry not found.",)):
            if held > 1:
                for row in [row for row in await self._rows(path) if row[1] == key][1:]:
                    await self._tell("del map", f"{path} #{row[0]}", ("Key not found.",))
            return
        await self._tell("add map", f"{path} {key} {value:d}")

    async def _tell(self, command: str, rest: str, expected: Sequence[str] = ()) -> str:
        """Has something changed; which of the answers that are no failure it was, empty as a rule."""
        answer = (await self._ask(f"{command} {rest}")).strip()
        if answer and answer not in expected:
            raise self._refused(command, answer)
        return answer

    async def _ask(self, command: str) -> str:
        try:
            async with self._gate, asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(f"{command}\n".encode())
                    await writer.drain()
                    answer = await _all(reader)
                finally:
                    writer.close()
        except TimeoutError:
            raise GatewayError(
                f"{self._socket}: no answer within {self._timeout_s:g} s",
                hint="Look whether HAProxy is running and not overloaded.",
            ) from None
        except PermissionError:
            raise GatewayError(
                f"{self._socket}: the agent may not open it",
                hint="Give it to the agent's user in HAProxy's configuration: stats socket ... user NAME.",
                refused=True,
            ) from None
        except OSError as error:
            raise GatewayError(
                f"{self._socket}: {error.strerror or error}",
                hint="Start HAProxy, or correct socket of [[gateways]]: it is the path of `stats socket`.",
            ) from None
        if not answer.endswith("\n"):
            raise GatewayError(
                f"{self._socket}: the answer broke off", hint="Look into HAProxy's log: it may have ended."
            )
        return answer

    def _refused(self, command: str, answer: str) -> GatewayError:
        said = " ".join(answer.split())[:200]
        hint = "Compare HAProxy's configuration with fixtures/gateways/haproxy.cfg: maps and `stats socket`."
        if "Permission denied" in answer:
            hint = "Its socket needs the right to write: stats socket ... level admin."
        return GatewayError(f"{self._socket}: {command} was answered by: {said}", hint=hint, refused=True)


def named(maps: Sequence[str], folder: Path, name: str) -> str | None:
    """The running configuration's path of a map that lies in the folder; None when it has no such map."""
    wanted = folder.resolve() / name
    for path in maps:
        said = Path(path)
        if not said.is_absolute():
            # Relative to where HAProxy was started, which nobody knows here.
            found = wanted.parts[-len(said.parts) :] == said.parts
        else:
            found = said.parent.resolve() / said.name == wanted or said.resolve() == wanted.resolve()
        if found:
            return path
    return None


async def _all(reader: asyncio.StreamReader) -> str:
    parts = []
    size = 0
    while block := await reader.read(1 << 16):
        parts.append(block)
        size += len(block)
        if size > _MOST:
            raise GatewayError("HAProxy's answer is endless", hint="Look at the size of its maps.")
    return b"".join(parts).decode("utf-8", "replace")


def word(text: str) -> str:
    """The text, if it can be a word of a command; raises `GatewayError`."""
    if not _WORD.fullmatch(text):
        raise GatewayError(
            f"{text!r} cannot be said to HAProxy: letters, digits and . : @ / + = ~ _ - only",
            hint="Give the key another id in keys.map, or the maps another folder.",
            refused=True,
        )
    return text
