"""LiteLLM's dialect: what an action becomes in its fields, and which refused calls are its doing."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agent.control.gateways.base import GatewayError, Hit, UnsupportedError, dialect_of
from agent.control.gateways.litellm import DIALECT, priced
from agent.control.gateways.litellm.fields import body_of, state_of
from agent.control.gateways.litellm.link import LiteLLMLink
from agent.control.gateways.litellm.traffic import Refusals
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.canonical import canonical
from agent.domain.gateway import (
    GatewayKey,
    Inventory,
    Limit,
    LimitUnit,
    Target,
    TargetKind,
    TargetState,
    Traffic,
)
from agent.litellm.client import Proxy
from agent.litellm.keys import epoch_of
from agent.secrets import Secret
from agent.settings_gateways import Gateway
from tests.agent.telemetry.answering import Answer, AnsweringServer, Asked

GATEWAY = Gateway(kind="litellm", base_url="http://127.0.0.1:4000")
NOW = 1_795_744_800
KEY = {
    "token": "a" * 64,
    "rpm_limit": None,
    "tpm_limit": None,
    "max_parallel_requests": None,
    "blocked": None,
    "models": [],
    "max_budget": None,
    "budget_duration": None,
    "metadata": {"project": "ranker", "share": Decimal("0.1")},
    "settings_updated_at": None,
    "updated_at": "2026-11-27T01:50:01.867000+00:00",
    "spend": Decimal("0.011852"),
}


def exact(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON can say it."""
    return {**values, "metadata": {}, "spend": 0}


def state(**changes: Any) -> TargetState:
    return state_of("litellm", TargetKind.KEY, {**KEY, **changes})


def spec(kind: ActionKind, scope: str = "team:search", **more: Any) -> ActionSpec:
    return ActionSpec(kind, Scope.parse(scope), **more)


def throttle(amount: int, unit: LimitUnit = LimitUnit.RPM, *models: str) -> ActionSpec:
    return spec(ActionKind.THROTTLE, limit=Limit(amount, unit), models=models)


def key(name: str, team: str = "t1") -> GatewayKey:
    return GatewayKey(name, name, labels={"team_id": team} if team else {})


def hit(keys: Sequence[GatewayKey], *others: GatewayKey) -> Hit:
    return Hit(Scope.parse("team:search"), keys, others, {})


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


ODD = {"model_rpm_limit": {"gpt-4o": "lots"}}


def listed(keys: Sequence[dict[str, Any]], teams: Sequence[dict[str, Any]] = ()) -> Any:
    """What the link makes of a proxy with these keys and teams."""
    lists = {
        "/key/list": {"keys": keys, "total_count": len(keys), "total_pages": 1},
        "/v2/team/list": {"teams": teams, "total": len(teams), "total_pages": 1},
        "/key/info": {"key": keys[-1]["token"], "info": keys[-1]} if keys else {},
    }

    async def run(url: str) -> tuple[Inventory, TargetState | str]:
        link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
        try:
            found = await link.inventory()
            try:
                return found, await link.read(Target("litellm", TargetKind.KEY, "x"))
            except GatewayError as error:
                return found, error.message
        finally:
            await link.close()

    with AnsweringServer(lambda asked: Answer(lists[asked.path])) as server:
        return asyncio.run(run(server.base_url))


@pytest.mark.parametrize("metadata", [ODD, "text", ["list"], {"model_tpm_limit": "many"}])
def test_a_key_with_odd_metadata_is_read_like_the_others(metadata: Any) -> None:
    odd = {**exact(KEY), "token": "odd", "rpm_limit": 7, "metadata": metadata}

    found, alone = listed([exact(KEY), odd])

    assert [each.id for each in found.keys] == ["a" * 64, "odd"]
    assert found.states[1].fields["rpm_limit"] == 7
    assert alone.fields == found.states[1].fields
    assert DIALECT.wanted(spec(ActionKind.BLOCK), alone) == {"blocked": True}


def test_a_key_that_makes_no_sense_is_left_out_and_never_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = {**exact(KEY), "token": "odd", "rpm_limit": "lots"}
    team = {"team_id": "t1", "team_alias": "search", "models": 7}

    found, alone = listed([exact(KEY), odd], [team])

    assert [each.id for each in found.keys] == [each.target.id for each in found.states] == ["a" * 64]
    assert "another way than we know" in alone
    assert "key odd is left out" in caplog.text and "team t1 is left out" in caplog.text


class Failures:
    """A log of spend of failed calls, one every second from `NOW` on, and what it was asked."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)
        self.asked: list[Asked] = []

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        start = datetime.datetime.fromisoformat(f"{asked.one('start_date')}+00:00").timestamp()
        rows = self.rows if asked.one("status_filter") == "failure" else []
        found = [each for each in rows if epoch_of(each["startTime"]) >= start]  # type: ignore[operator]
        page, size = int(asked.one("page") or 1), int(asked.one("page_size") or 1)
        return Answer(
            {
                "data": found[(page - 1) * size : page * size],
                "total": len(found),
                "total_pages": -(-len(found) // size),
            }
        )

    def looks(self, *times: float) -> list[Traffic]:
        """What looks at these times found, for a key that was limited at `NOW`."""
        target = Target("litellm", TargetKind.KEY, "x")

        async def run(url: str) -> list[Traffic]:
            link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
            found = [await link.traffic(target, {"rpm_limit": 5}, NOW, at) for at in times]
            await link.close()
            return [each for each in found if each is not None]

        with AnsweringServer(self.answer) as server:
            return asyncio.run(run(server.base_url))


def call(number: int, error: dict[str, Any]) -> dict[str, Any]:
    stamp = datetime.datetime.fromtimestamp(NOW + number, datetime.UTC).isoformat()
    return {**error, "request_id": f"r{number}", "startTime": stamp}


def test_a_look_asks_once_as_long_as_nothing_was_refused() -> None:
    log = Failures()

    assert [each.refused for each in log.looks(NOW + 1, NOW + 2)] == [0, 0]
    assert len(log.asked) == 2


def test_a_look_stops_at_the_first_page_with_a_refusal() -> None:
    log = Failures(*(call(number, OF_KEY) for number in range(1_000)))

    (found,) = log.looks(NOW + 1_000)

    assert (found.refused, found.first_refused_at, found.note) == (100, NOW, "there are more")
    assert len(log.asked) == 2  # the other for what passed


def test_looks_go_through_many_failures_of_others_bit_by_bit_and_never_twice() -> None:
    log = Failures(*(call(number, OF_PROVIDER) for number in range(700)), call(650, OF_KEY))
    log.rows.sort(key=lambda row: row["startTime"])

    found = log.looks(NOW + 701, NOW + 702, NOW + 703)

    assert [each.refused for each in found] == [0, 0, 1]
    assert len(log.asked) == 3 + 3 + 1 + 1


def test_a_refusal_that_is_written_late_is_seen() -> None:
    log = Failures()
    real = log.answer

    def late(asked: Asked) -> Answer:
        if len(log.asked) == 3:
            log.rows.append(call(250, OF_KEY))
        return real(asked)

    log.answer = late  # type: ignore[method-assign]

    assert [each.refused for each in log.looks(NOW + 100, NOW + 200, NOW + 300, NOW + 303)] == [0, 0, 0, 1]
    assert log.asked[2].one("start_date") > log.asked[0].one("start_date")  # type: ignore[operator]


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


class Shelf:
    """A proxy that has one key, until it is deleted."""

    def __init__(self, *, lists_it: bool = False) -> None:
        self.there, self.deletions, self._lists_it = True, 0, lists_it

    def answer(self, asked: Asked) -> Answer:
        missing = Answer({"error": {"message": "Key not found in database", "code": "404"}}, 404)
        if asked.path == "/key/list":
            return Answer({"keys": [], "total_count": int(self.there or self._lists_it), "total_pages": 1})
        if not self.there:
            return missing
        if asked.path == "/key/delete":
            self.there, self.deletions = False, self.deletions + 1
            return Answer({"deleted_keys": ["a" * 64]})
        return Answer({"key": "a" * 64, "info": exact(KEY)})

    def told(self, *fields: dict[str, Any]) -> list[TargetState]:
        """What is read before and after each write."""
        target = Target("litellm", TargetKind.KEY, "a" * 64)

        async def run(url: str) -> list[TargetState]:
            link = LiteLLMLink("litellm", Proxy(url, Secret("sk-master"), owner="litellm", timeout_s=5))
            try:
                found = [await link.read(target)]
                for each in fields:
                    await link.write(target, each, action=1, seq=0)
                    found.append(await link.read(target))
                return found
            finally:
                await link.close()

        with AnsweringServer(self.answer) as server:
            return asyncio.run(run(server.base_url))


def test_a_key_that_is_deleted_twice_is_deleted_once_and_reads_as_gone() -> None:
    shelf = Shelf()

    before, first, second = shelf.told({"deleted": True}, {"deleted": True})

    assert (before.fields["deleted"], before.gone) == (False, False)
    assert first == second
    assert (first.fields, first.gone, shelf.deletions) == ({"deleted": True}, True, 1)


def test_a_key_that_is_listed_all_the_same_does_not_count_as_deleted() -> None:
    with pytest.raises(GatewayError, match="lists a key") as error:
        Shelf(lists_it=True).told({"deleted": True})

    assert not error.value.refused


def test_a_deleted_key_is_never_made_again() -> None:
    with pytest.raises(GatewayError, match="does not come back") as error:
        Shelf().told({"deleted": False})

    assert error.value.refused


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


def failed(message: str, code: str = "429", kind: str = "requests", model: str = "gpt-4o") -> dict[str, Any]:
    error = {"error_message": message, "error_code": code, "error_rate_limit_type": kind}
    return {"model_group": model, "metadata": {"error_information": error}}


OF_KEY = failed("litellm.RateLimitError: Rate limit exceeded for api_key: abc. Limit type: requests.")
OF_TEAM = failed("litellm.RateLimitError: Rate limit exceeded for team: t1. Limit type: requests.")
OF_MODEL = failed("litellm.RateLimitError: Rate limit exceeded for model_per_key: abc:gpt-4o.")
OF_TOKENS = failed("litellm.RateLimitError: Rate limit exceeded for api_key: abc.", kind="tokens")
OF_PROVIDER = failed("litellm.RateLimitError: OpenAIException - You exceeded your current quota", kind="")
KEY_BLOCKED = failed("Key is blocked. Update via `/key/unblock` if you're an admin.", "")
TEAM_BLOCKED = failed("Team=t1 is blocked. Update via `/team/unblock` if you're an admin.", "")
BUDGET = failed("Budget has been exceeded! Key=search (sk-...) Current cost: 2, Max budget: 1", kind="budget")
FORBIDDEN = failed("key not allowed to access model. This key can only access models=['o3']", "403")
UNKNOWN = {
    "metadata": {
        "error_information": {
            "error_message": "Authentication Error, Invalid proxy server token passed.",
            "error_code": "401",
            "error_class": "KeyNotFoundError",
        }
    }
}
EVERY = (
    OF_KEY,
    OF_TEAM,
    OF_MODEL,
    OF_TOKENS,
    OF_PROVIDER,
    KEY_BLOCKED,
    TEAM_BLOCKED,
    BUDGET,
    FORBIDDEN,
    UNKNOWN,
    {"metadata": None},
)


@pytest.mark.parametrize(
    ("kind", "fields", "caused"),
    [
        (TargetKind.KEY, {"rpm_limit": 5}, OF_KEY),
        (TargetKind.TEAM, {"rpm_limit": 5}, OF_TEAM),
        (TargetKind.KEY, {"tpm_limit": 5}, OF_TOKENS),
        (TargetKind.KEY, {"model_rpm_limit": {"gpt-4o": 1}}, OF_MODEL),
        (TargetKind.KEY, {"blocked": True}, KEY_BLOCKED),
        (TargetKind.TEAM, {"blocked": True}, TEAM_BLOCKED),
        (TargetKind.KEY, {"max_budget": "1", "budget_duration": "1mo"}, BUDGET),
        (TargetKind.KEY, {"models": ["o3"]}, FORBIDDEN),
        (TargetKind.KEY, {"deleted": True}, UNKNOWN),
    ],
)
def test_only_refusals_of_the_change_itself_count(
    kind: TargetKind, fields: dict[str, Any], caused: dict[str, Any]
) -> None:
    refusals = Refusals.by(Target("litellm", kind, "x"), fields)

    assert [row for row in EVERY if refusals.caused(row)] == [caused]
