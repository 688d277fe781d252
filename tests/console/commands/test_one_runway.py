"""The same cap is reached in the same time wherever it is said, also where short and long burns differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.alerts import evaluate
from agent.domain.alert import AlertRule
from agent.domain.words import duration
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.reports.allocation_tree import allocation_tree
from agent.reports.burn import burn
from agent.reports.cap_explain import cap_explain
from agent.reports.handover import handover
from agent.reports.triage import triage
from agent.reports.triage_detail import detail
from console.commands import allocations, handover_text
from console.commands import burn as burn_command
from console.commands import cap_explain as cap_command
from console.screens.allocations.rows import runway as runway_cell
from tests.agent.reports.world import NANO, NOW, SEARCH, SETTINGS, fill, use

TEAM = replace(SETTINGS.allocations[2], monthly_nano=26_000 * NANO)
SETTINGS_NOW = replace(SETTINGS, allocations=(*SETTINGS.allocations[:2], TEAM))
LATE = NOW + 50  # the clock is further than the data


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What each says while a rise of ten minutes makes the burns of 5, 15 and 60 minutes differ."""
    path = tmp_path_factory.mktemp("one") / "ledger.sqlite"
    fill(path, spike=[use(minute, 60, SEARCH, 20.0) for minute in range(NOW - 600, NOW, 60)])
    with open_writer(path) as writer:
        fired = evaluate(writer, SETTINGS_NOW, LATE).fired
        (alert,) = [each for each in fired if each.signal.rule is AlertRule.RUNWAY]
    with open_reader(path) as reader:
        looked = triage(reader, SETTINGS_NOW, LATE)
        row = detail(reader, SETTINGS_NOW, looked, Kind.TEAM, "search")
        tree = allocation_tree(reader, SETTINGS_NOW, LATE)
        own = tree.row(TEAM.id)
        assert own is not None and own.budget.hard_runway_s is not None and row.binding is not None
        return {
            "burn": burn_command.render(burn(reader, SETTINGS_NOW, LATE)),
            "cap explain": cap_command.render(cap_explain(reader, SETTINGS_NOW, "key_search", LATE)),
            "handover": handover_text.as_text(handover(reader, SETTINGS_NOW, LATE)),
            "alert": alert.signal.summary,
            "allocations": allocations.render(tree),
            "screen": runway_cell(own.budget),
            "triage": duration(row.binding.hard_runway_s or 0),
            "binding": own.binding,
        }


# 26,000 - 25,420 credits are left at 205 in fifteen minutes.
SENTENCE = "org-1-team-search reaches its hard cap in 42 min at the mean burn of the last 15 min"


@pytest.mark.parametrize("place", ["burn", "cap explain", "handover", "alert"])
def test_a_runway_is_told_in_the_same_words(said: Mapping[str, str], place: str) -> None:
    assert SENTENCE in said[place]


@pytest.mark.parametrize("place", ["allocations", "screen", "triage"])
def test_a_runway_alone_is_the_same_time(said: Mapping[str, str], place: str) -> None:
    assert duration(42 * 60).replace(" ", "") in said[place].replace(" ", "")


def test_the_alert_names_what_it_asks_for_beyond_the_runway(said: Mapping[str, str]) -> None:
    assert "; judged by the last hour's burn, at which it takes 2 h 19 min" in said["alert"]


def test_the_cap_that_is_reached_first_is_the_one_that_binds(said: Mapping[str, str]) -> None:
    assert said["binding"] == TEAM.id
    assert f"{TEAM.id} binds: " in said["cap explain"]
