"""New burners: keys and models first seen within a day, in a ledger that would know older ones."""

from __future__ import annotations

import pytest

from agent.alerts.rules import new_burner
from agent.domain.planned import Planned
from agent.ledger.rows import SourceStatus
from tests.agent.alerts.rules.build import DAY, HOUR, NOON, Flow, Ledger, steady
from tests.agent.alerts.rules.conftest import Make

OLD = Flow(steady(1_000), key="key_old")


def newcomer(since: int, credits_: float = 200, **about: object) -> Flow:
    """A key that never burnt before."""

    def at(now: int) -> float:
        return 1.0 if now >= since else 0.0

    return Flow(
        lambda now: credits_ * at(now),
        key="key_new",
        requests=lambda now: 600 * at(now),
        **about,  # type: ignore[arg-type]
    )


def told(made: Ledger) -> list[tuple[str, str]]:
    """Kind and name of what is new."""
    return sorted((each.scope_kind, each.scope) for each in made.signals(new_burner.judge))


@pytest.mark.parametrize(("age", "names"), [(1_800, ["key_new"]), (23 * HOUR, ["key_new"]), (25 * HOUR, [])])
def test_a_key_is_new_for_a_day(ledger: Make, age: int, names: list[str]) -> None:
    made = ledger([OLD, newcomer(NOON - age)], detail_h=30)

    assert told(made) == [("api_key", name) for name in names]


def test_a_model_that_nobody_ever_called_is_new_too(ledger: Make) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR, model="gpt-6")])

    assert told(made) == [("api_key", "key_new"), ("model", "gpt-6")]


def test_a_signal_names_owner_and_share(ledger: Make) -> None:
    (found,) = ledger([OLD, newcomer(NOON - HOUR, 250, team="labs")]).signals(new_burner.judge)

    assert (found.team, found.api_key, found.environment) == ("labs", "key_new", "prod")
    assert "key_new (team labs) is new and burns 4.2 credits/min, 20% of everything" in found.summary
    assert "first seen 1 h ago" in found.summary


def test_to_a_young_ledger_nothing_is_new(ledger: Make) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR)], days=1)

    assert not told(made)


def test_nothing_is_new_while_history_is_being_read(ledger: Make) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR)], days=10)
    before = told(made)

    made.writer.save_source_status(SourceStatus("openai", "openai", "openai", "ok"))

    assert before
    assert made.judged(new_burner.judge) is None


@pytest.mark.parametrize("rule", ["min_credits_per_hour = '201'", "min_share = '0.2'", "enabled = false"])
def test_what_is_below_a_floor_never_alerts(ledger: Make, rule: str) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR)])
    before = told(made)

    made.set_rule(f"[alerts.rules.new_burner]\n{rule}")

    assert before
    assert not told(made)


def test_one_that_burns_less_again_keeps_its_alert_open_until_it_is_old(ledger: Make) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR, 60)])

    judged = made.judged(new_burner.judge)

    assert judged is not None
    assert [signal.breach for signal in judged.signals] == [False]
    made.write(NOON + DAY, HOUR)
    later = made.judged(new_burner.judge)
    assert later is not None
    assert not later.signals


@pytest.mark.parametrize(
    ("kind", "scope", "left"),
    [
        ("api_key", "key_new", ["gpt-6"]),
        ("team", "labs", ["gpt-6"]),
        ("model", "gpt-6", ["key_new"]),
        ("organization", "", []),
        ("team", "search", ["gpt-6", "key_new"]),
    ],
)
def test_a_newcomer_that_was_planned_is_no_signal(
    ledger: Make, kind: str, scope: str, left: list[str]
) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR, model="gpt-6", team="labs")])
    stretch = Planned(kind, scope, NOON - HOUR, NOON + HOUR)

    found = made.signals(new_burner.judge, planned=[stretch])

    assert sorted(signal.scope for signal in found) == left


def test_what_was_planned_counts_again_once_its_window_is_over(ledger: Make) -> None:
    made = ledger([OLD, newcomer(NOON - HOUR)])

    assert not made.signals(
        new_burner.judge, planned=[Planned("api_key", "key_new", NOON - HOUR, NOON - HOUR + 60)]
    )
    assert made.signals(
        new_burner.judge, planned=[Planned("api_key", "key_new", NOON - 3 * HOUR, NOON - 2 * HOUR)]
    )
