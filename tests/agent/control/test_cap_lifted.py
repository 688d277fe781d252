from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.allocations import settings_now
from agent.control.planning import books_of, plan
from agent.domain.action import ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.money import NANO
from tests.agent.control.capped import Capped

WHOLE = Allocation("org-1234", Scope.parse("organization"), 100_000 * NANO, buffer_nano=10_000 * NANO)
WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 27_600 * NANO)


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Capped]:
    made = Capped(tmp_path / "l.sqlite", WHOLE, WALLET)
    made.burnt("prod_1", "1")
    yield made
    made.office.writer.close()


def noted(capped: Capped, more: str) -> Sequence[str]:
    """What a preview of breaking the glass says."""
    writer, now = capped.office.writer, capped.office.now
    spec = ActionSpec(ActionKind.TOP_UP, WALLET.scope, amount_nano=int(Decimal(more) * NANO), emergency=True)
    return plan(books_of(writer), settings_now(capped.office.settings, writer.actions, now), spec, now).notes


def test_of_a_cap_that_is_not_reached_nothing_is_said(capped: Capped) -> None:
    assert not any("cap" in note for note in noted(capped, "100"))


def test_too_few_credits_leave_the_cap_reached_and_the_lacking_ones_are_counted(capped: Capped) -> None:
    capped.burnt("dev_1", "27754.2")
    capped.look()
    (block,) = (each for each in capped.open if each.state.active)

    stays, held, *_ = noted(capped, "100")

    assert stays == (
        "the cap stays reached: 27,755.2 of 27,700 credits are burnt, 56 credits more are needed"
    )
    assert held == f"action {block.id}, block non-prod of team:wallet for 1 h, stays"
    assert noted(capped, "155")[0].startswith("the cap stays reached")
    assert noted(capped, "156")[0].startswith("the cap is lifted"), "what is said to be needed is enough"


def test_credits_that_leave_the_cap_reached_leave_all_that_answers_it_as_it_is_and_so_does_their_end(
    capped: Capped,
) -> None:
    capped.burnt("dev_1", "27754.2")
    capped.look()
    alerts = [alert.id for alert in capped.office.writer.alerts.open_alerts()]
    before = [(each.id, each.state) for each in capped.open]
    assert [state for _, state in before] == [ActionState.ACCEPTED, ActionState.STANDBY]

    capped.top_up(WALLET, 10, capped.office.now + 600)
    while_topped = [each for _ in range(8) for each in capped.look()]
    end = capped.look()

    assert while_topped == end == []
    assert [(each.id, each.state) for each in capped.open] == before
    assert [alert.id for alert in capped.office.writer.alerts.open_alerts()] == alerts


def test_enough_credits_lift_the_cap_for_so_long_and_release_its_block_by_name(capped: Capped) -> None:
    capped.burnt("dev_1", "27699")
    capped.look()

    lifted, *held = noted(capped, "300")

    assert lifted.startswith("the cap is lifted: 200 credits left, ")
    released = [each for each in held if each.endswith("is released")]
    assert len(released) == 2 and "the request" in released[1], "of what waits for approval too"

    capped.top_up(WALLET, 300, capped.office.now + 86_400)
    capped.look()
    assert not any("block" in each for each in capped.held), "and so it is"


def test_the_time_that_is_left_is_that_of_the_present_burn(capped: Capped) -> None:
    capped.burnt("dev_1", "27600", at=capped.office.now - 3_600)
    assert noted(capped, "9000")[0] == (
        "the cap is lifted: 8,999 credits left, about 19 min at the present burn"
    )


@pytest.mark.parametrize(("more", "needed"), [("100", "23"), ("122", "1")])
def test_a_cap_below_the_month_needs_more_than_its_distance(tmp_path: Path, more: str, needed: str) -> None:
    half = replace(WALLET, monthly_nano=1_000 * NANO, hard_cap=Decimal("0.90"))
    capped = Capped(tmp_path / "l.sqlite", WHOLE, half)
    capped.burnt("prod_1", "1010")

    assert f"{needed} credits more are needed" in noted(capped, more)[0]
    capped.office.writer.close()
