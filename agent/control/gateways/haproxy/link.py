"""Talking to one HAProxy: its maps by socket and file, and what its log says came of a change.

A write changes the file first, the socket last. After a crash between the two the running HAProxy holds what
was before and the file what is wanted, which a reading tells as `saved`; the same write does both again, and
undoing takes it out of the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agent.control.gateways.base import GatewayError, GoneError
from agent.control.gateways.haproxy import map_file
from agent.control.gateways.haproxy.admin import Admin, word
from agent.control.gateways.haproxy.confirm import Confirmation
from agent.control.gateways.haproxy.dialect import BLOCKED
from agent.control.gateways.haproxy.maps import CONFIGURATION, FILES, Maps, Reading
from agent.domain.gateway import Fields, GatewayKey, Inventory, Target, TargetKind, TargetState, Traffic

if TYPE_CHECKING:
    from agent.settings_gateways import Gateway


class HAProxyLink:
    """One HAProxy. Changes go one after another, whichever link they come by; readings wait for nothing."""

    def __init__(self, gateway: Gateway) -> None:
        self._name = gateway.name
        self._folder = Path(gateway.maps)
        self._admin = Admin(gateway.socket, float(gateway.timeout))
        self._reading = Reading(self._name, self._folder, self._admin)
        self._confirmation = Confirmation(Path(gateway.log)) if gateway.log else None

    async def inventory(self) -> Inventory:
        """The ids of keys.map, each with what it is held to."""
        maps = await self._reading.all()
        targets = [Target(self._name, TargetKind.KEY, key) for key in sorted(maps.keys)]
        states = [maps.state(target) for target in targets]
        keys = [
            GatewayKey(state.target.id, state.target.id, state.target.id, blocked=state.fields[BLOCKED])
            for state in states
        ]
        return Inventory(keys, states)

    async def read(self, target: Target) -> TargetState:
        """What the key is held to now, whether or not keys.map still names it."""
        return (await self._reading.of(target.id)).state(target)

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        """Sets entries of the key, in the file and then in the running HAProxy.

        Raises `GoneError` for a key that keys.map does not name, unless something is held of it: what was
        set before its line went away is to be undone all the same.
        """
        async with _turn(self._folder):
            maps = await self._reading.of(target.id)
            word(target.id)  # before anything is written to a file
            wanted = {field: _value(field, fields[field]) for field in FILES if field in fields}
            if any(value is not None for value in wanted.values()):
                self._there(maps, target)
            for field, value in wanted.items():
                if field not in maps.paths and value is not None:
                    raise GatewayError(
                        f"HAProxy {self._name} uses no {FILES[field]} in {self._folder}",
                        hint=CONFIGURATION,
                        refused=True,
                    )
            for field, value in wanted.items():
                if field in maps.paths:
                    await self._put(maps, field, target.id, value)

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        """What the log says of the key's calls; None without `log`."""
        if self._confirmation is None:
            return None
        return await asyncio.to_thread(self._confirmation.traffic, target.id, fields, since, now)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _put(self, maps: Maps, field: str, key: str, value: int | None) -> None:
        file = self._folder / FILES[field]
        held = maps.running[field].get(key, ())
        await _to_its_end(lambda: map_file.put(file, key, value))
        if len(held) == 1 and value is not None and (field == BLOCKED or held[0] == str(value)):
            return
        try:
            await self._admin.put(maps.paths[field], key, value, held=len(held))
        except GatewayError as error:
            if error.refused:  # it will not be done, so no reload may do it either
                old = (maps.files[field] or {}).get(key)
                await _to_its_end(lambda: map_file.put(file, key, old))
            raise

    def _there(self, maps: Maps, target: Target) -> None:
        ours = target.kind is TargetKind.KEY
        tables = (*maps.running.values(), *(file or {} for file in maps.files.values()))
        if not ours or (target.id not in maps.keys and not any(target.id in table for table in tables)):
            raise GoneError(
                f"HAProxy {self._name} has no {target.kind.value} {target.id}",
                hint="Its keys.map names no such id: the key is gone, or its line was changed.",
                refused=True,
            )


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Path, asyncio.Lock]] = WeakKeyDictionary()


def _turn(folder: Path) -> asyncio.Lock:
    """Whoever changes the maps of a folder: links are dropped while others still speak on them."""
    return _TURNS.setdefault(asyncio.get_running_loop(), {}).setdefault(folder.resolve(), asyncio.Lock())


async def _to_its_end(work: Callable[[], None]) -> None:
    """Work on a file in a thread, which goes on when nobody waits for it any more: so the turn is kept."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _value(field: str, value: object) -> int | None:
    """What stands in the map: a limit, or 1 for a block; None for no entry."""
    if field == BLOCKED:
        return 1 if value else None
    if value is not None and (type(value) is not int or not 0 <= value < 2**31):
        raise GatewayError(
            f"{field}: {value!r} is no limit", hint="Say a whole number of requests.", refused=True
        )
    return value
