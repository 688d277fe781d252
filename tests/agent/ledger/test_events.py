from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import LedgerError
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import DAY, EMBED, PAYMENTS, batch, bucket, event
from tests.agent.ledger.look import findings, rows, total

UUID = "0b5f8a3e-1c2d-4e3f-8a9b-000000000001"


def test_a_request_twice_in_one_batch_counts_once(writer: LedgerWriter) -> None:
    result = writer.write_events(batch([event("r-1"), event("r-2"), event("r-1")]))

    assert (result.accepted, result.duplicates) == (2, 1)
    assert total(writer.path, "requests") == 2


@pytest.mark.parametrize("request_id", ["r-1", UUID, UUID.upper(), "x" * 300, "größe-1", ""])
def test_a_request_counts_once_also_after_the_ledger_was_opened_again(path: Path, request_id: str) -> None:
    with open_writer(path) as first:
        first.write_events(batch([event(request_id), event("other")]))

    with open_writer(path) as second:
        result = second.write_events(batch([event(request_id, at=DAY + 7200)]))

    assert (result.accepted, result.duplicates) == (0, 1)
    assert total(path, "requests") == 2


def test_requests_whose_hashes_collide_are_all_kept(path: Path) -> None:
    with LedgerWriter(path, hash_mask=0) as writer:
        writer.write_events(batch([event("r-1"), event("r-2")]))
        result = writer.write_events(batch([event("r-2"), event("r-3"), event(UUID), event("r-3")]))

    assert (result.accepted, result.duplicates) == (2, 2)
    assert total(path, "requests") == 4


def test_the_result_sums_only_what_was_accepted(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))

    rows_of_batch = [
        event("r-1"),
        event("r-2", tokens_input=7, credits_nano=9),
        event("r-3", credits_nano=None),
    ]
    result = writer.write_events(batch(rows_of_batch))

    assert (result.tokens_input, result.tokens_output, result.credits_nano, result.unpriced) == (17, 10, 9, 1)


def test_a_known_request_with_another_label_is_refused_and_noted(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))

    moved = replace(PAYMENTS, team="search", cost_center="CC-9")
    result = writer.write_events(batch([event("r-1", dimensions=moved, credits_nano=1)]), correct=True)

    assert (result.accepted, result.duplicates, result.refused) == (0, 0, 1)
    assert findings(writer.path) == [("label_changed", "r-1", "team payments -> search")]
    assert rows(writer.path, "SELECT team, credits_nano FROM events") == [("payments", 100)]


def test_a_batch_export_corrects_the_units_of_a_streamed_event(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1", tokens_input=10, credits_nano=100, latency_ms=40), event("r-2")]))

    corrected = event("r-1", tokens_input=12, credits_nano=120, service=EMBED)
    result = writer.write_events(batch([corrected, event("r-2")]), correct=True)

    assert (result.accepted, result.duplicates, result.corrected) == (0, 2, 1)
    assert total(writer.path, "tokens_input", "minute") == 22
    assert total(writer.path, "credits_nano") == 220
    assert total(writer.path, "completions") == 1
    services = "gpt-a completion /v1/chat/completions standard -> embed-a embedding /v1/embeddings standard"
    detail = f"service {services}, tokens_input 10 -> 12, credits_nano 100 -> 120"
    assert findings(writer.path) == [("corrected", "r-1", detail)]
    embedding = (
        "SELECT latency_ms FROM roll_hour r JOIN dim d ON d.id = r.id AND d.value = 'embed-a' AND r.kind = 2"
    )
    assert rows(writer.path, embedding) == [(40,)]


def test_a_stream_corrects_nothing(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1", credits_nano=100)]))

    result = writer.write_events(batch([event("r-1", credits_nano=999)]))

    assert (result.duplicates, result.corrected) == (1, 0)
    assert total(writer.path, "credits_nano") == 100


def test_sums_beyond_the_range_of_floats_stay_exact(writer: LedgerWriter) -> None:
    writer.write_events(batch([event(f"r-{number}", credits_nano=2**53 + 1) for number in range(101)]))

    assert total(writer.path, "credits_nano", "minute") == 101 * (2**53 + 1)


def test_late_events_in_metered_minutes_bring_only_their_errors_and_latency(writer: LedgerWriter) -> None:
    writer.write_usage_window(
        "openai", DAY, DAY + 60, {"completions": [bucket(requests=3, nano=300)]}, read_at=1
    )

    writer.write_events(
        batch([event("r-1", at=DAY + 5, error_code="429", latency_ms=80), event("r-2", at=DAY + 60)])
    )

    assert total(writer.path, "requests") == 4
    assert total(writer.path, "credits_nano") == 400
    assert (total(writer.path, "errors"), total(writer.path, "latency_ms")) == (1, 80)


def test_the_cursor_is_saved_with_the_last_part_of_a_split_batch(writer: LedgerWriter) -> None:
    result = writer.write_events(
        batch([event(f"r-{number}") for number in range(7)]), cursor=("hook", "offset", "7"), max_rows=3
    )

    assert result.accepted == 7
    assert writer.cursor("hook", "offset") == "7"


def test_a_batch_that_fails_leaves_nothing_behind_and_the_writer_goes_on(writer: LedgerWriter) -> None:
    stranger = replace(PAYMENTS, team="strangers")
    with pytest.raises(UnicodeEncodeError):
        writer.write_events(batch([event("fine"), event("broken \ud800", dimensions=stranger)]))
    assert rows(writer.path, "SELECT count(*) FROM event UNION ALL SELECT count(*) FROM dim") == [(0,), (0,)]

    result = writer.write_events(batch([event("fine"), event("also fine", dimensions=stranger)]))

    assert result.accepted == 2
    assert total(writer.path, "requests") == 2


def test_many_small_batches_leave_few_runs_of_hashes(writer: LedgerWriter) -> None:
    for number in range(40):
        writer.write_events(batch([event(f"r-{number}")]))

    assert rows(writer.path, "SELECT sum(count), count(*) < 8 FROM hash_run") == [(40, 1)]
    assert writer.write_events(batch([event(f"r-{number}") for number in range(40)])).duplicates == 40


def test_a_sum_beyond_64_bits_is_refused_instead_of_becoming_inexact(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1", credits_nano=2**62)]))

    with pytest.raises(LedgerError, match="exceed"):
        writer.write_events(batch([event("r-2", credits_nano=2**62)]))
    with pytest.raises(LedgerError, match="exceed"):
        writer.write_events(batch([event(f"s-{number}", credits_nano=2**61) for number in range(5)]))

    assert total(writer.path, "credits_nano") == 2**62
