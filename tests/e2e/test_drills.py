"""Every shipped runbook as a drill, and those that change something at the simulated provider for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.money import NANO
from agent.runbooks.asks import start_of
from agent.runbooks.view import runs
from console.runs.answers import answers_of
from console.runs.drive import Played, StepEnd, play
from console.runs.rehearsal import Rehearsal, rehearsal
from fixtures import registry
from fixtures.organization import Organization, Project, build_organization
from fixtures.scenario import load_scenario
from tests.console.runs.drills import PLANS, beginning, drilled, shipped

pytestmark = [pytest.mark.scenarios, pytest.mark.xdist_group("drills")]
ACTING = (
    "hard-cap-override",
    "leaked-key",
    "model-regression",
    "provider-outage-retry-storm",
    "runaway-batch",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a company before anything happens."""
    return beginning(tmp_path_factory.mktemp("company") / "ledger.sqlite")


@pytest.mark.parametrize("ident", PLANS)
def test_a_shipped_runbook_comes_to_its_end_as_a_drill_and_changes_nothing(ident: str, company: Path) -> None:
    report, _ = drilled(ident, company)

    assert report.fine, report.stuck
    assert report.state == "done"
    actions = [step for step in report.steps if step.action is not None]
    assert all("nothing was changed" in step.sentence or "waits" in step.sentence for step in actions)
    waited = [step for step in actions if "waits for finance and engineering" in step.sentence]
    agreed = [
        step for step in report.steps if "(finance)" in step.sentence and "(engineering)" in step.sentence
    ]
    assert len(waited) == len(agreed)
    assert waited or ident not in ("hard-cap-override", "key-rotation")


@pytest.mark.parametrize("ident", ACTING)
def test_a_runbook_that_changes_something_comes_to_its_end_for_real(ident: str, company: Path) -> None:
    report, _ = drilled(ident, company, act=True)

    assert report.fine, report.stuck
    assert not report.drill
    assert any(step.action is not None for step in report.steps)


def test_a_key_that_is_silent_is_rotated_for_real_and_is_gone_at_the_provider(company: Path) -> None:
    organization = build_organization(1)
    old = next(key for key in organization.keys if key.name == "recommendations-images-dev-1")
    successor = next(key for key in organization.keys if key.project == old.project and key != old)
    told = {"answers": {"issue": successor.id}}
    keys = f"organization/projects/{old.project.id}/api_keys?limit=100"

    with rehearsal(load_scenario("quiet-day"), 1, ledger=company) as ground:
        before = {key["id"] for key in at_provider(ground, keys)}
        played = walked(ground, "key-rotation", told, key=old.id)
        after = {key["id"] for key in at_provider(ground, keys)}

    assert played.fine, played.stuck
    ends = {end.id: end for end in played.steps}
    assert "no call came through" in ends["silent"].sentence
    assert "approved by finance (finance), second-engineering (engineering)" in ends["approve"].sentence
    assert before - after == {old.id}


def test_a_review_ends_in_an_allocation_that_holds(company: Path) -> None:
    with rehearsal(load_scenario("quiet-day"), 1, ledger=company) as ground:
        before = {each.id: each.monthly_nano for each in ground.settings.allocations}
        played = walked(ground, "weekly-burn-review", {"answers": {"decide": "yes"}})
        after = {each.id: each.monthly_nano for each in ground.settings.allocations}

    assert played.fine, played.stuck
    ends = {end.id: end for end in played.steps}
    changed = {name for name in before if before[name] != after[name]}
    found = re.search(r"first to \w+ (\S+) from .* to ([\d,]+) credits a month", ends["proposals"].sentence)
    assert found is not None
    assert changed == {found[1]}
    assert after[found[1]] == Decimal(found[2].replace(",", "")) * NANO
    assert "approved by second-finance (finance), engineering (engineering)" in ends["approve"].sentence


def test_non_production_is_throttled_for_real_until_the_burn_falls_and_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = load_scenario("dearer-model")
    struck = scenario.key(build_organization(1))
    assert struck is not None
    no_production(struck.project, monkeypatch)
    limits = f"organization/projects/{struck.project.id}/rate_limits?limit=100"
    held: list[Any] = []

    with rehearsal(scenario, 1) as ground:
        assert ground.until_fired(("burn_spike",), 7_200) is not None
        before = at_provider(ground, limits)

        def look(end: str | StepEnd) -> None:
            if isinstance(end, StepEnd) and end.id == "throttle":
                held.extend(at_provider(ground, limits))

        played = walked(
            ground,
            "throttle-non-prod",
            {"answers": {"keep": "release"}},
            look,
            scope=f"project:{struck.project.id}",
            limit="4 rpm",
        )
        after = at_provider(ground, limits)

    assert played.fine, played.stuck
    ends = {end.id: end for end in played.steps}
    assert "is confirmed: burn fell from" in ends["fell"].sentence
    assert {each["max_requests_per_1_minute"] for each in held if each not in before} == {4}
    assert after == before
    assert ends["release"].sentence == "nothing of it is in force any more"


def no_production(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the owners registry no key of a project is production: the provider throttles whole projects."""
    written = registry.owners_toml

    def owners_toml(organization: Organization) -> str:
        text = written(organization)
        for key in organization.keys:
            if key.project == project:
                head, table, rest = text.partition(f"[keys.{key.id}]")
                text = (
                    head + table + rest.replace('"prod"', '"staging"', 1)
                    if key.environment == "prod"
                    else text
                )
        return text

    monkeypatch.setattr(registry, "owners_toml", owners_toml)


def walked(
    ground: Rehearsal,
    ident: str,
    told: Mapping[str, Any],
    look: Callable[[str | StepEnd], None] = lambda end: None,
    **parameters: str,
) -> Played:
    """A run of a shipped runbook for real, by people and the agent; `look` hears of each step as it ends."""
    runbook = shipped(ident)
    holder = ground.cast.first(roles=runbook.roles)
    assert holder is not None
    assert ground.tell(holder.name, start_of(runbook, parameters)) == ""
    newest = max(line.id for line in runs(ground.reader, ground.now()))
    return play(ground, newest, answers_of(told, runbook), look)


def at_provider(ground: Rehearsal, path: str) -> list[Any]:
    """What the provider's own administration says; one page."""
    (source,) = ground.settings.sources
    request = urllib.request.Request(
        f"{source.base_url}/{path}", headers={"authorization": f"Bearer {os.environ['OPENAI_ADMIN_KEY']}"}
    )
    with urllib.request.urlopen(request) as answer:
        page = json.load(answer)
    assert not page["has_more"]
    data: list[Any] = page["data"]
    return data


def test_a_review_needs_no_alert_and_its_steps_are_done_by_who_may(company: Path) -> None:
    report, told = drilled("weekly-burn-review", company)

    assert report.alert is None
    assert "the run starts without an alert" in told
    assert {step.actor for step in report.steps} == {"agent", "finance"}


def test_two_drills_of_one_seed_go_alike(company: Path) -> None:
    (one, _), (other, _) = drilled("runaway-batch", company), drilled("runaway-batch", company)

    assert one.steps == other.steps
    assert one.fired_after_s == other.fired_after_s


def test_every_shipped_runbook_has_its_drill() -> None:
    from agent.runbooks.library import library
    from agent.settings import Settings

    assert {runbook.id for runbook in library(Settings()).all()} == set(PLANS)


def test_the_command_prints_one_document_and_leaves_nobody_s_ledger_behind(tmp_path: Path) -> None:
    assert shipped("first-90-days")
    words = ["runbook", "drill", "first-90-days", "--scenario", "quiet-day", "--json", "-o", "pm"]
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", *words],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["fine"]
    assert "second-finance" in report["simulated_people"]
    assert report["postmortem"][0] == "pm/postmortem.md"
    assert [path.name for path in tmp_path.iterdir()] == ["pm"]
