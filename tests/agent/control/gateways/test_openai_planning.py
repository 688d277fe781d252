"""What the openai dialect plans, without a connection."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest

from agent.control.gateways.base import Hit, UnsupportedError, dialect_of
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import Fields, GatewayKey, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.money import to_nano
from agent.settings_gateways import Gateway

GATEWAY = Gateway(kind="openai")
DIALECT = dialect_of("openai")
IN_A, ALSO_IN_A, IN_B = (
    GatewayKey("key_1", "key_1", project="proj_a"),
    GatewayKey("key_2", "key_2", project="proj_a"),
    GatewayKey("key_3", "key_3", project="proj_b"),
)
RATES = {"max_requests_per_1_minute": 500, "max_tokens_per_1_minute": 90_000}


def target(kind: TargetKind, ident: str) -> Target:
    return Target("openai", kind, ident)


KNOWN = {
    each: TargetState(each, RATES)
    for each in (
        target(TargetKind.PROJECT_MODEL, "proj_a/gpt-5"),
        target(TargetKind.PROJECT_MODEL, "proj_a/ft:gpt-4.1:acme/x"),
        target(TargetKind.PROJECT_MODEL, "proj_b/gpt-5"),
    )
}


def spec(kind: ActionKind, scope: str = "team:search", **more: object) -> ActionSpec:
    limit = Limit(60, LimitUnit.RPM) if kind is ActionKind.THROTTLE else None
    return ActionSpec(kind, Scope.parse(scope), **{"limit": limit, **more})  # type: ignore[arg-type]


def planned(wanted: ActionSpec, keys: list[GatewayKey], others: list[GatewayKey]) -> list[str]:
    found = DIALECT.targets(GATEWAY, wanted, Hit(wanted.scope, keys, others, KNOWN))
    return [f"{each.kind.value} {each.id}" for each in found]


def set_at(wanted: ActionSpec, fields: Fields, rate: Decimal | None = None) -> Fields:
    state = TargetState(target(TargetKind.PROJECT, "proj_a"), fields)
    return dialect_of("openai", rate).wanted(wanted, state)


def test_a_throttle_holds_every_known_model_of_the_keys_projects() -> None:
    throttle = spec(ActionKind.THROTTLE)

    assert planned(throttle, [IN_A], [ALSO_IN_A, IN_B]) == [
        "project_model proj_a/ft:gpt-4.1:acme/x",
        "project_model proj_a/gpt-5",
    ]


def test_a_throttle_of_models_finds_them_by_their_dated_names_too() -> None:
    throttle = spec(ActionKind.THROTTLE, models=("gpt-5-2025-08-07",))

    assert planned(throttle, [IN_A, IN_B], []) == ["project_model proj_a/gpt-5", "project_model proj_b/gpt-5"]


def test_it_tells_that_a_throttle_bears_on_the_other_keys_of_the_project() -> None:
    held = target(TargetKind.PROJECT_MODEL, "proj_a/gpt-5")

    assert DIALECT.reaches(held, IN_A)
    assert DIALECT.reaches(held, ALSO_IN_A)
    assert not DIALECT.reaches(held, IN_B)
    assert DIALECT.reaches(target(TargetKind.ORGANIZATION, "organization"), IN_B)
    assert DIALECT.reaches(target(TargetKind.KEY, "proj_a/key_1"), IN_A)
    assert not DIALECT.reaches(target(TargetKind.KEY, "proj_a/key_1"), ALSO_IN_A)


def test_a_throttle_never_loosens_what_holds_already() -> None:
    throttle = spec(ActionKind.THROTTLE)

    assert set_at(throttle, RATES) == {"max_requests_per_1_minute": 60}
    assert set_at(throttle, RATES | {"max_requests_per_1_minute": 3}) == {"max_requests_per_1_minute": 3}


@pytest.mark.parametrize(
    ("limit", "hint"),
    [
        (Limit(10, LimitUnit.RPS), "600 rpm"),
        (Limit(4, LimitUnit.PARALLEL), "rpm or tpm"),
        (Limit(0, LimitUnit.RPM), "block"),
    ],
)
def test_a_limit_that_it_does_not_know_names_the_nearest(limit: Limit, hint: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        set_at(spec(ActionKind.THROTTLE, limit=limit), RATES)

    assert hint in caught.value.hint


@pytest.mark.parametrize("kind", [ActionKind.MODELS, ActionKind.TOOLS, ActionKind.CAP])
def test_what_holds_for_whole_projects_spares_no_key_silently(kind: ActionKind) -> None:
    more = {"models": ("gpt-5",)} if kind is ActionKind.MODELS else {}
    wanted = spec(kind, amount_nano=to_nano(10), **more)

    assert planned(wanted, [IN_A, ALSO_IN_A], [IN_B]) == ["project proj_a"]
    with pytest.raises(UnsupportedError, match="proj_a has other keys") as caught:
        planned(wanted, [IN_A], [ALSO_IN_A])
    assert "proj_a" in caught.value.hint


def scoped(scopes: object, key: str = "proj_a/key_1") -> dict[Target, TargetState]:
    return {(each := target(TargetKind.KEY_SCOPES, key)): TargetState(each, {"scopes": scopes})}


def blocked(scope: str, keys: list[GatewayKey], others: list[GatewayKey], known: object) -> list[str]:
    hit = Hit(Scope.parse(scope), keys, others, known)  # type: ignore[arg-type]
    found = DIALECT.targets(GATEWAY, spec(ActionKind.BLOCK, scope), hit)
    return [f"{each.kind.value} {each.id}" for each in found]


def test_a_block_takes_projects_that_are_all_meant_and_of_the_others_the_keys_whose_scopes_are_known() -> (
    None
):
    known = scoped("all")

    assert blocked("team:search", [IN_A, ALSO_IN_A], [IN_B], known) == ["project proj_a"]
    assert blocked("team:search", [IN_A, IN_B], [ALSO_IN_A], known) == [
        "project proj_b",
        "key_scopes proj_a/key_1",
    ]
    assert blocked("team:search", [IN_A, IN_B], [ALSO_IN_A], {}) == ["project proj_b"]


def test_a_key_that_is_meant_by_itself_leaves_its_project_alone() -> None:
    assert blocked("api_key:key_3", [IN_B], [IN_A], scoped("all", "proj_b/key_3")) == [
        "key_scopes proj_b/key_3"
    ]
    assert blocked("api_key:key_3", [IN_B], [IN_A], {}) == ["project proj_b"]


def test_a_block_that_nobody_could_undo_is_refused_with_what_helps() -> None:
    with pytest.raises(UnsupportedError, match="nobody knows the permissions of key_1") as caught:
        blocked("api_key:key_1", [IN_A], [ALSO_IN_A], {})

    assert "unknown_key_scopes" in caught.value.hint
    assert "proj_a" in caught.value.hint


def test_the_key_that_is_not_blocked_alone_is_called_as_people_call_it() -> None:
    named = replace(IN_A, name="search-prod")

    with pytest.raises(UnsupportedError, match="nobody knows the permissions of search-prod at openai"):
        blocked("api_key:key_1", [named], [ALSO_IN_A], {})


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("all", ["api.all.read"]),
        (["api.model.request", "model.read"], ["model.read"]),
        (["model.request"], ["api.all.read"]),
        (["api.files.read"], ["api.files.read"]),
    ],
)
def test_a_blocked_key_may_only_read_and_never_more_than_it_might(before: object, left: list[str]) -> None:
    ((_, state),) = scoped(before).items()

    assert DIALECT.wanted(spec(ActionKind.BLOCK, "api_key:key_1"), state) == {"scopes": left}


def test_a_key_is_revoked_by_its_project_and_id() -> None:
    assert planned(spec(ActionKind.REVOKE), [IN_A, IN_B], [ALSO_IN_A]) == [
        "key proj_a/key_1",
        "key proj_b/key_3",
    ]
    assert not DIALECT.offers[ActionKind.REVOKE].reversible


def test_a_cap_of_the_organization_is_its_own_spend_limit() -> None:
    cap = spec(ActionKind.CAP, "organization", amount_nano=to_nano(10))

    assert planned(cap, [IN_A, IN_B], []) == ["organization organization"]


def test_a_cap_over_several_projects_has_no_limit_here() -> None:
    with pytest.raises(UnsupportedError, match="2 projects"):
        planned(spec(ActionKind.CAP, amount_nano=to_nano(10)), [IN_A, ALSO_IN_A, IN_B], [])


@pytest.mark.parametrize(
    ("amount", "rate", "cents"),
    [
        ("100", "0.01", 100),
        ("1.999999999", "0.01", 1),
        ("300", "0.333333333333333333333333333333333333", 9_999),
        ("4000000000", "1.1", 440_000_000_000),
    ],
)
def test_credits_become_cents_exactly_and_never_more(amount: str, rate: str, cents: int) -> None:
    cap = spec(ActionKind.CAP, amount_nano=to_nano(amount))

    assert set_at(cap, {}, Decimal(rate)) == {"spend_limit_cents": cents}


def test_an_amount_that_cannot_be_a_spend_limit_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="less than a cent"):
        set_at(spec(ActionKind.CAP, amount_nano=999_999_999), {}, Decimal("0.01"))
    with pytest.raises(UnsupportedError, match="what a credit costs"):
        set_at(spec(ActionKind.CAP, amount_nano=to_nano(10)), {})


@pytest.mark.parametrize(
    ("before", "left"),
    [
        (None, ["gpt-5", "gpt-5-mini"]),
        ({"mode": "allow_list", "model_ids": ["gpt-4.1", "gpt-5"]}, ["gpt-5"]),
        ({"mode": "deny_list", "model_ids": ["gpt-5"]}, ["gpt-5-mini"]),
    ],
)
def test_allowed_models_only_become_fewer(before: object, left: list[str]) -> None:
    wanted = set_at(spec(ActionKind.MODELS, models=("gpt-5-mini", "gpt-5")), {"model_permissions": before})

    assert wanted == {"model_permissions": {"mode": "allow_list", "model_ids": left}}


def test_a_key_that_is_not_known_there_and_limits_not_read_yet_say_so() -> None:
    throttle = spec(ActionKind.THROTTLE)
    with pytest.raises(UnsupportedError, match="knows no key"):
        planned(throttle, [], [IN_A])
    with pytest.raises(UnsupportedError, match="not known yet"):
        DIALECT.targets(GATEWAY, throttle, Hit(throttle.scope, [IN_A], [], {}))
    with pytest.raises(UnsupportedError, match="no project") as caught:
        planned(spec(ActionKind.THROTTLE, models=("o9",)), [IN_A], [])
    assert "gpt-5" in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (RATES, "500 rpm, 90000 tpm"),
        ({"spend_limit_cents": 123_450}, "spend limit 1,234.50 USD a month"),
        ({"spend_limit_cents": None, "model_permissions": None}, "no spend limit, every model"),
        ({"model_permissions": {"mode": "allow_list", "model_ids": []}}, "blocked: no model allowed"),
        ({"model_permissions": {"mode": "deny_list", "model_ids": ["a", "b"]}}, "every model but a, b"),
        ({"hosted_tools": {"mcp": False, "web_search": True}}, "tools off: mcp"),
        ({"hosted_tools": {"mcp": True, "web_search": True}}, "every hosted tool"),
        ({"deleted": True}, "deleted"),
        ({"scopes": "all"}, "every permission"),
        ({"scopes": ["api.all.read"]}, "may only read (api.all.read)"),
        ({"scopes": ["model.request"]}, "permissions model.request"),
        ({}, "nothing known"),
    ],
)
def test_people_read_what_a_target_is_held_to(fields: Fields, words: str) -> None:
    assert DIALECT.words(fields) == words


def test_planning_loads_no_http_client() -> None:
    code = (
        "from agent.control.gateways.base import dialect_of; import sys; dialect_of('openai');"
        "print([name for name in ('httpx', 'numpy', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_of_hosted_tools_only_the_named_ones_stay_and_none_comes_on() -> None:
    before = {"file_search": True, "mcp": False, "web_search": True}

    kept = set_at(spec(ActionKind.TOOLS, models=("file_search", "mcp")), {"hosted_tools": before})
    nothing = set_at(spec(ActionKind.TOOLS), {"hosted_tools": before})

    assert kept == {"hosted_tools": {"file_search": True, "mcp": False, "web_search": False}}
    assert nothing == {"hosted_tools": dict.fromkeys(before, False)}


def test_a_tool_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UnsupportedError, match="no hosted tool browser") as raised:
        set_at(spec(ActionKind.TOOLS, models=("browser",)), {"hosted_tools": {"web_search": True}})

    assert raised.value.hint == "Known: web_search."
