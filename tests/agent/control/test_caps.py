from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import integers, sampled_from

from agent.control.caps import UNSERVED
from agent.domain.action import ActionKind, ActionState
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.money import NANO
from agent.domain.person import AGENT
from agent.settings_gateways import Acting
from tests.agent.alerts.office import DAY, HOUR, NOVEMBER
from tests.agent.control.capped import EDGE, PROXY, Capped

CREDITS = 1_000
WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), CREDITS * NANO)
END = NOVEMBER + 30 * DAY


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Capped]:
    made = Capped(tmp_path / "l.sqlite", WALLET)
    made.burnt("dev_1", "1")
    made.burnt("prod_1", "1")
    yield made
    made.office.writer.close()


def test_below_every_tier_nothing_is_done(capped: Capped) -> None:
    assert capped.look() == []


def test_at_the_hard_cap_non_production_is_blocked_and_production_is_put_to_a_person(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")

    dev, prod = capped.look()

    assert (dev.automatic, prod.automatic) == (True, False)
    assert dev.spec.kind is prod.spec.kind is ActionKind.BLOCK
    assert (dev.spec.non_prod, prod.spec.non_prod) == (True, False)
    assert dev.spec.scope == WALLET.scope
    assert dev.spec.expires_s == WALLET.block_expires_s
    assert dev.reason == "org-1234-team-wallet has reached its hard cap for 2026-11"
    assert dev.incident is not None
    assert capped.look() == []


@pytest.mark.parametrize(
    ("change", "acting", "expected"),
    [
        ({"at_hard_cap": "manual"}, {}, ["block non-prod standby", "block all standby"]),
        ({"at_hard_cap": "none"}, {}, ["block all standby"]),
        ({"at_hard_cap_prod": "automatic"}, {}, ["block non-prod accepted", "block all accepted"]),
        ({"at_hard_cap_prod": "none"}, {}, ["block non-prod accepted"]),
        ({}, {"automatic": False}, ["block non-prod standby", "block all standby"]),
    ],
)
def test_policy_says_what_is_automatic(
    tmp_path: Path, change: dict[str, str], acting: dict[str, bool], expected: list[str]
) -> None:
    capped = Capped(tmp_path / "l.sqlite", replace(WALLET, **change))
    capped.office.settings = replace(capped.office.settings, acting=Acting(**acting))
    capped.burnt("dev_1", "999")
    capped.burnt("prod_1", "1")

    capped.look()

    assert capped.held == expected


def test_a_block_of_keys_that_are_all_production_is_one_proposal(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", WALLET)
    capped.burnt("prod_1", "1000")

    capped.look()

    assert capped.held == ["block all standby"]


def test_a_block_is_renewed_while_the_cap_holds_and_no_sooner_than_needed(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()

    assert capped.look(HOUR // 2) == []
    (renewal,) = capped.look(HOUR // 4)

    assert renewal.renew == capped.open[0].id
    assert capped.open[0].expires_at == capped.office.now + HOUR


def test_a_top_up_releases_the_block_and_withdraws_what_only_was_proposed(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()

    capped.top_up(WALLET, 1_000, END)

    assert [each.release for each in capped.look()] == [1, 2]
    assert capped.held == []


def test_a_cap_that_is_reached_again_after_a_top_up_blocks_again(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()
    capped.top_up(WALLET, 500, END)
    capped.look()
    capped.burnt("dev_1", "1600")

    capped.look()

    assert capped.held == ["block non-prod accepted", "block all standby"]


def test_the_block_ends_with_the_month(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()

    capped.look(END - capped.office.now)

    assert capped.held == []


def test_a_block_that_expired_while_the_agent_was_away_is_made_again(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()
    capped.office.now += 3 * HOUR
    capped.expire()

    capped.look()

    assert capped.held == ["block all standby", "block non-prod accepted"]


@pytest.mark.parametrize(
    ("state", "by", "again"),
    [
        (ActionState.REVERSED, "ada", False),
        (ActionState.DECLINED, "ada", False),
        (ActionState.FAILED, AGENT, False),
        (ActionState.EXPIRED, AGENT, True),
    ],
)
def test_what_a_person_ended_stays_ended(capped: Capped, state: ActionState, by: str, *, again: bool) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()
    capped.end(capped.open[0], state, by=by)

    assert bool(capped.look()) is again
    assert capped.look() == []


def test_what_no_gateway_took_is_tried_again_later(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()
    capped.end(capped.open[0], ActionState.FAILED, by=AGENT)

    assert capped.look(600) == []
    assert [each.spec.kind for each in capped.look(300)] == [ActionKind.BLOCK]


def test_a_block_that_nobody_answered_in_time_is_asked_for_again_ever_later(capped: Capped) -> None:
    capped.burnt("dev_1", "1000")
    capped.look()
    rests = []
    for _ in range(4):
        capped.office.now += 4 * HOUR
        capped.expire()
        waited = 0
        while "block all standby" not in capped.held:
            capped.look(300)
            waited += 300
        rests.append(waited)

    assert rests == [900, 3_600, 4 * HOUR, 4 * HOUR]


def test_a_suggestion_that_nobody_took_in_time_is_not_made_again(capped: Capped) -> None:
    capped.burnt("dev_1", "750")
    capped.look()
    assert capped.held == ["throttle non-prod standby"]
    capped.office.now += 4 * HOUR
    capped.expire()

    capped.look(12 * HOUR)

    assert capped.held == []


def test_a_hard_cap_above_the_month_blocks_there_and_not_before(tmp_path: Path) -> None:
    above = replace(WALLET, hard_cap=WALLET.hard_cap * 2)
    capped = Capped(tmp_path / "l.sqlite", above)
    capped.burnt("dev_1", "1500")
    assert all(each.spec.kind is not ActionKind.BLOCK for each in capped.look())

    capped.burnt("dev_1", "2000")
    capped.look()

    assert "block non-prod accepted" in capped.held


def test_the_soft_cap_suggests_a_throttle_and_the_critical_tier_sets_it(capped: Capped) -> None:
    capped.burnt("dev_1", "700")
    (soft,) = capped.look()
    assert not soft.automatic
    assert soft.spec.limit == Limit(10, LimitUnit.RPS)
    assert soft.spec.non_prod

    capped.burnt("dev_1", "900")
    released, critical = capped.look()

    assert released.release == 1
    assert critical.automatic
    assert capped.held == ["throttle non-prod accepted"]


def test_a_throttle_that_somebody_let_begin_stays_when_it_gets_worse(capped: Capped) -> None:
    capped.burnt("dev_1", "700")
    capped.look()
    capped.go(capped.open[0])
    capped.burnt("dev_1", "900")
    assert capped.look() == []
    capped.burnt("dev_1", "1000")

    capped.look()

    assert capped.held == ["throttle non-prod accepted", "block non-prod accepted", "block all standby"]


def test_a_throttle_is_in_the_unit_that_the_gateway_counts_in(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", WALLET, gateway=PROXY)
    capped.burnt("dev_1", "900")

    throttle = next(each for each in capped.look() if each.spec.kind is ActionKind.THROTTLE)

    assert throttle.spec.limit == Limit(600, LimitUnit.RPM)


def test_a_cap_whose_keys_no_gateway_serves_is_for_people_to_hear_of(capped: Capped) -> None:
    capped.office.settings = replace(capped.office.settings, own_gateways=(replace_name("other"),))
    capped.burnt("dev_1", "1000")

    assert {each.tells for each in capped.look()} == {UNSERVED}
    assert capped.held == []


def replace_name(name: str) -> object:
    return type(EDGE)(kind="haproxy", name=name, socket="/s", maps="/m")


def test_the_providers_own_limit_is_set_once_behind_the_cap_and_raised_with_it(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", WALLET, gateway=PROXY)
    capped.burnt("dev_1", "700")

    def limits() -> list[int]:
        found = [each for each in capped.look() if each.spec.kind is ActionKind.CAP]
        assert all(each.automatic for each in found)
        return [each.spec.amount_nano // NANO for each in found]

    assert limits() == [1_100]
    capped.burnt("dev_1", "900")
    assert limits() == []
    capped.top_up(WALLET, 200, END)  # to 1,200: burndeck must bite first again
    assert limits() == [1_320]


KEY = Allocation("org-1234-key-dev_1", Scope.parse("api_key:dev_1"), 10**6 * NANO, daily_nano=50 * NANO)


def test_a_key_over_its_day_is_throttled_until_the_day_ends(tmp_path: Path) -> None:
    capped = Capped(tmp_path / "l.sqlite", KEY)
    capped.office.now += 6 * HOUR
    capped.burnt("dev_1", "49", at=capped.office.now - HOUR)
    assert capped.look() == []
    capped.burnt("dev_1", "50", at=capped.office.now - HOUR)

    (throttle,) = capped.look()

    assert throttle.automatic
    assert throttle.spec.scope == KEY.scope
    assert capped.office.now + throttle.spec.expires_s == NOVEMBER + 11 * DAY
    assert capped.look() == []
    assert [each.release for each in capped.look(DAY)] == [1]
    assert capped.held == []


def test_a_production_key_over_its_day_is_put_to_a_person(tmp_path: Path) -> None:
    prod = replace(KEY, id="org-1234-key-prod_1", scope=Scope.parse("api_key:prod_1"))
    capped = Capped(tmp_path / "l.sqlite", prod)
    capped.office.now += 6 * HOUR
    capped.burnt("prod_1", "50", at=capped.office.now - HOUR)

    assert [each.automatic for each in capped.look()] == [False]
    capped.end(capped.open[0], ActionState.DECLINED)
    assert capped.look() == []


class LifeOfACap(RuleBasedStateMachine):
    """Burn, people, time and the agent's absence in any order."""

    folder: Path
    count = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).count += 1
        self.capped = Capped(self.folder / f"{self.count}.sqlite", WALLET)
        self.burn = 0
        self.decided: set[tuple[int | None, ActionKind, bool]] = set()
        self.grow(800)
        self.capped.burnt("prod_1", "1")

    @rule(credits_=sampled_from([100, 250, 900]))
    def grow(self, credits_: int) -> None:
        self.burn += credits_
        self.capped.burnt("dev_1", str(self.burn), at=NOVEMBER + DAY)

    @rule(minutes=sampled_from([1, 20, 50]))
    def time_goes_on(self, minutes: int) -> None:
        self.capped.expire()
        self.look(minutes * 60)

    @rule(hours=integers(1, 9))
    def the_agent_is_away(self, hours: int) -> None:
        self.capped.office.now += hours * HOUR
        self.capped.expire()
        self.look(60)

    @rule(credits_=sampled_from([100, 800]))
    def top_up(self, credits_: int) -> None:
        self.capped.top_up(WALLET, credits_, END)

    @rule()
    def somebody_ends_one(self) -> None:
        if self.capped.open:
            action = self.capped.open[0]
            waits = action.state is ActionState.STANDBY
            self.capped.end(action, ActionState.DECLINED if waits else ActionState.REVERSED)
            self.decided.add((action.alert, action.spec.kind, action.spec.non_prod))

    @rule()
    def somebody_approves_one(self) -> None:
        waiting = [each for each in self.capped.open if each.state is ActionState.STANDBY]
        for action in waiting[:1]:
            self.capped.go(action)

    def look(self, after: int) -> None:
        for proposal in self.capped.look(after):
            if proposal.renew is None and proposal.release is None:
                part = (proposal.alert, proposal.spec.kind, proposal.spec.non_prod)
                assert part not in self.decided  # a person has had the last word
        live = {alert.id for alert in self.capped.office.writer.alerts.open_alerts()}
        blocks = [each for each in self.capped.open if each.spec.kind is ActionKind.BLOCK]
        assert {each.alert for each in blocks} <= live
        assert self.capped.decide() == []  # once it is done there is nothing left to do

    @invariant()
    def no_alert_has_two_answers(self) -> None:
        parts = Counter((each.spec.kind, each.spec.non_prod) for each in self.capped.open)
        assert all(count == 1 for count in parts.values()), parts

    def teardown(self) -> None:
        self.capped.office.writer.close()


def test_the_same_alert_never_leads_to_two_actions(tmp_path: Path) -> None:
    machine = type("Life", (LifeOfACap,), {"folder": tmp_path})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
