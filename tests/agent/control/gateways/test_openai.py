"""The Administration API as a gateway, against a provider whose traffic obeys what is set."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.control.gateways.base import GatewayError, GoneError, open_link
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.duration import Duration
from agent.domain.gateway import Fields, Limit, LimitUnit, Target, TargetKind
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Source
from tests.agent.control.gateways.openai_world import BUSY, World, busy_project, hit_of
from tests.fixtures.moments import HOUR, WEDNESDAY_AFTERNOON
from tests.fixtures.provider.talk import Talk
from tests.servers.receiver import Answer, Receiver

NOW = WEDNESDAY_AFTERNOON


@pytest.fixture
def project(talk: Talk) -> str:
    return busy_project(talk)


def model_target(project: str) -> Target:
    return Target("openai", TargetKind.PROJECT_MODEL, f"{project}/{BUSY}")


def project_target(project: str) -> Target:
    return Target("openai", TargetKind.PROJECT, project)


def throttle(project: str, amount: int, unit: LimitUnit = LimitUnit.RPM) -> ActionSpec:
    return ActionSpec(
        ActionKind.THROTTLE, Scope.parse(f"project:{project}"), limit=Limit(amount, unit), models=(BUSY,)
    )


def test_a_throttle_lowers_the_traffic_and_its_undo_gives_all_of_it_back(here: World, project: str) -> None:
    before = here.read(model_target(project))
    hit = hit_of(here.inventory(), Scope.parse(f"project:{project}"), lambda key: key.project == project)

    done = here.apply(throttle(project, 5), hit)
    here.talk.clock.at = NOW + HOUR
    held = here.read(model_target(project))
    for target, (was, _) in done.items():
        here.write(target, was)
    here.talk.clock.at = NOW + 3 * HOUR

    assert list(done) == [model_target(project)]
    assert held.fields["max_requests_per_1_minute"] == 5
    assert held.version != before.version
    assert here.read(model_target(project)) == before
    free = here.requests(project, NOW - HOUR, NOW, models=[BUSY])
    assert max(here.requests(project, NOW + 60, NOW + HOUR, models=[BUSY])) == 5
    assert min(here.requests(project, NOW + HOUR + 60, NOW + 2 * HOUR, models=[BUSY])) > 5
    assert min(free) > 5


def test_a_limit_of_tokens_holds_tokens(here: World, project: str) -> None:
    hit = hit_of(here.inventory(), Scope.parse(f"project:{project}"), lambda key: key.project == project)

    here.apply(throttle(project, 1_000, LimitUnit.TPM), hit)
    here.talk.clock.at = NOW + HOUR

    def tokens(start: int, end: int) -> int:
        asked = {"start_time": start, "end_time": end, "bucket_width": "1m"}
        rows = here.talk.usage("completions", **asked, project_ids=[project], models=[BUSY])
        return sum(row["input_tokens"] + row["output_tokens"] for row in rows)

    assert tokens(NOW - HOUR, NOW) > 10 * 1_000 * 60
    assert tokens(NOW + 60, NOW + HOUR) <= 1_000 * 59


def test_a_block_stops_all_of_a_projects_calls_until_it_is_undone(here: World, project: str) -> None:
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse(f"project:{project}"))
    hit = hit_of(here.inventory(), spec.scope, lambda key: key.project == project)
    before = here.read(project_target(project))

    ((target, (was, _)),) = here.apply(spec, hit).items()
    here.talk.clock.at = NOW + HOUR
    here.write(target, was)
    here.talk.clock.at = NOW + 3 * HOUR

    assert target == project_target(project)
    assert was == {"model_permissions": None}
    assert sum(here.requests(project, NOW + 60, NOW + HOUR)) == 0
    assert min(here.requests(project, NOW + HOUR + 60, NOW + 2 * HOUR)) > 0
    assert here.read(target) == before


def test_a_spend_limit_stops_a_project_that_is_over_it(here: World, project: str) -> None:
    target = project_target(project)

    here.write(target, {"spend_limit_cents": 1})
    limited = here.read(target)
    here.talk.clock.at = NOW + HOUR
    here.write(target, {"spend_limit_cents": None})
    here.talk.clock.at = NOW + 2 * HOUR

    assert limited.fields["spend_limit_cents"] == 1
    assert sum(here.requests(project, NOW + 300, NOW + HOUR)) == 0
    assert here.read(target).fields["spend_limit_cents"] is None


def test_enforcement_by_the_provider_does_not_move_the_version(here: World, project: str) -> None:
    target = project_target(project)
    here.write(target, {"spend_limit_cents": 1})
    before = here.read(target)

    here.talk.clock.at = NOW + HOUR

    status = here.talk.get(f"/organization/projects/{project}/spend_limit")["enforcement"]["status"]
    assert status == "enforcing"
    assert here.read(target).version == before.version


def test_the_organization_can_have_a_limit_too(here: World) -> None:
    target = Target("openai", TargetKind.ORGANIZATION, "organization")

    here.write(target, {"spend_limit_cents": 123_456})

    assert here.talk.get("/organization/spend_limit")["threshold_amount"] == 123_456
    here.write(target, {"spend_limit_cents": None})
    here.write(target, {"spend_limit_cents": None})
    assert here.read(target).fields == {"spend_limit_cents": None}


def test_a_tool_that_is_switched_off_is_called_no_more(here: World) -> None:
    cells = [cell for cell in here.talk.organization.cells if cell.call.kind == "web_search_calls"]
    project = max(cells, key=lambda cell: cell.per_minute).key.project.id
    target = project_target(project)
    before = here.read(target)

    here.write(target, {"hosted_tools": {"web_search": False}})
    here.talk.clock.at = NOW + HOUR
    off = here.read(target)
    here.write(target, {"hosted_tools": before.fields["hosted_tools"]})
    here.talk.clock.at = NOW + 2 * HOUR

    def searches(start: int, end: int) -> list[dict[str, Any]]:
        asked = {"start_time": start, "end_time": end, "bucket_width": "1m", "project_ids": [project]}
        return here.talk.usage("web_search_calls", **asked)

    assert off.fields["hosted_tools"]["web_search"] is False
    assert here.read(target) == before
    assert searches(NOW + 60, NOW + HOUR) == []
    assert searches(NOW - HOUR, NOW)


def test_a_deleted_key_sends_nothing_and_reads_as_deleted(here: World, project: str) -> None:
    key = next(key for key in here.inventory().keys if key.project == project)
    target = Target("openai", TargetKind.KEY, f"{project}/{key.id}")
    before = here.read(target)

    here.write(target, {"deleted": True})
    here.write(target, {"deleted": True})  # as after a crash between the call and its record
    here.talk.clock.at = NOW + HOUR

    assert before.fields == {"deleted": False}
    assert here.read(target).fields == {"deleted": True}
    assert here.requests(project, NOW + 60, NOW + HOUR, api_key_ids=[key.id]).count(0) == 59
    with pytest.raises(GatewayError, match="does not come back") as caught:
        here.write(target, before.fields)
    assert caught.value.refused


@pytest.mark.parametrize(
    "fields",
    [
        {"spend_limit_cents": 5_000},
        {"spend_limit_cents": None},
        {"model_permissions": {"mode": "allow_list", "model_ids": ["gpt-5"]}},
        {"model_permissions": None},
    ],
)
def test_writing_twice_is_writing_once(here: World, project: str, fields: Fields) -> None:
    here.write(project_target(project), fields)
    once = here.read(project_target(project))

    here.write(project_target(project), fields)

    assert here.read(project_target(project)) == once


def test_an_answer_that_is_lost_on_the_way_leaves_what_the_next_reading_shows(
    here: World, project: str
) -> None:
    here.fault({"fault": "disconnect", "method": "POST"})

    with pytest.raises(GatewayError) as caught:
        here.write(model_target(project), {"max_requests_per_1_minute": 7})

    assert not caught.value.refused
    here.fault()
    assert here.read(model_target(project)).fields["max_requests_per_1_minute"] == 7


def test_the_inventory_says_what_reading_each_target_says(here: World, project: str) -> None:
    inventory = here.inventory()

    states = {state.target: state for state in inventory.states}
    for target in (model_target(project), project_target(project)):
        assert states[target] == here.read(target)
    archived = {p.id for p in here.talk.organization.projects if p.archived_days_ago is not None}
    living = {p.id for p in here.talk.organization.projects} - archived
    assert archived
    assert {t.id for t in states if t.kind is TargetKind.PROJECT} == living
    ours = {key.id for key in here.talk.organization.keys if key.deleted_days_ago is None}
    listed = {key.id for key in inventory.keys}
    assert listed <= ours
    assert {key.id for key in here.talk.organization.keys if key.project.id == project} & ours <= listed


def test_the_inventory_reads_pages_to_their_end(here: World) -> None:
    for number in range(70):
        here.talk.post("/organization/projects", {"name": f"more-{number}"})

    states = here.inventory().states

    names = [state.target.id for state in states if state.target.kind is TargetKind.PROJECT]
    assert len(names) == len(here.talk.items("/organization/projects", limit=100)) > 100


def test_a_project_that_is_gone_is_said_to_be_gone(here: World, project: str) -> None:
    with pytest.raises(GoneError):
        here.read(project_target("proj_none"))
    with pytest.raises(GoneError):
        here.read(Target("openai", TargetKind.PROJECT_MODEL, f"{project}/gpt-none"))
    here.talk.post(f"/organization/projects/{project}/archive", {})
    with pytest.raises(GoneError, match="archived"):
        here.read(project_target(project))


@pytest.mark.parametrize(
    "answer",
    [
        "<h1>404 Not Found</h1>",
        '{"detail":"Not Found"}',
        '{"error":"no route"}',
        '{"error":{"message":"Invalid URL (GET /organization)","type":"invalid_request_error","code":null}}',
    ],
)
@pytest.mark.parametrize(
    "target",
    [
        Target("openai", TargetKind.PROJECT, "proj_a"),
        Target("openai", TargetKind.PROJECT_MODEL, "proj_a/gpt-5"),
        Target("openai", TargetKind.KEY, "proj_a/key_a"),
        Target("openai", TargetKind.ORGANIZATION, "organization"),
    ],
)
def test_a_404_that_the_api_has_not_written_of_the_target_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, answer: str, target: Target
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    with Receiver(lambda got: Answer(404, answer)) as server:
        settings = Settings(sources=(Source(base_url=server.url + "/v1"),))

        async def read() -> None:
            link = open_link(settings, Gateway(kind="openai"))
            try:
                await link.read(target)
            finally:
                await link.close()

        with pytest.raises(GatewayError) as caught:
            asyncio.run(read())

    assert not isinstance(caught.value, GoneError)
    assert "base_url" in caught.value.hint


def test_a_key_of_a_project_that_does_not_answer_is_not_said_to_be_deleted(here: World, project: str) -> None:
    with pytest.raises(GoneError):
        here.read(Target("openai", TargetKind.KEY, "proj_none/key_a"))
    assert here.read(Target("openai", TargetKind.KEY, f"{project}/key_none")).fields == {"deleted": True}


def test_a_key_without_the_right_is_refused_with_the_scope_that_it_lacks(here: World, project: str) -> None:
    here.use_key(here.talk.read_only_key)

    with pytest.raises(GatewayError) as caught:
        here.write(model_target(project), {"max_requests_per_1_minute": 7})

    assert caught.value.refused
    assert "api.management.write" in caught.value.hint
    assert here.talk.read_only_key not in f"{caught.value.message}{caught.value.hint}{caught.value!r}"


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (409, True), (429, False), (500, False), (503, False)]
)
def test_only_a_definite_no_counts_as_refused(here: World, project: str, status: int, refused: bool) -> None:
    here.fault({"fault": status, "method": "POST", "retry_after": "0"})

    with pytest.raises(GatewayError) as caught:
        here.write(model_target(project), {"max_requests_per_1_minute": 7})

    assert caught.value.refused is refused
    assert caught.value.hint


def test_a_passing_429_is_waited_for(here: World, project: str) -> None:
    here.fault({"fault": 429, "method": "POST", "times": 1, "retry_after": "0"})

    here.write(model_target(project), {"max_requests_per_1_minute": 7})

    assert here.read(model_target(project)).fields["max_requests_per_1_minute"] == 7


def test_a_provider_that_does_not_answer_is_given_up(here: World, project: str) -> None:
    here.gateway = Gateway(kind="openai", timeout=Duration(1))
    here.fault({"fault": "hang", "path": f"/organization/projects/{project}/rate_limits"})

    with pytest.raises(GatewayError, match="in time") as caught:
        here.read(model_target(project))

    assert not caught.value.refused
