from __future__ import annotations

import logging
import sys
import time

import pytest

from agent.domain.duration import Duration
from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, deliver_in_time, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.receiver import Answer, Got, Receiver

TABLE = Channel(name="chat", kind="apprise")


@pytest.fixture(autouse=True)
def _secret(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    address = receiver.url.replace("http://", "json://user:hush-hush@")
    monkeypatch.setenv("BURNDECK_CHAT_SERVICE_URL", f"{address}/room")


def test_a_message_reaches_a_service_by_its_url(receiver: Receiver) -> None:
    deliver(TABLE, a_message())

    (got,) = receiver.got
    assert got.json["title"] == "CRITICAL: payments has burnt 90.24 % of its month"
    assert "burndeck alerts ack 17" in got.json["message"]
    assert got.json["type"] == "failure"


def test_a_drill_cannot_be_taken_for_real(receiver: Receiver) -> None:
    deliver(TABLE, a_message(a_notice(kind=NoticeKind.DRILL)))

    assert receiver.got[0].json["title"].startswith("DRILL, not real: ")
    assert "Nothing has happened" in receiver.got[0].json["message"]


def test_a_service_that_does_not_take_it_is_tried_again_and_its_url_is_not_shown(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answer = lambda got: Answer(500)

    with caplog.at_level(logging.DEBUG):
        error = failure(TABLE)

    assert not error.permanent
    assert "hush" not in f"{error.message}{error.hint}{caplog.text}"


def test_a_slow_service_gets_a_message_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    address = receiver.url.replace("http://", "json://")
    monkeypatch.setenv("BURNDECK_CHAT_SERVICE_URL", f"{address}/room?rto=1")

    def slow(got: Got) -> Answer:
        time.sleep(1.5)
        return Answer()

    receiver.answer = slow

    deliver_in_time(Channel(name="chat", kind="apprise", timeout=Duration(1)), a_message())

    assert len(receiver.got) == 1


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    error = failure(TABLE)

    assert "burndeck[notify]" in error.hint


def test_a_url_that_apprise_does_not_know_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNDECK_CHAT_SERVICE_URL", "nosuchservice://hush-hush")

    error = failure(TABLE)

    assert "does not know its service URL" in error.message
    assert "hush" not in f"{error.message}{error.hint}"
