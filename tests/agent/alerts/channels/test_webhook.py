from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from agent.alerts.channels.webhook import render
from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.receiver import Answer, Receiver

OLD, NEW = "whsec_b2xkLXNlY3JldC1vbGQtc2VjcmV0", "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0"

GUIDE = (
    '{"event":"spend.alert","severity":"critical","allocation_id":"org-1234-bg-payments","threshold":0.9,'
    '"current_usage":451200,"monthly_allocation":500000,"action":{"type":"rate_limit","params":'
    '{"scope":"non-prod","max_rps":10}},"notify":["ada@example.com","#payments-ops"],'
)


@pytest.fixture
def table(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setenv("BURNDECK_HOOK_SIGNING_SECRET", NEW)
    return Channel(name="hook", kind="webhook", url=f"{receiver.url}/automation?tenant=7")


def test_the_body_begins_with_the_guides_bytes_and_only_adds() -> None:
    body = render(a_notice())

    assert body.decode().startswith(GUIDE)
    assert json.loads(body)["drill"] is False


def test_a_receiver_verifies_signature_and_id(receiver: Receiver, table: Channel) -> None:
    deliver(table, a_message())

    (got,) = receiver.got
    assert (got.method, got.path, got.query) == ("POST", "/automation", {"tenant": ["7"]})
    assert Webhook(NEW).verify(got.body, dict(got.headers))["event"] == "spend.alert"
    assert got.headers["webhook-id"] == "notice-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(got.body.replace(b"451200", b"1"), dict(got.headers))


def test_while_the_secret_is_changed_either_one_verifies(
    receiver: Receiver, table: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_HOOK_SIGNING_SECRET", f"{NEW},{OLD}")

    deliver(table, a_message())

    for secret in (NEW, OLD):
        assert Webhook(secret).verify(receiver.got[0].body, dict(receiver.got[0].headers))


def test_every_attempt_carries_the_same_id_and_the_same_bytes(receiver: Receiver, table: Channel) -> None:
    deliver(table, a_message(), a_message(now=a_message().now + 3600))

    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_cloud_events_attributes_are_headers(receiver: Receiver, table: Channel) -> None:
    deliver(table, a_message(a_notice(allocation_id="", dedup_key='straße "7"')))

    headers = receiver.got[0].headers
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-id"] == "notice-1"
    assert headers["ce-type"] == "spend.alert"
    assert headers["ce-source"] == "burndeck/org-1234"
    assert headers["ce-time"] == "2026-09-21T15:03:20Z"
    assert headers["ce-subject"] == "stra%C3%9Fe%20%227%22"
    assert unquote(headers["ce-subject"]) == 'straße "7"'
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "kind",
    [NoticeKind.DRILL, NoticeKind.RESOLVED, NoticeKind.ACKNOWLEDGED, NoticeKind.SILENCE_ENDED],
)
def test_an_engine_that_knows_the_guide_alone_does_not_act_on_a_drill_or_an_end(kind: NoticeKind) -> None:
    body = json.loads(render(a_notice(kind=kind)))

    assert body["event"] == f"spend.alert.{kind.value}"
    assert body["action"] == {"type": "none", "params": {}}
    assert body["drill"] is (kind is NoticeKind.DRILL)


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.decimals(0, 10**6, places=12, allow_nan=False),
)
def test_amounts_are_exact_and_whole_ones_are_integers(
    current: int, monthly: int, threshold: Decimal
) -> None:
    body = json.loads(
        render(a_notice(current_nano=current, monthly_nano=monthly, threshold=format(threshold, "f"))),
        parse_float=Decimal,
    )

    assert Decimal(body["current_usage"]).scaleb(9) == current
    assert Decimal(body["monthly_allocation"]).scaleb(9) == monthly
    assert Decimal(body["threshold"]) == threshold
    assert isinstance(body["current_usage"], int) == (current % 10**9 == 0)


def test_a_receiver_that_is_gone_wants_no_more(receiver: Receiver, table: Channel) -> None:
    receiver.answer = lambda got: Answer(410)

    assert failure(table).gone


@pytest.mark.parametrize("status", [400, 404, 422, 500, 301])
def test_every_other_refusal_is_tried_again(receiver: Receiver, table: Channel, status: int) -> None:
    receiver.answer = lambda got: Answer(status, headers={"Location": "http://127.0.0.1:9/elsewhere"})

    error = failure(table)

    assert not error.permanent
    assert not error.gone
    assert len(receiver.got) == 1


def test_a_secret_that_cannot_sign_is_said_without_showing_it(
    table: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_HOOK_SIGNING_SECRET", "whsec_!!notbase64!!x")

    error = failure(table)

    assert error.slow
    assert "notbase64" not in f"{error.message}{error.hint}"
