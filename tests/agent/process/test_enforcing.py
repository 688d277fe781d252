"""What the agent does by itself at caps: not to production unasked, no limit raised, nothing in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.action import Action, ActionKind, ActionState, StepState
from agent.domain.alert import HARD_CAP
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.domain.money import NANO
from agent.domain.person import AGENT
from agent.ledger.reader import LedgerReader
from agent.process import acting
from agent.process.acting import Enforcer, Told
from agent.process.watch import Watch
from agent.settings_gateways import Acting, Gateway
from agent.settings_schema import Organization
from tests.agent.alerts.office import HOUR, NOVEMBER
from tests.agent.control.capped import EDGE, PROXY, Capped

WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 1_000 * NANO)
OPENAI = Gateway(kind="openai", name="oa")
TEAM = Target("proxy", TargetKind.TEAM, "T")
MODEL = Target("oa", TargetKind.PROJECT_MODEL, "p1/gpt-5")
PROJECT = Target("oa", TargetKind.PROJECT, "p1")
TWO = (("finance",), ("engineering",))
END = NOVEMBER + 30 * 86_400


class Enforced(Capped):
    """The agent's own enforcer on one ledger, with gateways that take everything."""

    def __init__(
        self, path: Path, *allocations: Allocation, gateway: Gateway = EDGE, acting: Acting | None = None
    ) -> None:
        super().__init__(path, *allocations, gateway=gateway)
        organization = Organization(usd_per_credit=Decimal("0.01"))
        settings = self.office.settings
        self.office.settings = replace(settings, organization=organization, acting=acting or settings.acting)
        self.enforcer = Enforcer(self.office.settings, Told(self.office.settings))

    def enforce(self, after: int = 60) -> list[Action]:
        """Time goes on, and everything is judged and enforced; what has come of it."""
        known = {action.id for action in self.open}
        self.office.judge(after)
        self.enforcer.enforce(self.office.writer, self.office.now)
        return [action for action in self.open if action.id not in known]

    def serves(self, *keys: GatewayKey, **held: Mapping[Target, Mapping[str, Any]]) -> None:
        """What the gateway serves and holds."""
        states = [TargetState(target, fields, "v") for target, fields in held.get("held", {}).items()]
        self.office.writer.actions.save_inventory(self.gateway, Inventory(keys, states), self.office.now)

    def take(self, action: Action) -> None:
        """The gateway takes an action, and holds what is wanted."""
        actions = self.office.writer.actions
        steps = tuple(replace(step, state=StepState.APPLIED) for step in action.steps)
        actions.save(replace(action, state=ActionState.ACCEPTED, approve_by=None, steps=steps))
        for step in steps:
            actions.save_target(TargetState(step.target, step.want, "w"), self.office.now)

    def audited(self, kind: str) -> list[str]:
        """Subjects of the audit records of a kind."""
        with LedgerReader(self.office.path) as reader:
            found = reader.rows("audit_after", {"after": 0, "upto": 10**6, "most": 1_000})
            return [row["subject"].decode() for row in found if row["kind"] == kind.encode()]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "l.sqlite"


def kinds(actions: list[Action]) -> list[tuple[str, str]]:
    return [(action.spec.kind.value, action.state.value) for action in actions]


KEY = Allocation("org-1234-key-dev_1", Scope.parse("api_key:dev_1"), 10**6 * NANO, daily_nano=50 * NANO)


@pytest.mark.parametrize(("mode", "state"), [("manual", "standby"), ("automatic", "pending")])
def test_a_throttle_for_the_day_that_bears_on_production_too_is_put_to_a_person(
    path: Path, mode: str, state: str
) -> None:
    world = Enforced(path, replace(KEY, at_hard_cap_prod=mode), gateway=OPENAI)
    world.office.now += 6 * HOUR
    for key, credits_ in (("dev_1", "60"), ("prod_1", "1")):
        world.burnt(key, credits_, at=world.office.now - HOUR)
    limits = {"max_requests_per_1_minute": 5_000, "max_tokens_per_1_minute": 10**6}
    keys = [GatewayKey(name, name, project="p1") for name in ("dev_1", "prod_1")]
    world.serves(*keys, held={MODEL: limits})

    assert kinds(world.enforce()) == [("throttle", state)]


@pytest.mark.parametrize(("environment", "state"), [("dev", "pending"), ("prod", "standby")])
def test_a_key_of_production_without_labels_is_put_to_a_person(
    path: Path, environment: str, state: str
) -> None:
    world = Enforced(path, WALLET)
    world.enforcer.settings = replace(
        world.office.settings, acting=Acting(untagged_keys="block", required_labels=("owner",))
    )
    world.burnt(f"{environment}_1", "1")

    assert kinds(world.enforce()) == [("block", state)]


def capped_team(path: Path, **held: Any) -> Enforced:
    world = Enforced(path, WALLET, gateway=PROXY)
    world.burnt("dev_1", "700")
    fields = {"max_budget": None, "budget_duration": "1mo", "blocked": False, "models": []} | held
    world.serves(GatewayKey("dev_1", "dev_1", labels={"team_id": "T"}), held={TEAM: fields})
    return world


def caps(actions: list[Action]) -> list[tuple[int, str, bool]]:
    found = [action for action in actions if action.spec.kind is ActionKind.CAP]
    return [(each.spec.amount_nano // NANO, each.state.value, each.needs == TWO) for each in found]


def test_a_providers_first_limit_is_set_by_the_agent_itself(path: Path) -> None:
    assert caps(capped_team(path).enforce()) == [(1_100, "pending", False)]


def test_a_providers_looser_limit_is_lowered_and_a_tighter_one_is_never_touched(path: Path) -> None:
    assert caps(capped_team(path, max_budget="500").enforce()) == [(1_100, "pending", False)]
    tighter = capped_team(path.with_name("t.sqlite"), max_budget="5")
    assert caps(tighter.enforce()) == []
    assert caps(tighter.enforce()) == []


def test_a_limit_of_another_period_is_left_to_people(path: Path) -> None:
    assert caps(capped_team(path, max_budget="500", budget_duration="1d").enforce()) == []


def test_a_budget_that_never_starts_anew_is_not_made_one_of_every_month(path: Path) -> None:
    assert caps(capped_team(path, max_budget="5000", budget_duration=None).enforce()) == []


def test_the_agents_own_limit_is_raised_for_a_top_up_and_lowered_after_it(path: Path) -> None:
    world = capped_team(path)
    (first,) = (each for each in world.enforce() if each.spec.kind is ActionKind.CAP)
    world.take(first)
    world.burnt("dev_1", "800")
    world.serves(GatewayKey("dev_1", "dev_1", labels={"team_id": "T"}), held={TEAM: first.steps[0].want})
    world.top_up(WALLET, 100, world.office.now + HOUR)
    (second,) = (each for each in world.enforce() if each.spec.kind is ActionKind.CAP)
    assert caps([second]) == [(1_210, "pending", False)]
    world.take(second)

    assert caps(world.enforce(2 * HOUR)) == [(1_100, "pending", False)]


def test_an_allocation_that_is_only_configured_higher_raises_no_limit_without_two_people(path: Path) -> None:
    world = capped_team(path)
    (first,) = (each for each in world.enforce() if each.spec.kind is ActionKind.CAP)
    world.take(first)
    raised = replace(world.office.settings, allocations=(replace(WALLET, monthly_nano=1_100 * NANO),))
    world.office.settings = world.enforcer.settings = raised
    world.burnt("dev_1", "800")
    world.serves(GatewayKey("dev_1", "dev_1", labels={"team_id": "T"}), held={TEAM: first.steps[0].want})

    assert caps(world.enforce()) == [(1_210, "standby", True)]


def unenforceable(path: Path, burnt: str = "1000") -> Enforced:
    """A team that shares its project with production, and nobody knows the scopes of its keys."""
    world = Enforced(path, replace(WALLET, at_hard_cap_prod="none"), gateway=OPENAI)
    world.burnt("dev_1", burnt)
    world.burnt("prod_1", "1")
    keys = [GatewayKey(name, name, project="p1") for name in ("dev_1", "prod_1")]
    world.serves(*keys, held={PROJECT: {"model_permissions": None}})
    return world


def test_a_hard_cap_that_cannot_be_enforced_is_told_once(path: Path) -> None:
    world = unenforceable(path)

    for _ in range(3):
        world.enforce(120)
    again = Enforcer(world.office.settings, world.enforcer.tell)
    again.enforce(world.office.writer, world.office.now)

    assert len(world.audited("cap.not_enforced")) == 1
    (told,) = (each for each in world.office.notices() if "nothing could be done" in each.summary)
    assert told.tier == HARD_CAP
    assert told.scope == "wallet"
    assert [kind for kind, _ in world.office.timeline()].count("not_enforced") == 1


@pytest.mark.parametrize(("mode", "state"), [("automatic", "pending"), ("manual", "standby")])
def test_beside_production_in_one_project_the_other_keys_are_blocked_one_by_one(
    path: Path, mode: str, state: str
) -> None:
    wallet = replace(WALLET, at_hard_cap=mode, at_hard_cap_prod="none")
    world = Enforced(path, wallet, gateway=OPENAI)
    for name, credits_ in (("dev_1", "1000"), ("dev_2", "1"), ("prod_1", "1")):
        world.burnt(name, credits_)
    keys = [GatewayKey(name, name, project="p1") for name in ("dev_1", "dev_2", "prod_1")]
    scopes = {Target("oa", TargetKind.KEY_SCOPES, f"p1/{key.id}"): {"scopes": "all"} for key in keys}
    world.serves(*keys, held={PROJECT: {"model_permissions": None}, **scopes})

    found = world.enforce(120)

    (block,) = (action for action in found if action.spec.kind is ActionKind.BLOCK)
    assert block.state.value == state
    assert [step.target.id for step in block.steps] == ["p1/dev_1", "p1/dev_2"]
    assert world.audited("cap.not_enforced") == []


def test_a_suggestion_that_no_gateway_can_carry_out_is_told_once(path: Path) -> None:
    world = unenforceable(path, burnt="750")
    world.enforce(120)
    assert "not_enforced" not in [kind for kind, _ in world.office.timeline()]

    for _ in range(3):
        world.enforce(300)

    (told,) = (each for each in world.office.notices() if "nothing could be done" in each.summary)
    assert "the alert tier warning is reached" in told.summary
    assert [kind for kind, _ in world.office.timeline()].count("not_enforced") == 1


def test_a_hard_cap_whose_keys_no_gateway_serves_is_told_once(path: Path) -> None:
    world = Enforced(path, WALLET)
    world.burnt("dev_1", "1000")
    world.serves()

    for _ in range(3):
        world.enforce()

    assert len(world.audited("cap.unserved")) == 1
    assert [each.summary for each in world.office.notices() if "no gateway serves" in each.summary] == [
        "org-1234-team-wallet has reached its hard cap for 2026-11, and no gateway serves its keys. "
        "burndeck doctor says what gateways serve; stop the calls where they are made."
    ]


def test_keys_that_are_blocked_already_are_no_trouble(path: Path) -> None:
    world = Enforced(path, WALLET)
    world.burnt("dev_1", "1000")
    (block,) = world.enforce()
    world.take(block)
    world.end(world.open[0], ActionState.EXPIRED, by=AGENT)

    world.enforce()

    assert world.audited("cap.not_enforced") == []


def test_labels_that_cannot_be_read_stop_no_cap(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = Enforced(path, WALLET)
    world.burnt("dev_1", "1000")

    def broken(*_: object) -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a registry that is none")

    monkeypatch.setattr(acting, "declared", broken)

    assert kinds(world.enforce()) == [("block", "pending")]


def test_one_proposal_that_breaks_stops_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Allocation("org-1234-key-dev_1", Scope.parse("api_key:dev_1"), 1_000 * NANO)
    world = Enforced(path, WALLET, other)
    world.burnt("dev_1", "1000")
    real = acting.plan

    def breaks(books: Any, settings: Any, spec: Any, now: float, **rest: Any) -> Any:
        if spec.scope == WALLET.scope:
            raise RuntimeError("out of order")
        return real(books, settings, spec, now, **rest)

    monkeypatch.setattr(acting, "plan", breaks)

    assert [str(each.spec.scope) for each in world.enforce()] == ["api_key:dev_1"]


def test_caps_that_cannot_be_decided_page_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = Enforced(path, WALLET)
    watch = Watch(world.office.settings, lambda: None)

    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(acting, "decide_caps", broken)

    for second in range(9):
        watch.judge(world.office.writer, world.office.now + second)

    told = [each.summary for each in world.office.notices()]
    assert told == ["caps are not enforced: RuntimeError: out of order; it is tried again at every look"]


def test_of_an_action_that_fails_again_only_another_reason_is_news(path: Path) -> None:
    world = Enforced(path, WALLET)
    world.burnt("dev_1", "1000")
    told = []
    for why in ("refused", "refused", "unreachable"):
        (action,) = world.enforce(5 * HOUR)
        over = replace(action, state=ActionState.FAILED, ended_at=world.office.now, ended_by=AGENT, why=why)
        world.office.writer.actions.save(over)
        occasion = acting.Occasion("failed", over, f"failed: {why}", recipients=("ops_on_call",))
        before = len(world.office.notices())
        world.enforcer.tell(world.office.writer, occasion, world.office.now)
        told.append(len(world.office.notices()) - before)

    assert told == [1, 0, 1]
    asked = [each for each in world.office.notices() if "asked for by agent" in each.summary]
    assert len(asked) == 1


def test_what_was_said_is_not_kept_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "_MOST_SAID", 3)
    world = Enforced(path, KEY, gateway=OPENAI)
    world.office.now += 6 * HOUR
    for count in range(4):
        world.burnt("dev_1", str(60 + count), at=world.office.now - HOUR)
        world.serves(GatewayKey("dev_1", "dev_1", project="p1"))
        world.enforce(61)

    assert len(world.enforcer._said) == 1
