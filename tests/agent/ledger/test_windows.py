from __future__ import annotations

from dataclasses import replace

import pytest

from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import DAY, EMBED, PAYMENTS, batch, bucket, event
from tests.agent.ledger.look import rows, total

MINUTE, HOUR = 60, 3600


def test_late_bucket_replaces_the_earlier_reading(writer: LedgerWriter) -> None:
    search = replace(PAYMENTS, team="search")
    first = [bucket(requests=2, nano=200), bucket(requests=1, nano=50, dimensions=search)]
    writer.write_usage_window("openai", DAY, DAY + MINUTE, {"completions": first}, read_at=1)

    writer.write_usage_window(
        "openai", DAY, DAY + MINUTE, {"completions": [bucket(requests=3, nano=310)]}, read_at=2
    )

    assert (total(writer.path, "requests"), total(writer.path, "credits_nano")) == (3, 310)
    assert rows(writer.path, "SELECT requests, credits_nano, read_at FROM bucket") == [(3, 310, 2)]
    teams = "SELECT DISTINCT d.value FROM roll_day r JOIN dim d ON d.id = r.id WHERE r.kind = 1"
    assert rows(writer.path, teams) == [("payments",)]


def test_requests_without_a_price_make_their_series_unpriced(writer: LedgerWriter) -> None:
    reading = {"completions": [bucket(requests=5, nano=100), bucket(requests=7, nano=None)]}

    writer.write_usage_window("openai", DAY, DAY + MINUTE, reading, read_at=1)

    assert (total(writer.path, "requests"), total(writer.path, "unpriced")) == (12, 12)


def test_the_same_reading_again_changes_nothing(writer: LedgerWriter) -> None:
    reading = {"completions": [bucket()]}
    writer.write_usage_window("openai", DAY, DAY + MINUTE, reading, read_at=1)
    before = rows(writer.path, "SELECT * FROM roll_hour") + rows(writer.path, "SELECT * FROM bucket")

    writer.write_usage_window("openai", DAY, DAY + MINUTE, reading, read_at=2)

    assert rows(writer.path, "SELECT * FROM roll_hour") + rows(writer.path, "SELECT * FROM bucket") == before


def test_minutes_replace_the_hour_that_was_read_before(writer: LedgerWriter) -> None:
    hour = {"completions": [bucket(width=HOUR, requests=60, nano=6000)]}
    writer.write_usage_window("openai", DAY, DAY + HOUR, hour, read_at=1)
    assert total(writer.path, "requests", "minute") == 0

    minutes = [bucket(DAY + minute * MINUTE) for minute in range(60)]
    writer.write_usage_window("openai", DAY, DAY + HOUR, {"completions": minutes}, read_at=2)

    assert total(writer.path, "requests", "minute") == 60
    assert total(writer.path, "credits_nano", "hour") == 6000
    assert rows(writer.path, "SELECT count(*) FROM bucket") == [(60,)]


def test_a_window_that_would_cut_a_stored_hour_is_refused(writer: LedgerWriter) -> None:
    writer.write_usage_window("openai", DAY, DAY + HOUR, {"completions": [bucket(width=HOUR)]}, read_at=1)

    for start, end in ((DAY + 1800, DAY + HOUR), (DAY, DAY + 1800)):
        with pytest.raises(ValueError, match="cuts the stored bucket"):
            writer.write_usage_window("openai", start, end, {"completions": []}, read_at=2)

    assert total(writer.path, "requests") == 1


def test_metered_minutes_take_over_from_events(writer: LedgerWriter) -> None:
    writer.write_events(
        batch([event("r-1", at=DAY + 1), event("r-2", at=DAY + 61, latency_ms=9, error_code="500")])
    )

    reading = {"completions": [bucket(requests=5, nano=None), bucket(DAY + 60, requests=1, nano=7)]}
    writer.write_usage_window("openai", DAY, DAY + 120, reading, read_at=1)

    assert (total(writer.path, "requests"), total(writer.path, "credits_nano")) == (6, 7)
    assert total(writer.path, "unpriced", "minute") == 5
    assert (total(writer.path, "errors"), total(writer.path, "latency_count")) == (1, 1)
    assert rows(writer.path, "SELECT layer, requests, credits_nano FROM layer_hour") == [
        (1, 2, 200),
        (2, 6, 7),
    ]


def test_other_accounts_keep_their_events(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1"), event("r-2", dimensions=replace(PAYMENTS, account="gateway"))]))

    writer.write_usage_window("openai", DAY, DAY + MINUTE, {"completions": []}, read_at=1)

    assert total(writer.path, "requests") == 1


def test_an_incomplete_window_counts_only_once_it_is_covered(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))
    reading = {"completions": [bucket(requests=4)], "embeddings": [bucket(requests=2, service=EMBED)]}
    writer.write_usage_window("openai", DAY, DAY + MINUTE, reading, covered=False, read_at=1)
    assert total(writer.path, "requests") == 1

    writer.write_usage_window("openai", DAY, DAY + MINUTE, {"completions": [bucket(requests=5)]}, read_at=2)

    assert total(writer.path, "requests") == 7


def test_an_unpriced_bucket_gets_its_price_when_read_again(writer: LedgerWriter) -> None:
    writer.write_usage_window(
        "openai", DAY, DAY + MINUTE, {"completions": [bucket(requests=2, nano=None)]}, read_at=1
    )
    assert (total(writer.path, "unpriced"), total(writer.path, "credits_nano")) == (2, 0)

    writer.write_usage_window(
        "openai", DAY, DAY + MINUTE, {"completions": [bucket(requests=2, nano=20)]}, read_at=2
    )

    assert (total(writer.path, "unpriced"), total(writer.path, "credits_nano")) == (0, 20)


def test_rows_that_attribution_made_equal_are_added(writer: LedgerWriter) -> None:
    reading = {"completions": [bucket(requests=1, nano=1), bucket(requests=2, nano=20)]}

    writer.write_usage_window("openai", DAY, DAY + MINUTE, reading, read_at=1)

    assert rows(writer.path, "SELECT requests, credits_nano FROM bucket") == [(3, 21)]


@pytest.mark.parametrize(
    "row", [bucket(DAY - 60), bucket(DAY + 120), bucket(DAY + 60, width=HOUR), bucket(DAY + 30)]
)
def test_a_bucket_outside_its_window_is_refused(writer: LedgerWriter, row: object) -> None:
    with pytest.raises(ValueError, match="not a whole one"):
        writer.write_usage_window("openai", DAY, DAY + 120, {"completions": [row]}, read_at=1)  # type: ignore[list-item]


def test_the_cursor_moves_with_the_window_or_not_at_all(writer: LedgerWriter) -> None:
    writer.write_usage_window("openai", DAY, DAY + 60, {}, read_at=1, cursor=("openai", "usage", "a"))

    with pytest.raises(ValueError):
        writer.write_usage_window(
            "openai",
            DAY,
            DAY + 60,
            {"completions": [bucket(DAY - 60)]},
            read_at=2,
            cursor=("openai", "usage", "b"),
        )

    assert writer.cursor("openai", "usage") == "a"


def test_first_seen_never_moves_later(writer: LedgerWriter) -> None:
    for start in (DAY + 120, DAY, DAY + 300):
        writer.write_usage_window("openai", start, start + 60, {"completions": [bucket(start)]}, read_at=1)

    assert rows(writer.path, "SELECT kind, at FROM first_seen ORDER BY kind") == [(2, DAY), (8, DAY)]
