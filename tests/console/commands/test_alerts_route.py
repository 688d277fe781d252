"""`alerts route test`: who gets what and why, and drills that reach real receivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from console.commands.alerts_route import route
from tests.servers.receiver import Answer, Receiver

SIGNING = "whsec_c2lnbmluZy1zZWNyZXQtb2YtYS10ZXN0"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Path:
    file = tmp_path / "burndeck.toml"
    file.write_text(f"""
[organization]
id = "org-1234"
time_zone = "Europe/Berlin"
[ledger]
path = "ledger.sqlite"
[[allocations]]
id = "org-1234-team-search"
scope = "team:search"
monthly_credits = "1000"
[[alerts.channels]]
name = "engine"
kind = "webhook"
url = "{receiver.url}/hook"
[[alerts.channels]]
name = "pager"
kind = "pagerduty"
url = "{receiver.url}"
[[alerts.routes]]
recipient = "ops_on_call"
send = ["pager"]
[[alerts.routes]]
recipient = "bu_head"
send = ["engine"]
teams = ["search"]
[[alerts.routes]]
recipient = "central_finance"
send = ["engine"]
hours = "mon-fri 08:00-18:00"
[[alerts.routes]]
recipient = "exec_sponsor"
send = ["engine"]
""")
    return file


def run(config: Path, *arguments: str, **env: str | None) -> Result:
    given = {"BURNDECK_ENGINE_SIGNING_SECRET": SIGNING, "BURNDECK_PAGER_ROUTING_KEY": "a-routing-key"} | env
    return CliRunner().invoke(route, ["test", "--config", str(config), *arguments], env=given)


def test_it_shows_who_is_told_and_why_and_whom_nobody_reaches(config: Path) -> None:
    result = run(config, "--at", "2026-09-21T17:30:00Z")  # 19:30 in Berlin: finance is at home

    assert result.exit_code == 1
    assert "Mon 2026-09-21 19:30 CEST" in result.stdout
    assert ["pager", "pager", "pagerduty", "route", "1:", "ops_on_call"] in [
        line.split() for line in result.stdout.splitlines()
    ]
    assert "nobody reaches bu_head" in result.stdout
    assert "nobody reaches central_finance" in result.stdout
    assert "unacknowledged after 15 min" in result.stdout
    assert "route 4: exec_sponsor" in result.stdout


def test_everybody_reached_ends_with_zero(config: Path, receiver: Receiver) -> None:
    result = run(config, "--allocation", "org-1234-team-search", "--at", "2026-09-21T10:00", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert found["facts"]["team"] == "search"
    assert found["unreached"] == []
    assert [place["channel"] for place in found["destinations"]] == ["pager", "engine"]
    assert found["sent"] is None
    assert receiver.got == []


def test_a_channel_without_its_secret_is_marked_and_nobody_counts_on_it(config: Path) -> None:
    about = ("--allocation", "org-1234-team-search", "--at", "2026-09-21T10:00")

    shown = run(config, *about, BURNDECK_PAGER_ROUTING_KEY=None)
    plain = run(config, *about, "--json", BURNDECK_ENGINE_SIGNING_SECRET=None)

    assert shown.exit_code == plain.exit_code == 1
    assert "pager (no secret yet: burndeck login pager)" in shown.stdout
    assert "burndeck login engine" not in shown.stdout
    assert json.loads(plain.stdout)["without_secret"] == ["engine"]


def test_a_drill_is_sent_marked_and_changes_nothing(config: Path, receiver: Receiver) -> None:
    result = run(config, "--allocation", "org-1234-team-search", "--at", "2026-09-21T10:00", "--send")

    assert result.exit_code == 0, result.output
    assert result.stdout.count("delivered") == 2
    hook = next(got for got in receiver.got if got.path == "/hook")
    pages = [got.json for got in receiver.got if got.path == "/v2/enqueue"]
    body = Webhook(SIGNING).verify(hook.body, dict(hook.headers))
    assert (body["event"], body["drill"]) == ("spend.alert.drill", True)
    assert body["monthly_allocation"] == 1000
    assert body["notify"] == ["pager", "engine"]
    assert [page["event_action"] for page in pages] == ["trigger", "resolve"]
    assert pages[0]["payload"]["summary"].startswith("DRILL, not real: ")
    assert not (config.parent / "ledger.sqlite").exists()


def test_two_drills_are_two_messages(config: Path, receiver: Receiver) -> None:
    for _ in range(2):
        run(config, "--team", "search", "--send")

    assert len({got.headers["webhook-id"] for got in receiver.got if got.path == "/hook"}) == 2


def test_a_drill_that_is_not_taken_says_why_and_what_to_do(config: Path, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(403, f"no such key {got.json.get('routing_key')}")

    result = run(config, "--team", "search", "--at", "2026-09-21T10:00", "--send", "--json")

    assert result.exit_code == 3
    sent = json.loads(result.stdout)["sent"]
    assert [each["ok"] for each in sent] == [False, False]
    assert "answered 403" in sent[0]["detail"]
    assert "burndeck login pager" in sent[0]["hint"]
    assert "a-routing-key" not in result.output


def test_without_routes_it_says_that_nobody_outside_is_told(tmp_path: Path) -> None:
    config = tmp_path / "burndeck.toml"
    config.write_text("")

    result = run(config)

    assert result.exit_code == 1
    assert "nobody outside is told" in result.stdout


@pytest.mark.parametrize(
    ("option", "value", "part"),
    [("--tier", "nosuch", "known: info, warning"), ("--allocation", "nosuch", "known: org-1234-team-search")],
)
def test_a_name_that_is_not_there_comes_with_those_that_are(
    config: Path, option: str, value: str, part: str
) -> None:
    result = run(config, option, value)

    assert result.exit_code == 2
    assert part in result.output
