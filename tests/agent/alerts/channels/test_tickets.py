"""One ticket an episode, whatever the tracker: made once, found again, commented, closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.receiver import Receiver
from tests.servers.trackers import GitHub, Jira, ServiceNow

SECRET = "tracker-secret-not-to-be-seen"

FIRED = a_message()
REPEATED = a_message(a_notice(id="notice-2", kind=NoticeKind.REPEATED))
ACKNOWLEDGED = a_message(a_notice(id="notice-3", kind=NoticeKind.ACKNOWLEDGED))
RESOLVED = a_message(a_notice(id="notice-4", kind=NoticeKind.RESOLVED))
FIRED_AGAIN = a_message(a_notice(id="notice-5"))


@dataclass
class Office:
    """A tracker with its channel."""

    tracker: GitHub | Jira | ServiceNow
    table: Channel


@pytest.fixture(params=["github", "jira", "servicenow"])
def office(
    request: pytest.FixtureRequest, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    for name in ("TOKEN", "PASSWORD"):
        monkeypatch.setenv(f"BURNDECK_DESK_{name}", SECRET)
    trackers = {
        "github": GitHub(SECRET),
        "jira": Jira("bot@example.com", SECRET),
        "servicenow": ServiceNow("bot@example.com", SECRET),
    }
    tracker = receiver.answer = trackers[request.param]
    project = {"github": "ACME/ops", "jira": "OPS", "servicenow": "Ops"}[request.param]
    table = Channel(
        name="desk", kind=request.param, url=receiver.url, user="bot@example.com", project=project
    )
    yield Office(tracker, table)


def test_an_episode_has_one_ticket_that_ends_with_it(office: Office) -> None:
    receipts = deliver(office.table, FIRED, REPEATED, ACKNOWLEDGED, RESOLVED)

    (entry,) = office.tracker.entries
    assert {receipt.reference for receipt in receipts} == {entry.id}
    assert entry.title == "CRITICAL: payments has burnt 90.24 % of its month"
    assert "3 h 10 min until the cap at the mean burn of the last 15 min" in entry.text
    assert "burndeck alerts ack 17" in entry.text
    assert len(entry.comments) == 3
    assert "RESOLVED" in entry.comments[-1]
    assert not entry.open


def test_what_fires_again_in_its_period_opens_its_ticket_again(office: Office) -> None:
    deliver(office.table, FIRED, RESOLVED, FIRED_AGAIN)

    (entry,) = office.tracker.entries
    assert entry.open


def test_other_episodes_have_other_tickets(office: Office) -> None:
    deliver(office.table, FIRED, a_message(a_notice(id="other", dedup_key="org-1/warning/2026-09")))

    assert len(office.tracker.entries) == 2
    assert not any(entry.comments for entry in office.tracker.entries)


def test_a_message_that_was_sent_before_a_crash_makes_no_second_ticket(office: Office) -> None:
    deliver(office.table, FIRED, FIRED)

    assert len(office.tracker.entries) == 1


def test_a_comment_that_was_sent_before_a_crash_is_not_made_twice_where_comments_can_be_read(
    office: Office,
) -> None:
    deliver(office.table, FIRED, REPEATED, REPEATED)

    (entry,) = office.tracker.entries
    assert len(entry.comments) == (2 if isinstance(office.tracker, ServiceNow) else 1)


@pytest.mark.parametrize("others", [99, 100, 101, 250])
def test_a_comment_is_made_once_however_many_there_are(office: Office, others: int) -> None:
    if isinstance(office.tracker, ServiceNow):
        pytest.skip("its comments cannot be read")
    deliver(office.table, FIRED)
    (entry,) = office.tracker.entries
    entry.comments += ["somebody says something"] * others

    deliver(office.table, REPEATED)
    entry.comments.append("and somebody answers")
    deliver(office.table, REPEATED)

    assert len(entry.comments) == others + 2


def test_an_end_without_a_ticket_makes_none(office: Office) -> None:
    assert [receipt.reference for receipt in deliver(office.table, ACKNOWLEDGED, RESOLVED)] == ["", ""]
    assert office.tracker.entries == []


def test_a_drill_leaves_a_marked_ticket_that_is_closed(office: Office) -> None:
    deliver(office.table, a_message(a_notice(kind=NoticeKind.DRILL, dedup_key="drill/1")))

    (entry,) = office.tracker.entries
    assert entry.title.startswith("DRILL, not real: ")
    assert "Nothing has happened" in entry.text
    assert not entry.open


def test_a_ticket_that_the_search_does_not_know_yet_is_found_by_its_receipt(office: Office) -> None:
    (made,) = deliver(office.table, FIRED)
    if not isinstance(office.tracker, ServiceNow):
        office.tracker.indexed = False
    if isinstance(office.tracker, GitHub):
        office.tracker.listed = 0

    deliver(office.table, replace(RESOLVED, receipt=made.reference))

    (entry,) = office.tracker.entries
    assert not entry.open


def test_a_ticket_that_somebody_deleted_is_made_anew(office: Office) -> None:
    (made,) = deliver(office.table, FIRED)
    office.tracker.entries.clear()

    deliver(office.table, replace(REPEATED, receipt=made.reference))

    assert len(office.tracker.entries) == 1


def test_a_secret_that_is_not_accepted_is_not_shown_although_the_server_repeats_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TOKEN", "PASSWORD"):
        monkeypatch.setenv(f"BURNDECK_DESK_{name}", "wrong-but-secret")

    error = failure(office.table)

    assert error.slow
    assert "401" in error.message
    assert "wrong-but-secret" not in f"{error.message}{error.hint}"
    assert "burndeck login desk" in error.hint


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300), st.text(max_size=9000))
def test_the_limits_of_every_tracker_are_kept(office: Office, key: str, text: str) -> None:
    office.tracker.entries.clear()
    levers = tuple({"text": text} for _ in range(20))

    deliver(
        office.table,
        a_message(
            a_notice(
                dedup_key=key, summary=text, scope=text, cause=text, next_command=text, suggestions=levers
            )
        ),
    )

    assert len(office.tracker.entries) == 1


def test_a_github_issue_is_found_among_the_newest_or_by_search(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_DESK_TOKEN", SECRET)
    tracker = receiver.answer = GitHub(SECRET)
    table = Channel(name="desk", kind="github", url=receiver.url, project="ACME/ops")
    deliver(table, FIRED)
    assert isinstance(tracker, GitHub)
    tracker.indexed, tracker.listed = True, 0

    deliver(table, REPEATED)

    assert len(tracker.entries) == 1


def test_names_are_no_markup_and_call_nobody_on_github(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_DESK_TOKEN", SECRET)
    tracker = receiver.answer = GitHub(SECRET)
    table = Channel(name="desk", kind="github", url=receiver.url, project="ACME/ops")

    deliver(table, a_message(a_notice(scope="@ACME/everyone <b> [x](y) `z`")))

    assert isinstance(tracker, GitHub)
    assert "@ACME" not in tracker.entries[0].text
    assert "\\<b\\> \\[x\\](y) \\`z\\`" in tracker.entries[0].text


def test_a_jira_workflow_that_lets_nobody_close_is_said(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_DESK_TOKEN", SECRET)
    tracker = receiver.answer = Jira("bot@example.com", SECRET)
    table = Channel(name="desk", kind="jira", url=receiver.url, user="bot@example.com", project="OPS")
    deliver(table, FIRED)
    assert isinstance(tracker, Jira)
    tracker.transitions = False

    error = failure(table, RESOLVED)

    assert "OPS-1 has no transition that closes it" in error.message
    assert error.permanent
