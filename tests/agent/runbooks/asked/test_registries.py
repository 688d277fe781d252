"""Every query and condition that runbooks may name: their parameters, and that each of them answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain.run import Evidence, evidence_of
from agent.errors import ConfigError
from agent.reports.named import REPORTS
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.queries import QUERIES
from agent.settings import Settings
from tests.agent.reports.world import SETTINGS
from tests.agent.runbooks.asked.look import ask, judge

OURS = {
    *("top", "owner", "why", "burn", "caps", "alert", "incident", "changes", "actions", "what-if", "calls"),
    *("unit-cost", "keys", "sources", "gaps", "month", "budget", "week", "levers", "proposals", "pool"),
    *("coverage", "labels", "pitfalls", "first-90-days"),
}
TESTS = {
    *("incident-open", "alert-firing", "alert-over", "burn-below", "burn-fell", "usage-threatens", "at-cap"),
    *("below-cap", "pool-covers", "assessed-critical", "keys-silent", "key-blocked", "key-known"),
    *("data-fresh", "layers-agree", "attributed", "priced", "labels-complete", "keys-younger"),
    *("postmortem-signed", "caps-reversible", "ninety-pool", "ninety-labels", "ninety-streaming"),
    *("ninety-dashboard", "ninety-alerts", "ninety-forecast", "ninety-chargeback"),
}
GIVEN = {
    "scope": "team:search",
    "alert": "1",
    "incident": "1",
    "limit": "1 rps",
    "amount": "100",
    "key": "key_search",
    "of": "throttle",
    "credits": "5",
}


def given(parameters: object) -> dict[str, str]:
    assert isinstance(parameters, dict)
    return {name.replace("-", "_"): GIVEN.get(name, "") for name in parameters}


def readable(found: Evidence) -> None:
    assert found.sentence.endswith((".", ")"))
    assert found.sentence[0] == found.sentence[0].strip() != ""
    assert all(len(row) == len(found.columns) for row in found.rows)
    assert len(found.rows) <= 20
    assert len(set(found.columns)) == len(found.columns)
    assert evidence_of(found.fields()) == found


def test_runbooks_may_ask_what_the_format_names_and_every_named_report() -> None:
    assert set(QUERIES) == {*OURS, *REPORTS}
    assert set(CONDITIONS) == TESTS


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_answers_on_an_empty_ledger_and_on_a_full_one(
    empty: Path, spike: Path, name: str
) -> None:
    mine = given(QUERIES[name].parameters)

    for path, settings in ((empty, Settings()), (empty, SETTINGS), (spike, SETTINGS)):
        found = ask(path, name, settings, **mine)
        readable(found)
        assert set(found.columns) <= set(QUERIES[name].columns or found.columns)


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_is_decided_on_an_empty_ledger_and_on_a_full_one(
    empty: Path, spike: Path, name: str
) -> None:
    mine = given(CONDITIONS[name].parameters)

    for path, settings in ((empty, Settings()), (empty, SETTINGS), (spike, SETTINGS)):
        readable(judge(path, name, settings, **mine).evidence)


@pytest.mark.parametrize(
    ("name", "using", "wrong"),
    [
        ("top", {"by": "colour"}, "by"),
        ("top", {"window": "soon"}, "window"),
        ("top", {"scope": "team:serach"}, "scope"),
        ("top", {"scope": "model:gpt-5-mimi"}, "scope"),
        ("owner", {"scope": ""}, "scope"),
        ("caps", {"scope": "planet:earth"}, "scope"),
        ("alert", {"alert": "x"}, "alert"),
        ("what-if", {"scope": "team:search", "limit": "10 pages"}, "limit"),
        ("what-if", {"scope": "team:search", "limit": "1 rps", "non_prod": "perhaps"}, "non-prod"),
        ("what-if", {"scope": "model:gpt-5-mini", "limit": "1 rps"}, "scope"),
        ("gaps", {"days": "0"}, "days"),
        ("month", {"month": "may"}, "month"),
    ],
)
def test_a_bad_value_of_a_query_is_an_error_that_names_the_parameter(
    spike: Path, name: str, using: dict[str, str], wrong: str
) -> None:
    with pytest.raises(ConfigError, match=f"^parameter {wrong}: "):
        ask(spike, name, **using)


@pytest.mark.parametrize(
    ("name", "using", "wrong"),
    [
        ("burn-below", {"scope": "team:search", "credits": "many"}, "credits"),
        ("burn-below", {"scope": "team:search"}, "s credits and times-usual"),
        ("usage-threatens", {"scope": "team:search", "share": "-1"}, "share"),
        ("pool-covers", {"scope": "team:search", "amount": "NaN"}, "amount"),
        ("pool-covers", {"scope": "team:search", "amount": ""}, "amount"),
        ("keys-younger", {"than": "0d"}, "than"),
        ("data-fresh", {"source": "opneai"}, "source"),
        ("key-known", {"key": ""}, "key"),
        ("pool-covers", {"scope": "team:search", "amount": "0"}, "amount"),
        ("keys-silent", {"scope": "team:search", "for_": "8d"}, "for"),
        ("keys-silent", {"scope": "model:gpt-5-mimi"}, "scope"),
        ("burn-below", {"scope": "environment:prd", "credits": "5"}, "scope"),
        ("layers-agree", {"month": "may"}, "month"),
        ("layers-agree", {"month": "last", "days": "3"}, "days"),
    ],
)
def test_a_bad_value_of_a_condition_is_an_error_that_names_the_parameter(
    spike: Path, name: str, using: dict[str, str], wrong: str
) -> None:
    with pytest.raises(ConfigError, match=f"^parameter{'' if wrong.startswith('s ') else ' '}{wrong}: "):
        judge(spike, name, **using)
