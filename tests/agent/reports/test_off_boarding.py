"""All that a team can burn by, before it leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import DirectoryKey, DirectoryPerson
from agent.reports.off_boarding import OffBoarding, off_boarding
from agent.settings import Settings
from tests.agent.reports.audited import NANO, NOW, SEARCH, burn, direct, serve, use

SUPPORT = replace(SEARCH, api_key="key_support", team="support", project="proj_support")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.sqlite"


def look(path: Path, team: str = "search", settings: Settings | None = None, **fields: object) -> OffBoarding:
    with open_reader(path) as reader:
        return off_boarding(reader, settings or Settings(), team, NOW, since_s=86_400, **fields)  # type: ignore[arg-type]


def test_keys_are_found_in_the_ledger_the_directory_and_at_gateways(path: Path) -> None:
    burn(path, use(SEARCH, 60, hour=23), use(SUPPORT, 30))
    serve(path, GatewayKey("h-1", "key_search"), GatewayKey("h-2", "key_made", "made", team="search"))
    direct(path, DirectoryKey("key_idle", "proj_search", "idle", "sk-...1"))

    found = look(path)

    assert [(key.api_key, key.gateways) for key in found.keys] == [
        ("key_search", ("litellm",)),
        ("key_idle", ()),
        ("key_made", ("litellm",)),
    ]
    assert (found.burnt.value, found.rate.value, found.unreached) == (60, 1, ("key_idle",))
    assert (found.keys[0].owner, found.keys[0].environments) == ("ada@example.com", ("prod",))
    assert found.projects == ("proj_search",)


def test_keys_of_a_project_that_several_teams_share_are_not_taken_along(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(replace(SUPPORT, project="proj_search"), 30))
    direct(path, DirectoryKey("key_idle", "proj_search", "idle", "sk-...1"))

    found = look(path)

    assert [key.api_key for key in found.keys] == ["key_search"]
    assert found.projects == ()


def test_a_key_that_burnt_for_another_team_too_says_so(path: Path) -> None:
    burn(path, use(replace(SEARCH, team="labs"), 5))
    burn(path, use(replace(SEARCH, team="labs"), 5), use(SEARCH, 60))

    (key,) = look(path).keys

    assert (key.api_key, key.shared_with) == ("key_search", ("labs",))


def test_service_accounts_allocations_and_keys_that_are_gone_belong_to_it(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    account = DirectoryPerson("sa-1", "service_account", "proj_search", "batch-runner")
    direct(path, DirectoryKey("key_old", "proj_search", "old", "sk-...1"), people=[account])
    direct(path, people=[account], at=NOW + 1)
    mine = Allocation("org-1-team-search", Scope.parse("team:search"), NANO)
    other = Allocation("org-1-team-support", Scope.parse("team:support"), NANO)

    found = look(path, settings=Settings(allocations=(mine, other)))

    assert ([each.name for each in found.service_accounts], found.gone) == (["batch-runner"], ("key_old",))
    assert (found.allocations, found.known) == (("org-1-team-search",), True)


def test_the_registry_names_keys_that_never_burnt(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    direct(path, DirectoryKey("key_idle", "proj_lab", "idle", "sk-...1"))

    assert [key.api_key for key in look(path, declared={"key_idle": {"team": "search"}}).keys] == [
        "key_search",
        "key_idle",
    ]


def test_a_team_that_nobody_knows_has_nothing_also_in_an_empty_ledger(path: Path) -> None:
    with open_writer(path):
        pass
    assert not look(path, "nobody").known
    burn(path, use(SEARCH, 60))

    assert not look(path, "nobody").known
