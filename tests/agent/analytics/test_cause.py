"""The likely cause of a rise, from sums alone; whole towns are judged in tests/agent/alerts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.analytics.cause import Cell, Features, likely_cause, told_cause
from agent.domain.cause import Cause

CHAT = Cell("gpt-5-mini", "standard", "completion", 1_000, 1e6, 8e5, 3e5, 1e9)
EMBEDDING = Cell("text-embedding-3-small", "standard", "embedding", 50_000, 5e6, 0, 0, 1e8)


def times(cell: Cell, **factors: float) -> Cell:
    return replace(cell, **{name: getattr(cell, name) * factor for name, factor in factors.items()})


def test_no_rise_has_no_cause() -> None:
    assert likely_cause(Features((CHAT,), (CHAT,)))[0] is None


@pytest.mark.parametrize(
    ("now", "cause"),
    [
        (times(CHAT, requests=9, tokens_input=9, tokens_output=2.5, credits_nano=4), Cause.RETRY_STORM),
        (
            times(replace(CHAT, errors=500), requests=9, tokens_input=9, tokens_output=9, credits_nano=9),
            Cause.RETRY_STORM,
        ),
        (times(CHAT, tokens_input=5, tokens_cached=5, credits_nano=3), Cause.LONGER_PROMPTS),
        (times(CHAT, tokens_output=4, credits_nano=3), Cause.LONGER_ANSWERS),
        (times(CHAT, tokens_cached=0.02, credits_nano=2), Cause.LOST_CACHE),
        (times(CHAT, credits_nano=2), Cause.PRICE_CHANGE),
        (
            times(CHAT, requests=3, tokens_input=3, tokens_cached=3, tokens_output=3, credits_nano=3),
            Cause.MORE_REQUESTS,
        ),
        (replace(CHAT, model="gpt-5-pro", credits_nano=40e9), Cause.DEARER_MODEL),
    ],
)
def test_what_changed_names_the_cause(now: Cell, cause: Cause) -> None:
    assert likely_cause(Features((now, EMBEDDING), (CHAT, EMBEDDING)))[0] is cause


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (times(CHAT, credits_nano=1.11), "no more requests than usual, but 1.1x the cost of each"),
        (times(CHAT, requests=0.97, credits_nano=1.02), "about the usual requests"),
        (times(CHAT, requests=1.05, credits_nano=1.08), "about the usual requests"),
    ],
)
def test_about_as_many_requests_are_told_as_no_more(now: Cell, said: str) -> None:
    cause, sentence = told_cause(Features((now,), (CHAT,)))

    assert cause is None and said in sentence


def test_more_of_one_kind_and_less_of_the_rest_is_no_more_in_all() -> None:
    chats, embeds = replace(CHAT, requests=100.0), replace(EMBEDDING, requests=1_000.0)
    more = times(chats, requests=1.15, tokens_input=1.15, tokens_output=1.15, credits_nano=1.15)

    cause, sentence = told_cause(Features((more, times(embeds, requests=0.95)), (chats, embeds)))

    assert cause is None and sentence == "what rises is called 1.1x as often, the rest less"


def test_a_model_never_called_before_on_top_of_the_usual_is_a_leak() -> None:
    stolen = replace(CHAT, model="o3", credits_nano=9e9)

    found, sentence = likely_cause(Features((CHAT, stolen), (CHAT,)))

    assert found is Cause.LEAKED_KEY
    assert "o3" in sentence


def test_a_model_called_on_other_days_is_no_leak() -> None:
    rare = replace(CHAT, model="o3", credits_nano=9e9)
    before = frozenset({"gpt-5-mini", "o3"})

    assert likely_cause(Features((CHAT, rare), (CHAT,), models_before=before))[0] is not Cause.LEAKED_KEY


def test_a_key_of_today_is_new_whatever_it_does() -> None:
    assert likely_cause(Features((CHAT,), (), age_s=600))[0] is Cause.NEW_KEY


def test_an_explosion_outside_production_is_a_runaway_job() -> None:
    many = times(CHAT, requests=9, tokens_input=9, tokens_cached=9, tokens_output=9, credits_nano=9)

    assert likely_cause(Features((many,), (CHAT,), environment="dev"))[0] is Cause.RUNAWAY_BATCH
    assert likely_cause(Features((many,), (CHAT,), environment="prod"))[0] is Cause.MORE_REQUESTS


def test_embeddings_and_batches_are_known_by_their_kind() -> None:
    corpus = times(EMBEDDING, requests=90, tokens_input=90, credits_nano=90)
    batch = replace(CHAT, tier="batch", credits_nano=9e9)

    assert likely_cause(Features((CHAT, corpus), (CHAT, EMBEDDING)))[0] is Cause.RE_EMBEDDING
    assert likely_cause(Features((CHAT, batch), (CHAT,)))[0] is Cause.RUNAWAY_BATCH
