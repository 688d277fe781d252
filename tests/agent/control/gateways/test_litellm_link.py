"""A LiteLLM proxy over the wire: odd keys, looks through its failures, keys that are deleted."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from typing import Any

import pytest

from agent.control.gateways.base import GatewayError
from agent.control.gateways.litellm import DIALECT
from agent.control.gateways.litellm.link import LiteLLMLink
from agent.control.gateways.litellm.traffic import Looks
from agent.domain.action import ActionKind
from agent.domain.gateway import (
    Inventory,
    Target,
    TargetKind,
    TargetState,
    Traffic,
)
from agent.litellm.client import Proxy
from agent.litellm.keys import epoch_of
from agent.secrets import Secret
from tests.agent.control.gateways.litellm_world import (
    KEY,
    NOW,
    ODD,
    OF_KEY,
    OF_PROVIDER,
    exact,
    spec,
)
from tests.agent.telemetry.answering import Answer, AnsweringServer, Asked


def listed(keys: Sequence[dict[str, Any]], teams: Sequence[dict[str, Any]] = ()) -> Any:
    """What the link makes of a proxy with these keys and teams."""
    lists = {
        "/key/list": {"keys": keys, "total_count": len(keys), "total_pages": 1},
        "/v2/team/list": {"teams": teams, "total": len(teams), "total_pages": 1},
        "/key/info": {"key": keys[-1]["token"], "info": keys[-1]} if keys else {},
    }

    async def run(url: str) -> tuple[Inventory, TargetState | str]:
        link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
        try:
            found = await link.inventory()
            try:
                return found, await link.read(Target("litellm", TargetKind.KEY, "x"))
            except GatewayError as error:
                return found, error.message
        finally:
            await link.close()

    with AnsweringServer(lambda asked: Answer(lists[asked.path])) as server:
        return asyncio.run(run(server.base_url))


@pytest.mark.parametrize("metadata", [ODD, "text", ["list"], {"model_tpm_limit": "many"}])
def test_a_key_with_odd_metadata_is_read_like_the_others(metadata: Any) -> None:
    odd = {**exact(KEY), "token": "odd", "rpm_limit": 7, "metadata": metadata}

    found, alone = listed([exact(KEY), odd])

    assert [each.id for each in found.keys] == ["a" * 64, "odd"]
    assert found.states[1].fields["rpm_limit"] == 7
    assert alone.fields == found.states[1].fields
    assert DIALECT.wanted(spec(ActionKind.BLOCK), alone) == {"blocked": True}


def test_a_key_that_makes_no_sense_is_left_out_and_never_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = {**exact(KEY), "token": "odd", "rpm_limit": "lots"}
    team = {"team_id": "t1", "team_alias": "search", "models": 7}

    found, alone = listed([exact(KEY), odd], [team])

    assert [each.id for each in found.keys] == [each.target.id for each in found.states] == ["a" * 64]
    assert "another way than we know" in alone
    assert "key odd is left out" in caplog.text and "team t1 is left out" in caplog.text


class Failures:
    """A log of spend of failed calls, one every second from `NOW` on, and what it was asked."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)
        self.asked: list[Asked] = []

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        start = datetime.datetime.fromisoformat(f"{asked.one('start_date')}+00:00").timestamp()
        rows = self.rows if asked.one("status_filter") == "failure" else []
        found = [each for each in rows if epoch_of(each["startTime"]) >= start]  # type: ignore[operator]
        page, size = int(asked.one("page") or 1), int(asked.one("page_size") or 1)
        return Answer(
            {
                "data": found[(page - 1) * size : page * size],
                "total": len(found),
                "total_pages": -(-len(found) // size),
            }
        )

    def looks(self, *times: float) -> list[Traffic]:
        """What looks at these times found, for a key that was limited at `NOW`."""
        target = Target("litellm", TargetKind.KEY, "x")

        async def run(url: str) -> list[Traffic]:
            link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
            found = [await link.traffic(target, {"rpm_limit": 5}, NOW, at) for at in times]
            await link.close()
            return [each for each in found if each is not None]

        with AnsweringServer(self.answer) as server:
            return asyncio.run(run(server.base_url))


def call(number: int, error: dict[str, Any]) -> dict[str, Any]:
    stamp = datetime.datetime.fromtimestamp(NOW + number, datetime.UTC).isoformat()
    return {**error, "request_id": f"r{number}", "startTime": stamp}


def test_a_look_asks_once_as_long_as_nothing_was_refused() -> None:
    log = Failures()

    assert [each.refused for each in log.looks(NOW + 1, NOW + 2)] == [0, 0]
    assert len(log.asked) == 2


def test_a_look_stops_at_the_first_page_with_a_refusal() -> None:
    log = Failures(*(call(number, OF_KEY) for number in range(1_000)))

    (found,) = log.looks(NOW + 1_000)

    assert (found.refused, found.first_refused_at, found.note) == (100, NOW, "there are more")
    assert len(log.asked) == 2  # the other for what passed


def test_looks_go_through_many_failures_of_others_bit_by_bit_and_never_twice() -> None:
    log = Failures(*(call(number, OF_PROVIDER) for number in range(700)), call(650, OF_KEY))
    log.rows.sort(key=lambda row: row["startTime"])

    found = log.looks(NOW + 701, NOW + 702, NOW + 703)

    assert [each.refused for each in found] == [0, 0, 1]
    assert len(log.asked) == 3 + 3 + 1 + 1


def test_how_far_was_looked_is_forgotten_for_the_longest_unseen_of_very_many_alone() -> None:
    looks = Looks()
    for number in range(30_000):
        looks.passed(Target("litellm", TargetKind.KEY, str(number)), NOW, NOW + 5)
        looks.passed(Target("litellm", TargetKind.KEY, "0"), NOW, NOW + 5)

    since = [looks.start(Target("litellm", TargetKind.KEY, str(number)), NOW) for number in range(30_000)]

    assert (since[0], since[1], since[-1]) == (NOW + 5, NOW, NOW + 5)
    assert since.count(NOW + 5) == 20_000


def test_a_refusal_that_is_written_late_is_seen() -> None:
    log = Failures()
    real = log.answer

    def late(asked: Asked) -> Answer:
        if len(log.asked) == 3:
            log.rows.append(call(250, OF_KEY))
        return real(asked)

    log.answer = late  # type: ignore[method-assign]

    assert [each.refused for each in log.looks(NOW + 100, NOW + 200, NOW + 300, NOW + 303)] == [0, 0, 0, 1]
    assert log.asked[2].one("start_date") > log.asked[0].one("start_date")  # type: ignore[operator]


class Shelf:
    """A proxy that has one key, until it is deleted."""

    def __init__(self, *, lists_it: bool = False) -> None:
        self.there, self.deletions, self._lists_it = True, 0, lists_it

    def answer(self, asked: Asked) -> Answer:
        missing = Answer({"error": {"message": "Key not found in database", "code": "404"}}, 404)
        if asked.path == "/key/list":
            return Answer({"keys": [], "total_count": int(self.there or self._lists_it), "total_pages": 1})
        if not self.there:
            return missing
        if asked.path == "/key/delete":
            self.there, self.deletions = False, self.deletions + 1
            return Answer({"deleted_keys": ["a" * 64]})
        return Answer({"key": "a" * 64, "info": exact(KEY)})

    def told(self, *fields: dict[str, Any]) -> list[TargetState]:
        """What is read before and after each write."""
        target = Target("litellm", TargetKind.KEY, "a" * 64)

        async def run(url: str) -> list[TargetState]:
            link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
            try:
                found = [await link.read(target)]
                for each in fields:
                    await link.write(target, each, action=1, seq=0)
                    found.append(await link.read(target))
                return found
            finally:
                await link.close()

        with AnsweringServer(self.answer) as server:
            return asyncio.run(run(server.base_url))


def test_a_key_that_is_deleted_twice_is_deleted_once_and_reads_as_gone() -> None:
    shelf = Shelf()

    before, first, second = shelf.told({"deleted": True}, {"deleted": True})

    assert (before.fields["deleted"], before.gone) == (False, False)
    assert first == second
    assert (first.fields, first.gone, shelf.deletions) == ({"deleted": True}, True, 1)


def test_a_key_that_is_listed_all_the_same_does_not_count_as_deleted() -> None:
    with pytest.raises(GatewayError, match="lists a key") as error:
        Shelf(lists_it=True).told({"deleted": True})

    assert not error.value.refused


def test_a_deleted_key_is_never_made_again() -> None:
    with pytest.raises(GatewayError, match="does not come back") as error:
        Shelf().told({"deleted": False})

    assert error.value.refused
