"""The feed of changes as a report, and as marks of plots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step, StepState
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.change import Change, ChangeKind
from agent.domain.gateway import Limit, Target, TargetKind
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.reader import LedgerReader
from agent.ledger.rows import DirectoryKey
from agent.reports.burn import burn
from agent.reports.changes import changes, marks_between, near
from tests.agent.reports.audited import direct
from tests.agent.reports.world import NOW, SETTINGS, fill

HOUR, DAY = 3_600, 86_400


def change(
    title: str, age_s: int, kind: ChangeKind = ChangeKind.RELEASE, scope_kind: str = "", scope: str = ""
) -> Change:
    return Change(
        NOW - age_s, None, "webhook", kind, title, scope_kind=scope_kind, scope=scope, external_id=title
    )


FEED = [
    change("all", 60),
    change("search", 600, scope_kind="team", scope="search"),
    change("search project", 700, ChangeKind.LIMIT, "project", "proj_search"),
    change("search key", 800, ChangeKind.KEY, "api_key", "key_search"),
    change("support", 900, scope_kind="team", scope="support"),
    change("support key", 1_000, ChangeKind.KEY, "api_key", "key_support"),
    change("a service", 1_100, scope_kind="service", scope="search-api"),
    change("yesterday", 20 * HOUR),
    change("last week", 6 * DAY),
    change("planned", -HOUR),
]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("changes") / "ledger.sqlite"
    fill(path, days=2)
    with open_writer(path) as writer:
        writer.changes.add(FEED)
    return path


@pytest.fixture
def reader(ledger: Path) -> Iterator[LedgerReader]:
    with open_reader(ledger) as opened:
        yield opened


def test_the_newest_come_first_and_what_is_planned_only_where_it_is_asked_for(reader: LedgerReader) -> None:
    titles = [each.title for each in changes(reader, SETTINGS, NOW, since_s=DAY)]
    ahead = changes(reader, SETTINGS, NOW, since_s=DAY, until=NOW + DAY)

    assert titles == [each.title for each in FEED[:8]]
    assert [each.title for each in ahead] == ["planned", *titles]
    assert ahead[2].scope_kind == "team" and ahead[2].kind is ChangeKind.RELEASE


@pytest.mark.parametrize("within", [(Kind.TEAM, "search"), (Kind.PROJECT, "proj_search")])
def test_within_a_scope_stays_what_is_in_it_around_it_or_may_be_anybodys(
    reader: LedgerReader, within: tuple[Kind, str]
) -> None:
    found = changes(reader, SETTINGS, NOW, since_s=HOUR, within=within)

    assert [each.title for each in found] == ["all", "search", "search project", "search key", "a service"]


def test_within_a_scope_that_no_change_can_be_told_apart_by_all_stay(reader: LedgerReader) -> None:
    within = (Kind.MODEL, "gpt-5-mini")

    assert len(changes(reader, SETTINGS, NOW, since_s=HOUR, within=within)) == 7
    assert len(changes(reader, SETTINGS, NOW, since_s=HOUR, within=(Kind.TEAM, "nobody"))) == 2


def test_near_a_moment_releases_come_first_then_the_nearest(reader: LedgerReader) -> None:
    found = near(reader, SETTINGS, NOW - 730, before_s=200, after_s=200)

    assert [each.title for each in found] == ["search", "support", "search project", "search key"]


def test_marks_are_in_order_and_a_plot_of_a_month_has_releases_only(reader: LedgerReader) -> None:
    every = marks_between(reader, NOW - HOUR, NOW)
    releases = marks_between(reader, NOW - HOUR, NOW, releases_only=True)

    assert [mark.at for mark in every] == sorted(mark.at for mark in every)
    assert {mark.text for mark in every} - {mark.text for mark in releases} == {
        "search project",
        "search key",
        "support key",
    }
    assert all(mark.release for mark in releases)


def test_of_very_many_changes_a_plot_shows_the_releases(tmp_path: Path) -> None:
    path = tmp_path / "many.sqlite"
    with open_writer(path) as writer:
        writer.changes.add(change(f"key {number}", number, ChangeKind.KEY) for number in range(1, 100))
        writer.changes.add([change("release", 2_000)])
    with open_reader(path) as reader:
        marks = marks_between(reader, NOW - HOUR, NOW)

    assert marks[0].text == "release"
    assert (len(marks), marks[1].text) == (40, "key 39")


def test_the_plots_of_the_burn_carry_the_changes_that_fall_into_them(reader: LedgerReader) -> None:
    report = burn(reader, SETTINGS, NOW)

    assert [mark.text for mark in report.hour.marks] == [each.title for each in reversed(FEED[:7])]
    assert report.day.marks[0].text == "yesterday"
    earlier = burn(reader, SETTINGS, NOW, at=NOW - 850)
    assert "all" not in {mark.text for mark in (*earlier.hour.marks, *earlier.day.marks)}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.sqlite"
    fill(path, days=1)
    return path


def told(path: Path, *found: Change, **asked: Any) -> list[str]:
    with open_writer(path) as writer:
        writer.changes.add(found)
    with open_reader(path) as reader:
        return [each.title for each in changes(reader, SETTINGS, NOW, **asked)]


def test_what_lasts_is_there_as_long_as_it_lasts_and_marks_where_it_began(own: Path) -> None:
    lasting = replace(change("all day", 12 * HOUR), until=NOW + 12 * HOUR)
    over = replace(change("over", 12 * HOUR), until=NOW - HOUR)

    assert told(own, lasting, over, since_s=HOUR) == ["all day"]
    with open_reader(own) as reader:
        assert [each.title for each in near(reader, SETTINGS, NOW, before_s=HOUR, after_s=0)] == ["all day"]
        assert marks_between(reader, NOW - HOUR, NOW) == ()
        assert [mark.at for mark in marks_between(reader, NOW - DAY, NOW)] == [NOW - 12 * HOUR] * 2


def test_a_key_that_has_not_burnt_yet_is_shown_to_its_team_and_project(own: Path) -> None:
    direct(
        own,
        DirectoryKey("key_mine", "proj_search", "mine", "sk-..1"),
        DirectoryKey("key_other", "proj_support", "other", "sk-..2"),
    )
    keys = [change(name, 60, ChangeKind.KEY, "api_key", name) for name in ("key_mine", "key_other", "key_x")]

    assert told(own, *keys, since_s=HOUR, within=(Kind.TEAM, "search")) == ["key_mine", "key_x"]
    assert told(own, since_s=HOUR, within=(Kind.PROJECT, "proj_search")) == ["key_mine", "key_x"]
    assert told(own, since_s=HOUR, within=(Kind.API_KEY, "key_search")) == []


def test_keys_in_titles_and_addresses_are_not_kept(own: Path) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    leaky = replace(change(f"deploy with {secret}", 60), url=f"https://ci.example.com/?token={secret}")

    assert told(own, leaky, leaky, since_s=HOUR) == ["deploy with sk-pro***"]
    assert secret.encode() not in own.read_bytes()


MANY = [f"model-{number}" for number in range(6)]
SCOPE = Scope(ScopeKind.PROJECT, "proj_search")


def throttled(path: Path, begun: int, undone: int | None = None) -> None:
    """Action 1 of ada, a throttle of six models of a project, and what undid it."""
    steps = [
        Step(
            seq,
            Target("openai", TargetKind.PROJECT_MODEL, f"proj_search/{model}"),
            {"max_requests_per_1_minute": 4},
            {"max_requests_per_1_minute": 500},
            StepState.UNDONE if undone else StepState.APPLIED,
            at=undone or begun + 1,
        )
        for seq, model in enumerate(MANY)
    ]
    action = Action(
        ActionSpec(ActionKind.THROTTLE, SCOPE, limit=Limit.parse("4 rpm"), expires_s=HOUR),
        ActionState.REVERSED if undone else ActionState.ACCEPTED,
        "ada",
        begun,
        "too much",
        begun_at=begun,
        accepted_at=begun + 5,
        ended_at=undone,
        ended_by="bob" if undone else "",
        steps=steps,
    )
    with open_writer(path) as writer:
        writer.actions.add(action)


def logged(model: str, at: int) -> Change:
    """What the audit log says of a limit, under the name of whoever made the admin key."""
    return Change(
        at,
        None,
        "openai audit log",
        ChangeKind.LIMIT,
        f"rate limit updated: rl-{model}, max_requests_per_1_minute 4 (Search)",
        actor="owner@example.com",
        scope_kind="project",
        scope="proj_search",
        external_id=f"{model} {at}",
    )


def test_what_the_audit_log_tells_of_an_action_is_one_row_of_whoever_asked_for_it(own: Path) -> None:
    begun, undone = NOW - 1_000, NOW - 400
    throttled(own, begun, undone)
    echoes = [logged(model, at + number) for at in (begun, undone) for number, model in enumerate(MANY)]

    titles = told(own, *echoes, since_s=HOUR)

    assert titles == [
        "action 1 undone by bob: throttle project:proj_search to 4 rpm for 1 h",
        "action 1 by ada: throttle project:proj_search to 4 rpm for 1 h",
    ]
    with open_reader(own) as reader:
        found = changes(reader, SETTINGS, NOW, since_s=HOUR, within=(Kind.TEAM, "search"))
        assert [(each.at, each.actor, each.source) for each in found] == [
            (undone, "bob", "burndeck"),
            (begun, "ada", "burndeck"),
        ]
        assert [mark.at for mark in marks_between(reader, NOW - HOUR, NOW)] == [begun, undone]


def test_what_others_change_stays_theirs(own: Path) -> None:
    throttled(own, NOW - 1_000)
    others = [
        logged("model-9", NOW - 1_000),  # not among those that it holds
        logged("model-1", NOW - 500),  # later
        replace(logged("model-2", NOW - 1_000), scope="proj_support"),
        replace(logged("model-3", NOW - 1_000), source="webhook"),
    ]

    assert len(told(own, *others, since_s=HOUR)) == 4
    assert not any(title.startswith("action") for title in told(own, since_s=HOUR))
