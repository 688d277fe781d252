"""Errors: failing calls by key, team and the whole, told once at the narrowest that makes most of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.rules import errors
from agent.domain.planned import Planned
from agent.domain.usage import Dimensions
from tests.agent.alerts.rules.build import DAY, HOUR, NANO, NOON, Ledger
from tests.agent.ledger.build import batch
from tests.agent.ledger.build import event as one

WHO = Dimensions("gateway", api_key="key_a", team="search", environment="prod")
OTHER = replace(WHO, api_key="key_b")
LABS = replace(WHO, api_key="key_c", team="labs")
_EVERY_S = 6  # seconds between the calls of a key


class Gateway(Ledger):
    """Events of a gateway, which knows what failed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ())
        self._count = 0

    def calls(
        self, who: Dimensions, start: int, end: int, *, failing: int = 0, every_s: int = _EVERY_S
    ) -> None:
        """Calls of a key, one in `failing` of which fails (0: none). Those cost nothing."""
        rows = []
        for number, at in enumerate(range(start, end, every_s), start=1):
            self._count += 1
            failed = failing > 0 and number % failing == 0
            rows.append(
                one(
                    f"r-{self._count}",
                    at,
                    dimensions=who,
                    credits_nano=0 if failed else NANO,
                    error_code="429" if failed else None,
                )
            )
        self.writer.write_events(batch(rows))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "gateway.sqlite")
    yield made
    made.close()


def told(made: Ledger) -> list[tuple[str, str]]:
    """Kind and name of what fails."""
    return sorted((each.scope_kind, each.scope) for each in made.signals(errors.judge, now=NOON))


@pytest.mark.parametrize(("failing", "names"), [(10, [("api_key", "key_a")]), (11, [])])
def test_a_tenth_of_the_calls_of_a_key_that_fail_alert(
    gateway: Gateway, failing: int, names: list[tuple[str, str]]
) -> None:
    gateway.calls(OTHER, NOON - HOUR, NOON)
    gateway.calls(LABS, NOON - HOUR, NOON)
    gateway.calls(WHO, NOON - HOUR, NOON, failing=failing)
    gateway.set_rule("[alerts.rules.errors]\nmin_requests = 40")

    assert told(gateway) == names


def test_a_signal_counts_and_names(gateway: Gateway) -> None:
    gateway.calls(WHO, NOON - HOUR, NOON, failing=2)
    gateway.calls(LABS, NOON - HOUR, NOON)

    (found,) = gateway.signals(errors.judge, now=NOON)

    assert (found.tier, found.team, found.api_key, found.cause) == ("warning", "search", "key_a", "")
    assert found.summary == "50% of the calls of key_a (team search) fail: 300 of 600 in 1 h"
    assert (found.evidence["errors"], found.evidence["requests"]) == (300, 600)


def test_calls_that_multiply_while_they_fail_are_a_retry_storm(gateway: Gateway) -> None:
    gateway.calls(WHO, NOON - DAY - HOUR, NOON - DAY)
    gateway.calls(WHO, NOON - HOUR, NOON, failing=2, every_s=2)
    gateway.calls(LABS, NOON - HOUR, NOON)

    (found,) = gateway.signals(errors.judge, now=NOON)

    assert found.cause == "retry_storm"
    assert "3.0x the usual calls: they are sent again and again" in found.summary


def test_a_team_is_told_where_no_key_of_it_makes_most_failures(gateway: Gateway) -> None:
    for key in ("key_1", "key_2", "key_3"):
        gateway.calls(replace(WHO, api_key=key), NOON - HOUR, NOON, failing=4)
    gateway.calls(LABS, NOON - HOUR, NOON, every_s=1)

    assert told(gateway) == [("team", "search")]


def test_an_outage_of_everybody_is_one_alert(gateway: Gateway) -> None:
    for team in ("search", "labs", "support"):
        for key in (1, 2, 3):
            gateway.calls(replace(WHO, team=team, api_key=f"{team}_{key}"), NOON - HOUR, NOON, failing=2)

    assert told(gateway) == [("organization", "")]


def test_a_service_that_is_down_and_burns_nothing_still_matters(gateway: Gateway) -> None:
    gateway.calls(WHO, NOON - 3 * HOUR, NOON - HOUR)
    gateway.calls(WHO, NOON - HOUR, NOON, failing=1)

    assert told(gateway) == [("api_key", "key_a")]


@pytest.mark.parametrize(
    "rule",
    ["min_credits_per_hour = '301'", "min_share = '0.4'", "min_requests = 301", "enabled = false"],
)
def test_what_is_below_a_floor_never_alerts(gateway: Gateway, rule: str) -> None:
    gateway.calls(WHO, NOON - HOUR, NOON, failing=2)
    gateway.calls(LABS, NOON - HOUR, NOON)
    before = told(gateway)

    gateway.set_rule(f"[alerts.rules.errors]\n{rule}")

    assert before
    assert not told(gateway)


@pytest.mark.parametrize(
    ("kind", "scope", "quiet"),
    [
        ("api_key", "key_a", True),
        ("team", "search", True),
        ("organization", "", True),
        ("team", "labs", False),
    ],
)
def test_failures_that_were_planned_are_no_signal(
    gateway: Gateway, kind: str, scope: str, quiet: bool
) -> None:
    gateway.calls(WHO, NOON - HOUR, NOON, failing=2)
    gateway.calls(LABS, NOON - HOUR, NOON)
    stretch = Planned(kind, scope, NOON - HOUR, NOON + HOUR)

    assert (not gateway.signals(errors.judge, now=NOON, planned=[stretch])) == quiet
    assert gateway.signals(errors.judge, now=NOON, planned=[replace(stretch, end=NOON - HOUR)])
