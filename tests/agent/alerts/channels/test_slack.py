from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.channels.slack import (
    MOST_BLOCKS,
    MOST_HEADER,
    MOST_SECTION,
    MOST_TEXT,
    escaped,
    packed,
    render,
)
from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.receiver import Answer, Receiver

TABLE = Channel(name="ops", kind="slack")
SECRET_PATH = "/services/T0SECRET/B0SECRET/xoxbSECRETxyz"


@pytest.fixture(autouse=True)
def _secret(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNDECK_OPS_WEBHOOK_URL", receiver.url + SECRET_PATH)


def test_a_message_has_a_header_its_facts_and_the_commands_to_run(receiver: Receiver) -> None:
    deliver(TABLE, a_message())

    (got,) = receiver.got
    assert (got.method, got.path) == ("POST", SECRET_PATH)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("burndeck/")
    header, body, run = got.json["blocks"]
    assert got.json["text"] == "CRITICAL: payments has burnt 90.24 % of its month"
    assert header["text"]["text"] == got.json["text"]
    assert "*Runway:* 3 h 10 min" in body["text"]["text"]
    assert run["text"]["text"] == "```burndeck alerts show 17\nburndeck alerts ack 17```"


def test_a_room_is_named_for_webhooks_that_may_choose_it_and_for_people_where_they_may_not(
    receiver: Receiver,
) -> None:
    deliver(TABLE, a_message(target="#payments-ops"))

    assert receiver.got[0].json["channel"] == "#payments-ops"
    assert receiver.got[0].json["blocks"][-1]["elements"][0]["text"] == "for #payments-ops"


def test_a_drill_cannot_be_taken_for_real() -> None:
    payload = render(a_message(a_notice(kind=NoticeKind.DRILL)))

    assert payload["text"].startswith("DRILL, not real: ")
    assert "Nothing has happened" in payload["blocks"][1]["text"]["text"]


def test_names_cannot_call_people_or_make_links() -> None:
    payload = render(a_message(a_notice(scope="<!channel> & <https://evil|ok>", next_command="```<!here>")))

    everything = repr(payload)
    assert "<" not in everything
    assert "&lt;!channel&gt; &amp; " in everything
    assert payload["blocks"][-1]["text"]["text"].startswith("```'''&lt;!here&gt;")


@given(
    st.text(max_size=400), st.text(max_size=6000), st.integers(0, 200), st.sampled_from(NoticeKind), st.text()
)
def test_every_message_keeps_the_limits(
    summary: str, long: str, suggestions: int, kind: NoticeKind, target: str
) -> None:
    notice = a_notice(
        kind=kind,
        summary=summary * 20,
        cause=long,
        scope=long * 3,
        suggestions=tuple({"lever": "x", "text": long, "low": "1", "high": "2"} for _ in range(suggestions)),
        next_command=long,
    )
    payload = render(a_message(notice, target=target))

    assert 0 < len(payload["text"]) <= MOST_TEXT
    assert 0 < len(payload["blocks"]) <= MOST_BLOCKS
    for block in payload["blocks"]:
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= MOST_HEADER
        if block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= MOST_SECTION


@given(st.lists(st.text("&<>ab", max_size=90), max_size=8))
def test_a_line_is_never_cut_inside_an_escaped_character(lines: list[str]) -> None:
    for text in packed([escaped(line) for line in lines], 60):
        assert re.sub(r"&(amp|lt|gt);", "", text).find("&") == -1
        assert len(html.unescape(text)) <= len(text) <= 60


def test_no_error_shows_the_address_although_the_server_repeats_it(receiver: Receiver) -> None:
    for said in (receiver.url + SECRET_PATH, SECRET_PATH, "xoxbSECRETxyz"):
        receiver.answer = lambda got, said=said: Answer(403, f"no: {said}")

        error = failure(TABLE)

        assert "SECRET" not in f"{error.message}{error.hint}{error!r}"
        assert error.slow
        assert "burndeck login ops" in error.hint


def test_too_many_messages_are_asked_to_wait(receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(429, "rate_limited", {"Retry-After": "30"})

    error = failure(TABLE)

    assert (error.retry_after, error.permanent, error.slow) == (30, False, False)


def test_a_payload_that_slack_refuses_is_not_tried_again(receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(400, "invalid_blocks")

    error = failure(TABLE)

    assert error.permanent
    assert "invalid_blocks" in error.message


def test_a_secret_that_is_no_address_is_said_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNDECK_OPS_WEBHOOK_URL", "xoxb-a-token-instead")

    error = failure(TABLE)

    assert "no webhook address" in error.message
    assert "xoxb" not in f"{error.message}{error.hint}"


def test_without_its_secret_it_says_how_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BURNDECK_OPS_WEBHOOK_URL")

    error = failure(TABLE)

    assert error.slow
    assert "no incoming webhook URL for ops" in error.message
    assert "`burndeck login ops`" in error.hint
