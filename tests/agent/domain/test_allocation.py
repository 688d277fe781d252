from __future__ import annotations

from decimal import Decimal

import pytest

from agent.domain.allocation import Allocation, Scope, ScopeKind, allocation_id_problem, usual_id
from agent.domain.labels import label_problem


@pytest.mark.parametrize("text", ["organization", "team:search", "api_key:key_1", "billing_group:payments"])
def test_a_scope_reads_as_it_is_written(text: str) -> None:
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize("text", ["", "team", "team:", "organization:x", "squad:search"])
def test_a_scope_of_another_shape_says_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="billing_group:NAME"):
        Scope.parse(text)


def test_levels_go_from_the_organization_down_to_a_key() -> None:
    assert [kind.depth for kind in (ScopeKind.ORGANIZATION, ScopeKind.TEAM, ScopeKind.API_KEY)] == [0, 3, 5]


@pytest.mark.parametrize(
    ("allocation_id", "scope"),
    [
        ("org-1234", "organization"),
        ("org-1234-bg-payments", "billing_group:payments"),
        ("org-1-team-auth-service", "team:auth-service"),
        ("org-1-project-proj_Ab12", "project:proj_Ab12"),
        ("org-1-key-key_9", "api_key:key_9"),
    ],
)
def test_allocation_ids_of_the_agreed_shape_pass(allocation_id: str, scope: str) -> None:
    assert allocation_id_problem(allocation_id, Scope.parse(scope)) is None


@pytest.mark.parametrize(
    "allocation_id", ["payments", "org-x-bg-payments", "org-1-team-payments", "org-1-bg-", "org-1"]
)
def test_other_allocation_ids_are_named_with_an_example(allocation_id: str) -> None:
    problem = allocation_id_problem(allocation_id, Scope.parse("billing_group:payments"))

    assert problem is not None
    assert "org-1234-bg-payments" in problem


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ("organization", "org-7"),
        ("team:new", "org-7-team-new"),
        ("department:R & D", "org-7-dept-R-D"),
        ("api_key:key__a.", "org-7-key-key-a"),
    ],
)
def test_an_allocation_that_nobody_named_gets_an_id_of_the_agreed_shape(scope: str, named: str) -> None:
    assert usual_id("org-7", Scope.parse(scope)) == named
    assert allocation_id_problem(named, Scope.parse(scope)) is None


def test_caps_are_exact_shares_of_the_month() -> None:
    allocation = Allocation("org-1", Scope.parse("organization"), 333, Decimal("0.70"), Decimal("1.05"))

    assert (allocation.soft_cap_nano, allocation.hard_cap_nano) == (233, 349)


@pytest.mark.parametrize(
    ("label", "value"),
    [("team", "payments"), ("project", "proj_Ab12"), ("cost_center", "CC-430"), ("environment", "prod")],
)
def test_labels_of_the_agreed_shape_pass(label: str, value: str) -> None:
    assert label_problem(label, value) is None


@pytest.mark.parametrize(
    ("label", "value"), [("team", "Payments"), ("team", "pay ments"), ("cost_center", "CC 430")]
)
def test_other_labels_are_named(label: str, value: str) -> None:
    assert value in (label_problem(label, value) or "")
