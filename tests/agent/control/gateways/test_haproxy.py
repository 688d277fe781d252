"""The haproxy gateway where a real one would have to be set up wrongly, and what it plans and says."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.gateways.base import GatewayError, GoneError, Hit, UnsupportedError, dialect_of, open_link
from agent.control.gateways.haproxy import confirm, map_file
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import Fields, GatewayKey, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.haproxy_log import files
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.agent.control.gateways.haproxy_world import KEY, World

DIALECT = dialect_of("haproxy")
SCOPE = Scope.parse("team:search")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.admin.close()


def test_a_write_keeps_what_others_wrote_into_the_file_and_its_mode(world: World) -> None:
    file = world.folder / "rps.map"
    file.write_text("# by hand\nkey_b 9\n\tkey_a   1\n\nkey_a 2\nkey_ab 3")
    file.chmod(0o640)

    world.write({"rps": 5})

    assert file.read_text() == "# by hand\nkey_b 9\nkey_a 5\n\nkey_ab 3"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    world.write({"rps": None})
    assert file.read_text() == "# by hand\nkey_b 9\n\nkey_ab 3"
    assert [path.name for path in world.folder.iterdir() if path.name.startswith(".")] == []


def test_a_write_through_a_link_changes_the_file_that_it_points_to(world: World) -> None:
    real = world.folder / "elsewhere"
    real.write_text("")
    (world.folder / "rps.map").unlink()
    (world.folder / "rps.map").symlink_to(real)

    world.write({"rps": 5})

    assert real.read_text() == "key_a 5\n"
    assert (world.folder / "rps.map").is_symlink()


def test_a_socket_without_the_right_to_write_is_said_and_leaves_the_file_as_it_was(world: World) -> None:
    (world.folder / "rps.map").write_text("key_a 7\n")
    world.admin.refuse["add map"] = "Permission denied\n\n"

    with pytest.raises(GatewayError) as caught:
        world.write({"rps": 5})

    assert caught.value.refused
    assert "level admin" in caught.value.hint
    assert (world.folder / "rps.map").read_text() == "key_a 7\n"


def test_an_answer_that_is_not_expected_is_no_success(world: World) -> None:
    world.admin.refuse["add map"] = "Unknown map identifier.\n\n"

    with pytest.raises(GatewayError, match="Unknown map identifier"):
        world.write({"blocked": True})


def test_a_socket_that_breaks_off_leaves_it_open_whether_it_was_done(world: World) -> None:
    world.admin.refuse["add map"] = "half"

    with pytest.raises(GatewayError) as caught:
        world.write({"rps": 5})

    assert not caught.value.refused
    world.admin.refuse.clear()
    halfway = world.read()
    assert halfway.fields == {"rps": None, "rpm": None, "blocked": False, "drift": True}
    assert halfway.saved == {"rps": 5}
    world.write({"rps": 5})
    assert world.read().fields == {"rps": 5, "rpm": None, "blocked": False}


def test_without_a_haproxy_nobody_knows_and_the_hint_says_where_to_look(world: World) -> None:
    world.admin.close()

    with pytest.raises(GatewayError) as caught:
        world.read()

    assert not caught.value.refused
    assert "stats socket" in caught.value.hint


def test_a_file_that_cannot_be_written_stops_the_change_before_the_socket(world: World) -> None:
    (world.folder / "rps.map").unlink()

    with pytest.raises(GatewayError, match=r"rps\.map: cannot be read") as caught:
        world.write({"rps": 5})

    assert caught.value.refused
    assert world.entries("rps.map") == []


def test_nothing_is_set_for_a_key_that_keys_map_does_not_name(world: World) -> None:
    gone = Target("haproxy", TargetKind.KEY, "key_z")

    assert world.read(gone).fields == {"rps": None, "rpm": None, "blocked": False}
    with pytest.raises(GoneError):
        world.write({"rps": 1}, gone)


@pytest.mark.parametrize("before", [None, 9])
def test_what_holds_a_key_is_undone_also_after_its_line_went_out_of_keys_map(
    world: World, before: int | None
) -> None:
    world.write({"rps": 5})
    world.admin.maps[str(world.folder / "keys.map")].clear()

    world.write({"rps": before})

    assert world.read().fields["rps"] == before
    assert (world.folder / "rps.map").read_text() == ("" if before is None else f"key_a {before}\n")


def test_a_limit_is_replaced_without_a_moment_in_which_none_holds(world: World) -> None:
    world.write({"rps": 5})
    world.entries("rps.map").append(("key_a", "7"))  # by hand
    world.admin.told.clear()

    world.write({"rps": 2})

    told = [command for command in world.admin.told if not command.startswith("show")]
    assert [command.split()[0] for command in told] == ["set", "del"]
    assert world.entries("rps.map") == [("key_a", "2")]


def test_links_that_write_at_once_lose_nothing_of_one_another(world: World) -> None:
    keys = [f"key_{number}" for number in range(40)]
    world.admin.maps[str(world.folder / "keys.map")] += [(key, key) for key in keys]

    async def all_at_once() -> None:
        links = [open_link(Settings(), world.gateway) for _ in keys]
        targets = [Target("haproxy", TargetKind.KEY, key) for key in keys]
        pairs = zip(links, targets, strict=True)
        await asyncio.gather(*(link.write(target, {"rps": 3}, action=1, seq=0) for link, target in pairs))

    asyncio.run(all_at_once())

    assert sorted((world.folder / "rps.map").read_text().splitlines()) == sorted(f"{key} 3" for key in keys)


def test_processes_that_write_one_file_at_once_lose_nothing_of_one_another(world: World) -> None:
    file = world.folder / "rps.map"
    code = (
        "import sys; from pathlib import Path; from agent.control.gateways.haproxy.map_file import put\n"
        "for n in range(25): put(Path(sys.argv[1]), f'key_{sys.argv[2]}_{n}', n)"
    )
    command = [sys.executable, "-c", code, str(file)]

    others = [subprocess.Popen([*command, str(number)]) for number in range(3)]

    assert [other.wait() for other in others] == [0, 0, 0]
    assert len(file.read_text().splitlines()) == 75


def test_a_write_that_is_cancelled_gives_the_turn_on_only_when_its_file_is_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    put = map_file.put

    def slow(path: Path, key: str, value: int | None) -> None:
        if value == 1:
            begun.set()
            assert go_on.wait(10)
        put(path, key, value)

    monkeypatch.setattr(map_file, "put", slow)

    async def run() -> None:
        first, second = (open_link(Settings(), world.gateway) for _ in range(2))
        one = asyncio.create_task(first.write(KEY, {"rps": 1}, action=1, seq=0))
        await asyncio.to_thread(begun.wait, 10)
        one.cancel()
        two = asyncio.create_task(second.write(KEY, {"rps": 2}, action=2, seq=0))
        await asyncio.to_thread(go_on.set)
        await two
        assert one.cancelled()

    asyncio.run(run())

    assert (world.folder / "rps.map").read_text() == "key_a 2\n"
    assert world.read().fields["rps"] == 2


def test_a_key_with_words_of_the_socket_in_its_id_gets_nowhere(world: World) -> None:
    evil = "key; del map x"
    world.admin.maps[str(world.folder / "keys.map")].append(("99", evil))

    with pytest.raises(GatewayError, match="cannot be said"):
        world.write({"rps": 5}, Target("haproxy", TargetKind.KEY, evil))

    assert not [command for command in world.admin.told if command.startswith(("add", "del"))]
    assert (world.folder / "rps.map").read_text() == ""


def test_a_configuration_without_a_map_cannot_hold_its_limit_but_the_others(world: World) -> None:
    del world.admin.maps[str(world.folder / "rpm.map")]

    world.write({"rps": 5, "rpm": None})
    with pytest.raises(GatewayError, match=r"uses no rpm\.map") as caught:
        world.write({"rpm": 60})

    assert caught.value.refused
    assert world.read().fields == {"rps": 5, "rpm": None, "blocked": False}


def test_maps_of_another_folder_are_not_touched(world: World, tmp_path: Path) -> None:
    other = Gateway(kind="haproxy", socket=world.gateway.socket, maps=str(tmp_path / "other"))

    with pytest.raises(GatewayError, match=r"uses no keys\.map"):
        asyncio.run(open_link(Settings(), other).inventory())


def test_the_inventory_has_every_key_once_with_what_holds_it(world: World) -> None:
    world.write({"blocked": True})

    inventory = asyncio.run(open_link(Settings(), world.gateway).inventory())

    assert inventory.keys == [
        GatewayKey("key_a", "key_a", "key_a", blocked=True),
        GatewayKey("key_b", "key_b", "key_b"),
    ]
    assert [state.fields["blocked"] for state in inventory.states] == [True, False]
    assert inventory.states[0] == world.read()


def test_a_log_is_read_on_for_each_of_very_many_keys_and_never_from_its_beginning_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = []
    monkeypatch.setattr(confirm, "beginning", lambda *args: (began.append(args), files.beginning(*args))[1])
    line = '{"ts":1000.5,"key":"k7","status":403,"decision":"blocked","ms":1}\n'
    log = tmp_path / "access.jsonl"
    log.write_text(line)
    told = confirm.Confirmation(log)
    names = [f"k{number}" for number in range(2_000)]

    for _ in range(2):
        seen = {name: told.traffic(name, {"blocked": True}, 1_000.0, 1_001.0).refused for name in names}

    assert len(began) == len(names)
    assert {name for name, refused in seen.items() if refused} == {"k7"}


def test_what_is_planned_is_each_key_for_itself() -> None:
    keys = [GatewayKey("key_b", "key_b"), GatewayKey("key_a", "key_a"), GatewayKey("key_a", "key_a")]
    throttle = ActionSpec(ActionKind.THROTTLE, SCOPE, limit=Limit(10, LimitUnit.RPS))
    block = ActionSpec(ActionKind.BLOCK, SCOPE)

    targets = DIALECT.targets(
        Gateway(kind="haproxy", socket="s", maps="m"), throttle, Hit(SCOPE, keys, (), {})
    )

    assert targets == [KEY, Target("haproxy", TargetKind.KEY, "key_b")]
    assert DIALECT.wanted(throttle, TargetState(KEY, {})) == {"rps": 10}
    assert DIALECT.wanted(block, TargetState(KEY, {})) == {"blocked": True}
    assert DIALECT.reaches(KEY, keys[1]) and not DIALECT.reaches(KEY, keys[0])


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        (ActionSpec(ActionKind.THROTTLE, SCOPE, limit=Limit(9, LimitUnit.TPM)), "rps"),
        (ActionSpec(ActionKind.THROTTLE, SCOPE, limit=Limit(9, LimitUnit.PARALLEL)), "rps"),
        (ActionSpec(ActionKind.THROTTLE, SCOPE, limit=Limit(9, LimitUnit.RPS), models=("m",)), "whole key"),
        (ActionSpec(ActionKind.MODELS, SCOPE, models=("gpt-5",)), "block the key"),
        (ActionSpec(ActionKind.CAP, SCOPE, amount_nano=1), "at the provider"),
        (ActionSpec(ActionKind.REVOKE, SCOPE), "keys.map"),
    ],
)
def test_what_it_cannot_do_is_answered_with_the_nearest_that_it_can(spec: ActionSpec, hint: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.wanted(spec, TargetState(KEY, {}))

    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rps": None, "rpm": None, "blocked": False}, "no limit"),
        ({"rps": 0}, "0 rps"),
        ({"rps": 2, "rpm": 60, "blocked": False}, "2 rps and 60 rpm"),
        ({"rps": 2, "blocked": True}, "blocked"),
        ({"rps": 2, "drift": True}, "2 rps, until a reload: its map files say otherwise"),
    ],
)
def test_what_a_key_is_held_to_in_words(fields: Fields, words: str) -> None:
    assert DIALECT.words(fields) == words


def test_planning_loads_no_connection() -> None:
    code = (
        "import sys; from agent.control.gateways.base import dialect_of; dialect_of('haproxy'); "
        "sys.exit(bool({'asyncio', 'httpx', 'numpy'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}).returncode == 0
