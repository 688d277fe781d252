"""Calendars as files and over real HTTP: read again and again, and what cannot be read loses nothing."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_changes import Changes
from agent.telemetry.changes.calendars import Calendars, source_names
from tests.agent.telemetry.conftest import Reading

T = TypeVar("T")
NOW = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
PAST = "BEGIN:VEVENT\nUID:past\nDTSTART:20260921T120000Z\nSUMMARY:past\nEND:VEVENT\n"
AHEAD = "BEGIN:VEVENT\nUID:ahead\nDTSTART:20260922T120000Z\nSUMMARY:ahead\nEND:VEVENT\n"
BAD = "BEGIN:VEVENT\nUID:ahead\nSUMMARY:ahead\nEND:VEVENT\n"


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\n" + "".join(events) + "END:VCALENDAR\n"


class Desk:
    """Writes on the thread that asks."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        return task(self._writer)


class Shelf:
    """A ledger, and calendars that are read into it."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self._reading = Reading(Settings(ledger_path=ledger))

    def read(self, *calendars: str | Path, now: float = NOW) -> list[str]:
        """Titles of the feed, oldest first, after the calendars were read anew."""
        names = tuple(map(str, calendars))
        with open_writer(self.ledger) as writer:
            settings = Settings(ledger_path=self.ledger, changes=Changes(calendars=names))
            asyncio.run(Calendars(settings, Desk(writer)).read(now))
        return [title for (title,) in self.rows("SELECT title FROM change_feed ORDER BY at, title")]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self._reading.rows(sql)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "ledger.sqlite")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "releases.ics"


class Served:
    """A web server that serves what a test wants."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(served.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(served.body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/private-token/releases.ics"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.close()


def test_a_file_that_changes_is_followed_but_the_past_stays(shelf: Shelf, file: Path) -> None:
    file.write_text(calendar(PAST, AHEAD))
    assert shelf.read(file) == ["past", "ahead"]

    file.write_text(calendar(AHEAD.replace("SUMMARY:ahead", "SUMMARY:moved").replace("0922", "0923")))
    assert shelf.read(file) == ["past", "moved"]

    file.write_text(calendar())
    assert shelf.read(file) == ["past"]


def test_a_bad_event_is_quarantined_and_what_was_known_of_it_stays(shelf: Shelf, file: Path) -> None:
    file.write_text(calendar(AHEAD))
    shelf.read(file)
    file.write_text(calendar(BAD, PAST))

    assert shelf.read(file) == ["past", "ahead"]
    assert shelf.rows("SELECT source, location, reason FROM quarantine") == [
        ("calendar releases.ics", "line 2: DTSTART", "the event does not say when it is")
    ]


@pytest.mark.parametrize("text", ["<html>sign in</html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:past"])
def test_a_calendar_that_is_none_loses_nothing_and_is_told_once(shelf: Shelf, file: Path, text: str) -> None:
    file.write_text(calendar(AHEAD))
    shelf.read(file)
    file.write_text(text)
    shelf.read(file)

    assert shelf.read(file) == ["ahead"]
    ((kind, subject),) = shelf.rows("SELECT kind, subject FROM finding")
    assert (kind, subject) == ("calendar_unread", "calendar releases.ics")


def test_a_missing_file_costs_no_other_calendar(shelf: Shelf, file: Path, tmp_path: Path) -> None:
    file.write_text(calendar(PAST))

    assert shelf.read(tmp_path / "none.ics", file) == ["past"]
    ((detail,),) = shelf.rows("SELECT detail FROM finding")
    assert f"{tmp_path / 'none.ics'} cannot be read: No such file" in str(detail)


def test_what_lies_ahead_of_a_calendar_that_is_read_no_longer_goes(shelf: Shelf, file: Path) -> None:
    file.write_text(calendar(PAST, AHEAD))
    shelf.read(file)

    assert shelf.read() == ["past"]


def test_a_calendar_is_read_over_http_and_its_address_is_told_to_nobody(shelf: Shelf, served: Served) -> None:
    served.body = calendar(PAST).encode()
    assert shelf.read(served.address) == ["past"]

    served.status = 500
    assert shelf.read(served.address) == ["past"]
    served.status = 302
    assert shelf.read(served.address) == ["past"]

    told = shelf.rows("SELECT subject || detail FROM finding UNION SELECT source FROM change_feed")
    assert any("500" in str(row) for row in told) and any("302" in str(row) for row in told)
    assert not any("private-token" in str(row) for row in told)


def test_a_server_that_does_not_answer_is_said_so(shelf: Shelf) -> None:
    assert shelf.read("http://127.0.0.1:9/releases.ics") == []
    assert "cannot be reached" in str(shelf.rows("SELECT detail FROM finding"))


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    names = source_names(("/a/r.ics", "/b/r.ics", "/a/x.ics"))

    assert list(names) == ["calendar /a/r.ics", "calendar /b/r.ics", "calendar x.ics"]


def test_an_odd_event_costs_neither_its_calendar_nor_the_next(shelf: Shelf, tmp_path: Path) -> None:
    odd, good = tmp_path / "odd.ics", tmp_path / "good.ics"
    again = "RECURRENCE-ID:20260922T120000Z\n"
    odd.write_text(calendar(AHEAD.replace("SUMMARY", f"{again}{again}SUMMARY"), PAST))
    good.write_text(calendar(AHEAD))

    assert shelf.read(odd, good) == ["past", "ahead"]
    assert shelf.rows("SELECT source, reason FROM quarantine") == [("calendar odd.ics", "it is there twice")]


def test_every_time_of_a_series_is_in_the_feed_and_the_past_stays_when_it_ends(
    shelf: Shelf, file: Path
) -> None:
    rule = "RRULE:FREQ=DAILY;UNTIL={}T120000Z\nSUMMARY"
    file.write_text(calendar(AHEAD.replace("0922", "0919").replace("SUMMARY", rule.format("20260923"))))
    assert shelf.read(file) == ["ahead"] * 5
    assert shelf.read(file, now=NOW + 86_400) == ["ahead"] * 5

    file.write_text(calendar(AHEAD.replace("0922", "0919").replace("SUMMARY", rule.format("20260920"))))
    assert shelf.read(file) == ["ahead"] * 3


def test_a_bad_rule_is_quarantined_with_its_place_and_costs_no_other(shelf: Shelf, file: Path) -> None:
    file.write_text(calendar(AHEAD.replace("SUMMARY", "RRULE:FREQ=DAILY;INTERVAL=0\nSUMMARY"), PAST))

    assert shelf.read(file) == ["past", "ahead"]
    ((source, place, reason, raw),) = shelf.rows("SELECT source, location, reason, raw FROM quarantine")
    assert (source, place) == ("calendar releases.ics", "line 2: RRULE")
    assert "INTERVAL=0" in str(reason) and "UID:ahead" in str(raw)
