from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.channels.pagerduty import MOST_KEY, MOST_SUMMARY, render
from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.receiver import Answer, Receiver

KEY = "R0UTINGKEYNOTTOBESEEN0123456789AB"


@pytest.fixture
def table(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setenv("BURNDECK_PAGER_ROUTING_KEY", KEY)
    receiver.answer = lambda got: Answer(202, {"status": "success"})
    return Channel(name="pager", kind="pagerduty", url=receiver.url)


def test_an_alert_that_fires_triggers_with_everything_that_is_known(
    receiver: Receiver, table: Channel
) -> None:
    deliver(table, a_message())

    (got,) = receiver.got
    assert (got.method, got.path) == ("POST", "/v2/enqueue")
    event = got.json
    assert event["routing_key"] == KEY
    assert event["event_action"] == "trigger"
    assert event["dedup_key"] == "org-1234-bg-payments/critical/2026-09"
    assert event["client_url"] == "https://deck.example"
    payload = event["payload"]
    assert payload["severity"] == "error"
    assert payload["source"] == "key-checkout"
    assert payload["group"] == "org-1234-bg-payments"
    assert payload["custom_details"]["Acknowledge with"] == "burndeck alerts ack 17"


def test_an_episode_is_acknowledged_and_resolved_under_the_key_that_it_began_with(
    receiver: Receiver, table: Channel
) -> None:
    kinds = (NoticeKind.FIRED, NoticeKind.REPEATED, NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED)

    deliver(table, *(a_message(a_notice(kind=kind)) for kind in kinds))

    assert [got.json["event_action"] for got in receiver.got] == [
        "trigger",
        "trigger",
        "acknowledge",
        "resolve",
    ]
    assert len({got.json["dedup_key"] for got in receiver.got}) == 1


@pytest.mark.parametrize("kind", [NoticeKind.DRILL, NoticeKind.SILENCE_ENDED])
def test_what_is_only_said_leaves_nothing_open(receiver: Receiver, table: Channel, kind: NoticeKind) -> None:
    deliver(table, a_message(a_notice(kind=kind)))

    assert [got.json["event_action"] for got in receiver.got] == ["trigger", "resolve"]
    assert receiver.got[0].json["payload"]["severity"] == "info"


def test_a_drill_cannot_be_taken_for_real() -> None:
    trigger, _ = render(a_message(a_notice(kind=NoticeKind.DRILL)))

    assert trigger["payload"]["summary"].startswith("DRILL, not real: ")
    assert trigger["payload"]["custom_details"]["Drill"] == "yes"


@pytest.mark.parametrize(
    ("tier", "own", "severity"),
    [
        ("info", "info", "info"),
        ("warning", "warning", "warning"),
        ("critical", "error", "error"),
        ("critical", "critical", "error"),
        ("critical", "warning", "warning"),  # nothing productive burns
        ("hard_cap", "critical", "critical"),
        ("hard_cap", "error", "error"),
        ("made-up", "warning", "warning"),
    ],
)
def test_the_severity_is_the_tiers_or_milder(tier: str, own: str, severity: str) -> None:
    (trigger,) = render(a_message(a_notice(tier=tier, severity=own)))

    assert trigger["payload"]["severity"] == severity


@given(st.text(max_size=700), st.text(max_size=3000), st.integers(0, 30))
def test_every_event_keeps_the_limits(key: str, text: str, suggestions: int) -> None:
    levers: tuple[dict[str, Any], ...] = tuple({"text": f"{text} {number}"} for number in range(suggestions))
    notice = a_notice(dedup_key=key, summary=text, suggestions=levers)

    (trigger,) = render(a_message(notice))

    assert len(trigger["dedup_key"]) <= MOST_KEY
    assert 0 < len(trigger["payload"]["summary"]) <= MOST_SUMMARY
    assert trigger["payload"]["source"]
    details = trigger["payload"]["custom_details"]
    assert sum(name.startswith("Suggestion") for name in details) == suggestions


@given(st.text(min_size=256, max_size=300), st.text(min_size=256, max_size=300))
def test_two_long_keys_stay_two(first: str, second: str) -> None:
    keys = {render(a_message(a_notice(dedup_key=key)))[0]["dedup_key"] for key in (first, second)}

    assert len(keys) == len({first, second})


def test_a_key_that_is_not_accepted_is_not_shown(receiver: Receiver, table: Channel) -> None:
    receiver.answer = lambda got: Answer(400, {"errors": [f"bad routing_key {got.json['routing_key']}"]})

    error = failure(table)

    assert error.permanent
    assert KEY not in f"{error.message}{error.hint}"
    assert "bad routing_key ***" in error.message


def test_a_server_in_trouble_is_tried_again(receiver: Receiver, table: Channel) -> None:
    receiver.answer = lambda got: Answer(503)

    error = failure(table)

    assert (error.permanent, error.gone, error.slow) == (False, False, False)
