"""Known pitfalls in what burnt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.ledger import open_reader
from agent.reports.audit_finding import AuditFinding, AuditReport
from agent.reports.pitfalls import pitfalls
from tests.agent.reports.audited import GPT, NOW, SEARCH, burn, burnt, of_kind, use

NEWER = replace(GPT, model="gpt-5-2025-11-01")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.sqlite"


def look(path: Path, *others: AuditFinding) -> AuditReport:
    with open_reader(path) as reader:
        return pitfalls(reader, NOW, since_s=86_400, others=others)


def test_registered_spend_on_a_dated_model_by_a_key_of_one_environment_is_fine(path: Path) -> None:
    burn(path, use(SEARCH, 60))

    assert look(path).findings == ()


def test_spend_that_only_the_callers_tag_attributes_is_found_with_its_keys(path: Path) -> None:
    tagged = replace(SEARCH, api_key="key_tagged", pattern="A")
    burn(path, use(SEARCH, 60), use(tagged, 20), use(replace(tagged, api_key="key_b", pattern="B"), 20))

    (finding,) = of_kind(look(path), "tags_alone")

    assert (burnt(finding), finding.share, finding.keys) == (20, Decimal("0.2"), ("key_tagged",))


def test_a_model_that_is_called_by_an_alias_is_found(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SEARCH, 7, service=replace(GPT, model="gpt-5-mini")))

    (finding,) = of_kind(look(path), "model_alias")

    assert (finding.subject, burnt(finding)) == ("model:gpt-5-mini", 7)


def test_a_dearer_version_is_found_with_what_it_costs_above_the_one_before(path: Path) -> None:
    burn(
        path,
        use(SEARCH, 60, requests=600, tokens=6_000),
        use(SEARCH, 40, service=NEWER, requests=200, tokens=4_000, hour=3),
    )

    (finding,) = of_kind(look(path), "model_regression")

    assert (finding.subject, burnt(finding), finding.requests) == ("model:gpt-5-2025-11-01", 20, 200)
    assert "costs +100 % a request against gpt-5-2025-08-07 (0.2000 for 0.1000 credits)" in finding.what
    assert "+100 % tokens, +0 % a token" in finding.what


def test_a_version_that_costs_hardly_more_or_less_is_no_finding(path: Path) -> None:
    older = use(SEARCH, 60, requests=600)
    alike = use(SEARCH, 21, service=NEWER, requests=200, hour=3)
    cheaper = use(SEARCH, 10, service=replace(GPT, model="gpt-5-2026-02-01"), requests=200, hour=4)
    burn(path, older, alike, cheaper)

    assert of_kind(look(path), "model_regression") == []


def test_versions_are_compared_within_a_team_only(path: Path) -> None:
    other = replace(SEARCH, api_key="key_labs", team="labs")
    burn(path, use(SEARCH, 60, requests=600), use(other, 90, service=NEWER, requests=200))

    assert of_kind(look(path), "model_regression") == []


def test_a_key_in_two_environments_is_found(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(replace(SEARCH, environment="dev"), 5))

    (finding,) = of_kind(look(path), "environments")

    assert (finding.subject, burnt(finding)) == ("api_key:key_search", 65)


def test_an_alias_that_costs_nothing_is_left_out(path: Path) -> None:
    burn(path, use(SEARCH, 60), use(SEARCH, 0, service=replace(GPT, model="omni-moderation")))

    assert look(path).findings == ()


def test_the_same_thing_in_many_allocations_is_found_once(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    caps = [
        AuditFinding("unsafe_cap", f"allocation:a{n}", f"no buffer (burndeck.toml:{n})", "Set one.")
        for n in range(1, 6)
    ]

    assert look(path, *caps).findings == (
        AuditFinding("unsafe_cap", "5 allocations", "no buffer: a1, a2, a3 and 2 more", "Set one."),
    )


def test_what_the_configuration_shows_is_among_them(path: Path) -> None:
    burn(path, use(SEARCH, 60))
    cap = AuditFinding("unsafe_cap", "allocation:org-1", "nobody can override it", "Name somebody.")

    assert look(path, cap).findings == (cap,)
