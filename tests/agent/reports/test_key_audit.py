"""Keys that need care, and what mends each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.gateway import GatewayKey
from agent.ledger import open_reader, open_writer
from agent.ledger.key_store import KeyStore
from agent.ledger.rows import DirectoryKey, DirectoryPerson, DirectoryProject
from agent.reports.audit_finding import AuditReport
from agent.reports.key_audit import key_audit
from agent.settings import Settings
from agent.settings_gateways import Acting
from agent.telemetry.declared import declared
from tests.agent.reports.audited import NOBODY, NOW, SEARCH, burn, burnt, direct, of_kind, serve, use

DAY_S = 86_400
FRESH = NOW - 20 * DAY_S
LABELS = {"team": "search", "cost_center": "CC-1", "environment": "prod", "project": "proj_search"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.sqlite"


def listed(name: str, created_at: int | None = FRESH, **fields: object) -> DirectoryKey:
    return DirectoryKey(
        name, "proj_search", name.removeprefix("key_"), "sk-...1", created_at=created_at, **fields
    )  # type: ignore[arg-type]


def look(path: Path, settings: Settings | None = None, *, registry: bool = False) -> AuditReport:
    settings = settings or Settings()
    with open_reader(path) as reader:
        said = declared(settings, KeyStore(reader.rows)) if registry else None
        return key_audit(reader, settings, NOW, since_s=DAY_S, declared=said)


def test_a_key_with_its_labels_and_within_its_age_needs_nothing(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    direct(path, listed("key_search"))

    found = look(path)

    assert (found.findings, found.keys) == ((), 1)


def ends(path: Path, gateway: str) -> str:
    """The command that ends the key of nobody once a gateway serves it."""
    serve(path, GatewayKey("h-1", "key_nobody"), gateway=gateway)
    (finding,) = of_kind(look(path), "missing_labels")
    return finding.fix.split("`")[1]


def test_a_key_without_labels_says_which_what_it_burns_and_how_to_stop_it(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(NOBODY, 20))

    (finding,) = of_kind(look(path), "missing_labels")

    assert (finding.subject, burnt(finding)) == ("api_key:key_nobody", 20)
    assert finding.what == "key_nobody has no team and no cost_center"
    assert "or delete it at the provider, since no gateway" in finding.fix
    assert (
        ends(path, "litellm")
        == 'burndeck block api_key:key_nobody --for 0s --reason "no team, no cost_center"'
    )
    assert (
        ends(path, "openai")
        == 'burndeck revoke api_key:key_nobody --gateway openai --reason "no team, no cost_center"'
    )
    eased = Settings(acting=Acting(required_labels=("project", "environment")))
    assert look(path, eased).findings == ()


def test_a_key_is_found_at_issuance_before_it_ever_burns(path: Path) -> None:
    direct(path, listed("key_new"))
    serve(path, GatewayKey("hash-2", "key_made", labels={"team": "search"}))

    found = look(path)

    assert [(each.subject, each.what, each.amount) for each in of_kind(found, "missing_labels")] == [
        ("api_key:key_made", "key_made has no cost_center and no project and no environment", None),
        ("api_key:key_new", "new has no team and no cost_center and no environment", None),
    ]


def test_the_registry_of_today_and_a_gateways_labels_count(path: Path, tmp_path: Path) -> None:
    burn(path, use(NOBODY, 20))
    serve(path, GatewayKey("hash-2", "key_made", labels=LABELS))
    owners = tmp_path / "owners.toml"
    owners.write_text('[teams.search]\ncost_center = "CC-1"\n[keys.key_nobody]\nteam = "search"\n')

    assert [each.subject for each in look(path).findings] == ["api_key:key_nobody"]
    assert look(path, Settings(registry_files=(owners,)), registry=True).findings == ()


def test_a_blocked_or_removed_key_is_not_asked_for_labels(path: Path) -> None:
    serve(path, GatewayKey("hash-2", "key_made", blocked=True))
    direct(path, listed("key_gone"))
    direct(path, at=NOW + 1)

    assert look(path).findings == ()


def test_a_key_past_its_age_is_overdue_by_days_from_directory_or_gateway(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    direct(
        path, listed("key_search", NOW - 97 * DAY_S), listed("key_edge", NOW - 90 * DAY_S, last_used_at=NOW)
    )
    serve(path, GatewayKey("hash-2", "key_made", labels=LABELS, created_at=NOW - 120 * DAY_S))

    found = of_kind(look(path), "overdue")

    assert [(each.subject, each.what) for each in found] == [
        ("api_key:key_search", "search is 97 days old, 7 days past its rotation"),
        ("api_key:key_made", "key_made is 120 days old, 30 days past its rotation"),
    ]
    assert burnt(found[0]) == 60
    assert "delete it at the provider" in found[0].fix
    assert 'burndeck block api_key:key_made --for 0s --reason "rotated"' in found[1].fix


def test_a_key_that_was_never_used_is_found_a_week_after_it_was_made(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    direct(
        path,
        listed("key_idle", NOW - 8 * DAY_S),
        listed("key_young", NOW - 6 * DAY_S),
        listed("key_used", NOW - 8 * DAY_S, last_used_at=NOW - DAY_S),
        listed("key_search", NOW - 8 * DAY_S),
    )

    assert [each.subject for each in of_kind(look(path), "never_used")] == ["api_key:key_idle"]


def test_a_service_account_with_too_many_keys_in_one_project_is_found(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(replace(SEARCH, api_key="key_b"), 10))
    owner = {"owner_type": "service_account", "owner_id": "sa-1"}
    keys = [listed(name, **owner) for name in ("key_search", "key_b", "key_c")]
    other = replace(listed("key_d", **owner), project="proj_lab")
    person = [listed(f"key_p{number}", owner_type="user", owner_id="u-1") for number in range(4)]
    account = DirectoryPerson("sa-1", "service_account", "proj_search", "batch-runner")
    direct(
        path,
        *keys,
        other,
        *person,
        projects=[DirectoryProject("proj_search", "s", "active")],
        people=[account],
    )

    (finding,) = of_kind(look(path), "too_many_keys")

    assert (finding.subject, burnt(finding)) == ("service_account:sa-1", 70)
    assert finding.what == ("batch-runner has 3 keys in project proj_search, 2 are allowed: search, b, c")
    assert finding.keys == ("key_search", "key_b", "key_c")
    assert finding.fix.startswith("Keep 2; the one that burns least: delete it at the provider")
    assert of_kind(look(path, Settings(acting=Acting(keys_per_account=3))), "too_many_keys") == []


def test_a_key_in_two_environments_is_to_be_split(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(replace(SEARCH, environment="dev"), 5))

    (finding,) = of_kind(look(path), "environments")

    assert (finding.what, burnt(finding)) == ("key_search burns in dev and prod", 65)


def test_an_empty_ledger_says_how_to_fill_it(path: Path) -> None:
    with open_writer(path):
        pass

    assert "no usage yet" in look(path).empty
