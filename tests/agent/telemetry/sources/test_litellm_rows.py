"""Rows of a LiteLLM proxy's log as records, and whose their keys are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from agent.domain.usage import Pattern
from agent.litellm.keys import Owner, labels_of, owner_of
from agent.telemetry.decode import RowError
from agent.telemetry.sources.litellm.rows import Owners, record_of_row
from tests.agent.telemetry.sources.litellm_proxy import OWNER, TOKEN, exact, row


def test_a_row_is_a_record_with_exact_credits() -> None:
    record, pattern = record_of_row(exact(row(spend=0.1)), OWNER, Decimal("0.01"))

    assert (record.request_id, record.model_name, record.api_key_id) == (
        "chatcmpl-0",
        "gpt-4o",
        "search-prod",
    )
    assert record.credits_consumed == Decimal(10)
    assert json.loads(bytes(record.usage_labels)) == {
        "team": "search",
        "environment": "prod",
        "project": "ranker",
    }
    assert record.units_consumed.cached == 10  # type: ignore[union-attr]
    assert pattern is Pattern.GATEWAY


def test_a_team_that_only_the_caller_names_is_the_callers_word() -> None:
    record, pattern = record_of_row(exact(row()), Owner("k", "", {}), Decimal("0.01"))

    assert json.loads(bytes(record.usage_labels))["team"] == "other"
    assert pattern is Pattern.TAG


@pytest.mark.parametrize(
    ("call_type", "operation", "endpoint"),
    [
        ("acompletion", "completion", None),
        ("aresponses", "completion", None),
        ("", "completion", None),
        ("aembedding", "embedding", None),
        ("aimage_generation", "image", None),
        ("pass_through_endpoint", "completion", "pass_through_endpoint"),
    ],
)
def test_every_way_to_call_is_an_operation(call_type: str, operation: str, endpoint: str | None) -> None:
    record, _ = record_of_row(exact(row(call_type=call_type)), OWNER, Decimal(1))

    assert (record.operation_type, record.endpoint) == (operation, endpoint)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"error_code": "429", "error_class": "ProxyRateLimitError"}, "429"),
        ({"error_code": "", "error_message": "Key is blocked. Update"}, "blocked"),
        ({"error_code": "", "error_class": "Timeout"}, "Timeout"),
        (None, "error"),
    ],
)
def test_a_failure_has_a_code_whatever_the_log_says(error: dict[str, str] | None, code: str) -> None:
    failed = exact(row(status="failure", metadata={"error_information": error}, spend=0))

    assert record_of_row(failed, OWNER, Decimal(1))[0].error_code == code


@pytest.mark.parametrize("wrong", [{"request_id": None}, {"spend": "much"}, {"prompt_tokens": -1}])
def test_a_row_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RowError):
        record_of_row(exact(row(**wrong)), OWNER, Decimal(1))


def test_the_models_own_name_stands_where_no_group_does() -> None:
    for model, provider, name in (
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("vendor/gpt-4o", "", "gpt-4o"),
        ("", "", "unknown"),
    ):
        without = exact(row(model_group="", model=model, custom_llm_provider=provider))
        assert record_of_row(without, OWNER, Decimal(1))[0].model_name == name


def test_a_keys_labels_come_from_its_metadata_over_its_teams() -> None:
    teams = {
        "t1": {"team_alias": "search", "metadata": {"tags": ["environment:dev", "x:y"], "cost_center": 7}}
    }

    owner = owner_of({"token": TOKEN, "team_id": "t1", "metadata": {"environment": "prod"}}, teams)

    assert owner == Owner(TOKEN, "t1", {"team": "search", "environment": "prod", "cost_center": "7"})
    assert labels_of(None) == labels_of({"tags": "team:x"}) == {}


def test_made_up_keys_are_nobodys() -> None:
    owners = Owners({TOKEN: OWNER})
    refused = row(api_key="f" * 64, team_id=None, status="failure", metadata={})

    assert owners.of(refused).api_key == ""
    assert not owners.lacks(refused)
    assert owners.lacks(row(api_key="b" * 64))
    assert owners.of(row()) == OWNER
