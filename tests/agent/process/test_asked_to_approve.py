"""Who is paged for an approval, in whose channel, and what a page says far from any console."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.money import NANO
from agent.domain.notice import Notice
from agent.domain.usage import Dimensions, Operation, Service
from agent.domain.words import instant
from agent.ledger.rows import BucketRow, DirectoryKey, DirectoryProject
from agent.process.acting import Told
from agent.settings_alerts import Alerts
from agent.settings_channels import Channel, Route
from tests.agent.control.court import BLOCK_PROD, NOW, TOP_UP, Court

KEY = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:sk-prod"), expires_s=3_600)
DESKS = {"on-call": "ops_on_call", "finance": "central_finance", "engineering": "team_lead"}


class Paged(Court):
    """A court whose parts have a channel each."""

    def __init__(self, path: Path, desks: dict[str, str]) -> None:
        super().__init__(path)
        channels = tuple(Channel(name=name, kind="webhook", url="http://127.0.0.1:9/") for name in desks)
        routes = tuple(Route(recipient=part, send=(name,)) for name, part in desks.items())
        self.settings = replace(self.settings, alerts=Alerts(channels=channels, routes=routes))
        self.tell = Told(self.settings)  # type: ignore[method-assign]

    def pages(self) -> dict[str, Notice]:
        """What each desk was told last."""
        waiting = self.writer.outbox.waiting(1_000)
        notices = self.writer.outbox.notices([each.id for each in waiting])
        return {each.channel: notices[each.id] for each in waiting}

    def burns(self, key: str, burnt: int) -> None:
        """A key of a named project burns so much in the last whole minute."""
        start = NOW // 60 * 60 - 60
        row = BucketRow(
            start=start,
            width=60,
            dimensions=Dimensions("openai", api_key=key, team="search", project="p1", environment="prod"),
            service=Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions"),
            requests=1,
            tokens_input=1,
            tokens_cached=0,
            tokens_output=1,
            quantity_micro=0,
            credits_nano=burnt * NANO,
        )
        self.writer.write_usage_window("openai", start, start + 60, {"completions": [row]}, read_at=NOW)
        self.writer.save_directory(
            "openai",
            [DirectoryProject("p1", "Core", "active")],
            [DirectoryKey(key, "p1", "nightly", "sk-...1")],
            None,
            NOW,
        )


@pytest.fixture
def paged(tmp_path: Path) -> Iterator[Paged]:
    made = Paged(tmp_path, DESKS)
    yield made
    made.close()


def test_finance_and_engineering_are_both_asked_and_the_on_call_learn_that_it_waits(paged: Paged) -> None:
    assert paged.request("olga", BLOCK_PROD) == ""

    told = paged.pages()
    assert {name: notice.next_command for name, notice in told.items()} == {
        "finance": "burndeck approve 1",
        "engineering": "burndeck approve 1",
        "on-call": "burndeck actions show 1",
    }
    assert "waits for finance and engineering until" in told["on-call"].summary
    assert "nothing is asked of you" in told["on-call"].summary
    assert "nothing is asked of you" not in told["finance"].summary


def test_a_page_names_key_team_and_project_what_burns_and_until_when_it_counts(paged: Paged) -> None:
    paged.burns("sk-prod", 30)
    assert paged.request("olga", KEY) == ""

    said = paged.pages()["engineering"].summary
    assert "block api_key:nightly (sk-prod) for 1 h, asked for by olga: it burns" in said
    assert "of team search, project Core (p1), production, burns " in said
    assert "credits/min" in said
    assert f"until {instant(paged.action().approve_by or 0)}" in said


def test_with_the_first_approval_the_other_role_is_told_what_is_missing(paged: Paged) -> None:
    paged.request("olga", BLOCK_PROD)
    asked = paged.pages()

    paged.approve("fred")

    told = paged.pages()
    assert told["finance"] == asked["finance"]
    assert told["engineering"].next_command == "burndeck approve 1"
    assert "approved by fred for finance; block team:search" in told["engineering"].summary
    assert "waits for engineering until" in told["engineering"].summary
    assert "waits for engineering until" in told["on-call"].summary


def test_a_request_that_was_changed_is_put_to_everybody_anew(paged: Paged) -> None:
    paged.request("fay", TOP_UP)
    paged.approve("fred")

    assert paged.amend("fay", replace(TOP_UP, amount_nano=2_000 * NANO)) == ""

    told = paged.pages()
    for desk in ("finance", "engineering"):
        assert "changed, approvals given before count no more" in told[desk].summary
        assert told[desk].next_command == "burndeck approve 1"


def test_where_engineering_has_no_channel_those_who_have_one_are_asked_to_find_them(tmp_path: Path) -> None:
    paged = Paged(tmp_path, {"on-call": "ops_on_call"})
    paged.request("olga", BLOCK_PROD)

    (told,) = paged.pages().values()
    assert told.next_command == "burndeck approve 1"
    paged.close()


def test_nobody_is_told_the_same_twice_in_one_channel(tmp_path: Path) -> None:
    paged = Paged(tmp_path, {"all": "ops_on_call"})
    alerts = paged.settings.alerts
    paged.settings = replace(
        paged.settings, alerts=Alerts(channels=alerts.channels, routes=(Route(send=("all",)),))
    )
    paged.tell = Told(paged.settings)  # type: ignore[method-assign]
    paged.request("olga", BLOCK_PROD)

    assert len(paged.writer.outbox.waiting(100)) == 1
    paged.close()
