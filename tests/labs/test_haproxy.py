"""HAProxy for real: what burndeck writes there, what callers then see, and what comes of the log."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.domain.gateway import Fields, TargetState, Traffic
from agent.ledger import open_writer
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.once import Collecting
from tests.labs.haproxy import KEYS, HAProxyLab, LogKeeper, needs_haproxy, run
from tests.labs.speed import Pace, Tell, hold_goal
from tests.servers.upstream import COMPLETION_TOKENS, PROMPT_TOKENS

pytestmark = [pytest.mark.labs, needs_haproxy]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[HAProxyLab]:
    lab = HAProxyLab(tmp_path)
    try:
        lab.start()
        yield lab
    finally:
        lab.close()


@pytest.fixture
def log(lab: HAProxyLab) -> Iterator[Path]:
    keeper = LogKeeper(lab)
    yield lab.log
    keeper.close()


def write(lab: HAProxyLab, fields: Fields, key: str = "key_search") -> None:
    run(lab.link().write(lab.target(key), fields, action=1, seq=0))


def read(lab: HAProxyLab, key: str = "key_search") -> Fields:
    return run(lab.link().read(lab.target(key))).fields


def version(lab: HAProxyLab) -> str:
    return run(lab.link().read(lab.target())).version


def entries(lab: HAProxyLab, name: str = "rps.map") -> list[list[str]]:
    shown = lab.tell(f"show map {lab.maps / name}")
    return [line.split()[1:] for line in shown.splitlines() if line]


def logged(log: Path, count: int) -> list[dict[str, Any]]:
    """The log's rows, once there are so many."""
    end = time.monotonic() + 10
    while log.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end, f"{count} calls, but the log is {log.read_text()[-500:]}"
        time.sleep(0.005)
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_throttled_key_meets_its_limit_within_a_second_and_is_held_to_it(
    lab: HAProxyLab, tell: Tell
) -> None:
    with lab.load(rate=100) as load, lab.load("key_batch", rate=20) as other:

        def throttled() -> Pace:
            write(lab, {"rps": None})
            load.first(200, time.monotonic())
            began = time.monotonic()
            write(lab, {"rps": 5})
            written = time.monotonic()
            return Pace(written - began, load.first(429, began) - written)

        hold_goal(tell, "HAProxy, throttle written by the gateway", throttled)
        held = time.monotonic()
        other.after(held + 3)
        load.after(held + 3)

    assert 5 <= load.count(200, held, held + 3) <= 5 * 4
    assert load.count(429, held, held + 3) > 100
    assert other.count(429, 0.0, held + 3) == 0


def test_very_many_keys_are_asked_for_at_once_and_each_answer_is_what_the_maps_say(lab: HAProxyLab) -> None:
    write(lab, {"rps": 5, "blocked": True})

    async def ask() -> list[TargetState]:
        link = lab.link()
        await link.inventory()
        names = [*KEYS, *(f"key_{number}" for number in range(40))]
        found = await asyncio.gather(*(link.read(lab.target(name)) for name in names))
        assert (await link.inventory()).states == sorted(found[: len(KEYS)], key=lambda each: each.target.id)
        return found

    held = {state.target.id: state.fields for state in run(ask())}

    assert held.pop("key_search") == {"rps": 5, "rpm": None, "blocked": True}
    assert set(map(str, held.values())) == {str({"rps": None, "rpm": None, "blocked": False})}


def test_a_limit_a_minute_lets_so_many_pass_and_then_none(lab: HAProxyLab) -> None:
    write(lab, {"rpm": 10})

    statuses = [lab.call() for _ in range(30)]

    assert statuses == [200] * 10 + [429] * 20


def test_a_blocked_key_is_refused_and_passes_again_once_that_is_undone(lab: HAProxyLab) -> None:
    before = read(lab)
    with lab.load(rate=50) as load:
        load.first(200, 0.0)
        write(lab, {"blocked": True})
        blocked_at = load.first(403, 0.0)
        load.after(blocked_at + 0.5)
        undone = time.monotonic()
        write(lab, {"blocked": before["blocked"]})
        passed_at = load.first(200, undone)

    assert load.count(200, blocked_at, undone) == 0
    assert passed_at - undone < 1.0
    assert read(lab) == before


def test_a_limit_survives_a_reload_and_so_does_its_undo(lab: HAProxyLab) -> None:
    write(lab, {"rps": 0, "blocked": False})
    lab.reload()
    held, held_to = lab.call(), read(lab)
    write(lab, {"rps": None})
    lab.reload()

    assert (held, held_to) == (429, {"rps": 0, "rpm": None, "blocked": False})
    assert lab.call() == 200
    assert read(lab) == {"rps": None, "rpm": None, "blocked": False}


def test_a_write_leaves_one_entry_whatever_was_there(lab: HAProxyLab) -> None:
    lab.tell(f"add map {lab.maps / 'rps.map'} key_search 7; add map {lab.maps / 'rps.map'} key_search 8")

    write(lab, {"rps": 3})
    write(lab, {"rps": 3})

    assert entries(lab) == [["key_search", "3"]]
    assert (lab.maps / "rps.map").read_text() == "key_search 3\n"


def test_a_change_by_somebody_else_moves_the_version_and_traffic_does_not(lab: HAProxyLab) -> None:
    write(lab, {"rps": 100})
    first = version(lab)
    lab.call()
    after_traffic = version(lab)
    lab.tell(f"set map {lab.maps / 'rps.map'} key_search 101")
    changed = version(lab)
    lab.tell(f"add map {lab.maps / 'rps.map'} key_search 102")

    assert first == after_traffic
    assert len({first, changed, version(lab)}) == 3


def test_a_file_that_says_otherwise_is_seen_and_the_same_write_repairs_it(lab: HAProxyLab) -> None:
    # As a crash between the two halves of a write leaves it: the file is written first.
    (lab.maps / "rps.map").write_text("# by hand\nkey_search 5\n")
    before = read(lab)

    write(lab, {"rps": 5})

    assert before == {"rps": None, "rpm": None, "blocked": False, "drift": True}
    assert read(lab) == {"rps": 5, "rpm": None, "blocked": False}
    assert (lab.maps / "rps.map").read_text() == "# by hand\nkey_search 5\n"


def test_the_log_tells_which_refusals_are_due_to_the_change(lab: HAProxyLab, log: Path) -> None:
    lab.call()
    write(lab, {"rps": 0})
    since = time.time()
    throttled = [lab.call() for _ in range(3)]
    write(lab, {"rps": None, "blocked": True})
    blocked = [lab.call() for _ in range(2)]
    logged(log, 6)
    link = lab.link()

    def traffic(fields: Fields) -> Traffic:
        seen = run(link.traffic(lab.target(), fields, since, time.time()))
        assert seen is not None
        return seen

    assert (throttled, blocked) == ([429] * 3, [403] * 2)
    assert (traffic({"rps": 0}).refused, traffic({"blocked": True}).refused) == (3, 2)
    assert traffic({"rpm": 1}).refused == 0
    assert traffic({"rps": 0}).passed == 0
    assert since <= (traffic({"rps": 0}).first_refused_at or 0.0) <= time.time()
    write(lab, {"blocked": False})
    lab.call()
    logged(log, 7)
    assert traffic({"rps": 0}).passed == 1


def test_a_caller_cannot_write_what_it_likes_into_the_log(lab: HAProxyLab, log: Path) -> None:
    lab.call(model='x","key":"key_batch","z":"\n{')
    lab.call(model="é" * 300)
    lab.call(path='/v1/chat/completions/"x\\')

    rows = logged(log, 3)

    assert [row["key"] for row in rows] == ["key_search"] * 3
    assert rows[0]["model"] == 'x","key":"key_batch","z":"\n{'
    assert rows[2]["path"] == '/v1/chat/completions/"x\\'


def test_the_callers_key_goes_no_further_and_the_providers_is_not_in_the_log(
    lab: HAProxyLab, log: Path
) -> None:
    lab.call()

    logged(log, 1)

    assert lab.upstream.authorizations == {"Bearer sk-provider"}
    assert "sk-" not in log.read_text()


def test_what_arrives_by_udp_ends_up_in_the_ledger_row_by_row(lab: HAProxyLab, tmp_path: Path) -> None:
    source = Source(
        kind="haproxy", log=str(lab.log), listen=f"127.0.0.1:{lab.log_port}", account="acme", every="1s"
    )
    settings = Settings(sources=(source,), ledger_path=tmp_path / "ledger.sqlite")
    with open_writer(settings.ledger_path) as writer, Collecting(settings, writer) as collecting:
        collecting.catch_up(time.time())
        write(lab, {"rps": 0}, "key_batch")
        lab.call()
        lab.call("key_batch")
        lab.call("nobody")
        lab.call(stream=True)
        lab.call(fail=500)
        lab.call(path="/v1/embeddings", model="text-embedding-3-small")
        rows = logged(lab.log, 6)
        (report,) = collecting.catch_up(time.time())

    assert (report.state, report.exit_code) == ("ok", 0)
    assert "1 calls without tokens" in report.message
    assert [row["status"] for row in rows] == [200, 429, 401, 200, 500, 200]
    assert told(settings.ledger_path) == [
        ("key_search", "gpt-4o", "completion", PROMPT_TOKENS, 10, COMPLETION_TOKENS, 1, None),
        ("key_batch", "gpt-4o", "completion", 0, 0, 0, 1, "429"),
        ("", "unknown", "completion", 0, 0, 0, 1, "401"),
        ("key_search", "gpt-4o", "completion", 0, 0, 0, 0, None),
        ("key_search", "gpt-4o", "completion", 0, 0, 0, 1, "500"),
        ("key_search", "text-embedding-3-small", "embedding", PROMPT_TOKENS, 0, 0, 1, None),
    ]


def test_an_agent_killed_again_and_again_under_load_has_every_call_once(
    lab: HAProxyLab, log: Path, tmp_path: Path
) -> None:
    ledger, config = tmp_path / "ledger.sqlite", tmp_path / "burndeck.toml"
    config.write_text(f'[[sources]]\nkind = "haproxy"\nlog = "{log}"\nevery = "1s"\n')
    command = [sys.executable, "-m", "console.cli", "agent"]
    options = ["--config", str(config), "--db", str(ledger)]
    with lab.load(rate=200) as load:
        for turn in range(3):
            before = count(ledger)
            agent = subprocess.Popen([*command, "run", *options], stderr=subprocess.DEVNULL)
            end = time.monotonic() + 30
            while count(ledger) <= before:
                assert agent.poll() is None and time.monotonic() < end
                time.sleep(0.01)
            if turn == 1:
                log.rename(log.with_name(f"{log.name}.1"))  # the writer goes on in a new file
            agent.send_signal(signal.SIGKILL)
            agent.wait()

    end = time.monotonic() + 10
    while lines_of(log) < len(load.answers):
        assert time.monotonic() < end
        time.sleep(0.01)
    subprocess.run([*command, "once", *options], check=True, capture_output=True)
    assert count(ledger) == lines_of(log) == len(load.answers)


def lines_of(log: Path) -> int:
    """Lines of a log and of its earlier files."""
    return sum(path.read_bytes().count(b"\n") for path in log.parent.glob(f"{log.name}*"))


def count(ledger: Path) -> int:
    """Events in the ledger; none while there is no ledger."""
    try:
        return int(select(ledger, "SELECT count(*) FROM event")[0][0])
    except sqlite3.OperationalError:
        return 0


def told(ledger: Path) -> list[tuple[Any, ...]]:
    """What the ledger says of every event, in the order of their writing."""
    return select(ledger, _TOLD)


def select(ledger: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


_TOLD = """
SELECT key.value, model.value, operation.value, tokens_input, tokens_cached, tokens_output,
  credits_nano IS NOT NULL, error.value
FROM event JOIN context ON context.id = event.context JOIN service ON service.id = event.service
  JOIN dim key ON key.id = context.api_key JOIN dim model ON model.id = service.model
  JOIN dim operation ON operation.id = service.operation LEFT JOIN dim error ON error.id = event.error
ORDER BY event.id
"""
