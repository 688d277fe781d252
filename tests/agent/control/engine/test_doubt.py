"""What the ledger says of a step is no proof, and what nobody can say of one is found out at its gateway."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.control.engine import Executor, Pace
from agent.domain.action import ActionKind, ActionState
from agent.domain.gateway import Target, TargetKind
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.agent.control.build import tamper
from tests.agent.control.engine.shop import HOUR, KEY, OTHER, QUICK, RPM, TPM, Life, Shop
from tests.servers.haproxy_admin import AdminSocket

HASTY = replace(QUICK, give_up=0.0)
STATES = ["planned", "applying", "undoing", "undone", "failed", "kept"]


@pytest.mark.parametrize("state", STATES)
def test_a_step_that_holds_is_undone_whatever_somebody_has_written_of_it(shop: Shop, state: str) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    shop.settle()

    tamper(shop.writer.path, f"UPDATE action_step SET state = '{state}' WHERE seq = 0")
    shop.clock.advance(HOUR)
    shop.settle()

    assert shop.state(ident) is ActionState.EXPIRED
    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)


@pytest.mark.parametrize("state", ["applied", "undone", "undoing", "applying"])
def test_nothing_counts_as_applied_that_no_gateway_holds(shop: Shop, state: str) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    assert not shop.settle(Life(until=lambda: shop.state(ident) is ActionState.EXECUTING))
    assert shop.memory.held[KEY][RPM] is None

    tamper(shop.writer.path, f"UPDATE action_step SET state = '{state}'")
    shop.settle()

    assert (shop.state(ident), shop.memory.held[KEY][RPM]) == (ActionState.ACCEPTED, 10)
    assert shop.steps(ident) == ["applied"]


def test_a_step_that_a_later_one_was_built_on_was_done_and_does_not_outlast_it(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}), expires_s=HOUR)
    assert not shop.settle(Life(until=lambda: shop.memory.held[KEY][RPM] == 10))  # nobody has noted it
    second = shop.ask((KEY, {RPM: 20}), expires_s=HOUR)
    shop.memory.troubles = ["down"]  # for the first one, so that the second overtakes it
    shop.settle()

    assert shop.steps(first) == shop.steps(second) == ["applied"]
    assert shop.memory.held[KEY][RPM] == 20
    shop.clock.advance(HOUR)
    shop.settle()
    assert shop.memory.held[KEY][RPM] is None


def test_what_cannot_be_done_is_not_accepted_because_its_row_says_so(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle(Life(until=lambda: shop.state(ident) is ActionState.EXECUTING))

    tamper(shop.writer.path, "UPDATE action_step SET state = 'applied'")
    shop.memory.troubles = ["down"]
    shop.settle(pace=HASTY)

    assert shop.state(ident) is ActionState.FAILED


def test_what_somebody_else_had_set_to_the_same_stays_when_the_action_ends(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    shop.memory.set(KEY, RPM, 10)
    shop.settle()
    assert shop.steps(ident) == ["kept", "applied"]

    shop.release(ident)
    shop.settle()

    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (10, 60)


def test_what_another_action_holds_stays_when_one_ends_that_wanted_the_same(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    shop.settle()
    tamper(shop.writer.path, "UPDATE action_step SET state = 'undone' WHERE seq = 0")
    second = shop.ask((KEY, {RPM: 10, TPM: 5}))
    shop.settle()

    shop.release(first)
    shop.settle()
    assert shop.memory.held[KEY] == {RPM: 10, TPM: 5}

    shop.release(second)
    shop.settle()
    assert shop.state(second) is ActionState.REVERSED


def test_a_target_that_cannot_be_found_is_not_undone_and_people_are_told(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    shop.settle()
    del shop.memory.held[KEY]

    shop.release(ident)
    shop.settle()

    assert shop.state(ident) is ActionState.REVERSED
    assert shop.steps(ident) == ["kept", "undone"]
    assert "1 target left alone: sk-search: not undone: " in shop.told[-1].text
    assert shop.told[-1].recipients == ("ops_on_call",)


def breaking(shop: Shop, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Reading one target fails in a way that nobody expected, so many times."""
    from tests.agent.control.engine.shop import MemoryLink

    read, left = MemoryLink.read, times

    async def odd(self: MemoryLink, target: Target) -> Any:
        nonlocal left
        if target == KEY and left:
            left -= 1
            raise RuntimeError("nobody thought of this")
        return await read(self, target)

    monkeypatch.setattr(MemoryLink, "read", odd)


def test_what_nobody_expected_of_one_target_keeps_no_other_from_being_done_or_undone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))
    breaking(shop, monkeypatch, 1)
    shop.settle(pace=HASTY)
    assert shop.state(ident) is ActionState.ACCEPTED
    assert "1 of 2 targets not done: sk-search" in shop.action(ident).why
    assert shop.memory.held[OTHER][RPM] == 10

    shop.memory.set(KEY, RPM, 10)
    shop.release(ident)
    breaking(shop, monkeypatch, 4)
    shop.settle()

    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)
    assert "RuntimeError: nobody thought of this" in next(
        each.text for each in shop.told if each.kind == "not_undone"
    )


def test_a_step_is_given_up_by_the_time_since_its_turn_came(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.control.engine.executor.AT_ONCE", 1)
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}))

    async def run() -> None:
        loop = asyncio.get_running_loop()
        real, ahead = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + ahead)
        from tests.agent.control.engine.shop import MemoryLink

        write = MemoryLink.write

        async def slow(self: MemoryLink, target: Target, *args: Any, **named: Any) -> None:
            nonlocal ahead
            if target == KEY:
                ahead += 100.0
            elif not any(effect[1] == OTHER for effect in shop.memory.effects):
                self.memory.troubles.append("half")
            await write(self, target, *args, **named)

        monkeypatch.setattr(MemoryLink, "write", slow)
        shop.memory.troubles = []
        bench = shop.bench()
        await Executor(bench, QUICK).settle()
        await bench.close()

    asyncio.run(run())

    assert shop.steps(ident) == ["applied", "applied"]


class Edge:
    """A HAProxy before a key, whose socket answers as it is told; and an engine."""

    KEY = Target("edge", TargetKind.KEY, "key_a")

    def __init__(self, folder: Path, rps: int | None = None) -> None:
        self.maps = folder / "maps"
        self.maps.mkdir()
        for name in ("rps.map", "rpm.map", "block.map"):
            (self.maps / name).touch()
        maps: dict[str, list[tuple[str, str]]] = {str(path): [] for path in self.maps.iterdir()}
        maps[str(self.maps / "keys.map")] = [("ab", "key_a")]
        if rps is not None:
            (self.maps / "rps.map").write_text(f"key_a {rps}\n")
            maps[str(self.maps / "rps.map")] = [("key_a", str(rps))]
        self.admin = AdminSocket(folder / "admin.sock", maps)
        gateway = Gateway(kind="haproxy", name="edge", socket=str(self.admin.path), maps=str(self.maps))
        self.shop = Shop(folder, {self.KEY: {"rps": rps, "blocked": False}})
        self.shop.settings = Settings(ledger_path=self.shop.writer.path, own_gateways=(gateway,))

    def settle(self, pace: Pace = QUICK) -> None:
        """The agent starts, with a real link, and does all there is to do."""

        async def run() -> None:
            from agent.control.gateways.base import open_link

            bench = replace(self.shop.bench(), opening=open_link)
            await Executor(bench, pace).settle()
            await bench.close()

        asyncio.run(run())

    def holds(self, name: str) -> tuple[str, list[tuple[str, str]]]:
        path = self.maps / name
        return path.read_text(), self.admin.maps[str(path)]

    def close(self) -> None:
        self.admin.close()
        self.shop.close()


def test_a_block_that_only_reached_the_file_of_a_haproxy_is_taken_out_of_it(tmp_path: Path) -> None:
    edge = Edge(tmp_path)
    ident = edge.shop.ask((edge.KEY, {"blocked": True}))
    edge.admin.refuse["add map"] = "half"  # the connection breaks off
    edge.settle(HASTY)

    assert edge.shop.state(ident) is ActionState.FAILED
    assert edge.holds("block.map") == ("", [])
    edge.close()


def test_a_block_whose_undoing_did_not_reach_the_file_is_undone_for_good(tmp_path: Path) -> None:
    edge = Edge(tmp_path)
    ident = edge.shop.ask((edge.KEY, {"blocked": True}))
    edge.settle()
    assert edge.holds("block.map") == ("key_a 1\n", [("key_a", "1")])

    edge.admin.maps[str(edge.maps / "block.map")].clear()  # somebody at the socket
    edge.shop.release(ident)
    edge.settle()

    assert edge.holds("block.map") == ("", [])
    edge.close()


@pytest.mark.parametrize("file", [2, 5])
def test_a_limit_that_is_gone_halfway_is_no_change_by_somebody_else(tmp_path: Path, file: int) -> None:
    edge = Edge(tmp_path, rps=5)
    ident = edge.shop.ask((edge.KEY, {"rps": 2}))
    edge.admin.refuse["set map"] = "half"
    life = Life(until=lambda: any(command.startswith("set") for command in edge.admin.told))

    async def dies() -> None:
        from agent.control.gateways.base import open_link

        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await Executor(replace(edge.shop.bench(life), opening=open_link), QUICK).settle()

    with pytest.raises(BaseException):  # noqa: B017 - the process is no more
        asyncio.run(dies())
    assert edge.shop.steps(ident) == ["applying"]
    edge.admin.refuse.clear()
    edge.admin.maps[str(edge.maps / "rps.map")].clear()
    (edge.maps / "rps.map").write_text(f"key_a {file}\n")

    edge.settle()
    assert (edge.shop.state(ident), edge.holds("rps.map")) == (
        ActionState.ACCEPTED,
        ("key_a 2\n", [("key_a", "2")]),
    )

    edge.shop.release(ident)
    edge.settle()
    assert edge.holds("rps.map") == ("key_a 5\n", [("key_a", "5")])
    edge.close()


@pytest.mark.parametrize(("arrives", "state"), [(True, ActionState.ACCEPTED), (False, ActionState.FAILED)])
def test_a_deletion_of_which_nobody_could_say_whether_it_was_done_is_read_and_never_undone(
    shop: Shop, arrives: bool, state: ActionState
) -> None:
    shop.memory.held[KEY] = {"deleted": False}
    shop.kind = ActionKind.REVOKE
    ident = shop.ask((KEY, {"deleted": True}))
    shop.memory.troubles = ["", "lost" if arrives else "down", "down", "down"]
    shop.settle(pace=HASTY)

    assert shop.state(ident) is state
    assert shop.memory.held[KEY] == {"deleted": arrives}
    shop.clock.advance(100 * HOUR)
    shop.settle()
    assert shop.state(ident) in (state, ActionState.CONFIRMED)


def test_a_deletion_that_somebody_ends_is_never_set_back(shop: Shop) -> None:
    shop.memory.held[KEY] = {"deleted": False}
    shop.kind = ActionKind.REVOKE
    ident = shop.ask((KEY, {"deleted": True}))
    shop.settle()

    shop.release(ident)
    shop.settle()

    assert shop.memory.held[KEY] == {"deleted": True}
    assert shop.steps(ident) == ["kept"]


@pytest.mark.parametrize("lived", range(24))
def test_a_deletion_is_done_once_wherever_the_agent_dies(shop: Shop, lived: int) -> None:
    shop.memory.held[KEY] = {"deleted": False}
    shop.kind = ActionKind.REVOKE
    ident = shop.ask((KEY, {"deleted": True}))

    shop.settle(Life(lived))
    shop.settle()

    assert shop.state(ident) is ActionState.ACCEPTED
    assert shop.steps(ident) == ["applied"]
    assert [effect[2:] for effect in shop.memory.effects] == [("deleted", False, True)]


def test_a_key_that_is_gone_before_anybody_deletes_it_counts_as_deleted(shop: Shop) -> None:
    shop.memory.held[KEY] = {"deleted": False}
    shop.kind = ActionKind.REVOKE
    ident = shop.ask((KEY, {"deleted": True}))
    shop.memory.set(KEY, "deleted", True)

    shop.settle()

    assert (shop.state(ident), shop.memory.effects) == (ActionState.ACCEPTED, [])


def test_what_held_a_key_that_is_deleted_meanwhile_is_not_given_back_and_says_why(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 5}))
    shop.settle()
    shop.memory.held[KEY] = {"deleted": True}

    shop.release(ident)
    shop.settle()

    assert shop.memory.held[KEY] == {"deleted": True}
    assert shop.steps(ident) == ["kept"]
    assert "gate/key/sk-search was deleted" in shop.told[-1].text
