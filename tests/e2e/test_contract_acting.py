"""What burndeck sets at the provider, against a mock server made from the provider's own contract.

Runs where BURNDECK_CONTRACT names the OpenAPI file and BURNDECK_PRISM the Prism command (`.ci/contract`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from agent.control.gateways.base import GatewayError, GoneError, Link, open_link
from agent.domain.gateway import Fields, Target, TargetKind
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Source
from tests.e2e.test_contract import KEY, Prism, prism, pytestmark

__all__ = ["prism", "pytestmark"]
T = TypeVar("T")

MODEL = Target("openai", TargetKind.PROJECT_MODEL, "proj_abc/string")  # the mock's models are called so
PROJECT = Target("openai", TargetKind.PROJECT, "proj_abc")
ORGANIZATION = Target("openai", TargetKind.ORGANIZATION, "organization")
A_KEY = Target("openai", TargetKind.KEY, "proj_abc/key_abc")
ITS_SCOPES = Target("openai", TargetKind.KEY_SCOPES, "proj_abc/key_abc")


def ask(prism: Prism, question: Callable[[Link], Awaitable[T]], prefer: str = "") -> T:
    """What a link to the mock answers."""
    headers = {"Prefer": prefer} if prefer else {}
    settings = Settings(sources=(Source(base_url=prism.url, headers=headers),))

    async def run() -> T:
        link = open_link(settings, Gateway(kind="openai"))
        try:
            return await question(link)
        finally:
            await link.close()

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
        return asyncio.run(run())


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (PROJECT, {"spend_limit_cents": 1}),
        (PROJECT, {"spend_limit_cents": None}),
        (PROJECT, {"model_permissions": {"mode": "allow_list", "model_ids": []}}),
        (PROJECT, {"model_permissions": {"mode": "deny_list", "model_ids": ["gpt-5"]}}),
        (PROJECT, {"model_permissions": None}),
        (PROJECT, {"hosted_tools": {"web_search": False, "mcp": True}}),
        (ORGANIZATION, {"spend_limit_cents": 123_456}),
        (ORGANIZATION, {"spend_limit_cents": None}),
        (A_KEY, {"deleted": True}),
        (ITS_SCOPES, {"scopes": ["api.all.read"]}),
        (ITS_SCOPES, {"scopes": "all"}),
    ],
)
def test_whatever_is_set_is_as_the_contract_has_it(prism: Prism, target: Target, fields: Fields) -> None:
    ask(prism, lambda link: link.write(target, fields, action=1, seq=0))

    assert prism.refused() == []


@pytest.mark.parametrize("target", [PROJECT, ORGANIZATION, A_KEY])
def test_whatever_can_be_set_can_be_read(prism: Prism, target: Target) -> None:
    state = ask(prism, lambda link: link.read(target))

    assert state.version
    assert prism.refused() == []


def test_scopes_are_asked_of_the_audit_log_as_the_contract_has_it(prism: Prism) -> None:
    with contextlib.suppress(GatewayError):  # the mock's log may have no end, and no word of the key
        ask(prism, lambda link: link.read(ITS_SCOPES))

    assert prism.refused() == []


def test_a_list_whose_cursor_comes_round_again_is_not_taken_for_whole(prism: Prism) -> None:
    with pytest.raises(GatewayError, match="no end"):
        ask(prism, lambda link: link.inventory())

    assert prism.refused() == []


@pytest.mark.parametrize(
    ("code", "refused"), [(401, True), (403, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_an_error_says_whether_it_is_a_no(prism: Prism, code: int, refused: bool) -> None:
    with pytest.raises(GatewayError) as caught:
        ask(
            prism,
            lambda link: link.write(PROJECT, {"spend_limit_cents": 5}, action=1, seq=0),
            prefer=f"code={code}",
        )

    assert caught.value.refused is refused
    assert isinstance(caught.value, GoneError) is (code == 404)
    assert len(caught.value.hint) > 20
    assert KEY not in f"{caught.value.message}{caught.value.hint}"


def test_a_rate_limit_is_set_by_the_id_that_its_list_gives(prism: Prism) -> None:
    limits = {"max_requests_per_1_minute": 1, "max_tokens_per_1_minute": 1_000}

    ask(prism, lambda link: link.write(MODEL, limits, action=1, seq=0))

    assert prism.refused() == []
