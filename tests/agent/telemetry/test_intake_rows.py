"""Rows of usage: what they become, and why a bad one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from agent.domain.usage import Pattern
from agent.ledger.rows import EventBatch
from agent.settings import Settings
from agent.telemetry.attribution import Attributor
from agent.telemetry.decode import decode_block, record_of
from agent.telemetry.decode_ndjson import ndjson_parts
from agent.telemetry.intake_batch import BatchBuilder
from agent.telemetry.rates import load_rate_card
from agent.telemetry.registry import Registry
from tests.agent.telemetry.records import LATEST, RECORD, record


def built(*records: Any) -> tuple[EventBatch, list[str]]:
    """The batch that records become, and the reasons of the refused ones."""
    builder = BatchBuilder(load_rate_card(Settings()), Attributor(Registry()), "acct", Pattern.TAG, LATEST)
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
    reasons = []
    for part in ndjson_parts([b"\n".join(lines)], "events"):
        builder.add(part)
        reasons += [row.reason for row in part.bad]
    batch, refused = builder.build()
    return batch, reasons + [row.reason for row in refused]


def test_the_guides_record_is_stored_priced_and_attributed() -> None:
    batch, refused = built(RECORD)

    assert not refused
    assert (batch.at.tolist(), batch.request_id, batch.latency_ms.tolist()) == (
        [1_772_366_400],
        ["req-1"],
        [812],
    )
    (who,), (service,) = batch.dimensions, batch.services
    assert (who.account, who.api_key, who.team, who.cost_center, who.pattern) == (
        "acct",
        "key-1",
        "search",
        "CC-1",
        "A",
    )
    assert (service.model, service.operation, service.endpoint, service.tier) == (
        "gpt-5-2025-08-07",
        "completion",
        "completions",
        "standard",
    )
    # 600 x 1.25 + 400 x 0.125 + 200 x 10 USD a million, a credit being a cent
    assert batch.credits_nano.tolist() == [280_000_000]


def test_credits_that_a_row_carries_are_kept_exactly() -> None:
    line = json.dumps(record(credits_consumed=0)).replace(
        '"credits_consumed": 0', '"credits_consumed": 0.123456789'
    )

    batch, _ = built(line.encode())

    assert batch.credits_nano.tolist() == [123_456_789]


@pytest.mark.parametrize(
    ("operation", "units", "columns"),
    [
        ("completion", 12, (12, 0, 0, 0)),
        ("embeddings", 12.0, (12, 0, 0, 0)),
        ("audio_transcription", 12.5, (0, 0, 0, 12_500_000)),
        ("fine_tune", 0.25, (0, 0, 0, 250_000)),
        ("file_upload", 1, (0, 0, 0, 1_000_000)),
        ("image", {"quantity": 2}, (0, 0, 0, 2_000_000)),
        ("chat", {"input": 5.0, "output": None}, (5, 0, 0, 0)),
        ("chat", "7", (7, 0, 0, 0)),
        ("chat", '{"input": 7, "output": 1}', (7, 0, 1, 0)),
    ],
)
def test_units_are_one_number_or_in_detail(operation: str, units: Any, columns: tuple[int, ...]) -> None:
    batch, refused = built(record(operation_type=operation, units_consumed=units))

    assert not refused
    found = (batch.tokens_input, batch.tokens_cached, batch.tokens_output, batch.quantity_micro)
    assert tuple(int(column[0]) for column in found) == columns


def test_optional_fields_may_be_missing_or_null() -> None:
    names = ("timestamp", "request_id", "model_name", "operation_type", "units_consumed")
    batch, refused = built(
        {name: RECORD[name] for name in names}, record(api_key_id=None, usage_labels=None, error_code="")
    )

    assert not refused
    assert [who.pattern for who in batch.dimensions] == ["none"]
    assert batch.latency_ms.tolist() == [-1, 812]
    assert batch.error_code == [None, None]


def test_loose_types_are_understood() -> None:
    batch, refused = built(
        record(request_id=77, timestamp=1_772_366_400, error_code=429),
        record(
            usage_labels="team=payments, project=auth-service",
            response_latency_ms="15",
            credits_consumed="1.5",
        ),
        record(account="other", user_id="u-1", endpoint="/v1/responses", service_tier="batch"),
    )

    assert not refused
    assert batch.request_id[0] == "77"
    assert batch.error_code[0] == "429"
    assert [who.team for who in batch.dimensions] == ["search", "payments", "search"]
    assert batch.credits_nano[1] == 1_500_000_000
    assert (batch.dimensions[2].account, batch.dimensions[2].user) == ("other", "u-1")
    assert (batch.services[-1].endpoint, batch.services[-1].tier) == ("/v1/responses", "batch")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (b"{broken", "the line is not JSON"),
        (b"[1, 2]", "the line is not a JSON object"),
        (b'{"timestamp": "\xff"}', "the line is not UTF-8"),
        ({name: value for name, value in RECORD.items() if name != "request_id"}, "request_id: is missing"),
        (record(request_id=""), "request_id: "),
        (record(request_id="x" * 600), "request_id: "),
        (record(timestamp="soon"), "timestamp: "),
        (record(model_name=None), "model_name: "),
        (record(operation_type="dance"), "operation_type: 'dance'"),
        (record(units_consumed={"input": -1}), "units_consumed.input: "),
        (record(units_consumed={"input": 1.5}), "units_consumed.input: "),
        (record(units_consumed={"input": 10**12}), "units_consumed.input: "),
        (record(units_consumed={"imput": 1}), "units_consumed.imput: "),
        (record(units_consumed={"input": 1, "cached": 2}), "units_consumed.cached: "),
        (record(units_consumed=-3), "units_consumed: "),
        (record(units_consumed=1.5), "units_consumed: "),
        (record(units_consumed="many"), "units_consumed: "),
        (record(units_consumed=True), "units_consumed: "),
        (record(credits_consumed=-1), "credits_consumed: "),
        (record(credits_consumed=1e30), "credits_consumed: "),
        (record(credits_consumed=9_000_000_000), "credits_consumed: 9000000000 is not between 0 and"),
        (record(units_consumed={"output": 10**11}), "units_consumed: would cost more than"),
        (record(credits_consumed="a lot"), "credits_consumed: "),
        (record(usage_labels=[1]), "usage_labels: "),
        (record(usage_labels="team"), "usage_labels: "),
        (record(response_latency_ms=-5), "response_latency_ms: "),
    ],
)
def test_a_bad_row_is_refused_with_its_field_and_the_good_ones_stay(row: Any, field: str) -> None:
    batch, refused = built(RECORD, row, record(request_id="req-2"))

    assert batch.request_id == ["req-1", "req-2"]
    assert len(refused) == 1
    assert refused[0].startswith(field)


units = st.one_of(
    st.integers(0, 10**9),
    st.fixed_dictionaries(
        {}, optional={"input": st.integers(5, 9), "output": st.integers(0, 9), "cached": st.integers(0, 5)}
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(record, request_id=texts, units_consumed=units, error_code=st.none() | texts), min_size=1
    )
)
@check(max_examples=50, deadline=None)
def test_the_fast_path_and_the_exact_path_agree(rows: list[dict[str, Any]]) -> None:
    fast = decode_block("\n".join(json.dumps(row) for row in rows).encode())

    assert fast is not None
    for one, other in zip(fast, map(record_of, rows), strict=True):
        assert bytes(one.usage_labels).replace(b" ", b"") == bytes(other.usage_labels)
        one.usage_labels = other.usage_labels
        assert one == other


@given(st.integers(1, 400))
def test_rows_are_the_same_however_a_file_is_cut_into_blocks(size: int) -> None:
    lines = [json.dumps(record(request_id=f"r{number}")).encode() for number in range(5)]
    text = b"\n".join([lines[0], b"", b"oops", *lines[1:]])

    parts = list(ndjson_parts([text[at : at + size] for at in range(0, len(text), size)], "events"))

    found = [
        (part.rows.origin(place)[0], row.request_id)
        for part in parts
        for place, row in enumerate(part.records)
    ]
    assert found == [(1, "r0"), (4, "r1"), (5, "r2"), (6, "r3"), (7, "r4")]
    assert [row.line for part in parts for row in part.bad] == [3]
