"""Answers to rows: units, service tiers, line items and exact money."""

from __future__ import annotations

import msgspec
import pytest

from agent.domain.usage import MICRO, Operation
from agent.errors import ConfigError
from agent.ledger.rows import CostRow
from agent.settings import Settings
from agent.settings_schema import Organization
from agent.telemetry.attribution import Attributor
from agent.telemetry.rates import load_rate_card
from agent.telemetry.registry import Registry
from agent.telemetry.sources.openai.costs import CostDecoder, service_of
from agent.telemetry.sources.openai.kinds import USAGE_KINDS
from agent.telemetry.sources.openai.usage import UsageDecoder
from agent.telemetry.sources.openai.windows import DAY, HOUR, MINUTE, Window
from agent.telemetry.sources.openai.wire import Bucket, BucketPage, Cost, Usage

START = 1_790_002_800
KINDS = {kind.name: kind for kind in USAGE_KINDS}
HOURLY = Window(START, START + HOUR, HOUR)


def usage_rows(kind: str, rows: list[dict[str, object]], window: Window = HOURLY):  # type: ignore[no-untyped-def]
    """The bucket rows of one bucket that holds `rows`."""
    bucket = {"start_time": window.start, "end_time": window.start + window.width, "results": rows}
    decoder = UsageDecoder("openai", load_rate_card(Settings()), Attributor(Registry()))
    return decoder.rows(KINDS[kind], [msgspec.convert(bucket, Bucket[Usage])], window)


def test_cached_tokens_stay_part_of_the_input_and_are_priced_as_cached() -> None:
    usage = {
        "model": "gpt-5",
        "api_key_id": "key_1",
        "input_tokens": 1_000_000,
        "input_cached_tokens": 400_000,
        "output_tokens": 100_000,
        "num_model_requests": 7,
        "a_field_of_next_year": {"x": 1},
    }

    ((row,), outside) = usage_rows("completions", [usage])

    assert (row.requests, row.tokens_input, row.tokens_cached, row.tokens_output) == (
        7,
        10**6,
        400_000,
        100_000,
    )
    # 0.6 M at 1.25 USD, 0.4 M cached at 0.125 USD, 0.1 M answers at 10 USD, a credit being a cent
    assert row.credits_nano == 180 * 10**9
    assert row.dimensions.api_key == "key_1"
    assert outside == 0


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({}, "standard"),
        ({"service_tier": "default"}, "standard"),
        ({"service_tier": "priority"}, "priority"),
        ({"batch": True}, "batch"),
        ({"batch": False, "service_tier": "flex"}, "flex"),
    ],
)
def test_batch_and_service_tier_become_one_tier(fields: dict[str, object], tier: str) -> None:
    ((row,), _) = usage_rows("completions", [{"model": "gpt-5", "input_tokens": 1, **fields}])

    assert row.service.tier == tier


@pytest.mark.parametrize(
    ("kind", "fields", "operation", "quantity"),
    [
        ("images", {"images": 3, "num_model_requests": 2}, Operation.IMAGE, 3 * MICRO),
        ("audio_transcriptions", {"seconds": 1.5}, Operation.AUDIO_TRANSCRIPTION, MICRO * 3 // 2),
        ("audio_speeches", {"characters": 12}, Operation.AUDIO_SPEECH, 12 * MICRO),
        ("file_search_calls", {"num_requests": 5}, Operation.FILE_SEARCH, 5 * MICRO),
        ("code_interpreter_sessions", {"num_sessions": 4}, Operation.CODE_INTERPRETER, 4 * MICRO),
        ("vector_stores", {"usage_bytes": 2 * 2**30}, Operation.VECTOR_STORE, 2 * MICRO),
        ("embeddings", {"num_model_requests": 9, "input_tokens": 1}, Operation.EMBEDDING, 9 * MICRO),
    ],
)
def test_each_kind_counts_its_own_unit(
    kind: str, fields: dict[str, object], operation: Operation, quantity: int
) -> None:
    ((row,), _) = usage_rows(kind, [fields])

    assert (row.service.operation, row.quantity_micro) == (operation, quantity)


def test_an_unknown_model_is_counted_and_left_unpriced() -> None:
    ((row,), _) = usage_rows("completions", [{"model": "model-of-tomorrow", "input_tokens": 5}])

    assert (row.tokens_input, row.credits_nano) == (5, None)


def test_buckets_outside_of_what_was_asked_are_dropped_and_counted() -> None:
    asked = Window(START, START + 5 * MINUTE, MINUTE)
    before = {"start_time": START - 60, "end_time": START, "results": [{"input_tokens": 1}]}
    off_the_grid = {"start_time": START + 30, "end_time": START + 90, "results": [{"input_tokens": 1}] * 2}
    decoder = UsageDecoder("openai", load_rate_card(Settings()), Attributor(Registry()))
    buckets = [msgspec.convert(bucket, Bucket[Usage]) for bucket in (before, off_the_grid)]

    assert decoder.rows(KINDS["completions"], buckets, asked) == ([], 3)


@pytest.mark.parametrize(
    ("line_item", "model", "operation"),
    [
        ("gpt-5, input", "gpt-5", Operation.COMPLETION),
        ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06", Operation.COMPLETION),
        ("text-embedding-3-large, input", "text-embedding-3-large", Operation.EMBEDDING),
        ("gpt-image-1, images", "gpt-image-1", Operation.IMAGE),
        ("fine_tune, hours", "", Operation.FINE_TUNE),
        ("web search tool calls", "", Operation.WEB_SEARCH),
        ("credits", "", Operation.COMPLETION),
    ],
)
def test_a_line_item_names_model_and_operation(line_item: str, model: str, operation: Operation) -> None:
    service = service_of(line_item)

    assert (service.model, service.operation) == (model, operation)


def cost_rows(body: bytes) -> tuple[list[CostRow], int]:
    """The rows of an answer about day 20,000 to an organization that pays in US dollars."""
    decoder = CostDecoder("openai", Organization(), Attributor(Registry()))
    page = msgspec.json.decode(body, type=BucketPage[Cost])
    return decoder.rows(page.data, [(DAY * 20_000, DAY * 20_001)])


def test_a_bill_in_another_currency_is_refused_with_what_to_set() -> None:
    body = b'{"data":[{"start_time":%d,"end_time":%d,"results":[{"amount":{"value":1,"currency":"eur"}}]}]}'

    with pytest.raises(ConfigError, match=r"in EUR, organization\.currency is USD"):
        cost_rows(body % (DAY * 20_000, DAY * 20_001))


@pytest.mark.parametrize("name", ["results", "result"])
@pytest.mark.parametrize("value", [b'"0.8958740000000000"', b"0.895874"], ids=["text", "number"])
def test_money_is_exact_as_text_or_number_under_either_name(name: str, value: bytes) -> None:
    body = b'{"data":[{"start_time":%d,"end_time":%d,"%s":[{"amount":{"value":%s,"currency":"usd"}}]}]}' % (
        DAY * 20_000,
        DAY * 20_001,
        name.encode(),
        value,
    )

    rows, outside = cost_rows(body)

    assert [(row.amount_nano, row.credits_nano, row.currency) for row in rows] == [
        (895_874_000, 89_587_400_000, "USD")
    ]
    assert outside == 0
