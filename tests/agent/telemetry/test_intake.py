from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from agent.domain.usage import Pattern
from agent.errors import BurndeckError
from agent.ledger import open_writer
from agent.ledger.rows import EventBatch
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.telemetry import intake_read
from agent.telemetry.attribution import Attributor
from agent.telemetry.decode import decode_block, record_of
from agent.telemetry.decode_ndjson import ndjson_parts
from agent.telemetry.intake import IntakeSummary, ingest
from agent.telemetry.intake_batch import BatchBuilder
from agent.telemetry.intake_files import open_usage_file
from agent.telemetry.intake_read import Reader
from agent.telemetry.rates import load_rate_card
from agent.telemetry.registry import Registry

LATEST = 4_000_000_000  # a row may be this late

RECORD: dict[str, Any] = {
    "timestamp": "2026-03-01T12:00:00.250000Z",
    "request_id": "req-1",
    "api_key_id": "key-1",
    "model_name": "gpt-5-2025-08-07",
    "operation_type": "chat",
    "units_consumed": {"input": 1000, "output": 200, "cached": 400},
    "credits_consumed": None,
    "usage_labels": {"team": "search", "cost_center": "CC-1", "project": "p1", "environment": "prod"},
    "response_latency_ms": 812.4,
    "error_code": None,
}


def record(**changes: Any) -> dict[str, Any]:
    return RECORD | changes


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as writer:
        yield writer


@pytest.fixture
def take(tmp_path: Path, writer: LedgerWriter) -> Callable[..., IntakeSummary]:
    """Writes a file and takes it in."""

    def take(
        content: bytes | str | list[dict[str, Any]], name: str = "events.ndjson", **options: Any
    ) -> IntakeSummary:
        if isinstance(content, list):
            content = "\n".join(json.dumps(row) for row in content)
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ingest([str(file)], Settings(), writer, **options)

    return take


def quarantined(writer: LedgerWriter) -> list[tuple[str, str]]:
    """Location (without the folder) and reason of the rows that were kept aside."""
    with closing(sqlite3.connect(writer.path)) as ledger:
        rows = ledger.execute("SELECT location, reason FROM quarantine ORDER BY id").fetchall()
    return [(Path(location).name, reason) for location, reason in rows]


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


def test_a_second_run_accepts_nothing(take: Callable[..., IntakeSummary]) -> None:
    rows = [record(request_id=f"r{number}") for number in range(20)]

    first, second = take(rows), take(rows)

    assert (first.written.accepted, first.written.duplicates) == (20, 0)
    assert (first.written.tokens_input, first.written.tokens_output) == (20_000, 4_000)
    assert (second.written.accepted, second.written.duplicates, second.written.tokens_input) == (0, 20, 0)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n \n"])
def test_blank_lines_and_a_missing_last_line_feed_are_fine(
    take: Callable[..., IntakeSummary], ending: str
) -> None:
    summary = take("\ufeff" + json.dumps(RECORD) + "\r\n\n" + json.dumps(record(request_id="b")) + ending)

    assert (summary.written.accepted, summary.rejected) == (2, 0)


def test_gzip_is_known_by_its_content_also_in_several_members(take: Callable[..., IntakeSummary]) -> None:
    members = [gzip.compress(json.dumps(record(request_id=f"r{n}")).encode() + b"\n") for n in range(3)]

    assert take(b"".join(members), "events.log").written.accepted == 3


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_rows_before_a_broken_end_of_gzip_count(take: Callable[..., IntakeSummary], form: str) -> None:
    ids = [f"{number * 7919:x}" for number in range(3000)]
    if form == "csv":
        lines = ["timestamp,request_id,model_name,operation_type,units_consumed"]
        lines += [f"1772366400,{ident},gpt-5,chat,1" for ident in ids]
    else:
        lines = [json.dumps(record(request_id=ident)) for ident in ids]
    whole = gzip.compress("\n".join(lines).encode())

    summary = take(whole[: len(whole) // 2], "cut.gz")

    assert 0 < summary.written.accepted < 3000
    assert summary.reasons == {"the gzip data ends early, as after a broken copy": 1}


def test_damage_in_the_middle_of_gzip_is_named(take: Callable[..., IntakeSummary]) -> None:
    whole = bytearray(gzip.compress(json.dumps(RECORD).encode() + b"\n"))
    whole[-6] ^= 0xFF  # the checksum

    assert take(bytes(whole), "bad.gz").reasons == {"the gzip data is damaged from here on": 1}


CSV = """\
timestamp,request_id,api_key_id,model_name,operation_type,units_consumed,credits_consumed,usage_labels,response_latency_ms,error_code
2026-03-01T12:00:00Z,a,key-1,gpt-5,completion,1000.0,,"{""team"": ""search"", ""environment"": ""prod""}",12,
2026-03-01 12:00:01,b,key-1,gpt-5,completion,"{""input"": 10, ""output"": 5}",0.5,team=search,,429
2026-03-01T12:00:02Z,c,key-1,gpt-5,completion,many,,,,
2026-03-01T12:00:03Z,d,key-1,gpt-5,completion
"""


def test_csv_with_the_guides_columns_needs_no_mapping(
    take: Callable[..., IntakeSummary], writer: LedgerWriter
) -> None:
    summary = take(CSV, "events.csv")

    assert (summary.written.accepted, summary.rejected) == (2, 2)
    assert (summary.written.tokens_input, summary.written.tokens_output) == (1010, 5)
    assert sorted(summary.reasons) == [
        "the row has 5 cells, the header 10",
        "units_consumed: … is not a number",
    ]


def test_csv_may_have_labels_and_units_in_columns_of_their_own(take: Callable[..., IntakeSummary]) -> None:
    summary = take(
        "timestamp;request_id;model_name;operation_type;units_consumed.input;units_consumed.output;usage_labels.team;project\n"
        "1772366400;a;gpt-5;chat;10;5;search;p1\n",
        "events.csv",
    )

    assert (summary.written.accepted, summary.written.tokens_input, summary.written.tokens_output) == (
        1,
        10,
        5,
    )


def test_a_quoted_line_feed_keeps_line_numbers_right(
    take: Callable[..., IntakeSummary], writer: LedgerWriter
) -> None:
    head = "timestamp,request_id,model_name,operation_type,units_consumed,error_code\n"
    take(head + '1772366400,a,gpt-5,chat,1,"two\nlines"\n1772366400,b,gpt-5,chat,x,\n', "events.csv")

    assert quarantined(writer) == [("events.csv:4", "units_consumed: 'x' is not a number")]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("when,who\n1,2\n", "there is no column 'timestamp'"),
        ('[{"timestamp": 1}]', "one JSON array"),
        (b"PAR1\x00\x00", "neither NDJSON nor CSV"),
    ],
)
def test_a_file_of_another_kind_says_what_is_needed(
    take: Callable[..., IntakeSummary], content: Any, part: str
) -> None:
    with pytest.raises(BurndeckError, match=part):
        take(content, "other")


def test_an_empty_file_is_fine(take: Callable[..., IntakeSummary]) -> None:
    assert take("").written.accepted == 0


def test_refused_rows_are_kept_once_with_file_line_and_reason(
    take: Callable[..., IntakeSummary], writer: LedgerWriter
) -> None:
    rows = [record(), record(request_id="x", units_consumed={"input": -1})]

    first, second = take(rows), take(rows)

    assert (first.rejected, second.rejected) == (1, 1)
    assert quarantined(writer) == [("events.ndjson:2", "units_consumed.input: expected int >= 0")]


def test_files_of_one_name_in_two_folders_keep_their_refused_rows_apart(
    writer: LedgerWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "events.ndjson").write_text(f'{{"{folder}": 1}}\n')
        monkeypatch.chdir(tmp_path / folder)
        ingest(["events.ndjson"], Settings(), writer)

    with closing(sqlite3.connect(writer.path)) as ledger:
        rows = ledger.execute("SELECT location, raw FROM quarantine ORDER BY id").fetchall()
    assert rows == [
        (f"{tmp_path}/one/events.ndjson:1", '{"one": 1}'),
        (f"{tmp_path}/two/events.ndjson:1", '{"two": 1}'),
    ]


def test_rows_with_the_same_fault_count_together_whatever_stood_in_them(
    take: Callable[..., IntakeSummary],
) -> None:
    stamps = ["yesterday", "it's late", 7, 1e30]
    models = ["sing", "dance"]

    summary = take(
        [record(request_id=f"s{place}", timestamp=stamp) for place, stamp in enumerate(stamps)]
        + [record(request_id=f"m{place}", operation_type=name) for place, name in enumerate(models)]
        + [record(request_id=f"c{number}", credits_consumed=-number) for number in (1, 2)]
    )

    assert sorted(summary.reasons.values()) == [2, 2, 2, 2]
    assert "timestamp: 'yesterday' is neither ISO 8601 nor epoch seconds" in summary.examples.values()


def test_long_rows_make_small_batches_and_of_a_refused_one_the_beginning_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_read, "_MOST_TEXT", 200_000)
    file = tmp_path / "events.ndjson"
    lines = [json.dumps(record(request_id=f"r{number}", messages="x" * 20_000)) for number in range(40)]
    lines.append(json.dumps({"messages": "é" * 20_000}, ensure_ascii=False))
    file.write_text("\n".join(lines))
    reader = Reader(load_rate_card(Settings()), Attributor(Registry()), "acct", Pattern.TAG, LATEST)

    with open_usage_file(str(file)) as usage:
        batches = list(reader.batches(usage))

    assert sum(len(read.batch) for read in batches) == 40
    assert max(len(read.batch) for read in batches) < 20
    (refused,) = [row for read in batches for row in read.refused]
    assert len(refused.raw) == 500


def test_a_changed_label_is_refused_and_corrected_units_replace(take: Callable[..., IntakeSummary]) -> None:
    take([record()])

    moved = take([record(usage_labels=RECORD["usage_labels"] | {"team": "other"})])
    corrected = take([record(units_consumed={"input": 1, "output": 1})])
    kept = take([record(units_consumed={"input": 9, "output": 1})], correct=False)

    assert (moved.written.refused, moved.written.accepted) == (1, 0)
    assert (corrected.written.corrected, corrected.written.duplicates) == (1, 1)
    assert kept.written.corrected == 0


def test_unpriced_models_are_counted_by_name(take: Callable[..., IntakeSummary]) -> None:
    summary = take([record(), record(request_id="b", model_name="mystery-1")])

    assert summary.unpriced_models == {"mystery-1": 1}
    assert (summary.written.unpriced, summary.written.credits_nano) == (1, 280_000_000)
