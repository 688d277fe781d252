"""What no cap counts, and with which amount."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey
from agent.domain.usage import Dimensions, Layer, Operation, Service
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import CostRow, DirectoryKey
from agent.reports.audit_finding import AuditReport
from agent.reports.cap_coverage import cap_coverage
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Source
from tests.agent.reports.audited import (
    DAY,
    GPT,
    NANO,
    NOBODY,
    NOW,
    SEARCH,
    burn,
    burnt,
    direct,
    of_kind,
    serve,
    use,
)

MONTHLY = 1_000 * NANO
ORGANIZATION = Allocation("org-1", Scope.parse("organization"), MONTHLY)
TEAM = Allocation("org-1-team-search", Scope.parse("team:search"), MONTHLY)
LITELLM = Gateway(kind="litellm", base_url="http://127.0.0.1:4000")
SETTINGS = Settings(
    allocations=(ORGANIZATION, TEAM),
    own_gateways=(LITELLM,),
    sources=(Source(kind="litellm", base_url="http://127.0.0.1:4000/"),),
)
SERVED = GatewayKey("hash-1", "key_search")
SUPPORT = replace(SEARCH, api_key="key_support", team="support", project="proj_support")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.sqlite"


def look(path: Path, settings: Settings = SETTINGS, *, since_s: int = 86_400) -> AuditReport:
    with open_reader(path) as reader:
        return cap_coverage(reader, settings, NOW, since_s=since_s)


def test_traffic_that_is_all_under_a_cap_has_no_finding(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    serve(path, SERVED)

    found = look(path)

    assert found.findings == ()
    assert (found.whole.value, found.whole.layer, found.whole.as_of) == (60, Layer.METERED, NOW)
    assert (found.start, found.end, found.keys) == (DAY, NOW, 1)


def test_traffic_without_a_team_is_untagged_with_its_amount_share_and_keys(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(NOBODY, 20))

    (finding,) = of_kind(look(path), "untagged")

    assert (burnt(finding), finding.share, finding.requests) == (20, Decimal("0.25"), 100)
    assert finding.keys == ("key_nobody",)
    assert "owners registry" in finding.fix


def test_a_team_that_only_the_organizations_cap_counts_is_named(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SUPPORT, 30))

    (finding,) = of_kind(look(path), "no_allocation")

    assert (finding.subject, burnt(finding), finding.keys) == ("team:support", 30, ("key_support",))
    assert finding.what == "only the organization's cap counts it"
    assert 'scope = "team:support"' in finding.fix


def test_an_allocation_around_or_within_a_team_counts_its_traffic(path: Path) -> None:
    other = replace(SUPPORT, api_key="key_other", project="proj_other")
    burn(path, use(SEARCH, 60), use(SUPPORT, 30), use(other, 7))
    around = Allocation("org-1-bg-product", Scope.parse("billing_group:product"), MONTHLY)
    within = Allocation("org-1-project-s", Scope.parse("project:proj_support"), MONTHLY)

    covered = look(path, replace(SETTINGS, allocations=(ORGANIZATION, around)))
    partly = look(path, replace(SETTINGS, allocations=(TEAM, within)))

    assert of_kind(covered, "no_allocation") == []
    (finding,) = of_kind(partly, "no_allocation")
    assert (finding.subject, burnt(finding), finding.at_most) == ("api_key:key_other", 7, False)
    assert finding.what == "no cap counts it"


def test_a_key_that_is_counted_in_part_of_its_places_says_at_most(path: Path) -> None:
    elsewhere = replace(SUPPORT, project="proj_lab")
    burn(path, use(SUPPORT, 30), use(elsewhere, 5))
    within = Allocation("org-1-project-s", Scope.parse("project:proj_support"), MONTHLY)

    (finding,) = of_kind(look(path, replace(SETTINGS, allocations=(within,))), "no_allocation")

    assert (finding.subject, burnt(finding), finding.at_most) == ("api_key:key_support", 35, True)


def test_a_model_without_a_price_counts_for_nothing(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SEARCH, 0, service=replace(GPT, model="gpt-x"), priced=False, requests=7))

    (finding,) = of_kind(look(path), "unknown_model")

    assert (finding.subject, finding.requests, finding.amount) == ("model:gpt-x", 7, None)


def test_rows_that_name_no_endpoint_are_found(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SEARCH, 4, service=Service("gpt-5", Operation.COMPLETION, "")))

    (finding,) = of_kind(look(path), "unknown_endpoint")

    assert (burnt(finding), finding.requests) == (4, 100)


def test_a_key_in_two_environments_is_found_once(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(replace(SEARCH, environment="dev"), 5))

    (finding,) = of_kind(look(path), "environments")

    assert (finding.subject, burnt(finding)) == ("api_key:key_search", 65)
    assert "dev and prod" in finding.what


def test_a_key_outside_of_every_project_and_traffic_without_a_key_are_found(path: Path) -> None:
    burn(path, use(replace(SEARCH, project=""), 8), use(replace(SEARCH, api_key=""), 3))

    found = look(path)

    (outside,) = of_kind(found, "no_project")
    assert (burnt(outside), outside.keys) == (8, ("key_search",))
    (keyless,) = of_kind(found, "no_key")
    assert burnt(keyless) == 3


def test_keys_that_no_gateway_serves_cannot_be_throttled(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SUPPORT, 30))
    serve(path, SERVED)

    (finding,) = of_kind(look(path), "no_gateway")

    assert (burnt(finding), finding.keys) == (30, ("key_support",))
    hook = Gateway(kind="webhook", base_url="http://127.0.0.1:1/", serves=("team:support",))
    assert of_kind(look(path, replace(SETTINGS, own_gateways=(LITELLM, hook))), "no_gateway") == []
    (nothing,) = of_kind(look(path, replace(SETTINGS, own_gateways=(), sources=())), "no_gateway")
    assert "[[gateways]]" in nothing.fix


def test_a_gateway_whose_traffic_nobody_reads_is_found_also_in_an_empty_ledger(path: Path) -> None:
    with open_writer(path):
        pass

    found = look(path, replace(SETTINGS, sources=()))

    assert [(each.kind, each.subject) for each in found.findings] == [
        ("gateway_without_source", "gateway:litellm")
    ]
    assert "no usage yet" in found.empty
    assert look(path).findings == ()


def test_a_model_that_an_allocation_does_not_approve_is_found_with_its_amount(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SEARCH, 9, service=replace(GPT, model="o3-pro")))
    strict = replace(TEAM, approved_models=("gpt-5",))

    (finding,) = of_kind(look(path, replace(SETTINGS, allocations=(strict,))), "model_not_approved")

    assert (finding.subject, burnt(finding), finding.at_most) == ("model:o3-pro", 9, False)
    assert "org-1-team-search approves gpt-5" in finding.what


def test_the_dearest_finding_comes_first_and_what_burns_nothing_last(path: Path) -> None:
    burn(path, use(NOBODY, 20), use(SUPPORT, 30))

    sizes = [each.amount.value if each.amount else None for each in look(path).findings]

    assert sizes == sorted(sizes, key=lambda size: -(size or 0))


def test_what_burnt_before_the_stretch_is_left_out(path: Path) -> None:
    burn(path, use(NOBODY, 20), use(SEARCH, 60))
    with open_writer(path) as writer:
        later = replace(use(SEARCH, 1), start=NOW)
        writer.write_usage_window("openai", NOW, NOW + 86_400, {"completions": [later]}, read_at=NOW)

    with open_reader(path) as reader:
        found = cap_coverage(reader, SETTINGS, NOW + 86_400, since_s=3_600)

    assert of_kind(found, "untagged") == []
    assert found.whole.value == 1


def test_a_bill_that_names_neither_endpoint_nor_model_is_no_unknown_traffic(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    tool = Service("", Operation.WEB_SEARCH, "")
    rows = [
        CostRow(DAY, SEARCH, service, item, nano, "USD", nano)
        for service, item, nano in (
            (replace(GPT, endpoint=""), "gpt-5, input", 58 * NANO),
            (tool, "web", NANO),
        )
    ]
    with open_writer(path) as writer:
        writer.write_costs("openai", DAY, NOW, rows, final_before=NOW, read_at=NOW)

    found = look(path)

    assert {each.kind for each in found.findings}.isdisjoint({"unknown_endpoint", "unknown_model"})
    assert (found.whole.value, found.whole.layer) == (59, Layer.BILLED)


def test_tools_need_no_model_but_completions_do(path: Path) -> None:
    tool = use(SEARCH, 2, service=Service("", Operation.WEB_SEARCH, "web_search_calls"))
    burn(path, use(SEARCH, 60), tool)
    assert of_kind(look(path), "unknown_model") == []

    burn(path, use(SEARCH, 60), tool, use(SEARCH, 5, service=replace(GPT, model=""), requests=9))

    (finding,) = of_kind(look(path), "unknown_model")
    assert (burnt(finding), finding.requests) == (5, 9)


def test_keys_are_called_by_their_names_and_a_correction_of_a_bill_is_no_traffic(path: Path) -> None:
    burn(path, use(NOBODY, 20))
    direct(path, DirectoryKey("key_nobody", "proj_search", "batch-runner", "sk-...1"))
    nobody = Dimensions("openai")
    rows = [
        CostRow(DAY, who, GPT, "gpt-5, input", nano, "USD", nano)
        for who, nano in ((NOBODY, 20 * NANO), (nobody, -NANO))
    ]
    with open_writer(path) as writer:
        writer.write_costs("openai", DAY, NOW, rows, final_before=NOW, read_at=NOW)

    found = look(path)

    assert of_kind(found, "no_key") == []
    assert of_kind(found, "untagged")[0].what == "no team owns it: batch-runner"
