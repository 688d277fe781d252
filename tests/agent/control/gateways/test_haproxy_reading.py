"""How the haproxy gateway reads one key of many, and what others change in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.gateways.base import GoneError
from agent.domain.gateway import Target, TargetKind
from tests.agent.control.gateways.haproxy_world import KEY, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.admin.close()


def test_one_key_of_hundreds_is_read_and_set_without_reading_all_the_others(world: World) -> None:
    keys = [f"key_{number}" for number in range(300)]
    world.admin.maps[str(world.folder / "keys.map")] += [(f"{key}00", key) for key in keys]

    async def one_after_another() -> list[object]:
        link = world.link()
        await link.inventory()
        world.admin.told.clear()
        found = []
        for key in keys[:20]:
            target = Target("haproxy", TargetKind.KEY, key)
            await link.write(target, {"rps": 5}, action=1, seq=0)
            found.append((await link.read(target)).fields["rps"])
        return found

    assert asyncio.run(one_after_another()) == [5] * 20
    assert [command for command in world.admin.told if command.startswith("show")] == []
    assert len(world.admin.told) == 20 * (4 + 1 + 4)


def test_a_key_alone_is_told_as_among_all_also_after_others_have_changed_it(world: World) -> None:
    async def looks() -> None:
        link = world.link()
        await link.inventory()
        world.entries("rps.map").append(("key_a", "7"))
        (world.folder / "rpm.map").write_text("key_ab 1\n# key_a 2\n key_a\t3\nkey_a 4\n")

        alone = await link.read(KEY)

        assert alone.fields == {"rps": 7, "rpm": None, "blocked": False, "drift": True}
        assert alone.saved == {"rps": None, "rpm": 3}
        assert alone == (await link.inventory()).states[0]
        world.entries("rps.map").append(("key_a", "8"))
        assert (await link.inventory()).states[0] == await link.read(KEY)

    asyncio.run(looks())


def test_a_key_whose_line_goes_out_of_keys_map_or_comes_back_is_seen_at_once(world: World) -> None:
    keys = world.admin.maps[str(world.folder / "keys.map")]
    line = keys[0]

    async def writes() -> None:
        link = world.link()
        await link.inventory()
        keys[0] = (line[0], "key_z")
        with pytest.raises(GoneError):
            await link.write(KEY, {"rps": 5}, action=1, seq=0)
        keys[0] = ("99", line[1])
        await link.write(KEY, {"rps": 5}, action=1, seq=0)

    asyncio.run(writes())

    assert world.read().fields["rps"] == 5


def test_a_haproxy_that_tells_of_no_single_entry_is_read_as_a_whole(world: World) -> None:
    async def reads() -> None:
        link = world.link()
        await link.inventory()
        world.admin.refuse["get map"] = "Unknown command.\n\n"
        await link.write(KEY, {"rps": 5}, action=1, seq=0)
        assert (await link.read(KEY)).fields["rps"] == 5

    asyncio.run(reads())
