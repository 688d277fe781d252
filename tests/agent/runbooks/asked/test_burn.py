"""What burns, whose it is, why, and what a limit would have done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from agent.domain.gateway import GatewayKey
from agent.ledger import open_writer
from agent.ledger.rows import EventBatch
from agent.settings_gateways import Gateway
from tests.agent.reports.audited import serve
from tests.agent.reports.world import CHAT, NOW, SEARCH, SETTINGS, SUPPORT, fill, use
from tests.agent.runbooks.asked.look import NANO, amount, ask, column, first


def test_the_top_is_the_key_that_rose_with_its_share_of_all_that_rose(spike: Path) -> None:
    found = ask(spike, "top", by="key")

    assert first(found) == {
        "key": "key_search",
        "name": "key_search",
        "now": "6.00 credits/min",
        "usual": "1.00 credits/min",
        "rise": "5.00 credits/min",
        "share": "100 %",
    }
    assert (found.layer, found.as_of) == ("metered", NOW)
    assert found.sentence.startswith("key_search burns 6.00 credits/min against 1.00 credits/min usually")


@pytest.mark.parametrize("by", ["model", "endpoint", "team", "project", "environment"])
def test_the_top_of_every_dimension_names_it_in_the_first_column(spike: Path, by: str) -> None:
    found = ask(spike, "top", by=by, scope="team:search")

    assert found.columns[0] == by
    assert first(found)["now"] == "6.00 credits/min"


def test_drivers_add_up_to_the_rise_and_name_the_calls(spike: Path) -> None:
    found = ask(spike, "why", scope="key:key_search", window="15m")

    assert sum(Decimal(amount(text)) for text in column(found, "credits")) == (6 - 1) * 15
    assert first(found)["driver"] == "requests"
    assert "90 credits in 15 min against 15 credits usually" in found.sentence
    assert ask(spike, "why").sentence.startswith("the organization burns")


def test_the_burn_of_a_scope_has_the_line_of_its_last_hour_exactly(spike: Path) -> None:
    found = ask(spike, "burn", scope="team:search")

    assert found.line is not None
    assert (found.line.start, found.line.width_s) == (NOW - 3_600, 60)
    assert found.line.values == (1 * NANO,) * 30 + (6 * NANO,) * 30
    assert set(found.line.expected) == {1 * NANO}
    assert found.sentence == "team:search burns 6.00 credits/min; 1.00 credits/min are usual, ×6.0."


def test_the_burn_of_what_nobody_owns_can_be_asked_for(spike: Path) -> None:
    assert ask(spike, "burn", scope="team:").sentence.startswith("what nobody owns burns 0.100 credits/min")


def test_an_owner_is_told_with_cost_center_and_caps(spike: Path) -> None:
    found = ask(spike, "owner", scope="key:key_search")

    assert first(found) == {
        "key": "key_search",
        "owner": "ada@example.com",
        "team": "search",
        "cost center": "CC-1",
        "environment": "prod",
        "project": "proj_search",
        "caps": "org-1 (organization), org-1-bg-product (billing_group:product), "
        "org-1-team-search (team:search)",
    }
    assert column(ask(spike, "owner", scope="model:gpt-5-mini"), "owner")[0] == "ada@example.com"


def events(path: Path, calls: Iterable[tuple[int, str | None, int, int]], model: str = "gpt-5") -> None:
    """Calls of search as (second, error, milliseconds, nano-credits), of 100 tokens each."""
    rows = list(calls)
    size = len(rows)
    tokens = np.full(size, 80, np.int64)
    with open_writer(path) as writer:
        writer.write_events(
            EventBatch(
                at=np.array([row[0] for row in rows], np.int64),
                request_id=[f"{model}-{place}-{row[0]}" for place, row in enumerate(rows)],
                dimensions=[SEARCH],
                context=np.zeros(size, np.int64),
                services=[replace(CHAT, model=model)],
                service=np.zeros(size, np.int64),
                tokens_input=tokens,
                tokens_cached=tokens * 0,
                tokens_output=tokens // 4,
                quantity_micro=tokens * 0,
                credits_nano=np.array([row[3] for row in rows], np.int64),
                priced=np.ones(size, np.bool_),
                latency_ms=np.array([row[2] for row in rows], np.int64),
                error_code=[row[1] for row in rows],
            )
        )


def test_calls_tell_errors_and_latency_against_the_usual_and_a_storm(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    usual = [(NOW - 3_600 + second, None, 200, NANO) for second in range(0, 2_700, 10)]
    storm = [(NOW - 900 + second, "server_error" if second % 2 else None, 500, NANO) for second in range(900)]
    events(path, [*usual, *storm])

    found = ask(path, "calls", scope="team:search")

    assert first(found) == {
        "endpoint": "completions",
        "requests/min": "60.0",
        "usual": "6.00",
        "errors": "50 %",
        "usual errors": "0 %",
        "latency": "500 ms",
        "usual latency": "200 ms",
    }
    assert "50 % fail: they are sent again and again" in found.sentence


def test_a_version_without_a_past_is_held_against_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    day = 86_400
    events(path, [(NOW - day - 60 * n, None, 100, 2 * NANO) for n in range(1, 31)], "gpt-5-2025-08-07")
    events(path, [(NOW - 60 * n, None, 100, 5 * NANO) for n in range(1, 31)], "gpt-5-2025-11-01")

    found = ask(path, "unit-cost", scope="team:search")

    row = first(found)
    assert (row["model"], row["against"]) == ("gpt-5-2025-11-01", "gpt-5-2025-08-07")
    assert (row["credits a request"], row["last week"], row["change"]) == ("5.00", "2.00", "+150 %")
    assert (row["tokens a request"], row["requests"]) == ("100", "30.0")


def test_a_throttle_is_tried_on_the_calls_that_were_made(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    events(path, [(NOW - 600 + second, None, 100, NANO) for second in range(600) for _ in range(3)])

    found = ask(path, "what-if", scope="team:search", limit="1 rps", window="10m")

    row = first(found)
    assert (row["key"], row["calls"], row["refused"]) == ("key_search", "1,800", "1,200")
    assert amount(row["saved"]) == "1200"
    assert found.sentence.startswith("1,200 of 1,800 calls of the last 10 min would have been refused (67 %)")


@pytest.mark.parametrize("served", [False, True])
def test_without_a_limit_one_to_the_usual_calls_is_tried_and_named(tmp_path: Path, served: bool) -> None:
    path, usual = tmp_path / "l.sqlite", 6
    # Six calls a minute in the same hours of the days before, and sixty in the last quarter of an hour.
    past = [(NOW - n * 86_400 + s, None, 100, NANO) for n in range(1, 8) for s in range(-5_400, 1_800, 10)]
    today = [(NOW + second, None, 100, NANO) for second in range(-3_600, -900, 10)]
    storm = [(NOW + second, None, 100, NANO) for second in range(-900, 0)]
    events(path, [*past, *today, *storm])

    settings = SETTINGS
    if served:
        gateway = Gateway(kind="litellm", name="edge", base_url="http://127.0.0.1:4000")
        settings = replace(SETTINGS, own_gateways=(gateway,))
        serve(path, GatewayKey("k1", "key_search", "search-prod"), gateway="edge")

    found = ask(path, "what-if", settings, scope="key:key_search", window="15m")

    row = first(found)
    number, unit = row["limit"].split(" ")
    assert (int(number), unit) == (usual, "rpm")
    assert (row["key"], row["calls"]) == ("key_search", "900")
    assert int(row["refused"].replace(",", "")) == 900 - 15 * int(number)


def test_a_throttle_that_spares_production_refuses_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    events(path, [(NOW - 600 + second, None, 100, NANO) for second in range(600)])

    found = ask(path, "what-if", scope="team:search", limit="1 rpm", non_prod="yes", window="10m")

    assert (found.rows, found.sentence) == ((), "No call of the last 10 min would have been held.")


def test_more_rows_than_a_person_reads_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    many = [
        use(NOW - 60, 60, replace(SUPPORT, api_key=f"key_{place:02}", project="p"), 1.0)
        for place in range(25)
    ]
    fill(path, days=1, spike=many)

    found = ask(path, "top")

    assert len(found.rows) == 20
    assert "more rows not shown" in found.note
