"""The source `haproxy`: what lines come to in the ledger, and that each comes to it once."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.collect import SourceReport
from agent.telemetry.once import Collecting
from agent.telemetry.sources.haproxy.receiver import Receiver

NOW = 1_790_003_000.0


class Reading:
    """A log, a ledger, and passes over them by an agent that is started anew for each."""

    def __init__(self, folder: Path, **source: Any) -> None:
        self.log = folder / "access.jsonl"
        values: dict[str, Any] = {"kind": "haproxy", "log": str(self.log), "account": "acme", **source}
        self.settings = Settings(sources=(Source(**values),), ledger_path=folder / "ledger.sqlite")

    def write(self, *lines: str) -> None:
        with self.log.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def once(self, now: float = NOW) -> SourceReport:
        with (
            open_writer(self.settings.ledger_path) as writer,
            Collecting(self.settings, writer) as collecting,
        ):
            return collecting.catch_up(now)[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.settings.ledger_path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def events(self) -> list[tuple[Any, ...]]:
        return self.rows(_EVENTS)


_EVENTS = """
SELECT at, key.value, model.value, operation.value, tokens_input, tokens_cached, tokens_output,
  credits_nano, latency_ms, error.value
FROM event JOIN context ON context.id = event.context JOIN service ON service.id = event.service
  JOIN dim key ON key.id = context.api_key JOIN dim model ON model.id = service.model
  JOIN dim operation ON operation.id = service.operation LEFT JOIN dim error ON error.id = event.error
ORDER BY event.id
"""


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def line(number: int = 0, **fields: Any) -> str:
    """A line of the log; the numbered ones differ by their time."""
    values = {
        "ts": NOW - 100 + number / 1000,
        "key": "key_search",
        "model": "gpt-4o",
        "method": "POST",
        "path": "/v1/chat/completions",
        "status": 200,
        "decision": "ok",
        "limit": "-",
        "prompt_tokens": "1000",
        "cached_tokens": "-",
        "completion_tokens": "100",
        "ms": 12,
        "bytes": 520,
    }
    return json.dumps(values | fields)


def test_a_call_is_an_event_with_its_price(reading: Reading) -> None:
    reading.write(line())

    report = reading.once()

    # gpt-4o: 2.5 and 10 USD a million tokens, a credit is a cent.
    assert reading.events() == [
        (int(NOW) - 100, "key_search", "gpt-4o", "completion", 1000, 0, 100, 350_000_000, 12, None)
    ]
    assert (report.state, report.message, report.covered_to) == ("ok", "", int(NOW))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": 429, "decision": "throttled"}, ("key_search", 0, 0, "429")),
        ({"status": 403, "decision": "blocked"}, ("key_search", 0, 0, "403")),
        ({"status": 401, "decision": "unknown_key", "key": "unknown"}, ("", 0, 0, "401")),
        ({"status": 503}, ("key_search", 0, 0, "503")),
        ({"status": -1, "ms": -1}, ("key_search", 0, 0, "aborted")),
        ({"method": "GET", "path": "/v1/models", "model": "-"}, ("key_search", 0, 0, None)),
    ],
)
def test_a_call_that_used_nothing_costs_nothing(
    reading: Reading, fields: dict[str, Any], said: tuple[Any, ...]
) -> None:
    reading.write(line(**({"prompt_tokens": "-", "completion_tokens": "-"} | fields)))

    reading.once()

    ((_, key, _, _, tokens, _, _, nano, _, error),) = reading.events()
    assert (key, tokens, nano, error) == said


def test_a_stream_is_counted_as_unpriced_and_said_not_taken_for_free(reading: Reading) -> None:
    reading.write(line(1), line(2, prompt_tokens="-", completion_tokens="-"))

    report = reading.once()

    assert [row[7] for row in reading.events()] == [350_000_000, None]
    assert "1 calls without tokens" in report.message
    assert reading.rows("SELECT kind, subject FROM finding") == [("tokens_unknown", "api_key:key_search")]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/chat/completions", "completion"),
        ("/v1/responses/resp_1", "completion"),
        ("/openai/deployments/x/embeddings", "embedding"),
        ("/v1/images/generations", "image"),
        ("/v1/audio/speech", "audio_speech"),
        ("/v1/audio/translations", "audio_transcription"),
        ("/v1/moderations", "moderation"),
        ("/v1/vector_stores/vs_1/files", "vector_store"),
        ("/v1/files", "file_upload"),
        ("/whatever/the caller says", "completion"),
    ],
)
def test_the_operation_comes_from_the_path(reading: Reading, path: str, operation: str) -> None:
    reading.write(line(path=path))

    reading.once()

    assert [row[3] for row in reading.events()] == [operation]


def test_lines_that_are_no_calls_are_kept_aside_with_their_place_and_stop_nothing(reading: Reading) -> None:
    reading.write(line(1), '{"ts":1.0,"key":"key_se', "", line(2, prompt_tokens="many"), line(3), "hello")

    report = reading.once()

    assert len(reading.events()) == 2
    assert reading.rows("SELECT source, location, reason FROM quarantine ORDER BY id") == [
        ("haproxy", f"{reading.log}:2", "the line is not whole JSON, as after a torn write"),
        ("haproxy", f"{reading.log}:4", "prompt_tokens: 'many' is no count of tokens"),
        ("haproxy", f"{reading.log}:6", "the line is not JSON"),
    ]
    assert "3 lines were no calls" in report.message


def test_what_a_syslog_daemon_writes_before_the_line_does_no_harm(reading: Reading) -> None:
    reading.write("<134>Nov 27 02:00:00 host haproxy[12]: " + line())

    reading.once()

    assert len(reading.events()) == 1


def test_calls_with_the_same_text_are_two_and_each_pass_adds_only_what_is_new(reading: Reading) -> None:
    reading.write(line(), line())
    first = (reading.once(), len(reading.events()))[1]
    reading.write(line(), line(1))
    reading.once()

    assert (first, len(reading.events()), len(reading.rows("SELECT DISTINCT request_id FROM event"))) == (
        2,
        4,
        4,
    )


@pytest.mark.parametrize("forget", [False, True])
def test_a_rotated_log_is_read_to_its_end_and_nothing_twice(reading: Reading, forget: bool) -> None:
    reading.write(*(line(n) for n in range(10)))
    reading.once()
    reading.write(*(line(n) for n in range(10, 20)))
    reading.log.rename(f"{reading.log}.1")
    reading.write(*(line(n) for n in range(20, 30)))
    if forget:  # the place is of a file that is gone, so all that is there is read again
        with open_writer(reading.settings.ledger_path) as writer:
            writer.save_cursor("haproxy", "log", '{"place":{"file":"gone","offset":5,"line":1},"newest":1}')

    reading.once()

    assert sorted(row[0] for row in reading.rows("SELECT latency_ms FROM event")) == [12] * 30
    assert bool(reading.rows("SELECT 1 FROM finding WHERE kind = 'log_gap'")) == forget


def test_a_write_that_fails_leaves_neither_rows_nor_place(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.write(line(1), "bad", line(2))

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(LedgerWriter, "quarantine", fail)
        failed = reading.once()
    nothing = reading.events()
    reading.once()

    assert (failed.state, nothing, len(reading.events())) == ("failed", [], 2)


def test_a_missing_log_is_a_failure_with_a_way_out_and_is_read_once_it_is_there(reading: Reading) -> None:
    with (
        open_writer(reading.settings.ledger_path) as writer,
        Collecting(reading.settings, writer) as collecting,
    ):
        (missing,) = collecting.tick(NOW)
        reading.write(line())
        (found,) = collecting.tick(NOW + 5)

    assert (missing.state, missing.exit_code) == ("failed", 3)
    assert "there is no such log" in missing.message and "[[sources]]" in missing.hint
    assert (found.state, len(reading.events())) == ("ok", 1)


def wait_for(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_datagrams_end_up_in_the_file_and_the_ledger_also_after_a_rotation_and_a_torn_line(
    tmp_path: Path,
) -> None:
    port = free_port()
    reading = Reading(tmp_path, listen=f"127.0.0.1:{port}")
    reading.log.write_text('{"torn')
    with (
        open_writer(reading.settings.ledger_path) as writer,
        Collecting(reading.settings, writer) as collecting,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.connect(("127.0.0.1", port))
        collecting.catch_up(NOW)
        for number in range(50):
            sender.send(f"{line(number)}\n\0".encode())
        wait_for(lambda: reading.log.read_bytes().count(b"\n") == 51)
        reading.log.rename(f"{reading.log}.1")
        sender.send(line(50).encode())
        wait_for(lambda: reading.log.exists() and reading.log.read_bytes().endswith(b"\n"))
        (report,) = collecting.catch_up(NOW)

    assert len(reading.events()) == 51
    assert reading.rows("SELECT location FROM quarantine") == [(f"{reading.log}:1",)]
    assert report.state == "ok"


def test_an_address_that_is_taken_is_said_and_the_file_is_read_all_the_same(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        reading = Reading(tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        reading.write(line())
        report = reading.once()

    assert (report.state, len(reading.events())) == ("ok", 1)
    assert "nothing is taken in by UDP" in report.message


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def send(port: int, *datagrams: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram.encode(), ("127.0.0.1", port))


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(f":{free_port()}", tmp_path / "access.jsonl")
    made.start()
    yield made
    made.close()


def test_without_a_host_only_this_machine_is_heard(receiver: Receiver) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", receiver.port))  # which is taken where all addresses are


def test_a_disk_that_is_full_in_the_middle_of_a_line_glues_none(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "access.jsonl"
    write, room = os.write, [3, 0, 0]

    def full(file: int, data: bytes) -> int:
        if not room:
            return write(file, data)
        if left := room.pop(0):
            return write(file, data[:left])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    send(receiver.port, "first")
    wait_for(lambda: receiver.dropped == 1)
    send(receiver.port, "second")
    wait_for(lambda: receiver.dropped == 2)
    trouble = receiver.trouble
    send(receiver.port, "third")
    wait_for(lambda: log.read_bytes().endswith(b"third\n"))

    assert log.read_bytes() == b"fir\nthird\n"
    assert "No space left" in trouble and not receiver.trouble


def test_a_socket_that_fails_is_opened_again(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agent.telemetry.sources.haproxy.receiver as module

    def down(*_: object) -> None:
        raise OSError(100, "Network is down")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_waiting", down)
        wait_for(lambda: not receiver.listening)
    receiver.start()
    send(receiver.port, "heard")

    wait_for(lambda: (tmp_path / "access.jsonl").read_bytes() == b"heard\n")


@pytest.mark.parametrize(
    "listen", ["5514", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "::1:5514", "a b:1"]
)
def test_an_address_that_is_none_is_refused_at_once(listen: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        Source(kind="haproxy", log="x", listen=listen)


@pytest.mark.parametrize("listen", ["127.0.0.1:5514", ":5514", "[::1]:5514", "logs.example.com:5514"])
def test_an_address_has_a_host_and_a_port(listen: str) -> None:
    assert Source(kind="haproxy", log="x", listen=listen).listen == listen
