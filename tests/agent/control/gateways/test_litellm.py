"""LiteLLM's dialect: what an action becomes in its fields, and how they are said."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from agent.control.gateways.base import UnsupportedError, dialect_of
from agent.control.gateways.litellm import DIALECT, priced
from agent.control.gateways.litellm.fields import body_of
from agent.domain.action import ActionKind
from agent.domain.canonical import canonical
from agent.domain.gateway import (
    LimitUnit,
    Target,
    TargetKind,
)
from tests.agent.control.gateways.litellm_world import GATEWAY, KEY, ODD, hit, key, spec, state, throttle


@pytest.mark.parametrize(
    ("unit", "field"),
    [
        (LimitUnit.RPM, "rpm_limit"),
        (LimitUnit.TPM, "tpm_limit"),
        (LimitUnit.PARALLEL, "max_parallel_requests"),
    ],
)
def test_a_limit_is_the_field_of_its_unit(unit: LimitUnit, field: str) -> None:
    assert DIALECT.wanted(throttle(60, unit), state()) == {field: 60}


def test_a_throttle_never_loosens_what_is_tighter() -> None:
    assert DIALECT.wanted(throttle(60), state(rpm_limit=5)) == {"rpm_limit": 5}
    assert DIALECT.wanted(throttle(3), state(rpm_limit=5)) == {"rpm_limit": 3}
    assert DIALECT.wanted(throttle(3), state(rpm_limit=0)) == {"rpm_limit": 0}


def test_a_limit_by_the_second_is_offered_by_the_minute() -> None:
    with pytest.raises(UnsupportedError) as error:
        DIALECT.targets(GATEWAY, throttle(10, LimitUnit.RPS), hit([key("a")]))

    assert "Use 600 rpm" in error.value.hint


def test_a_limit_by_model_joins_those_that_are_there() -> None:
    there = state(metadata={"model_rpm_limit": {"gpt-4o": 9, "gpt-5": 2}})

    wanted = DIALECT.wanted(throttle(4, LimitUnit.RPM, "gpt-4o", "gpt-5", "o3"), there)

    assert wanted == {"model_rpm_limit": {"gpt-4o": 4, "gpt-5": 2, "o3": 4}}
    with pytest.raises(UnsupportedError):
        DIALECT.wanted(throttle(1, LimitUnit.PARALLEL, "gpt-4o"), there)


def test_metadata_goes_back_as_it_came_but_for_the_limit() -> None:
    target = state().target
    limited = body_of(target, {"model_rpm_limit": {"gpt-4o": 1}}, KEY["metadata"])  # type: ignore[arg-type]
    restored = body_of(target, {"model_rpm_limit": None}, limited["metadata"])

    assert limited["metadata"] == {
        "project": "ranker",
        "share": Decimal("0.1"),
        "model_rpm_limit": {"gpt-4o": 1},
    }
    assert restored == {"key": target.id, "metadata": KEY["metadata"]}
    assert "metadata" not in body_of(target, {"rpm_limit": 1}, {})


def test_a_limit_by_model_that_is_no_number_is_nothing_to_throttle_by() -> None:
    with pytest.raises(UnsupportedError, match="else than numbers"):
        DIALECT.wanted(throttle(4, LimitUnit.RPM, "gpt-4o"), state(metadata=ODD))


def test_allowed_models_are_never_more_than_before_and_never_none() -> None:
    only_mini = spec(ActionKind.MODELS, models=("gpt-4o-mini", "gpt-4o"))

    assert DIALECT.wanted(only_mini, state()) == {"models": ["gpt-4o-mini", "gpt-4o"]}
    assert DIALECT.wanted(only_mini, state(models=["openai/*"])) == {"models": ["gpt-4o-mini", "gpt-4o"]}
    assert DIALECT.wanted(only_mini, state(models=["gpt-4o", "o3"])) == {"models": ["gpt-4o"]}
    with pytest.raises(UnsupportedError, match="only o3"):
        DIALECT.wanted(only_mini, state(models=["o3"]))  # an empty list would allow every model


def test_a_cap_is_exact_in_dollars_and_counted_by_the_month() -> None:
    cap = spec(ActionKind.CAP, amount_nano=1_234_567_890_123)
    by_month = state(budget_duration="1mo")

    assert priced(Decimal("0.03")).wanted(cap, by_month) == {"max_budget": "37.03703670369"}
    assert dialect_of("litellm", Decimal(1)).wanted(cap, state()) == {
        "max_budget": "1234.567890123",
        "budget_duration": "1mo",
    }
    with pytest.raises(UnsupportedError):
        DIALECT.wanted(cap, by_month)
    body = body_of(state().target, {"max_budget": "37.03703670369"}, {})
    assert b"37.03703670369" in msgspec.json.encode(str(body["max_budget"]))
    assert isinstance(body["max_budget"], Decimal)


def test_whole_teams_are_one_target_and_parts_are_their_keys() -> None:
    block = spec(ActionKind.BLOCK)
    both = [key("a"), key("b")]
    team = [Target("litellm", TargetKind.TEAM, "t1")]
    keys = [Target("litellm", TargetKind.KEY, name) for name in ("a", "b")]

    assert DIALECT.targets(GATEWAY, block, hit(both, key("x", "t2"))) == team
    assert DIALECT.targets(GATEWAY, block, hit(both, key("c"))) == keys  # c is of the team, and spared
    assert DIALECT.targets(GATEWAY, block, hit([key("a", ""), key("b", "")])) == keys
    assert DIALECT.targets(GATEWAY, spec(ActionKind.BLOCK, "project:ranker"), hit(both)) == keys
    assert DIALECT.targets(GATEWAY, spec(ActionKind.BLOCK, non_prod=True), hit(both)) == keys
    assert DIALECT.targets(GATEWAY, throttle(1, LimitUnit.RPM, "gpt-4o"), hit(both)) == keys


def test_one_amount_for_several_keys_is_not_promised() -> None:
    cap = spec(ActionKind.CAP, "project:ranker", amount_nano=1)

    with pytest.raises(UnsupportedError, match="2 keys"):
        DIALECT.targets(GATEWAY, cap, hit([key("a"), key("b")]))


def test_what_it_cannot_do_comes_with_the_nearest_thing() -> None:
    with pytest.raises(UnsupportedError) as error:
        DIALECT.targets(GATEWAY, spec(ActionKind.TOOLS, models=("file_search",)), hit([key("a")]))

    assert "block" in error.value.hint


def test_keys_are_deleted_one_by_one_and_never_their_team() -> None:
    revoke = spec(ActionKind.REVOKE)

    assert DIALECT.targets(GATEWAY, revoke, hit([key("a"), key("b")])) == [
        Target("litellm", TargetKind.KEY, name) for name in ("a", "b")
    ]
    assert DIALECT.wanted(revoke, state()) == {"deleted": True}
    assert state().fields["deleted"] is False
    assert (DIALECT.words({"deleted": False}), DIALECT.words({"deleted": True})) == ("in use", "deleted")
    assert not DIALECT.offers[ActionKind.REVOKE].reversible


def test_fields_are_said_in_words() -> None:
    fields = state(
        rpm_limit=60,
        blocked=True,
        models=["gpt-4o"],
        max_budget=Decimal("12.5"),
        metadata={"model_tpm_limit": {"o3": 500}},
    ).fields

    assert DIALECT.words(fields) == ("blocked, 60 rpm, 500 tpm of o3, only gpt-4o, at most 12.5 USD in all")
    assert DIALECT.words(state().fields) == "no limit"
    assert DIALECT.words({"rpm_limit": 0}) == "0 rpm"


def test_a_version_moves_with_settings_and_not_with_what_traffic_moves() -> None:
    first = state().version

    assert state(spend=Decimal("99.5"), updated_at="2027-01-01T00:00:00Z").version == first
    assert state(blocked=False).version == first  # null says the same
    for change in (
        {"rpm_limit": 1},
        {"blocked": True},
        {"metadata": {"model_rpm_limit": {"o3": 1}}},
        {"settings_updated_at": "2026-11-27T01:50:02.000000+00:00"},
    ):
        assert state(**change).version != first
    zulu = state(settings_updated_at="2026-11-27T01:50:02.000000Z").version
    assert state(settings_updated_at="2026-11-27T01:50:02.000000+00:00").version == zulu


def test_fields_can_be_signed() -> None:
    canonical(state(max_budget=Decimal("1E-7"), rpm_limit=1).fields)
    assert state(max_budget=Decimal("1E-7")).fields["max_budget"] == "0.0000001"
