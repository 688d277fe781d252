"""The LiteLLM gateway and source against the real proxy, under load."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from agent.control.gateways.base import GatewayError, GoneError, Hit, open_link
from agent.control.gateways.litellm import DIALECT, priced
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit, Target, TargetKind, TargetState, Traffic
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.labs.litellm import LiteLLMLab, needs_litellm, until
from tests.labs.speed import Pace, Tell, hold_goal

pytestmark = [pytest.mark.labs, needs_litellm, pytest.mark.timeout(300)]

METADATA = {"project": "ranker", "environment": "prod", "nested": {"share": 0.1, "list": [1, None]}}


@pytest.fixture(autouse=True)
def master_key(litellm_lab: LiteLLMLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", litellm_lab.master_key)


class Change:
    """An action at one target, as the engine does it: read, write, and write back what was there."""

    def __init__(self, lab: LiteLLMLab, target: Target, dialect: Any = DIALECT, **spec: Any) -> None:
        self.lab = lab
        self.target = target
        self.before: TargetState = lab.run(lab.link.read(target))
        self.want = dialect.wanted(ActionSpec(scope=Scope.parse("organization"), **spec), self.before)
        self.wrote_at = time.time()

    def apply(self) -> float:
        """When it was told to the proxy."""
        self.wrote_at, at = time.time(), time.monotonic()
        self.lab.run(self.lab.link.write(self.target, self.want, action=1, seq=0))
        return at

    def undo(self) -> TargetState:
        """The state after the fields that were set are what they were."""
        restored = {name: self.before.fields[name] for name in self.want}
        self.lab.run(self.lab.link.write(self.target, restored, action=1, seq=0))
        state: TargetState = self.lab.run(self.lab.link.read(self.target))
        return state

    def traffic(self) -> Any:
        return self.lab.run(self.lab.link.traffic(self.target, self.want, self.wrote_at, time.time()))


def test_a_throttle_refuses_within_a_second_and_its_undo_leaves_no_trace(
    litellm_lab: LiteLLMLab, tell: Tell
) -> None:
    def throttled() -> Pace:
        key = litellm_lab.new_key(metadata=METADATA)
        untouched = litellm_lab.info(key)
        limit = Limit(5, LimitUnit.RPM)
        change = Change(litellm_lab, litellm_lab.target(key), kind=ActionKind.THROTTLE, limit=limit)

        with litellm_lab.load(key) as calls:
            calls.first(200, 0)
            wrote = change.apply()
            accepted = time.monotonic()
            refused = calls.first(429, wrote)
            seen = until(lambda: (found := change.traffic()).refused >= 3 and found)
        undone = change.undo()

        assert seen.first_refused_at >= change.wrote_at
        assert 5 <= seen.passed <= 7  # those of the window, and what was under way
        assert DIALECT.words(change.want) == "5 rpm"
        assert undone.fields == change.before.fields
        assert litellm_lab.call(key) == 200
        assert _settings(litellm_lab.info(key)) == _settings(untouched)
        return Pace(accepted - wrote, refused - accepted)

    hold_goal(tell, "LiteLLM, throttle written by the gateway", throttled, heavy=True)


def test_a_block_refuses_within_a_second_and_its_undo_lets_the_calls_pass(
    litellm_lab: LiteLLMLab, tell: Tell
) -> None:
    def blocked() -> Pace:
        key = litellm_lab.new_key(metadata=METADATA)
        change = Change(litellm_lab, litellm_lab.target(key), kind=ActionKind.BLOCK)

        with litellm_lab.load(key) as calls:
            calls.first(200, 0)
            wrote = change.apply()
            accepted = time.monotonic()
            refused = calls.first(401, wrote)
            seen = until(lambda: (found := change.traffic()).refused >= 3 and found)
            undone = change.undo()
            calls.first(200, time.monotonic())

        assert seen.passed <= 1
        assert change.before.fields["blocked"] is None
        assert undone.fields == change.before.fields  # null again, and not false
        assert litellm_lab.info(key)["metadata"] == METADATA
        return Pace(accepted - wrote, refused - accepted)

    hold_goal(tell, "LiteLLM, block written by the gateway", blocked, heavy=True)


def test_a_blocked_team_is_blocked_with_all_of_its_keys_at_once(litellm_lab: LiteLLMLab, tell: Tell) -> None:
    team = litellm_lab.new_team(metadata={"cost_center": "CC-1"})
    key, other = litellm_lab.new_key(team_id=team), litellm_lab.new_key(team_id=team)
    change = Change(litellm_lab, litellm_lab.target(team), kind=ActionKind.BLOCK)

    with litellm_lab.load(key) as calls:
        calls.first(200, 0)
        wrote = change.apply()
        accepted = time.monotonic()
        refused = calls.first(401, wrote)
        others = litellm_lab.call(other)
        seen = until(lambda: (found := change.traffic()).refused >= 3 and found)
        undone = change.undo()
        calls.first(200, time.monotonic(), within_s=5.0)

    _told(tell, "block of a team", wrote, accepted, refused)
    assert others == 401
    assert seen.first_refused_at >= change.wrote_at
    assert undone.fields == change.before.fields
    assert undone.version == change.before.version


def test_a_limit_of_a_team_holds_for_its_keys_together(litellm_lab: LiteLLMLab) -> None:
    team = litellm_lab.new_team()
    keys = [litellm_lab.new_key(team_id=team) for _ in range(2)]
    change = Change(
        litellm_lab, litellm_lab.target(team), kind=ActionKind.THROTTLE, limit=Limit(3, LimitUnit.RPM)
    )
    change.apply()

    statuses = [litellm_lab.call(key) for _ in range(3) for key in keys]

    assert statuses == [200] * 3 + [429] * 3
    until(lambda: change.traffic().refused == 3)
    assert change.undo().fields == change.before.fields


def test_a_limit_by_model_spares_other_models_and_leaves_the_metadata_alone(litellm_lab: LiteLLMLab) -> None:
    key = litellm_lab.new_key(metadata=METADATA)
    change = Change(
        litellm_lab,
        litellm_lab.target(key),
        kind=ActionKind.THROTTLE,
        limit=Limit(1, LimitUnit.RPM),
        models=("gpt-4o",),
    )
    change.apply()

    statuses = [litellm_lab.call(key, model) for model in ("gpt-4o", "gpt-4o", "gpt-4o-mini")]
    held = litellm_lab.info(key)["metadata"]
    seen = until(lambda: (found := change.traffic()).refused and found)
    undone = change.undo()

    assert statuses == [200, 429, 200]
    assert held == {**METADATA, "model_rpm_limit": {"gpt-4o": 1}}
    assert (seen.refused, seen.passed) == (1, 1)
    assert undone.fields == change.before.fields
    assert litellm_lab.info(key)["metadata"] == METADATA


def test_tokens_and_calls_at_once_are_limited_too(litellm_lab: LiteLLMLab) -> None:
    tokens, parallel = litellm_lab.new_key(), litellm_lab.new_key()
    Change(
        litellm_lab,
        litellm_lab.target(tokens),
        kind=ActionKind.THROTTLE,
        limit=Limit(200, LimitUnit.TPM),
    ).apply()
    held = Change(
        litellm_lab,
        litellm_lab.target(parallel),
        kind=ActionKind.THROTTLE,
        limit=Limit(1, LimitUnit.PARALLEL),
    )
    held.apply()

    until(lambda: litellm_lab.call(tokens, max_tokens=100) == 429)
    with ThreadPoolExecutor(12) as pool:
        at_once = list(pool.map(lambda _: litellm_lab.call(parallel), range(24)))

    assert {200, 429} == set(at_once)
    until(lambda: held.traffic().refused == at_once.count(429))
    assert held.undo().fields == held.before.fields


def test_only_some_models_stay_allowed(litellm_lab: LiteLLMLab) -> None:
    key = litellm_lab.new_key()
    change = Change(litellm_lab, litellm_lab.target(key), kind=ActionKind.MODELS, models=("gpt-4o-mini",))
    change.apply()

    statuses = [litellm_lab.call(key, model) for model in ("gpt-4o", "gpt-4o-mini")]

    assert statuses == [403, 200]
    until(lambda: change.traffic().refused == 1)
    assert change.undo().fields == change.before.fields
    assert litellm_lab.call(key) == 200


@pytest.mark.parametrize("kind", [TargetKind.KEY, TargetKind.TEAM])
def test_a_cap_in_credits_is_the_proxys_budget_in_dollars(litellm_lab: LiteLLMLab, kind: TargetKind) -> None:
    team = litellm_lab.new_team()
    key = litellm_lab.new_key(team_id=team)
    change = Change(
        litellm_lab,
        litellm_lab.target(key if kind is TargetKind.KEY else team),
        priced(Decimal("0.01")),
        kind=ActionKind.CAP,
        amount_nano=100_000_000,  # a tenth of a credit: a tenth of a cent, less than one call
    )
    change.apply()

    until(lambda: litellm_lab.call(key) == 429)
    read = litellm_lab.run(litellm_lab.link.read(change.target))

    assert read.fields["max_budget"] == "0.001"
    assert DIALECT.words(read.fields) == "at most 0.001 USD a month"
    assert until(lambda: change.traffic().refused) >= 1
    assert change.undo().fields == change.before.fields
    assert litellm_lab.call(key) == 200


def test_the_version_moves_with_anybodys_change_and_not_with_traffic(litellm_lab: LiteLLMLab) -> None:
    team = litellm_lab.new_team()
    key = litellm_lab.new_key(team_id=team)
    targets = [litellm_lab.target(key), litellm_lab.target(team)]

    def versions() -> list[str]:
        return [litellm_lab.run(litellm_lab.link.read(target)).version for target in targets]

    first = versions()
    litellm_lab.call(key)
    until(lambda: litellm_lab.info(key)["spend"] > 0)
    after_traffic = versions()
    listed = {state.target: state.version for state in litellm_lab.run(litellm_lab.link.inventory()).states}
    litellm_lab.admin("/key/update", key=key.token, rpm_limit=100)
    litellm_lab.admin("/team/update", team_id=team, tpm_limit=100_000)
    after_change = versions()

    assert after_traffic == first
    assert [listed[target] for target in targets] == first
    assert all(new != old for new, old in zip(after_change, first, strict=True))


def test_the_inventory_has_every_key_of_every_page_with_its_names_and_labels(litellm_lab: LiteLLMLab) -> None:
    team = litellm_lab.new_team(metadata={"cost_center": "CC-1", "tags": ["environment:staging"]})
    named = litellm_lab.new_key(team_id=team, metadata={"project": "ranker", "tags": ["environment:prod"]})
    nameless = litellm_lab.admin("/key/generate")["token"]
    for _ in range(101):
        litellm_lab.admin("/key/generate")

    inventory = litellm_lab.run(litellm_lab.link.inventory())

    keys = {key.id: key for key in inventory.keys}
    assert len(keys) == litellm_lab.look("/key/list")["total_count"]
    found = keys[named.token]
    assert (found.api_key, found.name) == (named.alias, named.alias)
    assert (found.team, found.project, found.environment) == (f"alias-{team}", "ranker", "prod")
    assert found.labels["cost_center"] == "CC-1"
    assert keys[nameless].api_key == nameless
    assert DIALECT.reaches(litellm_lab.target(team), found)
    assert not DIALECT.reaches(litellm_lab.target(team), keys[nameless])


def test_a_team_that_is_hit_whole_is_one_target(litellm_lab: LiteLLMLab) -> None:
    team = litellm_lab.new_team()
    tokens = {litellm_lab.new_key(team_id=team).token for _ in range(2)}
    keys = litellm_lab.run(litellm_lab.link.inventory()).keys
    mine = [key for key in keys if key.id in tokens]
    others = [key for key in keys if key.id not in tokens]
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse(f"team:alias-{team}"))

    whole = DIALECT.targets(litellm_lab.gateway, spec, Hit(spec.scope, mine, others, {}))
    part = DIALECT.targets(litellm_lab.gateway, spec, Hit(spec.scope, mine[:1], [*others, mine[1]], {}))

    assert list(whole) == [litellm_lab.target(team)]
    assert list(part) == [Target("litellm", TargetKind.KEY, mine[0].id)]


def test_what_is_gone_is_said_to_be_gone(litellm_lab: LiteLLMLab) -> None:
    key = litellm_lab.new_key()
    target, nowhere = litellm_lab.target(key), litellm_lab.target("team-that-never-was")
    litellm_lab.admin("/key/delete", keys=[key.token])

    assert litellm_lab.run(litellm_lab.link.read(target)).gone
    with pytest.raises(GoneError) as read:
        litellm_lab.run(litellm_lab.link.read(nowhere))
    assert read.value.refused
    for each in (target, nowhere):
        with pytest.raises(GoneError) as written:
            litellm_lab.run(litellm_lab.link.write(each, {"rpm_limit": 1}, action=1, seq=0))
        assert "plan anew" in written.value.hint


def test_a_deleted_key_is_refused_at_once_and_deleting_it_again_does_nothing(
    litellm_lab: LiteLLMLab, tell: Tell
) -> None:
    key, other = litellm_lab.new_key(), litellm_lab.new_key()
    target, link, fields = litellm_lab.target(key), litellm_lab.link, {"deleted": True}

    def write() -> None:
        litellm_lab.run(link.write(target, fields, action=1, seq=0))

    with litellm_lab.load(key) as calls, litellm_lab.load(other) as others:
        calls.first(200, 0.0)
        others.first(200, 0.0)
        assert litellm_lab.look("/key/list", key_hash=key.token)["total_count"] == 1
        since, wrote = time.time(), time.monotonic()
        write()
        accepted = time.monotonic()
        refused = calls.first(401, wrote)
    write()
    read = litellm_lab.run(link.read(target))
    seen = until(
        lambda: _refusing(litellm_lab.run(link.traffic(target, fields, since, time.time()))), within_s=60
    )

    _told(tell, "deletion", wrote, accepted, refused)
    assert (read.fields, read.gone) == (fields, True)
    assert {status for at, status in calls.answers if at > refused} <= {401}
    assert {status for _, status in others.answers} == {200}
    assert seen.first_refused_at >= since


def _refusing(traffic: Traffic | None) -> Traffic | None:
    return traffic if traffic is not None and traffic.refused else None


def test_a_wrong_master_key_is_refused_and_not_repeated_to_anybody(
    litellm_lab: LiteLLMLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "sk-wrong-0123456789abcdef"
    monkeypatch.setenv("LITELLM_MASTER_KEY", wrong)
    link = open_link(Settings(), Gateway(kind="litellm", base_url=litellm_lab.url))

    with pytest.raises(GatewayError) as error:
        litellm_lab.run(link.inventory())
    litellm_lab.run(link.close())

    assert error.value.refused
    assert "burndeck login litellm" in error.value.hint
    assert wrong[3:] not in f"{error.value} {error.value.hint} {error.value!r}"


def test_a_key_without_the_right_to_manage_is_refused_too(
    litellm_lab: LiteLLMLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", litellm_lab.new_key().secret)
    link = open_link(Settings(), litellm_lab.gateway)

    with pytest.raises(GatewayError) as error:
        litellm_lab.run(link.inventory())
    litellm_lab.run(link.close())

    assert error.value.refused
    assert "burndeck login litellm" in error.value.hint


def _settings(info: dict[str, Any]) -> dict[str, Any]:
    """What an admin has set of a key."""
    moving = ("spend", "updated_at", "settings_updated_at", "last_active", "model_spend")
    return {name: value for name, value in info.items() if name not in moving}


def _told(tell: Tell, what: str, wrote: float, accepted: float, refused: float) -> None:
    tell(
        f"LiteLLM, {what}: accepted after {(accepted - wrote) * 1000:.0f} ms, "
        f"first refused call after {(refused - wrote) * 1000:.0f} ms"
    )
