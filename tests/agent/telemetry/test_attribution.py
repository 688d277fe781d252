from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain.usage import Dimensions, Pattern
from agent.errors import ConfigError
from agent.ledger.rows import DirectoryKey, DirectoryProject
from agent.telemetry.attribution import Attributor, environment_in
from agent.telemetry.registry import Registry, load_registry

OWNERS = """
[teams.search]
department = "engineering"
billing_group = "product"
cost_center = "CC-430"
[teams.labs]
cost_center = "CC-900"
[projects.proj_abc]
name = "search-api"
team = "search"
[keys.key_abc]
owner = "ada@example.com"
environment = "prod"
[keys.key_lab]
team = "labs"
project = "proj_abc"
"""
OWNERS_CSV = """\
kind,id,owner,environment,team,department,billing_group,cost_center,project,name
team,search,,,,engineering,product,CC-430,,
team,labs,,,,,,CC-900,,
project,proj_abc,,,search,,,,,search-api
key,key_abc,ada@example.com,prod,,,,,,
key,key_lab,,,labs,,,,proj_abc,
"""


def registry_of(folder: Path, text: str, name: str = "owners.toml") -> Registry:
    file = folder / name
    file.write_text(text)
    return load_registry([file])


@pytest.fixture
def attributor(tmp_path: Path) -> Attributor:
    return Attributor(registry_of(tmp_path, OWNERS))


def test_toml_and_csv_say_the_same(tmp_path: Path) -> None:
    assert registry_of(tmp_path, OWNERS) == registry_of(tmp_path, OWNERS_CSV, "owners.csv")


def test_a_later_file_wins_over_an_earlier(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[teams.search]\ncost_center = "CC-1"\n[teams.labs]\ncost_center = "CC-2"'
    )
    (tmp_path / "b.csv").write_text("kind,id,cost_center\nteam,search,CC-3\n")

    teams = load_registry([tmp_path / "a.toml", tmp_path / "b.csv"]).teams

    assert {name: entry.cost_center for name, entry in teams.items()} == {"search": "CC-3", "labs": "CC-2"}


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("o.toml", '[teams.search]\ncost_centre = "CC-1"', "o.toml:2: teams.search.cost_centre: unknown key"),
        ("o.toml", '[teams.search]\ndepartment = 5', "o.toml:2: teams.search.department"),
        ("o.toml", '[teams.search]\ncost_center = "CC 1"', "o.toml:2: teams.search.cost_center: "),
        ("o.toml", '[team.search]\n', "o.toml:1: team: unknown key"),
        ("o.csv", "kind,id,ownr\nkey,a,b\n", "o.csv:1: ownr: unknown column"),
        ("o.csv", "id,owner\na,b\n", "o.csv:1: kind: there is no such column"),
        ("o.csv", "kind,id,owner\nkey,a,b\nrobot,c,d\n", "o.csv:3: kind: 'robot'"),
        ("o.csv", "kind,id,owner\nkey,a,b\nkey,a,c\n", "o.csv:3: id: is there twice"),
        ("o.csv", "kind,id,owner\nteam,a,b\n", "o.csv:2: owner: not a field of this kind"),
    ],
)  # fmt: skip
def test_a_wrong_registry_names_file_line_and_key(tmp_path: Path, name: str, text: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry_of(tmp_path, text, name)

    assert part in caught.value.message


def test_a_registered_key_brings_owner_team_and_who_pays(attributor: Attributor) -> None:
    assert attributor.resolve("openai", "key_abc", "user-1", "proj_abc") == Dimensions(
        account="openai",
        api_key="key_abc",
        user="user-1",
        project="proj_abc",
        environment="prod",
        team="search",
        department="engineering",
        billing_group="product",
        cost_center="CC-430",
        owner="ada@example.com",
        pattern="C",
    )


def test_a_keys_own_team_wins_over_its_projects(attributor: Attributor) -> None:
    found = attributor.resolve("openai", "key_lab")

    assert (found.team, found.project, found.cost_center) == ("labs", "proj_abc", "CC-900")


@pytest.mark.parametrize(("pattern", "letter"), [(Pattern.TAG, "A"), (Pattern.GATEWAY, "B")])
def test_labels_count_where_the_registry_says_nothing(
    attributor: Attributor, pattern: Pattern, letter: str
) -> None:
    found = attributor.resolve(
        "openai", "stranger", labels={"team": "labs", "environment": "dev"}, pattern=pattern
    )

    assert (found.team, found.cost_center, found.environment, found.pattern) == (
        "labs",
        "CC-900",
        "dev",
        letter,
    )


def test_what_nobody_says_stays_empty_and_visible(attributor: Attributor) -> None:
    assert attributor.resolve("openai", "stranger") == Dimensions(
        account="openai", api_key="stranger", pattern="none"
    )


def test_the_registry_wins_over_a_label_and_the_conflict_is_a_finding(attributor: Attributor) -> None:
    found = attributor.resolve(
        "openai", "key_abc", project="proj_abc", labels={"team": "labs", "cost_center": "CC-1"}
    )

    findings = attributor.take_findings()
    assert (found.team, found.cost_center, found.pattern) == ("search", "CC-430", "C")
    assert {(finding.kind, finding.subject) for finding in findings} == {
        ("attribution_conflict", "api_key:key_abc")
    }
    assert len(findings) == 2
    assert attributor.take_findings() == []


def test_production_and_prod_are_no_conflict(attributor: Attributor) -> None:
    attributor.resolve("openai", "key_abc", labels={"environment": "production"})

    assert attributor.take_findings() == []


def test_a_label_of_another_shape_counts_and_is_a_finding(attributor: Attributor) -> None:
    found = attributor.resolve("openai", "stranger", labels={"team": "Team Rocket"})

    assert found.team == "Team Rocket"
    assert [finding.kind for finding in attributor.take_findings()] == ["label_shape"]


def test_a_project_called_by_its_name_is_the_registered_one(attributor: Attributor) -> None:
    assert attributor.resolve("openai", "k", labels={"project": "search-api"}).project == "proj_abc"


def test_the_directory_adds_a_keys_project_and_the_environment_in_its_name(attributor: Attributor) -> None:
    before = attributor.resolve("openai", "key_new")

    attributor.learn(
        [DirectoryProject("proj_x9", "search-api", "active")],
        [DirectoryKey("key_new", "proj_x9", "search-staging-2", "sk-...2")],
    )

    found = attributor.resolve("openai", "key_new")
    assert before.team == ""
    assert (found.project, found.team, found.environment) == ("proj_abc", "search", "staging")


@pytest.mark.parametrize(
    ("name", "environment"),
    [("search-prod-2", "prod"), ("STAGE_bot", "staging"), ("product-key", ""), ("", "")],
)
def test_a_keys_name_may_tell_its_environment(name: str, environment: str) -> None:
    assert environment_in(name) == environment


def test_a_gateways_label_wins_over_the_callers_tag_and_the_registry_over_both(
    attributor: Attributor,
) -> None:
    gateway = {"team": "support", "environment": "production"}
    tags = {"team": "fraud", "environment": "prod", "cost_center": "CC-7"}

    free = attributor.resolve("openai", "key_new", labels=gateway, pattern=Pattern.GATEWAY, tags=tags)
    owned = attributor.resolve("openai", "key_abc", "", "proj_abc", gateway, Pattern.GATEWAY, tags)

    assert (free.team, free.cost_center, free.pattern) == ("support", "CC-7", "B")
    assert (owned.team, owned.pattern) == ("search", "C")
    details = [(finding.kind, finding.subject, finding.detail) for finding in attributor.take_findings()]
    said = "team: the gateway says 'support', the caller's tag 'fraud'; the gateway counts"
    assert ("attribution_conflict", "api_key:key_new", said) in details
    registry = "team: the registry says 'search', the label 'support'; the registry counts"
    assert ("attribution_conflict", "api_key:key_abc", registry) in details


def test_a_team_that_only_the_callers_tag_names_is_attributed_by_tag(attributor: Attributor) -> None:
    found = attributor.resolve(
        "openai", "key_new", labels={"environment": "dev"}, pattern=Pattern.GATEWAY, tags={"team": "fraud"}
    )

    assert (found.team, found.environment, found.pattern) == ("fraud", "dev", "A")
