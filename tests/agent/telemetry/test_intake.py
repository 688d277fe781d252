"""Files of usage that are taken in: again, packed, as CSV, damaged, and what is kept aside."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.domain.usage import Pattern
from agent.errors import BurndeckError
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.telemetry import intake_read
from agent.telemetry.attribution import Attributor
from agent.telemetry.intake import IntakeSummary, ingest
from agent.telemetry.intake_files import open_usage_file
from agent.telemetry.intake_read import Reader
from agent.telemetry.rates import load_rate_card
from agent.telemetry.registry import Registry
from tests.agent.telemetry.records import LATEST, RECORD, record


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
