"""A provider's limits behind hard caps: over each project alone where that is safe, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.action import ActionKind, ActionState
from agent.domain.gateway import GatewayKey, Target, TargetKind
from agent.domain.money import NANO
from agent.settings_gateways import Acting
from tests.agent.alerts.office import DAY, HOUR
from tests.agent.process.projects import GROUP, MINE, WALLET, WHOLE, Projects
from tests.agent.process.test_enforcing import EDGE, OPENAI

HALF_MORE = {"hard_cap": Decimal("1.5")}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Projects]:
    world = Projects(tmp_path / "l.sqlite", WALLET, gateway=OPENAI)
    yield world
    world.office.writer.close()


def test_each_project_that_is_all_of_an_allocation_gets_a_limit_which_follows_the_cap(made: Projects) -> None:
    made.burn("450", *MINE, p1=None, p2=None)

    assert made.limits() == [("project:p1", 1_100, "pending"), ("project:p2", 1_100, "pending")]
    assert made.limits() == []

    made.top_up(WALLET, 200, made.office.now + HOUR)
    assert made.limits() == [("project:p1", 1_320, "pending"), ("project:p2", 1_320, "pending")]
    made.office.now += HOUR  # the top-up is over, or was taken back
    assert made.limits() == [("project:p1", 1_100, "pending"), ("project:p2", 1_100, "pending")]


@pytest.mark.parametrize("credits_", [300, 200_000])
def test_a_limit_follows_a_cap_that_was_raised_so_far_that_nothing_alerts_any_more(
    made: Projects, credits_: int
) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()

    made.top_up(WALLET, credits_, made.office.now + HOUR)

    belongs = (1_000 + credits_) * 110 // 100
    assert made.limits() == [("project:p1", belongs, "pending"), ("project:p2", belongs, "pending")]
    assert made.limits() == []


@pytest.mark.parametrize(("environment", "mode"), [("prod", "automatic"), ("dev", "manual")])
def test_a_limit_that_people_let_be_set_follows_a_top_up_without_another_go(
    tmp_path: Path, environment: str, mode: str
) -> None:
    world = Projects(tmp_path / "l.sqlite", replace(WALLET, at_hard_cap=mode), gateway=OPENAI)
    world.environment = environment
    world.burn("450", *MINE, p1=None, p2=None)
    assert world.limits() == [("project:p1", 1_100, "standby"), ("project:p2", 1_100, "standby")]

    world.top_up(WALLET, 3_000, world.office.now + DAY)

    assert world.limits() == [("project:p1", 4_400, "pending"), ("project:p2", 4_400, "pending")]
    world.office.writer.close()


def test_a_raise_for_a_top_up_that_nobody_answers_is_asked_for_again_and_a_first_limit_is_not(
    tmp_path: Path,
) -> None:
    world = Projects(tmp_path / "l.sqlite", WALLET, gateway=OPENAI, acting=Acting(automatic=False))
    world.burn("450", *MINE, p1=None, p2=5_000)
    first, second = (each for each in world.enforce() if each.spec.kind is ActionKind.CAP)
    world.take(first)
    world.office.now += DAY
    world.expire()
    assert second.id not in {each.id for each in world.open}
    assert world.limits(take=False) == []

    world.top_up(WALLET, 3_000, world.office.now + 2 * DAY)
    assert world.limits(take=False) == [("project:p1", 4_400, "standby")]
    world.office.now += DAY
    world.expire()
    assert world.limits(take=False) == []
    world.office.now += HOUR
    assert world.limits(take=False) == [("project:p1", 4_400, "standby")]
    world.end(world.open[-1], ActionState.DECLINED)
    world.office.now += 6 * HOUR
    assert world.limits(take=False) == []
    world.office.writer.close()


def test_a_first_limit_that_nobody_answers_is_asked_for_once_more_at_each_graver_tier(made: Projects) -> None:
    made.environment = "prod"
    asked = [("project:p1", 1_100, "standby"), ("project:p2", 1_100, "standby")]
    seen = []
    for more in ("370", "1", "80", "1", "60", "1", "1"):  # to the warning, to critical, to the hard cap
        made.burn(more, *MINE, p1=None, p2=None)
        seen.append(made.limits(take=False))
        made.office.now += 5 * HOUR
        made.expire()
        made.office.now += 5 * HOUR

    assert seen == [asked, [], asked, [], asked, [], []]
    assert "nobody has answered action" in made.told()[WALLET.id].sentence


def test_a_limit_that_was_higher_for_a_while_is_no_leave_to_raise_it_by_configuration(made: Projects) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()
    made.top_up(WALLET, 200, made.office.now + HOUR)
    made.limits()
    made.office.now += HOUR  # the top-up is over
    assert made.limits() == [("project:p1", 1_100, "pending"), ("project:p2", 1_100, "pending")]

    raised = replace(made.office.settings, allocations=(replace(WALLET, monthly_nano=1_200 * NANO),))
    made.office.settings = made.enforcer.settings = raised

    assert made.limits() == [("project:p1", 1_320, "standby"), ("project:p2", 1_320, "standby")]


@pytest.mark.parametrize("mode", ["automatic", "manual"])
@pytest.mark.parametrize(("raised", "belongs"), [({"monthly_nano": 1_600 * NANO}, 2_420), (HALF_MORE, 2_640)])
def test_a_top_up_in_a_limit_is_no_leave_to_raise_it_by_configuration(
    made: Projects, mode: str, raised: dict[str, Any], belongs: int
) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()
    made.top_up(WALLET, 600, made.office.now + DAY)
    assert made.limits() == [("project:p1", 1_760, "pending"), ("project:p2", 1_760, "pending")]

    written = replace(made.office.settings, allocations=(replace(WALLET, at_hard_cap=mode, **raised),))
    made.office.settings = made.enforcer.settings = written

    assert made.limits() == [("project:p1", belongs, "standby"), ("project:p2", belongs, "standby")]


def test_a_second_top_up_is_followed_as_the_first_was(made: Projects) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()
    made.top_up(WALLET, 600, made.office.now + DAY)
    made.limits()
    made.top_up(WALLET, 400, made.office.now + DAY)

    assert made.limits() == [("project:p1", 2_200, "pending"), ("project:p2", 2_200, "pending")]


def test_a_cap_that_people_raised_for_good_takes_its_limit_along(made: Projects) -> None:
    made.environment = "prod"
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()

    made.change(WALLET, monthly_nano=4_000 * NANO)

    assert made.limits() == [("project:p1", 4_400, "pending"), ("project:p2", 4_400, "pending")]


def test_a_share_that_only_configuration_raised_is_asked_for_though_people_raised_the_credits(
    made: Projects,
) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()
    made.change(WALLET, monthly_nano=1_100 * NANO)
    raised = replace(made.office.settings, allocations=(replace(WALLET, hard_cap=Decimal("1.5")),))
    made.office.settings = made.enforcer.settings = raised

    assert made.limits() == [("project:p1", 1_815, "standby"), ("project:p2", 1_815, "standby")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"top_up_nano": 3_000 * NANO}, "the cap has changed since it was asked for"),
        ({"monthly_nano": 900 * NANO}, "the cap has changed since it was asked for"),
        ({"retire": True}, "the allocation whose cap it was for holds no more"),
        ({"at_hard_cap": "none"}, f"the policy of {WALLET.id} does nothing at the hard cap any more"),
    ],
)
def test_a_limit_that_the_cap_no_longer_calls_for_is_no_longer_there_to_be_approved(
    made: Projects, change: dict[str, Any], why: str
) -> None:
    made.environment = "prod"
    made.burn("450", *MINE, p1=None, p2=None)
    assert made.limits(take=False) == [("project:p1", 1_100, "standby"), ("project:p2", 1_100, "standby")]
    first = [each for each in made.open if each.spec.kind is ActionKind.CAP]

    made.change(WALLET, made.office.now + DAY, **change)
    made.enforce()

    ended = [made.office.writer.actions.action(each.id or 0) for each in first]
    assert [(each.state, each.ended_by, each.why) for each in ended if each is not None] == [
        (ActionState.DECLINED, "agent", why)
    ] * 2
    assert made.audited("action.declined")[:2] == ["action:1", "action:2"]


def test_a_limit_that_waits_is_not_asked_for_anew_where_the_cap_has_hardly_moved(made: Projects) -> None:
    made.environment = "prod"
    made.burn("550", *MINE, p1=None, p2=None)
    asked = made.limits(take=False)
    waiting = [each.id for each in made.office.writer.actions.open_actions()]

    made.top_up(WALLET, 10, made.office.now + HOUR)
    topped = made.limits(take=False)
    made.office.now += HOUR

    assert [state for _, _, state in asked] == ["standby", "standby"]
    assert topped == made.limits(take=False) == []
    assert [each.id for each in made.office.writer.actions.open_actions()] == waiting


def test_what_people_have_set_lower_stays(made: Projects) -> None:
    made.burn("400", *MINE, p1=500, p2=5_000)

    assert made.limits() == [("project:p2", 1_100, "pending")]
    assert made.told()[WALLET.id].stands


def test_a_project_with_keys_of_others_is_not_limited_nor_any_other_of_the_allocation(made: Projects) -> None:
    made.burn("400", *MINE, ("dev_3", "p2", "others"), p1=None, p2=None)

    assert made.limits() == []
    told = made.told()[WALLET.id]
    assert (told.stands, told.credits) == (False, None)
    assert told.sentence == "none: its project p2 at oa also has 1 key of others"


def test_a_project_is_of_the_narrowest_cap_around_it(tmp_path: Path) -> None:
    world = Projects(tmp_path / "l.sqlite", GROUP, WALLET, gateway=OPENAI)
    world.burn("2000", *MINE, ("dev_3", "p3", "others"), p1=None, p2=None, p3=None)

    assert world.limits() == [
        ("project:p1", 1_100, "pending"),
        ("project:p2", 1_100, "pending"),
        ("project:p3", 5_500, "pending"),
    ]
    assert world.limits() == []
    assert f"the limits of 2 projects at oa are those of {WALLET.id}" in world.told()[GROUP.id].sentence
    world.office.writer.close()


def test_the_organizations_cap_has_the_organizations_own_limit(tmp_path: Path) -> None:
    world = Projects(tmp_path / "l.sqlite", WHOLE, gateway=OPENAI)
    whole = Target("oa", TargetKind.ORGANIZATION, "organization")
    world.burn("4000", *MINE)
    world.serves(
        *(GatewayKey(key, key, project=name) for key, name, _ in MINE),
        held={whole: {"spend_limit_cents": None}},
    )

    before = world.told()[WHOLE.id]
    assert world.limits() == [("organization", 9_900, "pending")]
    after = world.told()[WHOLE.id]

    assert before.sentence == (
        "none yet at oa for organization: set at 9,900 credits once the alert tier warning is reached"
    )
    assert (after.stands, after.credits) == (True, 9_900)
    assert after.sentence == "oa holds organization: spend limit 99.00 USD a month"
    world.office.writer.close()


def test_it_is_said_that_projects_are_held_each_alone_and_not_together(made: Projects) -> None:
    made.burn("450", *MINE, p1=None, p2=None)
    made.limits()

    told = made.told()[WALLET.id]

    assert told.stands
    assert told.sentence == (
        "oa holds project p1, p2 each alone: spend limit 11.00 USD a month; "
        "no single project of it can pass its limit, nothing native holds them together"
    )


def test_what_waits_for_a_person_and_what_is_looser_is_said(tmp_path: Path) -> None:
    manual = replace(WALLET, at_hard_cap="manual")
    world = Projects(tmp_path / "l.sqlite", manual, gateway=OPENAI)
    world.burn("400", *MINE, p1=None, p2=5_000)

    assert "p2 alone: spend limit 50.00 USD a month (looser than" in world.told()[WALLET.id].sentence
    world.limits(take=False)
    assert "p1 alone: action 1 waits for its approvals" in world.told()[WALLET.id].sentence
    world.office.writer.close()


@pytest.mark.parametrize(
    ("change", "gateway", "why"),
    [
        ({"at_hard_cap": "none"}, OPENAI, "none: its policy does nothing at the hard cap"),
        ({}, EDGE, "none: no gateway that has limits of its own serves its keys"),
    ],
)
def test_why_there_is_none_is_said(tmp_path: Path, change: dict[str, str], gateway: object, why: str) -> None:
    world = Projects(tmp_path / "l.sqlite", replace(WALLET, **change), gateway=gateway)  # type: ignore[arg-type]
    world.burn("400", *MINE)

    assert world.limits() == []
    assert world.told()[WALLET.id].sentence == why
    world.office.writer.close()
