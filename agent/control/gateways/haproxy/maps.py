"""What the maps of one HAProxy hold: of all keys, or of one of them without reading those of all others."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.control.gateways.base import GatewayError
from agent.control.gateways.haproxy import map_file
from agent.control.gateways.haproxy.admin import Admin, Entry, named
from agent.control.gateways.haproxy.dialect import BLOCKED, DRIFT, LIMITS, RPM, RPS
from agent.domain.canonical import canonical
from agent.domain.gateway import Target, TargetState

KEYS = "keys.map"
FILES = {RPS: "rps.map", RPM: "rpm.map", BLOCKED: "block.map"}
"""Field -> its map."""
CONFIGURATION = "fixtures/gateways/haproxy.cfg shows what HAProxy's configuration needs."


@dataclass(frozen=True, slots=True)
class Maps:
    """What the maps hold, as one reading found them."""

    keys: frozenset[str]
    running: Mapping[str, Mapping[str, Sequence[str]]]  # field -> key -> values, in order
    files: Mapping[str, Mapping[str, str] | None]  # field -> key -> value; None: no such file
    paths: Mapping[str, str]  # field -> the running configuration's path; a map that it lacks is missing

    def state(self, target: Target) -> TargetState:
        """What is held for a key; duplicates count for the version, since taking one away is a change."""
        values = {field: self.running[field].get(target.id, ()) for field in FILES}
        fields: dict[str, object] = {field: _number(field, values[field]) for field in LIMITS}
        fields[BLOCKED] = bool(values[BLOCKED])
        version = hashlib.sha256(canonical({name: list(each) for name, each in values.items()}).encode())
        saved = {field: self._saved(field, target.id) for field in self.paths}
        saved = {field: value for field, value in saved.items() if value != fields[field]}
        if saved:
            fields[DRIFT] = True
        return TargetState(target, fields, version.hexdigest()[:16], saved)

    def _saved(self, field: str, key: str) -> object:
        """What the file says; a text where that is nothing that could be set."""
        file = self.files[field]
        if file is None:
            return "no file"
        if field == BLOCKED:
            return key in file
        value = file.get(key)
        return int(value) if value is not None and value.isdecimal() else value


@dataclass(frozen=True, slots=True)
class _Known:
    """What the last reading of all has shown of how one key can be asked for."""

    paths: Mapping[str, str]  # field -> the running configuration's path
    keys: str  # path of keys.map
    hashes: Mapping[str, str]  # key -> a hash under which keys.map names it
    doubled: frozenset[str]  # keys with several entries in one map: only a reading of all tells how many


class Reading:
    """Reads the maps anew each time, so that what others change in between is seen.

    One key is asked for alone, as hundreds of them are changed in one action. An entry that somebody adds
    behind a key's first one is then seen only by the next reading of all; the first is the one that counts.
    """

    def __init__(self, name: str, folder: Path, admin: Admin) -> None:
        self._name = name
        self._folder = folder
        self._admin = admin
        self._known: _Known | None = None

    async def of(self, key: str) -> Maps:
        """What is held of one key; all is read where it cannot be asked for alone."""
        known = self._known
        if known is None or key not in known.hashes or key in known.doubled:
            return await self.all()
        asked = [(path, key) for path in known.paths.values()]
        values = await self._admin.values([*asked, (known.keys, known.hashes[key])])
        if values is None or values.pop() != key:
            return await self.all()
        running = {
            field: {} if value is None else {key: [value]}
            for field, value in zip(known.paths, values, strict=True)
        }
        files = await asyncio.to_thread(self._files, key)
        return Maps(frozenset((key,)), running, files, known.paths)

    async def all(self) -> Maps:
        """What is held of every key."""
        listed = await self._admin.maps()
        keys = named(listed, self._folder, KEYS)
        if keys is None:
            raise GatewayError(
                f"HAProxy {self._name} uses no {KEYS} in {self._folder}",
                hint=f"Correct maps of [[gateways]]; {CONFIGURATION}",
                refused=True,
            )
        paths = {field: path for field, name in FILES.items() if (path := named(listed, self._folder, name))}
        known, *entries = await asyncio.gather(*map(self._admin.entries, (keys, *paths.values())))
        by_path = dict(zip(paths.values(), map(_by_key, entries), strict=True))
        running = {field: by_path.get(paths.get(field, ""), {}) for field in FILES}
        files = await asyncio.to_thread(self._files)
        hashes = {key: digest for digest, key in known}
        doubled = frozenset(
            key for table in running.values() for key, values in table.items() if len(values) > 1
        )
        # A map that the configuration lacks today may be there after a reload.
        self._known = _Known(paths, keys, hashes, doubled) if len(paths) == len(FILES) else None
        return Maps(frozenset(hashes), running, files, paths)

    def _files(self, key: str | None = None) -> dict[str, dict[str, str] | None]:
        return {field: _of_file(self._folder / name, key) for field, name in FILES.items()}


def _of_file(path: Path, key: str | None) -> dict[str, str] | None:
    try:
        return map_file.values(path, key)
    except GatewayError:
        return None


def _by_key(entries: Sequence[Entry]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in entries:
        found[key].append(value)
    return dict(found)


def _number(field: str, values: Sequence[str]) -> int | None:
    if not values:
        return None
    try:
        return int(values[0])
    except ValueError:
        raise GatewayError(
            f"{FILES[field]} holds {values[0][:40]!r}, which is no number",
            hint="Correct the file, and reload HAProxy.",
            refused=True,
        ) from None
