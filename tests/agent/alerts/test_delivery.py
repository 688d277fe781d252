"""From the outbox to real receivers that take, refuse, hang and come back."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from standardwebhooks import Webhook

from agent.alerts.delivery import Desk
from agent.alerts.routes import Destination
from agent.clock import ManualClock, SystemClock
from agent.domain.duration import Duration
from agent.domain.notice import NoticeKind
from agent.errors import LedgerError
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings_channels import Channel
from tests.agent.alerts.dispatching import Dispatching, settings_with
from tests.agent.alerts.notices import AT, a_notice
from tests.servers.receiver import Answer, Receiver, in_turn

T = TypeVar("T")
SIGNING = "whsec_c2lnbmluZy1zZWNyZXQtb2YtYS10ZXN0"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def pager() -> Iterator[Receiver]:
    with Receiver(lambda got: Answer(202)) as running:
        yield running


@pytest.fixture
def channels(hook: Receiver, pager: Receiver, monkeypatch: pytest.MonkeyPatch) -> tuple[Channel, ...]:
    monkeypatch.setenv("BURNDECK_HOOK_SIGNING_SECRET", SIGNING)
    monkeypatch.setenv("BURNDECK_PAGER_ROUTING_KEY", "routing-key-not-to-be-seen")
    monkeypatch.setenv("BURNDECK_ROOM_WEBHOOK_URL", f"{hook.url}/services/T1/B1/room-secret")
    return (
        Channel(name="hook", kind="webhook", url=f"{hook.url}/hook"),
        Channel(name="pager", kind="pagerduty", url=pager.url),
        Channel(name="room", kind="slack"),
    )


@pytest.fixture
def office(ledger: Path, clock: ManualClock, channels: tuple[Channel, ...]) -> Iterator[Dispatching]:
    with Dispatching(settings_with(ledger, *channels), clock) as running:
        yield running


def test_a_message_goes_to_every_destination_and_is_marked(
    office: Dispatching, hook: Receiver, pager: Receiver
) -> None:
    office.put(a_notice(), "hook", "pager")

    office.wait_for("channel, state, attempts, sent_at", [("hook", "sent", 1, AT), ("pager", "sent", 1, AT)])
    assert Webhook(SIGNING).verify(hook.got[0].body, dict(hook.got[0].headers))["id"] == "notice-1"
    assert pager.got[0].json["event_action"] == "trigger"


def test_what_was_put_before_the_start_is_delivered_after_it(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    with open_writer(ledger) as writer:
        writer.outbox.put(a_notice(), [Destination("hook")], AT)

    with Dispatching(settings_with(ledger, *channels), clock) as office:
        office.wait_for("state", [("sent",)])

    assert len(hook.got) == 1


def test_a_request_leaves_soon_after_the_kick(
    ledger: Path, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    with Dispatching(settings_with(ledger, *channels), SystemClock()) as office:
        took = []
        for number in range(1, 6):
            kicked = office.put(a_notice(id=f"n{number}"), "hook")
            took.append(hook.wait_for(number)[-1].at - kicked)

    assert min(took) < 0.1, took


def test_a_receiver_that_hangs_holds_nobody_up(office: Dispatching, hook: Receiver, pager: Receiver) -> None:
    hook.answer = lambda got: Answer(hang=True)
    for number in range(8):
        office.put(a_notice(id=f"h{number}", dedup_key=f"h{number}"), "hook")
    hook.wait_for(1)

    office.put(a_notice(id="after"), "pager")

    pager.wait_for(1)


@pytest.mark.parametrize("slow", [Answer(hang=True), Answer(drip=True)], ids=["hangs", "drips"])
def test_a_receiver_that_never_ends_is_left_after_the_time_out(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver, slow: Answer
) -> None:
    hook.answer = in_turn(slow, Answer())
    brisk = Channel(name="hook", kind="webhook", url=hook.url, timeout=Duration(1))
    with Dispatching(settings_with(ledger, brisk), clock) as office:
        office.put(a_notice(), "hook")
        office.wait_for("state, attempts", [("waiting", 1)])
        assert "answer" in office.rows("error")[0][0]

        clock.advance(5)
        office.wait_for("state, attempts, error", [("sent", 2, "")])


def test_trouble_that_passes_costs_a_wait_and_the_id_stays(
    office: Dispatching, clock: ManualClock, hook: Receiver
) -> None:
    hook.answer = in_turn(Answer(503), Answer(500), Answer())
    office.put(a_notice(), "hook")
    office.wait_for("state, attempts", [("waiting", 1)])
    (first_wait,) = (row[0] - AT for row in office.rows("next_at"))
    clock.advance(first_wait)
    office.wait_for("state, attempts", [("waiting", 2)])
    clock.advance(10)

    office.wait_for("state, attempts, error", [("sent", 3, "")])
    assert first_wait in (1, 2)
    assert {got.headers["webhook-id"] for got in hook.got} == {"notice-1"}
    assert len({got.body for got in hook.got}) == 1


def test_the_rest_that_a_receiver_asks_for_holds_for_its_whole_channel(
    office: Dispatching, clock: ManualClock, hook: Receiver, pager: Receiver
) -> None:
    hook.answer = in_turn(Answer(429, headers={"Retry-After": "120"}), Answer())
    office.put(a_notice(), "hook")
    office.wait_for("state, next_at", [("waiting", AT + 120)])

    office.put(a_notice(id="second", dedup_key="another"), "hook", "pager")
    pager.wait_for(1)
    clock.advance(119)
    office.kick()
    office.put(a_notice(id="third"), "pager")
    pager.wait_for(2)
    assert len(hook.got) == 1

    clock.advance(2)
    assert len(hook.wait_for(3)) == 3


def test_a_receiver_that_is_gone_gets_no_more_and_becomes_a_finding(
    office: Dispatching, hook: Receiver, pager: Receiver
) -> None:
    hook.answer = lambda got: Answer(410)
    office.put(a_notice(), "hook", "pager")
    office.wait_for("channel, state", [("hook", "gone"), ("pager", "sent")])

    office.put(a_notice(id="second", dedup_key="another"), "hook")
    office.wait_for("channel, state", [("hook", "gone"), ("hook", "gone"), ("pager", "sent")])

    assert len(hook.got) == 1
    findings = office.asked("SELECT kind, subject FROM finding")
    assert findings == [("undelivered", "hook")] * 2


def test_a_receiver_that_is_gone_is_asked_again_after_a_start(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    hook.answer = in_turn(Answer(410), Answer())
    with Dispatching(settings_with(ledger, *channels), clock) as first:
        first.put(a_notice(), "hook")
        first.wait_for("state", [("gone",)])
    with Dispatching(settings_with(ledger, *channels), clock) as second:
        clock.advance(1)
        second.put(a_notice(id="second", dedup_key="another"), "hook")

        second.wait_for("state", [("gone",), ("sent",)])


def test_a_message_that_is_refused_for_good_becomes_a_finding(office: Dispatching, pager: Receiver) -> None:
    pager.answer = lambda got: Answer(400, "invalid event")
    office.put(a_notice(), "pager")

    office.wait_for("state, attempts", [("failed", 1)])
    ((kind, subject, detail),) = office.asked("SELECT kind, subject, detail FROM finding")
    assert (kind, subject) == ("undelivered", "pager")
    assert "answered 400: invalid event" in detail


def test_no_receiver_puts_its_channel_to_rest_for_more_than_an_hour(
    office: Dispatching, clock: ManualClock, hook: Receiver
) -> None:
    hook.answer = in_turn(Answer(429, headers={"Retry-After": "2592000"}), Answer())
    office.put(a_notice(), "hook")
    office.wait_for("state, next_at", [("waiting", AT + 3_600)])

    clock.advance(3_601)
    office.put(a_notice(id="second", dedup_key="another"), "hook")

    office.wait_for("state", [("sent",), ("sent",)])


def test_a_message_is_given_up_after_three_days_and_many_attempts_but_not_for_its_age(
    office: Dispatching, clock: ManualClock, hook: Receiver
) -> None:
    hook.answer = lambda got: Answer(503)
    office.put(a_notice(), "hook")
    office.wait_for("state, attempts", [("waiting", 1)])
    clock.advance(3 * 86_400)
    office.wait_for("state, attempts", [("waiting", 2)])
    assert office.asked("SELECT 1 FROM finding") == []

    ((ident, due),) = office.rows("id, next_at")
    for _ in range(18):
        office.write(lambda writer: writer.outbox.again(ident, "503", due))
    clock.advance(5)

    office.wait_for("state, attempts", [("failed", 21)])
    assert len(office.asked("SELECT 1 FROM finding")) == 1


def test_a_message_that_cannot_be_read_holds_up_nobody(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    with open_writer(ledger) as writer:
        for number in range(3):
            writer.outbox.put(a_notice(id=f"n{number}"), [Destination("hook")], AT)
    with closing(sqlite3.connect(ledger)) as conn, conn:
        unheard_of = """UPDATE outbox SET notice = replace(notice, '"fired"', '"unheard of"')"""
        conn.execute(f"{unheard_of} WHERE json_extract(notice, '$.id') <> 'n2'")

    with Dispatching(settings_with(ledger, *channels), clock) as office:
        office.wait_for("sum(state = 'failed'), sum(state = 'sent')", [(2, 1)])

    assert [got.headers["webhook-id"] for got in hook.got] == ["n2"]


def test_a_page_is_never_closed_before_it_was_opened(
    office: Dispatching, clock: ManualClock, pager: Receiver
) -> None:
    pager.answer = in_turn(Answer(503), Answer(202))
    office.put(a_notice(), "pager")
    office.wait_for("state, attempts", [("waiting", 1)])
    office.put(a_notice(id="end", kind=NoticeKind.RESOLVED), "pager")
    office.put(a_notice(id="other", dedup_key="another"), "pager")
    pager.wait_for(2)

    clock.advance(5)

    actions = [(got.json["dedup_key"][:7], got.json["event_action"]) for got in pager.wait_for(4)]
    assert actions == [
        ("org-123", "trigger"),
        ("another", "trigger"),
        ("org-123", "trigger"),
        ("org-123", "resolve"),
    ]


def test_slack_gets_a_message_a_second(
    office: Dispatching, clock: ManualClock, hook: Receiver, pager: Receiver
) -> None:
    for number in range(3):
        office.put(a_notice(id=f"s{number}", dedup_key=f"s{number}"), Destination("room", f"#r{number}"))

    for sent in (1, 2, 3):
        office.wait_for("sum(state = 'sent' AND channel = 'room')", [(sent,)])
        office.put(a_notice(id=f"p{sent}"), "pager")
        pager.wait_for(sent)
        assert len(hook.got) == sent
        clock.advance(1)


def test_a_message_that_left_before_a_crash_is_sent_again_under_its_id(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    hook.answer = in_turn(Answer(hang=True), Answer())
    with Dispatching(settings_with(ledger, *channels), clock) as first:
        first.put(a_notice(), "hook")
        hook.wait_for(1)
    with Dispatching(settings_with(ledger, *channels), clock) as second:
        second.wait_for("state", [("sent",)])

    assert [got.headers["webhook-id"] for got in hook.got] == ["notice-1", "notice-1"]


def test_a_secret_that_is_given_later_is_taken_at_the_next_attempt(
    ledger: Path,
    clock: ManualClock,
    channels: tuple[Channel, ...],
    hook: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BURNDECK_HOOK_SIGNING_SECRET")
    with Dispatching(settings_with(ledger, *channels), clock) as office:
        office.put(a_notice(), "hook")
        office.wait_for("state, attempts", [("waiting", 1)])
        assert "burndeck login hook" in office.rows("error")[0][0]
        assert office.rows("next_at - created_at")[0][0] >= 45

        monkeypatch.setenv("BURNDECK_HOOK_SIGNING_SECRET", SIGNING)
        clock.advance(90)
        office.wait_for("state", [("sent",)])


def test_a_secret_that_is_changed_after_a_refusal_is_taken_at_the_next_attempt(
    office: Dispatching, clock: ManualClock, pager: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pager.answer = lambda got: Answer(202 if got.json["routing_key"] == "the-right-one" else 403)
    office.put(a_notice(), "pager")
    office.wait_for("state, attempts", [("waiting", 1)])

    monkeypatch.setenv("BURNDECK_PAGER_ROUTING_KEY", "the-right-one")
    clock.advance(90)

    office.wait_for("state", [("sent",)])


def test_the_message_of_a_channel_that_is_no_longer_configured_is_given_up(office: Dispatching) -> None:
    office.put(a_notice(), "vanished")

    office.wait_for("state", [("failed",)])
    assert "no longer in burndeck.toml" in office.rows("error")[0][0]


def test_a_later_message_of_an_episode_knows_what_the_receiver_called_it(
    office: Dispatching, pager: Receiver
) -> None:
    office.put(a_notice(), "pager")

    office.wait_for("state, receipt", [("sent", "org-1234-bg-payments/critical/2026-09")])


def test_no_secret_shows_in_ledger_or_log(
    office: Dispatching, hook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answer = lambda got: Answer(500, f"failed at {hook.url}{got.path}")
    with caplog.at_level(logging.DEBUG, logger="agent"):
        office.put(a_notice(), Destination("room", "#r"))
        office.wait_for("state, attempts", [("waiting", 1)])

    assert "answered 500" in office.rows("error")[0][0]
    assert "room-secret" not in f"{office.rows('error, notice, receipt')}{caplog.text}"


class FailsOnce:
    """A desk whose ledger cannot be used once, as soon as something holds."""

    def __init__(self, real: Desk, when: Callable[[], bool]) -> None:
        self._real = real
        self._when = when
        self.failed = False

    async def write(self, task: Callable[[LedgerWriter], T]) -> T:
        """Runs the task, but for that once."""
        if not self.failed and self._when():
            self.failed = True
            raise LedgerError("the disk is full")
        return await self._real.write(task)


def test_a_delivery_that_cannot_be_noted_is_noted_later_and_not_made_twice(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    def desk(real: Desk) -> Desk:
        return FailsOnce(real, lambda: bool(hook.got))

    with Dispatching(settings_with(ledger, *channels), clock, desk=desk) as office:
        office.put(a_notice(), "hook")

        office.wait_for("state, attempts", [("sent", 1)])
    assert len(hook.got) == 1


def test_an_outbox_that_cannot_be_read_is_read_again(
    ledger: Path, clock: ManualClock, channels: tuple[Channel, ...], hook: Receiver
) -> None:
    def desk(real: Desk) -> Desk:
        return FailsOnce(real, lambda: True)

    with Dispatching(settings_with(ledger, *channels), clock, desk=desk) as office:
        office.put(a_notice(), "hook")

        office.wait_for("state, attempts", [("sent", 1)])
