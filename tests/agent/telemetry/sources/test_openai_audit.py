"""The audit log of the simulated provider: what was changed, each thing once, and no usage is lost for it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from agent.clock import ManualClock
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.provider_http import ApiClient
from agent.secrets import Secret
from agent.telemetry.sources.openai.audit import changes_in
from agent.telemetry.sources.openai.audit_reader import CURSOR, AuditReader
from fixtures.provider import SimulatedProvider
from tests.agent.telemetry.answering import KEY, Answer, AnsweringServer, Asked
from tests.agent.telemetry.conftest import QUICK, Reading, Readings
from tests.agent.telemetry.sources.test_openai_pages import empty

T = TypeVar("T")
EPOCH = 1_790_003_000.0
FEED = "SELECT at, kind, title, actor, scope_kind, scope FROM change_feed ORDER BY at, title"
AUDIT = "organization/audit_logs"


class Desk:
    """Writes on the thread that asks."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)


class World:
    """A provider in which things are changed, as its people or burndeck do, and a ledger that reads of it."""

    def __init__(self, provider: SimulatedProvider, clock: ManualClock, readings: Readings) -> None:
        self.provider = provider
        self.clock = clock
        self.reading: Reading = readings.of(provider.base_url, provider.admin_key)
        self._http = httpx.Client(
            base_url=provider.base_url,
            headers={"Authorization": f"Bearer {provider.admin_key}"},
            verify=False,
        )

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, f"/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def fault(self, *statuses: int) -> None:
        """Answers the log with a status from now on; with none it works again."""
        root = self.provider.base_url.removesuffix("/v1")
        rules = [{"path": f"/{AUDIT}", "fault": status} for status in statuses]
        self._http.put(f"{root}/_faults", json=rules).raise_for_status()

    def limit(self, amount: int) -> str:
        """Sets a rate limit; returns the project."""
        project = str(self.ask("GET", "organization/projects")["data"][0]["id"])
        self.ask(
            "POST",
            f"organization/projects/{project}/rate_limits/rl-gpt-5",
            {"max_requests_per_1_minute": amount},
        )
        return project

    def read(self, now: float = EPOCH) -> None:
        """Reads the log alone, as far back as eight days."""
        _read(self.reading.settings.ledger_path, self.provider.base_url, self.provider.admin_key, now)

    def feed(self) -> list[tuple[Any, ...]]:
        return self.reading.rows(FEED)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def world(readings: Readings) -> Iterator[World]:
    clock = ManualClock(EPOCH)
    with SimulatedProvider(seed=5, clock=clock, epoch=EPOCH) as provider:
        made = World(provider, clock, readings)
        yield made
        made.close()


def test_what_happened_before_is_read_once_with_its_project(world: World) -> None:
    world.read()

    found = world.feed()
    assert {row[1] for row in found} == {"key", "project"}
    assert all(EPOCH - 8 * 86_400 <= row[0] <= EPOCH for row in found)
    world.read(EPOCH + 60)
    assert world.feed() == found


def test_a_limit_and_a_key_that_are_changed_stand_in_the_feed(world: World) -> None:
    world.read()
    before = len(world.feed())
    world.clock.advance(300)
    project = world.limit(60)
    key = str(world.ask("GET", f"organization/projects/{project}/api_keys")["data"][0]["id"])
    world.clock.advance(60)
    world.ask("DELETE", f"organization/projects/{project}/api_keys/{key}")

    world.read(EPOCH + 400)

    limited, deleted = world.feed()[before:]
    assert limited[:2] == (EPOCH + 300, "limit")
    assert limited[2].startswith("rate limit updated: rl-gpt-5, max_requests_per_1_minute 60 (")
    assert limited[4:] == ("project", project)
    assert "@" in limited[3]
    assert (deleted[1], deleted[4:]) == ("key", ("api_key", key))
    assert deleted[2].startswith(f"API key deleted: {key}")


def test_a_log_of_several_pages_is_read_to_its_end(world: World) -> None:
    for amount in range(1, 131):
        world.limit(amount)

    world.read()

    assert len([row for row in world.feed() if row[1] == "limit"]) == 130


def paged(asked: Asked) -> Answer:
    """A log of two pages that never says its last id, of a provider that has nothing else."""
    if not asked.path.endswith(AUDIT):
        return empty(asked)
    first = asked.one("after") is None
    return Answer({"data": [entry(id="audit-1" if first else "audit-2")], "has_more": first, "last_id": None})


def test_pages_that_do_not_say_their_last_id_go_on_after_their_last_entry(readings: Readings) -> None:
    with AnsweringServer(paged) as server:
        reading = readings.of(server.base_url, KEY.reveal())
        report = reading.once(EPOCH)

    assert (report.failed, len(reading.rows(FEED))) == (None, 2)


def test_a_provider_that_does_not_know_all_kinds_is_asked_for_everything(readings: Readings) -> None:
    def picky(asked: Asked) -> Answer:
        refuses = asked.path.endswith(AUDIT) and "event_types[]" in asked.params
        return Answer({"error": {"message": "Invalid value"}}, status=400) if refuses else paged(asked)

    with AnsweringServer(picky) as server:
        reading = readings.of(server.base_url, KEY.reveal())
        report = reading.once(EPOCH)

    assert (report.failed, len(reading.rows(FEED))) == (None, 2)


@pytest.mark.parametrize("status", [403, 404])
def test_a_log_that_may_not_be_read_is_left_alone_and_costs_no_usage(world: World, status: int) -> None:
    world.fault(status)

    report = world.reading.once(EPOCH)

    assert report.failed is None
    assert "audit_logs: not read until" in report.sources[0].message
    assert world.reading.rows("SELECT kind, subject FROM finding") == [("audit_log_unread", "openai")]
    assert world.reading.rows("SELECT COUNT(*) FROM bucket")[0][0] > 0
    assert world.feed() == []


def test_a_log_with_trouble_of_its_own_is_tried_again_and_costs_no_usage(world: World) -> None:
    world.fault(500)
    assert world.reading.once(EPOCH).failed is not None
    assert world.reading.rows("SELECT COUNT(*) FROM bucket")[0][0] > 0

    world.fault()
    world.limit(60)
    assert world.reading.once(EPOCH).failed is None
    assert len(world.feed()) == 1


def test_a_source_need_not_read_it(world: World, readings: Readings) -> None:
    reading = readings.of(world.provider.base_url, world.provider.admin_key, audit_log=False)

    endpoints = {each.endpoint for each in reading.once(EPOCH).sources[0].endpoints}

    assert AUDIT not in endpoints and "organization/costs" in endpoints


def test_wherever_a_reading_is_killed_the_next_one_has_each_entry_once(world: World, tmp_path: Path) -> None:
    world.limit(60)
    world.read()
    torn = tmp_path / "torn.sqlite"

    for place in ("INTO change_feed", "INTO source_cursor"):
        assert _killed(torn, world, place)
        assert _feed(torn) == []

    assert not _killed(torn, world, "nowhere")
    assert _feed(torn) == world.feed() != []
    assert not _killed(torn, world, "nowhere")
    assert _feed(torn) == world.feed()


def _read(ledger: Path, base_url: str, key: str, now: float) -> None:
    async def read() -> None:
        with open_writer(ledger) as writer:
            async with ApiClient(base_url, Secret(key), policy=QUICK) as client:
                cursor = writer.cursor("openai", CURSOR)
                reader = AuditReader(
                    "openai", client, Desk(writer), wanted=True, history_s=8 * 86_400, cursor=cursor
                )
                await reader.run(now)

    asyncio.run(read())


def _killed(ledger: Path, world: World, place: str) -> bool:
    """Reads in a process of its own, which is killed as it begins a statement that holds `place`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    child = context.Process(
        target=_traced, args=(ledger, world.provider.base_url, world.provider.admin_key, place)
    )
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def _traced(ledger: Path, base_url: str, key: str, place: str) -> None:
    connect = sqlite3.connect

    def trace(statement: str) -> None:
        if place in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        conn: sqlite3.Connection = connect(*args, **kwargs)
        conn.set_trace_callback(trace)
        return conn

    sqlite3.connect = traced  # type: ignore[assignment]
    _read(ledger, base_url, key, EPOCH)


def _feed(ledger: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(ledger)
    try:
        return connection.execute(FEED).fetchall()
    finally:
        connection.close()


def entry(**more: Any) -> dict[str, Any]:
    return {"id": "audit-1", "type": "api_key.created", "effective_at": int(EPOCH)} | more


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (None, ""),
        (
            {"type": "session", "session": {"user": {"id": "u1", "email": "ada@example.com"}}},
            "ada@example.com",
        ),
        ({"type": "api_key", "api_key": {"id": "key_1", "service_account": {"id": "svc_1"}}}, "svc_1"),
        ({"type": "api_key", "api_key": {"id": "key_1"}}, "key_1"),
    ],
)
def test_the_actor_is_named_as_far_as_the_log_knows(actor: Any, name: str) -> None:
    (change,), _ = changes_in("openai", [entry(actor=actor)])

    assert change.actor == name


def test_logins_change_nothing_and_types_that_are_new_are_other_changes() -> None:
    found, refused = changes_in(
        "openai",
        [
            entry(type="login.succeeded"),
            entry(id="audit-2", type="tenant.moved"),
            entry(id="audit-3", type="moved"),
            entry(id="audit-4", type="tenant.usage_limit.workspace.updated"),
        ],
    )

    assert [(change.kind, change.title) for change in found] == [
        ("other", "tenant moved"),
        ("other", "moved"),
        ("limit", "tenant usage limit workspace updated"),
    ]
    assert refused == []


@pytest.mark.parametrize(
    "wrong", [{"effective_at": "soon"}, {"effective_at": 7}, {"type": None}, {"actor": 7}]
)
def test_an_entry_that_cannot_be_read_is_set_aside_with_its_id(wrong: dict[str, Any]) -> None:
    found, (row,) = changes_in("openai", [entry(**wrong), entry(id="audit-2")])

    assert len(found) == 1
    assert (row.source, row.location) == ("openai", "audit log: audit-1")
    assert json.loads(row.raw)["id"] == "audit-1"
