"""Suggestions: the scorecard on a ledger whose traffic is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.suggestions import Suggestion, suggestions
from agent.analytics.scorecard import Lever
from agent.domain.allocation import Scope
from agent.domain.money import NANO
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_reader, open_writer
from agent.ledger.history_store import HistoryStore
from agent.ledger.rows import BucketRow, RateRow
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import batch, event

HOUR = 3_600
DAY = 86_400
NOW = 1_795_003_200  # 2026-11-18 12:00 UTC
SEARCH = Dimensions(
    "openai", api_key="key_s", project="proj_s", team="search", billing_group="product", department="eng"
)
OTHERS = replace(SEARCH, api_key="key_o", project="proj_o", team="support")
DEAR = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
NANO_MODEL = Service("gpt-5-nano", Operation.COMPLETION, "/v1/chat/completions")
EMBED = Service("text-embedding-3-large", Operation.EMBEDDING, "/v1/embeddings")
RATES = {
    ("gpt-5", "tokens_input"): 125,
    ("gpt-5", "tokens_input_cached"): 12,
    ("gpt-5", "tokens_output"): 1_000,
    ("gpt-5-mini", "tokens_input"): 25,
    ("gpt-5-mini", "tokens_output"): 200,
    ("gpt-5-nano", "tokens_input"): 5,
    ("gpt-5-nano", "tokens_output"): 40,
    ("text-embedding-3-large", "tokens_input"): 13,
}


def used(
    service: Service, credits_: float, *, who: Dimensions = SEARCH, prompt: int = 400, answer: int = 100,
    cached: int = 0, requests: int = 100, start: int = NOW - 2 * DAY,
) -> BucketRow:  # fmt: skip
    """An hour of one service."""
    return BucketRow(
        start, HOUR, who, service, requests, requests * prompt, requests * cached, requests * answer, 0,
        round(credits_ * NANO),
    )  # fmt: skip


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as opened:
        opened.save_rates(
            RateRow(model, "standard", meter, 0, rate * NANO // 100) for (model, meter), rate in RATES.items()
        )
        yield opened


def told(
    writer: LedgerWriter, rows: Sequence[BucketRow], scope: str = "team:search", approved: Sequence[str] = ()
) -> dict[Lever, Suggestion]:
    """What is suggested after this usage."""
    for start in {row.start for row in rows}:
        here = [row for row in rows if row.start == start]
        writer.write_usage_window("openai", start, start + HOUR, {"completions": here}, read_at=NOW)
    found = suggestions(writer.history, Scope.parse(scope), NOW, approved)
    return {each.lever: each for each in found}


def test_right_sizing_gives_ten_to_forty_percent_of_what_goes_to_the_dear_model(writer: LedgerWriter) -> None:
    found = told(writer, [used(DEAR, 100_000), used(NANO_MODEL, 50_000)])[Lever.RIGHT_SIZING]

    assert found.plain()["low"] == "10000"
    assert found.plain()["high"] == "40000"
    assert "gpt-5-nano would cost" in found.text


def test_the_saving_of_the_named_model_is_that_of_the_actual_tokens(writer: LedgerWriter) -> None:
    found = told(writer, [used(DEAR, 1_000)], approved=("gpt-5-mini",))[Lever.RIGHT_SIZING]

    # Every rate of gpt-5-mini is a fifth.
    assert "the same tokens on gpt-5-mini would cost 800 less" in found.text


def test_only_the_last_thirty_days_of_that_team_count(writer: LedgerWriter) -> None:
    rows = [
        used(DEAR, 100),
        used(DEAR, 700, who=OTHERS),
        used(DEAR, 9_000, start=NOW - 31 * DAY),
    ]

    assert told(writer, rows)[Lever.RIGHT_SIZING].plain()["high"] == "40"


@pytest.mark.parametrize(
    ("scope", "high"),
    [
        ("organization", "120"),
        ("team:search", "40"),
        ("billing_group:product", "120"),
        ("department:eng", "120"),
        ("project:proj_s", "40"),
        ("api_key:key_o", "80"),
        ("team:nobody", None),
    ],
)
def test_every_scope_is_judged_by_its_own_traffic(writer: LedgerWriter, scope: str, high: str | None) -> None:
    sampled = (NOW - 2 * DAY) // DAY * DAY - 27 * DAY  # the first slice of the sample
    rows = [used(DEAR, 100, start=sampled), used(DEAR, 200, who=OTHERS, start=sampled)]

    found = told(writer, rows, scope)

    assert (found[Lever.RIGHT_SIZING].plain()["high"] if found else None) == high


def test_a_key_seen_by_events_alone_is_shared_out_by_a_sample_and_adds_up(writer: LedgerWriter) -> None:
    first = NOW // DAY * DAY - 29 * DAY
    writer.write_events(
        batch(
            [
                event("a", first, dimensions=SEARCH, service=DEAR, tokens_output=90, credits_nano=75 * NANO),
                event("b", first + 60, dimensions=SEARCH, service=EMBED, credits_nano=25 * NANO),
                event("c", first + HOUR, dimensions=SEARCH, service=DEAR, credits_nano=300 * NANO),
            ]
        )
    )

    rows = {row.model: row.credits_nano for row in writer.history.models(Scope.parse("api_key:key_s"), NOW)}

    assert rows == {"gpt-5": 300 * NANO, "text-embedding-3-large": 100 * NANO}


def test_embeddings_are_batched_and_answers_are_not(writer: LedgerWriter) -> None:
    found = told(writer, [used(EMBED, 1_000, answer=0)])

    assert found[Lever.BATCH_EMBEDDINGS].plain()["low"] == "200"
    assert found[Lever.BATCH_EMBEDDINGS].plain()["high"] == "500"
    assert found.keys() == {Lever.BATCH_EMBEDDINGS, Lever.FEATURE_GATING}


def test_what_is_batched_already_is_left_out(writer: LedgerWriter) -> None:
    found = told(writer, [used(replace(EMBED, tier="batch"), 1_000, answer=0)])

    assert Lever.BATCH_EMBEDDINGS not in found


def test_caching_counts_the_input_that_is_not_cached_yet(writer: LedgerWriter) -> None:
    # 3,000 tokens at 1.25 and 100 at 10 a million: 3.75 of 4.75 credits are input.
    cold = told(writer, [used(DEAR, 475, prompt=3_000)])[Lever.CACHING]
    assert (cold.plain()["low"], cold.plain()["high"]) == ("37.5", "262.5")

    warm = told(writer, [used(DEAR, 475, prompt=3_000, cached=2_700)])
    assert Lever.CACHING not in warm


def test_caching_promises_no_more_than_the_price_of_cached_input_leaves(writer: LedgerWriter) -> None:
    writer.save_rates([RateRow("gpt-5", "standard", "tokens_input_cached", 0, 75 * NANO // 100)])

    found = told(writer, [used(DEAR, 475, prompt=3_000)])[Lever.CACHING]

    assert found.plain()["high"] == "150"  # 375 at 0.75 instead of 1.25


def test_prompt_reduction_counts_all_input_of_long_prompts(writer: LedgerWriter) -> None:
    assert told(writer, [used(DEAR, 475, prompt=3_000)])[Lever.PROMPT_REDUCTION].plain()["high"] == "112.5"
    assert Lever.PROMPT_REDUCTION not in told(writer, [used(DEAR, 475, prompt=300)])


def test_levers_without_a_range_have_text_alone_and_come_last(writer: LedgerWriter) -> None:
    row = used(DEAR, 900, prompt=5_000, answer=50, requests=20_000)
    writer.write_usage_window("openai", row.start, row.start + HOUR, {"completions": [row]}, read_at=NOW)

    found = [each.plain() for each in suggestions(writer.history, Scope.parse("team:search"), NOW)]

    highs = [float(each["high"] or 0) for each in found]
    assert highs == sorted(highs, reverse=True)
    plain = {each["lever"]: each for each in found}
    assert plain["session_summaries"]["low"] == plain["session_summaries"]["high"] == ""
    assert "summarize a session" in plain["session_summaries"]["text"]
    assert "fine-tuned" in plain["fine_tune"]["text"]


def test_traffic_without_a_price_or_of_nothing_suggests_nothing(writer: LedgerWriter) -> None:
    unknown = Service("unheard-of", Operation.COMPLETION, "/v1/chat/completions")

    assert told(writer, [used(unknown, 0)]) == {}
    assert told(writer, [], "team:nobody") == {}


def test_a_reader_tells_the_same_as_the_agent(writer: LedgerWriter) -> None:
    inside = told(writer, [used(DEAR, 100)])

    with open_reader(writer.path) as reader:
        outside = suggestions(HistoryStore(reader.rows), Scope.parse("team:search"), NOW)

    assert {each.lever: each for each in outside} == inside
