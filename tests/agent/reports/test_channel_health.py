"""What doctor says of alert channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.routes import Destination
from agent.clock import ScaledClock
from agent.ledger import open_reader, open_writer
from agent.ledger.outbox import Outbox
from agent.reports.channel_health import ChannelState, channel_states
from agent.settings import Settings
from agent.settings_alerts import Alerts
from agent.settings_channels import Channel, Route
from tests.agent.alerts.notices import AT, a_notice

SETTINGS = Settings(
    file=Path("burndeck.toml"),
    alerts=Alerts(channels=(Channel(name="pager", kind="pagerduty"),), routes=(Route(send=("pager",)),)),
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BURNDECK_PAGER_ROUTING_KEY", "never-shown")
    yield


def state_after(path: Path, *steps: Callable[[Outbox, str], None], now: int = AT + 60) -> ChannelState:
    """The pager's state after one message each, on which a step was done."""
    with open_writer(path) as writer:
        for number, step in enumerate(steps):
            writer.outbox.put(
                a_notice(id=f"n{number}", dedup_key=f"n{number}"), [Destination("pager")], AT + number
            )
            step(writer.outbox, writer.outbox.waiting(10)[-1].id)
    with open_reader(path) as reader:
        (found,) = channel_states(reader, SETTINGS, now)
    return found


def test_a_channel_that_delivers_is_fine(tmp_path: Path) -> None:
    found = state_after(tmp_path / "l", lambda box, ident: box.sent(ident, "", AT + 1))

    assert (found.name, found.state) == ("channel pager", "ok")
    assert found.detail == "pagerduty, last message 59 s ago"


def test_a_channel_that_was_never_used_says_how_to_try_it(tmp_path: Path) -> None:
    found = state_after(tmp_path / "l")

    assert found.state == "ok"
    assert "route test --send" in found.hint


def test_a_message_that_waits_for_long_is_a_problem_with_its_error(tmp_path: Path) -> None:
    def fail(box: Outbox, ident: str) -> None:
        box.again(ident, "pager: answered 503", AT + 600)

    soon = state_after(tmp_path / "soon", fail)
    late = state_after(tmp_path / "late", fail, now=AT + 540)

    assert (soon.state, late.state) == ("note", "problem")
    assert "1 waiting" in late.detail
    assert "the oldest waits since 9 min" in late.detail
    assert "last error: pager: answered 503" in late.detail


def test_a_receiver_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    found = state_after(tmp_path / "l", lambda box, ident: box.give_up(ident, "answered 410", gone=True))

    assert found.state == "problem"
    assert "1 gone" in found.detail


def test_a_failure_that_a_later_success_followed_is_only_noted(tmp_path: Path) -> None:
    found = state_after(
        tmp_path / "l",
        lambda box, ident: box.give_up(ident, "answered 400"),
        lambda box, ident: box.sent(ident, "", AT + 5),
    )

    assert found.state == "note"
    assert "1 failed" in found.detail


def test_a_missing_secret_is_a_problem_and_a_given_one_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = state_after(tmp_path / "l")
    monkeypatch.delenv("BURNDECK_PAGER_ROUTING_KEY")
    missing = state_after(tmp_path / "l")

    assert "never-shown" not in repr(given)
    assert missing.state == "problem"
    assert missing.detail.startswith("no integration key for pager")
    assert "burndeck login pager" in missing.hint


def test_another_terminal_of_a_demo_needs_no_secret_and_sees_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_after(tmp_path / "l", lambda outbox, ident: outbox.sent(ident, "", AT))
    monkeypatch.delenv("BURNDECK_PAGER_ROUTING_KEY")
    demo = replace(SETTINGS, scaled_clock=ScaledClock(AT, AT, 60))

    with open_reader(tmp_path / "l") as reader:
        (found,) = channel_states(reader, demo, AT + 60)

    assert (found.state, found.detail) == ("ok", "pagerduty, last message 1 min ago")


def test_without_routes_it_says_that_nobody_outside_is_told() -> None:
    settings = replace(SETTINGS, alerts=Alerts())

    (found,) = channel_states(None, settings, AT)

    assert (found.name, found.state) == ("alert routes", "note")
