"""Every context and service judged each minute by the streaming detector, across restarts of the agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from agent.alerts import BurnMemory, evaluate
from agent.settings import Settings
from tests.agent.alerts.build import NOON, Town, Use

SETTINGS = Settings()
_STRIKE = NOON + 1_200


def _change(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    return [use.times(requests=8) if use.key == "key_a" and at >= _STRIKE else use for use in uses]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path / "ledger.sqlite", change=_change)
    yield made
    made.close()


def watched(town: Town, memory: BurnMemory, end: int) -> dict[str, float]:
    """Evaluates each minute up to `end`; the scores then by key."""
    while town.covered_to < end:
        town.advance(town.covered_to + 60)
        evaluate(town.writer, SETTINGS, town.covered_to, memory)
    return scores(town, memory)


def scores(town: Town, memory: BurnMemory) -> dict[str, float]:
    contexts = town.writer.alerts.contexts()
    pairs = memory.minutes.pairs
    found = memory.stream.scores(np.arange(len(pairs)))
    return {contexts[context].api_key: float(score) for (context, _), score in zip(pairs, found, strict=True)}


def test_a_key_that_jumps_is_a_finding_and_the_others_are_not(town: Town) -> None:
    found = watched(town, BurnMemory(), _STRIKE + 120)

    assert [key for key, score in found.items() if score >= 0.5] == ["key_a"]


def test_an_agent_that_starts_anew_goes_on_with_what_it_knew(town: Town) -> None:
    memory = BurnMemory()
    watched(town, memory, _STRIKE - 60)
    anew = BurnMemory()
    evaluate(town.writer, SETTINGS, _STRIKE - 60, anew)

    before = scores(town, anew)
    town.advance(_STRIKE + 60)
    for each in (memory, anew):
        evaluate(town.writer, SETTINGS, _STRIKE + 60, each)

    assert max(before.values()) < 0.5
    assert scores(town, anew) == pytest.approx(scores(town, memory))
    assert scores(town, anew)["key_a"] >= 0.5


def test_a_state_that_cannot_be_read_is_learnt_again(town: Town) -> None:
    blocks = [("pairs", b"[[1, 1]]"), ("version", b"1"), ("count.0", b"12345678")]
    town.writer.alerts.burn.keep_state("burn_minutes", NOON, blocks)

    found = watched(town, BurnMemory(), NOON + 120)

    assert set(found) == {use.key for use in town.uses}
