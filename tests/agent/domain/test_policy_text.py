from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.allocation import Allocation, Scope
from agent.domain.allocations import changed
from agent.domain.money import NANO
from agent.domain.policy_text import FIELDS, PolicyTextError, parse, render

PAYMENTS = Allocation(
    "org-1234-bg-payments",
    Scope.parse("billing_group:payments"),
    500_000 * NANO,
    rollover=Decimal("0.10"),
    owner="Head of Payments Finance",
    cost_center="GL-6100",
    approved_models=("gpt-5-mini", "gpt-5"),
    contacts=("finance@example.com", "#payments-ops"),
)
TEXT = """\
Allocation Policy
- Allocation ID: org-1234-bg-payments
- Owner: Head of Payments Finance
- Monthly Credits: 500,000
- Rollover: up to 10 %
- Hard Cap (% of monthly): 100 %
- Soft Cap (% of monthly): 70 %
- Cost Center (GL): GL-6100
- Approved Products/Models: gpt-5-mini, gpt-5
- Enforcement Actions: non-production automatic; production manual; a block ends after 1h
- Contacts: finance@example.com, #payments-ops
"""


def test_a_policy_has_the_ten_lines() -> None:
    assert render(PAYMENTS) == TEXT
    assert len(FIELDS) == 10


def test_a_policy_is_read_as_people_write_it() -> None:
    loose = TEXT.replace("- ", "").replace("up to 10 %", "Up to 10%").replace("Owner:", "owner :")

    assert parse(f"\n{loose}\n") == parse(TEXT)


words = st.text(st.characters(exclude_characters=",\n\r", exclude_categories=("C", "Z")), min_size=1)
shares = st.decimals(0, 1, places=4)
modes = st.sampled_from(["automatic", "manual", "none"])


@given(
    monthly=st.integers(1, 10**18),
    topped=st.integers(0, 10**15),
    rollover=shares,
    soft=shares,
    hard=st.decimals(1, 1_000, places=6),
    owner=words | st.just(""),
    center=words | st.just(""),
    models=st.lists(words.filter(lambda word: word.lower() != "all")),
    contacts=st.lists(words),
    dev=modes,
    prod=modes,
    expires=st.integers(0, 10**6),
)
def test_what_is_rendered_parses_to_the_same_allocation(
    monthly: int,
    topped: int,
    rollover: Decimal,
    soft: Decimal,
    hard: Decimal,
    owner: str,
    center: str,
    models: list[str],
    contacts: list[str],
    dev: str,
    prod: str,
    expires: int,
) -> None:
    allocation = Allocation(
        PAYMENTS.id,
        PAYMENTS.scope,
        monthly + topped,
        topped_nano=topped,
        rollover=rollover,
        soft_cap=soft,
        hard_cap=hard,
        owner=owner,
        cost_center=center,
        approved_models=tuple(models),
        contacts=tuple(contacts),
        at_hard_cap=dev,
        at_hard_cap_prod=prod,
        block_expires_s=expires,
    )
    blank = Allocation(PAYMENTS.id, PAYMENTS.scope, 1 + topped, topped_nano=topped)

    assert changed(blank, blank.id, parse(render(allocation))) == allocation


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        ("500,000", "plenty", "line 4, Monthly Credits: 'plenty' is no amount"),
        ("500,000", "-5", "line 4, Monthly Credits"),
        ("up to 10 %", "some", "line 5, Rollover: 'some' is no share"),
        ("70 %", "0.7", "line 7, Soft Cap (% of monthly): '0.7' is no share"),
        ("production manual", "production perhaps", "line 10, Enforcement Actions"),
        ("ends after 1h", "ends after one", "line 10, Enforcement Actions: 'one' is not a stretch"),
        ("- Owner: Head", "- Boss: Head", "line 3: '- Boss: Head of Payments Finance' begins with none of"),
        ("- Owner: Head of Payments Finance", "- Contacts: x", "line 11, Contacts: is there twice"),
        ("- Owner: Head of Payments Finance\n", "", "line 11, Owner: is missing"),
        ("org-1234-bg-payments", "", "line 2, Allocation ID: must not be empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_field(line: str, instead: str, problem: str) -> None:
    with pytest.raises(PolicyTextError) as error:
        parse(TEXT.replace(line, instead, 1))

    assert str(error.value).startswith(problem)


@pytest.mark.parametrize("change", [{"owner": "two\nlines"}, {"contacts": ("a,b",)}])
def test_names_that_no_line_can_hold_are_not_written(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"one line|commas"):
        render(replace(PAYMENTS, **change))  # type: ignore[arg-type]
