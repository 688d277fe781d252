"""Hard caps hold against new keys, forged rows, labels that change, and gateways that fail."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.caps import OUTLIVES
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Inventory
from agent.domain.money import NANO
from agent.domain.person import AGENT
from tests.agent.alerts.office import DAY, HOUR
from tests.agent.control.build import tamper
from tests.agent.control.capped import Capped

WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 1_000 * NANO)


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Capped]:
    made = Capped(tmp_path / "l.sqlite", WALLET)
    made.burnt("dev_1", "1000")
    made.look()
    yield made
    made.office.writer.close()


def targets(capped: Capped) -> list[list[str]]:
    return [sorted(step.target.id for step in action.steps) for action in capped.open]


def test_a_key_that_comes_after_the_block_is_blocked_too_and_once(capped: Capped) -> None:
    capped.burnt("dev_2", "1")

    (new,) = capped.look()

    assert new.automatic
    assert new.only == {"dev_2"}
    assert new.reason.endswith("; for 1 key that came since")
    assert targets(capped) == [["dev_1"], ["dev_2"]]
    assert capped.look() == []


def test_what_a_person_took_back_of_newcomers_is_not_asked_again(capped: Capped) -> None:
    capped.burnt("dev_2", "1")
    capped.look()
    capped.end(capped.open[1], ActionState.REVERSED)

    assert capped.look() == []
    capped.burnt("dev_3", "1")
    assert [each.only for each in capped.look()] == [{"dev_3"}]


def test_after_a_person_has_ended_the_whole_block_no_newcomer_is_held(capped: Capped) -> None:
    capped.end(capped.open[0], ActionState.REVERSED)
    capped.burnt("dev_2", "1")

    assert capped.look() == []


def test_a_newcomer_of_production_is_put_to_a_person(capped: Capped) -> None:
    capped.burnt("prod_1", "1")
    (first,) = capped.look()
    capped.burnt("prod_2", "1")

    (second,) = capped.look()

    assert (first.automatic, second.automatic) == (False, False)
    assert (first.only, second.only) == (frozenset(), {"prod_2"})


def test_all_of_a_block_ends_with_its_cap(capped: Capped) -> None:
    capped.burnt("dev_2", "1")
    capped.look()

    capped.top_up(WALLET, 1_000, capped.office.now + 10 * DAY)
    capped.look()

    assert capped.held == []


@pytest.mark.parametrize(
    "row",
    [
        """'declined', '{"non_prod":true,"amount_nano":0}'""",
        "'declined', '{nope'",
        "'nonsense', '{}'",
        "'declined', CAST(x'ff' AS TEXT)",
    ],
)
def test_rows_that_the_agent_has_not_written_answer_nothing(tmp_path: Path, row: str) -> None:
    capped = Capped(tmp_path / "l.sqlite", WALLET)
    capped.burnt("dev_1", "1000")
    capped.office.judge(60)
    (alert,) = (
        each.id for each in capped.office.writer.alerts.open_alerts() if each.signal.tier == "hard_cap"
    )
    tamper(
        capped.office.path,
        "INSERT INTO action (kind, state, spec, scope_kind, scope, preview, reason, needs, requested_by, "
        f"requested_at, ended_at, ended_by, alert) SELECT 'block', {row}, 'team', 'wallet', '{{}}', '', "
        f"'[]', 'agent', {capped.office.now}, {capped.office.now}, 'ada', {alert}",
    )

    capped.look()

    assert capped.held[-1] == "block non-prod accepted"


def test_an_answer_that_somebody_changed_counts_no_more(capped: Capped) -> None:
    capped.end(capped.open[0], ActionState.EXPIRED, by=AGENT)
    tamper(capped.office.path, "UPDATE action SET state = 'declined', ended_by = 'ada'")

    capped.look()

    assert capped.held == ["block non-prod accepted"]


def test_a_block_stays_while_its_cap_holds_whatever_gateways_and_labels_say(capped: Capped) -> None:
    actions, now = capped.office.writer.actions, capped.office.now
    actions.save_inventory(capped.gateway, Inventory([]), now)
    assert [each for each in capped.look() if each.release] == []

    actions.save_inventory(
        capped.gateway, Inventory([GatewayKey("dev_1", "dev_1", environment="prod")]), capped.office.now
    )
    assert [each for each in capped.look() if each.release] == []
    assert capped.held[0] == "block non-prod accepted"


def test_a_block_ends_when_policy_wants_none_any_more(capped: Capped) -> None:
    capped.office.settings = replace(
        capped.office.settings, allocations=(replace(WALLET, at_hard_cap="none"),)
    )

    capped.look()

    assert capped.held == []


def test_what_fails_again_and_again_is_tried_ever_more_seldom(capped: Capped) -> None:
    begun = []
    for minute in range(0, 12 * 60, 5):
        for action in capped.open:
            capped.end(action, ActionState.FAILED, by=AGENT)
        if any(each.spec.kind is ActionKind.BLOCK for each in capped.look(300)):
            begun.append(minute)

    assert [later - before for before, later in itertools.pairwise(begun)][:3] == [60, 240, 240]


def test_a_block_outlives_the_last_day_of_its_allocation_until_people_end_it(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", replace(WALLET, expires="2026-11-11"))
    capped.burnt("dev_1", "1000")
    capped.look()

    for _ in range(80):
        found = capped.look(HOUR // 2)

    assert capped.held == ["block non-prod accepted"]
    assert [each.tells for each in found if each.tells] == [OUTLIVES]
    capped.end(capped.open[0], ActionState.REVERSED)
    assert capped.look() == []


def test_an_allocation_made_anew_lets_the_block_of_the_old_one_end(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", replace(WALLET, expires="2026-11-11"))
    capped.burnt("dev_1", "1000")
    capped.look()
    capped.office.now += 2 * DAY
    capped.office.settings = replace(
        capped.office.settings, allocations=(replace(WALLET, monthly_nano=5_000 * NANO),)
    )

    capped.look()

    assert capped.held == []


def test_a_drill_holds_nothing(capped: Capped) -> None:
    now = capped.office.now
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("organization"), expires_s=60, drill=True)
    drill = Action(spec, ActionState.REVERSED, "ada", now, "drill", begun_at=now, ended_at=now + 5)
    capped.office.writer.actions.add(drill)
    capped.office.writer.actions.add(
        replace(drill, state=ActionState.ACCEPTED, spec=replace(spec, drill=False), ended_at=None)
    )

    assert [each.id for each in capped.office.writer.actions.held(now - 900)] == [3]
