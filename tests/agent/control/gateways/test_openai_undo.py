"""Whatever was set, writing the fields of before gives back exactly what was there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.gateway import Fields, Target, TargetKind
from tests.agent.control.gateways.openai_world import BUSY, World, busy_project, world
from tests.fixtures.provider.talk import provider

RULES = st.none() | st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["allow_list", "deny_list"]),
        "model_ids": st.lists(st.sampled_from(["gpt-5", "gpt-5-mini", "gpt-4.1"]), unique=True),
    }
)
TOOLS = st.fixed_dictionaries(
    {
        name: st.booleans()
        for name in ("file_search", "web_search", "image_generation", "mcp", "code_interpreter")
    }
)
OF_PROJECT = st.fixed_dictionaries(
    {},
    optional={
        "spend_limit_cents": st.none() | st.integers(1, 10**9),
        "model_permissions": RULES,
        "hosted_tools": TOOLS,
    },
)
RATES: dict[str, Any] = {
    "max_requests_per_1_minute": st.integers(1, 30_000),
    "max_tokens_per_1_minute": st.integers(1, 150_000_000),
}
OF_MODEL = st.fixed_dictionaries({}, optional=RATES).filter(bool)


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as monkeypatch, provider() as talk:
        yield world(talk, monkeypatch)


def check(here: World, target: Target, earlier: Fields, change: Fields) -> None:
    here.write(target, earlier)
    before = here.read(target)

    here.write(target, change)
    changed = here.read(target)
    here.write(target, {name: before.fields[name] for name in change})

    assert here.read(target) == before
    assert {name: changed.fields[name] for name in change} == _sorted(change)
    assert (changed.version == before.version) == (changed.fields == before.fields)


def _sorted(change: Fields) -> Fields:
    rule = change.get("model_permissions")
    if rule is None:
        return change
    return {**change, "model_permissions": {**rule, "model_ids": sorted(rule["model_ids"])}}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(earlier=OF_PROJECT, change=OF_PROJECT)
def test_of_a_project(here: World, earlier: Fields, change: Fields) -> None:
    check(here, Target("openai", TargetKind.PROJECT, busy_project(here.talk)), earlier, change)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(earlier=OF_MODEL, change=OF_MODEL)
def test_of_a_model(here: World, earlier: Fields, change: Fields) -> None:
    target = Target("openai", TargetKind.PROJECT_MODEL, f"{busy_project(here.talk)}/{BUSY}")
    check(here, target, earlier, change)
