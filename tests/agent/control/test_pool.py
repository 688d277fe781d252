from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.control.allocating import apply_allocation, undo_allocation
from agent.control.planning import books_of, plan
from agent.control.policy import TWO
from agent.control.pool import available, pool_of
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.intent import Refused
from agent.domain.money import NANO
from agent.domain.words import instant
from tests.agent.alerts.office import DAY, NOVEMBER, NOW, Member, Office

WHOLE = Allocation(
    "org-1234",
    Scope.parse("organization"),
    1_000_000 * NANO,
    reserve_nano=100_000 * NANO,
    buffer_nano=30_000 * NANO,
)
PAYMENTS = Allocation(
    "org-1234-bg-payments", Scope.parse("billing_group:payments"), 500_000 * NANO, buffer_nano=5_000 * NANO
)
SUPPORT = Allocation("org-1234-bg-support", Scope.parse("billing_group:support"), 300_000 * NANO)
WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 200_000 * NANO)
LEFT = 300_000  # of the pool: 1,000,000 and 100,000 of reserve less what the two groups hold
END = NOVEMBER + 30 * DAY


class Treasury:
    """An office whose allocations are changed as approved actions would."""

    def __init__(self, path: Path, *allocations: Allocation) -> None:
        self.office = Office(path, *(allocations or (WHOLE, PAYMENTS, SUPPORT, WALLET)))
        self.office.burnt("10", Member("wallet", "payments"))
        self.office.burnt("10", Member("desk", "support"))

    def plan(self, spec: ActionSpec) -> Action:
        made = plan(books_of(self.office.writer), self.office.settings, spec, self.office.now)
        return self.office.writer.actions.add(
            Action(spec, ActionState.PENDING, "ada", self.office.now, "why", steps=made.steps)
        )

    def apply(self, action: Action) -> None:
        apply_allocation(self.office.writer, self.office.settings, action, self.office.now)

    def top_up(self, allocation: Allocation, credits_: int, **more: Any) -> Action:
        action = self.plan(top_up(allocation, credits_, **more))
        self.apply(action)
        return action

    def allocate(self, scope: Scope, **change: Any) -> Action:
        action = self.plan(ActionSpec(ActionKind.ALLOCATE, scope, change=change))
        self.apply(action)
        return action

    def refusal(self, spec: ActionSpec) -> str:
        with pytest.raises(Refused) as refused:
            self.plan(spec)
        return refused.value.reason

    @property
    def left(self) -> int:
        return available(books_of(self.office.writer), self.office.settings, self.office.now) // NANO

    @property
    def credits(self) -> dict[str, int]:
        found = pool_of(books_of(self.office.writer), self.office.settings, self.office.now)
        return {each.id: each.monthly_nano // NANO for each in found.settings.allocations}


def top_up(allocation: Allocation, credits_: int, **more: Any) -> ActionSpec:
    return ActionSpec(ActionKind.TOP_UP, allocation.scope, amount_nano=credits_ * NANO, **more)


@pytest.fixture
def treasury(tmp_path: Path) -> Iterator[Treasury]:
    made = Treasury(tmp_path / "l.sqlite")
    yield made
    made.office.writer.close()


def test_the_pool_is_what_the_organization_has_less_what_its_groups_hold(treasury: Treasury) -> None:
    assert treasury.left == LEFT  # the team lies in a group and is not counted twice


def test_a_top_up_takes_from_the_pool_until_the_month_ends(treasury: Treasury) -> None:
    action = treasury.top_up(PAYMENTS, 100_000)

    assert treasury.left == LEFT - 100_000
    assert treasury.credits[PAYMENTS.id] == 600_000
    assert action.steps[0].want == {
        "top_up_nano": 100_000 * NANO,
        "until": END,
        "from": {"pool": 100_000 * NANO},
    }
    treasury.office.now = END
    assert treasury.left == LEFT
    assert treasury.credits[PAYMENTS.id] == 500_000


def test_a_top_up_beyond_the_pool_is_refused_with_the_numbers(treasury: Treasury) -> None:
    treasury.top_up(SUPPORT, 1_000)

    reason = treasury.refusal(top_up(PAYMENTS, LEFT))

    for part in ("300,000 credits are asked", "299,000 are available", "org-1234-bg-payments holds 500,000"):
        assert part in reason
    assert "top-ups took 1,000" in reason


def test_a_top_up_says_what_was_given_already_this_month(treasury: Treasury) -> None:
    first = treasury.top_up(PAYMENTS, 5_000)
    treasury.top_up(SUPPORT, 1_000)

    office = treasury.office
    made = plan(books_of(office.writer), office.settings, top_up(PAYMENTS, 5_000), office.now)

    given = [note for note in made.notes if "already" in note]
    assert given == [
        f"5,000 credits were given on {instant(treasury.office.now)} already, by action {first.id}"
    ]


def test_of_two_top_ups_that_fit_alone_only_the_first_is_carried_out(treasury: Treasury) -> None:
    first, second = treasury.plan(top_up(PAYMENTS, 200_000)), treasury.plan(top_up(SUPPORT, 200_000))

    treasury.apply(first)
    treasury.apply(first)  # again, after a crash
    with pytest.raises(Refused, match="100,000 are available"):
        treasury.apply(second)

    assert treasury.left == LEFT - 200_000


def test_what_is_taken_back_is_in_the_pool_again(treasury: Treasury) -> None:
    action = treasury.top_up(PAYMENTS, 200_000)

    undo_allocation(treasury.office.writer, action, treasury.office.now)
    undo_allocation(treasury.office.writer, action, treasury.office.now + 60)
    treasury.apply(action)  # late, and without effect

    assert treasury.left == LEFT


def test_a_top_up_that_is_approved_after_its_month_is_refused(treasury: Treasury) -> None:
    action = treasury.plan(top_up(PAYMENTS, 1_000))
    treasury.office.now = END

    with pytest.raises(Refused, match="month has ended"):
        treasury.apply(action)


def test_a_drill_changes_nothing(treasury: Treasury) -> None:
    treasury.top_up(PAYMENTS, 1_000, drill=True)

    assert treasury.left == LEFT


def test_broken_glass_takes_the_own_buffer_first_and_never_the_pool(treasury: Treasury) -> None:
    action = treasury.top_up(PAYMENTS, 20_000, emergency=True)

    assert action.steps[0].want["from"] == {PAYMENTS.id: 5_000 * NANO, WHOLE.id: 15_000 * NANO}
    assert treasury.left == LEFT
    reason = treasury.refusal(top_up(PAYMENTS, 15_001, emergency=True))
    assert "org-1234-bg-payments has 0, org-1234 has 15,000" in reason


def test_the_organization_is_topped_up_from_its_reserve_alone(treasury: Treasury) -> None:
    assert "100,000 are available" in treasury.refusal(top_up(WHOLE, 100_001))
    treasury.top_up(WHOLE, 60_000)
    assert "40,000 are available" in treasury.refusal(top_up(WHOLE, 40_001))
    assert treasury.left == LEFT - 60_000


def test_a_top_up_says_which_cap_bites_before_it(treasury: Treasury) -> None:
    made = plan(books_of(treasury.office.writer), treasury.office.settings, top_up(WALLET, 300_001 - 1), NOW)
    assert not [note for note in made.notes if "bites before" in note]
    treasury.allocate(PAYMENTS.scope, id=PAYMENTS.id, monthly_nano=450_000 * NANO)

    made = plan(books_of(treasury.office.writer), treasury.office.settings, top_up(WALLET, 300_000), NOW)

    assert any("hard cap of org-1234-bg-payments" in note for note in made.notes)


def test_the_approvers_are_those_of_the_allocation_and_two_for_a_change_of_it(tmp_path: Path) -> None:
    three = replace(PAYMENTS, override_approvers=("finance", "engineering", "lead"))
    treasury = Treasury(tmp_path / "l.sqlite", WHOLE, three)
    books, conf = books_of(treasury.office.writer), treasury.office.settings

    assert plan(books, conf, top_up(three, 1), NOW).needs == (("finance",), ("engineering",), ("lead",))
    change = ActionSpec(ActionKind.ALLOCATE, three.scope, change={"id": three.id, "soft_cap": "0.6"})
    assert plan(books, conf, change, NOW).needs == TWO


def test_an_allocation_is_created_changed_and_retired(treasury: Treasury) -> None:
    labs = Scope.parse("billing_group:labs")
    new = "org-1234-bg-labs"

    treasury.allocate(labs, id=new, create=True, monthly_nano=LEFT * NANO, owner="Head of Labs")
    assert (treasury.left, treasury.credits[new]) == (0, LEFT)

    changed = treasury.allocate(labs, id=new, monthly_nano=(LEFT - 1) * NANO)
    assert changed.steps[0].before == {"monthly_nano": LEFT * NANO}
    assert treasury.left == 1

    treasury.allocate(labs, id=new, retire=True)
    assert treasury.left == LEFT
    assert new not in treasury.credits


@pytest.mark.parametrize(
    ("scope", "change", "problem"),
    [
        ("billing_group:labs", {"create": True, "monthly_nano": (LEFT + 1) * NANO}, "300,000 are available"),
        ("billing_group:payments", {"monthly_nano": 800_001 * NANO}, "800,000 are available"),
        ("billing_group:payments", {"monthly_nano": 199_999 * NANO}, "give away 1 credits more than it has"),
        ("team:wallet", {"monthly_nano": 500_001 * NANO}, "500,000 are available"),
        ("organization", {"monthly_nano": 699_999 * NANO}, "org-1234 would give away 1 credits"),
        ("organization", {"retire": True}, "pool of 3 allocations"),
    ],
)
def test_nothing_is_given_that_is_not_there(
    treasury: Treasury, scope: str, change: dict[str, Any], problem: str
) -> None:
    parsed = Scope.parse(scope)
    known = {each.scope: each.id for each in (WHOLE, PAYMENTS, SUPPORT, WALLET)}
    ident = known.get(parsed, "org-1234-bg-labs")

    spec = ActionSpec(ActionKind.ALLOCATE, parsed, change={"id": ident, **change})

    assert problem in treasury.refusal(spec)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": "org-1234-bg-none", "soft_cap": "0.6"}, "there is no allocation"),
        ({"id": SUPPORT.id, "soft_cap": "0.6"}, "what it is for stays"),
        ({"id": PAYMENTS.id}, "nothing is changed"),
        ({"id": PAYMENTS.id, "create": True, "monthly_nano": 1}, "is there already"),
        ({"id": PAYMENTS.id, "retire": True, "soft_cap": "0.6"}, "retire: nothing else"),
        ({"id": PAYMENTS.id, "soft_cap": "1.2"}, "hard_cap: must not be below soft_cap"),
        ({"id": PAYMENTS.id, "monthly_nano": 0}, "monthly_credits: must be more than zero"),
        ({"id": PAYMENTS.id, "rollover": "1.5"}, "rollover"),
        ({"id": PAYMENTS.id, "expires": "soon"}, "expires"),
        ({"id": PAYMENTS.id, "at_hard_cap": "maybe"}, "at_hard_cap"),
        ({"id": PAYMENTS.id, "override_approvers": ["king"]}, "king"),
        ({"id": PAYMENTS.id, "override_approvers": ["finance"]}, "two roles"),
        ({"id": PAYMENTS.id, "override_approvers": ["finance", "lead"]}, "here engineering is missing"),
        ({"id": PAYMENTS.id, "block_expires_s": 0}, "block_expires: a block"),
        ({"id": PAYMENTS.id, "buffer_nano": -1}, "emergency_buffer: must be a whole number"),
        ({"id": PAYMENTS.id, "colour": "red"}, "no such field"),
        ({"soft_cap": "0.6"}, "id: say which"),
    ],
)
def test_a_change_follows_the_rules_of_the_file(
    treasury: Treasury, change: dict[str, Any], problem: str
) -> None:
    assert problem in treasury.refusal(ActionSpec(ActionKind.ALLOCATE, PAYMENTS.scope, change=change))


def test_a_hard_cap_needs_something_left(tmp_path: Path) -> None:
    bare = replace(WHOLE, reserve_nano=0, buffer_nano=0)
    treasury = Treasury(tmp_path / "l.sqlite", bare, SUPPORT)
    change = {"id": SUPPORT.id, "soft_cap": "0.5"}

    assert "nothing would be left" in treasury.refusal(
        ActionSpec(ActionKind.ALLOCATE, SUPPORT.scope, change=change)
    )
    treasury.allocate(SUPPORT.scope, **change, buffer_nano=NANO)
    later = ActionSpec(ActionKind.ALLOCATE, SUPPORT.scope, change=change | {"soft_cap": "0.6"})
    assert treasury.plan(later)


def test_what_is_asked_for_is_told_by_what_differs_and_nothing_else_is_set(treasury: Treasury) -> None:
    same = {"hard_cap": "1.0", "approved_models": [], "owner": "ada"}
    change = {"id": SUPPORT.id, "monthly_nano": SUPPORT.monthly_nano + NANO, "rollover": "0.1", **same}

    made = treasury.plan(ActionSpec(ActionKind.ALLOCATE, SUPPORT.scope, change=change))

    (step,) = made.steps
    assert sorted(step.want) == ["monthly_nano", "owner", "rollover"]
    assert sorted(step.before) == sorted(step.want)
    assert step.detail.endswith(" credits a month; owner none -> ada; rollover 0 % -> 10 %")
    refusal = treasury.refusal(
        ActionSpec(ActionKind.ALLOCATE, SUPPORT.scope, change={"id": SUPPORT.id, "hard_cap": "1.00"})
    )
    assert refusal == f"nothing changes: {SUPPORT.id} is so already"


def test_a_change_is_refused_where_another_one_came_before_it(treasury: Treasury) -> None:
    first = treasury.plan(
        ActionSpec(ActionKind.ALLOCATE, SUPPORT.scope, change={"id": SUPPORT.id, "monthly_nano": 7 * NANO})
    )
    treasury.allocate(SUPPORT.scope, id=SUPPORT.id, monthly_nano=9 * NANO)

    with pytest.raises(Refused, match="changed since it was planned"):
        treasury.apply(first)


def test_what_is_too_much_already_may_become_less(tmp_path: Path) -> None:
    much = replace(SUPPORT, monthly_nano=900_000 * NANO)
    treasury = Treasury(tmp_path / "l.sqlite", WHOLE, PAYMENTS, much)
    assert treasury.left == -300_000

    treasury.allocate(much.scope, id=much.id, monthly_nano=800_000 * NANO)
    assert treasury.left == -200_000
    assert treasury.refusal(top_up(PAYMENTS, 1)).startswith("the pool is short: 1 credits are asked")


def test_without_an_allocation_of_the_organization_there_is_no_pool(tmp_path: Path) -> None:
    treasury = Treasury(tmp_path / "l.sqlite", PAYMENTS)

    assert "no credit pool" in treasury.refusal(top_up(PAYMENTS, 1))
    unknown = replace(PAYMENTS, scope=Scope.parse("team:nobody"))
    assert "has no allocation" in treasury.refusal(top_up(unknown, 1))


def test_what_is_carried_on_takes_nothing_of_the_pool_and_stays_when_the_month_is_changed(
    tmp_path: Path,
) -> None:
    treasury = Treasury(tmp_path / "l.sqlite", WHOLE, replace(PAYMENTS, rollover=Decimal("0.10")))
    treasury.office.burnt("1", Member("wallet", "payments"), hour=NOVEMBER - 40 * DAY)

    assert treasury.credits[PAYMENTS.id] == 550_000
    assert treasury.left == 600_000
    treasury.allocate(PAYMENTS.scope, id=PAYMENTS.id, monthly_nano=400_000 * NANO)
    assert treasury.credits[PAYMENTS.id] == 450_000
    treasury.top_up(PAYMENTS, 1_000)
    assert treasury.credits[PAYMENTS.id] == 451_000
    assert treasury.left == 699_000


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "emergency", "set", "undo"]),
        st.sampled_from([WHOLE, PAYMENTS, SUPPORT, WALLET]),
        st.integers(1, 700_000),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_is_asked_the_pool_is_never_over_allocated(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Allocation, int]]
) -> None:
    treasury = Treasury(tmp_path_factory.mktemp("pool") / "l.sqlite")
    done: list[Action] = []
    for kind, allocation, credits_ in steps:
        try:
            if kind == "undo" and done and done[-1].spec.kind is ActionKind.TOP_UP:
                undo_allocation(treasury.office.writer, done.pop(), treasury.office.now)
            elif kind == "set":
                change = {"id": allocation.id, "monthly_nano": credits_ * NANO}
                done.append(treasury.allocate(allocation.scope, **change))
            elif kind in ("top_up", "emergency"):
                done.append(treasury.top_up(allocation, credits_, emergency=kind == "emergency"))
        except Refused:
            continue
        assert treasury.left >= 0
        found = pool_of(books_of(treasury.office.writer), treasury.office.settings, treasury.office.now)
        assert found.given.get(WHOLE.id, 0) <= WHOLE.buffer_nano
        assert Decimal(found.given.get(PAYMENTS.id, 0)) <= PAYMENTS.buffer_nano
    treasury.office.writer.close()
