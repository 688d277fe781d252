"""The signed webhook as a gateway, against a receiver that verifies what it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from standardwebhooks import Webhook

from agent.control.gateways.base import (
    GatewayError,
    GoneError,
    Hit,
    Link,
    UnsupportedError,
    dialect_of,
    open_link,
)
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import Fields, GatewayKey, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.money import to_nano
from agent.errors import ConfigError
from agent.settings import Settings
from agent.settings_gateways import Acting, Gateway
from tests.servers.receiver import Answer, Receiver, in_turn

SECRET = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0"
SEARCH = Target("hook", TargetKind.TEAM, "search")
GUIDE = [
    "event",
    "severity",
    "allocation_id",
    "threshold",
    "current_usage",
    "monthly_allocation",
    "action",
    "notify",
]
DIALECT = dialect_of("webhook")
T = TypeVar("T")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def settings(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HOOK_WEBHOOK_SECRET", SECRET)
    allocation = Allocation(
        "org-1234-team-search",
        Scope.parse("team:search"),
        to_nano("500000.5"),
        hard_cap=Decimal("0.90"),
        contacts=("ada@example.com",),
    )
    return Settings(
        own_gateways=(Gateway(kind="webhook", name="hook", base_url=f"{receiver.url}/act?tenant=7"),),
        allocations=(allocation,),
        acting=Acting(listen="127.0.0.1:8787", callback_url="https://deck.example.com/"),
    )


def ask(settings: Settings, *questions: Callable[[Link], Awaitable[T]]) -> list[T]:
    """The answers of one link, in turn."""

    async def run() -> list[T]:
        link = open_link(settings, settings.gateways[0])
        try:
            return [await question(link) for question in questions]
        finally:
            await link.close()

    return asyncio.run(run())


def write(
    fields: Fields, target: Target = SEARCH, action: int = 17, seq: int = 2
) -> Callable[[Link], Awaitable[None]]:
    return lambda link: link.write(target, fields, action=action, seq=seq)


def refusal(settings: Settings, receiver: Receiver, answer: Answer) -> GatewayError:
    receiver.answer = lambda got: answer
    with pytest.raises(GatewayError) as caught:
        ask(settings, write({"max_rps": 10}))
    return caught.value


def a_throttle(scope: str = "team:search", **more: Any) -> ActionSpec:
    return ActionSpec(ActionKind.THROTTLE, Scope.parse(scope), **{"limit": Limit(10, LimitUnit.RPS), **more})


def hit(spec: ActionSpec) -> Hit:
    return Hit(spec.scope, [GatewayKey("key_1", "key_1", team="search")], [], {})


def test_the_receiver_verifies_the_guides_payload_with_what_we_add(
    receiver: Receiver, settings: Settings
) -> None:
    ask(settings, write({"max_rps": 10}))

    (got,) = receiver.got
    body = Webhook(SECRET).verify(got.body, dict(got.headers))
    assert (got.method, got.path, got.query) == ("POST", "/act", {"tenant": ["7"]})
    assert list(body)[:8] == GUIDE
    assert body["event"] == "spend.alert"
    assert body["action"] == {"type": "rate_limit", "params": {"scope": "team:search", "max_rps": 10}}
    assert (body["allocation_id"], body["notify"]) == ("org-1234-team-search", ["ada@example.com"])
    assert b'"threshold":0.9,' in got.body
    assert b'"monthly_allocation":500000.5,' in got.body
    assert (body["action_id"], body["seq"], body["undo"], body["drill"]) == (17, 2, False, False)
    assert body["callback_url"] == "https://deck.example.com/callbacks/hook/17/2"
    assert body["idempotency_key"] == got.headers["webhook-id"]


def test_every_attempt_has_the_same_id_and_bytes_and_the_undo_has_others(
    receiver: Receiver, settings: Settings
) -> None:
    ask(settings, write({"max_rps": 10}), write({"max_rps": 10}), write({"max_rps": None}))
    ask(settings, write({"max_rps": 10}))

    first, second, undo, restarted = receiver.got
    assert first.body == second.body == restarted.body
    assert len({got.headers["webhook-id"] for got in (first, second, restarted)}) == 1
    assert undo.headers["webhook-id"] != first.headers["webhook-id"]
    assert undo.json["event"] == "spend.alert.release"
    assert undo.json["undo"] is True
    assert undo.json["action"] == {"type": "remove_rate_limit", "params": {"scope": "team:search"}}


def test_a_block_and_its_undo_are_told(receiver: Receiver, settings: Settings) -> None:
    target = Target("hook", TargetKind.ORGANIZATION, "organization/non-prod")

    ask(settings, write({"blocked": True}, target), write({"blocked": None}, target))

    block, undo = (got.json for got in receiver.got)
    params = {"scope": "non-prod", "within": "organization"}
    assert block["action"] == {"type": "block", "params": params}
    assert undo["action"] == {"type": "unblock", "params": params}
    assert (block["undo"], undo["undo"]) == (False, True)


def test_it_holds_what_was_taken_and_knows_nothing_before_and_after_a_restart(
    receiver: Receiver, settings: Settings
) -> None:
    before, _, after, _, both = ask(
        settings,
        lambda link: link.read(SEARCH),
        write({"max_rps": 10}),
        lambda link: link.read(SEARCH),
        write({"blocked": True}),
        lambda link: link.read(SEARCH),
    )
    (restarted,) = ask(settings, lambda link: link.read(SEARCH))

    assert before == restarted == TargetState(SEARCH, {}, "")
    assert after is not None
    assert after.fields == {"max_rps": 10}
    assert both is not None
    assert both.fields == {"max_rps": 10, "blocked": True}
    assert len({after.version, both.version, ""}) == 3


def test_what_was_not_taken_is_not_held(receiver: Receiver, settings: Settings) -> None:
    receiver.answer = in_turn(Answer(500), Answer())

    async def twice(link: Link) -> tuple[TargetState, TargetState]:
        with pytest.raises(GatewayError):
            await link.write(SEARCH, {"max_rps": 10}, action=1, seq=0)
        failed = await link.read(SEARCH)
        await link.write(SEARCH, {"max_rps": 10}, action=1, seq=0)
        return failed, await link.read(SEARCH)

    ((failed, taken),) = ask(settings, twice)
    assert failed.fields == {}
    assert taken.fields == {"max_rps": 10}


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (401, True), (302, True), (404, True), (408, False), (429, False), (503, False)],
)
def test_only_a_definite_no_counts_as_refused(
    receiver: Receiver, settings: Settings, status: int, refused: bool
) -> None:
    error = refusal(settings, receiver, Answer(status, "no", {"Location": "https://elsewhere.example"}))

    assert error.refused is refused
    assert error.hint
    assert len(receiver.got) == 1


def test_a_receiver_that_is_gone_is_gone(receiver: Receiver, settings: Settings) -> None:
    assert isinstance(refusal(settings, receiver, Answer(410)), GoneError)


def test_no_answer_leaves_it_open_and_no_error_shows_a_secret(receiver: Receiver, settings: Settings) -> None:
    said = refusal(settings, receiver, Answer(400, f"bad {SECRET} Bearer abc.def sk-1234567890abcdef"))
    hasty = Gateway(kind="webhook", name="hook", base_url=settings.gateways[0].base_url, timeout=1)  # type: ignore[arg-type]
    slow = refusal(Settings(own_gateways=(hasty,)), receiver, Answer(hang=True))

    assert not slow.refused
    for error in (said, slow):
        text = f"{error.message} {error.hint} {error!r}"
        assert "tenant=7" not in text
        assert SECRET.removeprefix("whsec_") not in text
        assert "sk-1234567890abcdef" not in text
        assert "abc.def" not in text


def test_a_secret_that_is_no_base64_is_a_mistake_of_configuration(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_WEBHOOK_SECRET", "not/base64!")

    with pytest.raises(ConfigError, match="base64") as caught:
        open_link(settings, settings.gateways[0])

    assert "not/base64!" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("scope", "more", "target"),
    [
        ("team:search", {}, "hook/team/search"),
        ("api_key:key_1", {}, "hook/key/key_1"),
        ("project:proj_a", {"non_prod": True}, "hook/project/proj_a/non-prod"),
        ("organization", {"non_prod": True}, "hook/organization/organization/non-prod"),
    ],
)
def test_a_scope_is_one_target(settings: Settings, scope: str, more: dict[str, Any], target: str) -> None:
    spec = a_throttle(scope, **more)

    assert [str(each) for each in DIALECT.targets(settings.gateways[0], spec, hit(spec))] == [target]


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        (a_throttle("department:search"), "teams"),
        (a_throttle("team:payments"), "team:search"),
        (a_throttle(models=("gpt-5",)), "models"),
        (ActionSpec(ActionKind.REVOKE, Scope.parse("team:search")), "It can throttle or block it."),
    ],
)
def test_what_it_cannot_do_names_what_it_can(spec: ActionSpec, hint: str) -> None:
    gateway = Gateway(
        kind="webhook", base_url="http://127.0.0.1:1", serves=("team:search", "department:search")
    )

    with pytest.raises(UnsupportedError) as caught:
        DIALECT.targets(gateway, spec, hit(spec))

    assert hint in caught.value.hint


def test_it_knows_requests_a_second_only_and_never_loosens() -> None:
    held = TargetState(SEARCH, {"max_rps": 3, "blocked": True})

    assert DIALECT.wanted(a_throttle(), TargetState(SEARCH, {})) == {"max_rps": 10}
    assert DIALECT.wanted(a_throttle(), held) == {"max_rps": 3}
    assert DIALECT.words(held.fields) == "blocked, 3 rps"
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.wanted(a_throttle(limit=Limit(120, LimitUnit.RPM)), held)
    assert "2 rps" in caught.value.hint


@pytest.mark.parametrize(
    ("rpm", "rate", "nearest"),
    [(3, "0.05 rps", "1 rps, the least, is more"), (90, "1.5 rps", "1 rps is the nearest below")],
)
def test_a_rate_that_whole_calls_a_second_cannot_say_is_refused_with_what_it_is(
    rpm: int, rate: str, nearest: str
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.wanted(a_throttle(limit=Limit(rpm, LimitUnit.RPM)), TargetState(SEARCH, {}))

    assert f"{rpm} rpm are {rate}, which" in caught.value.message
    assert caught.value.hint.startswith(nearest) and "Use rps" not in caught.value.hint
