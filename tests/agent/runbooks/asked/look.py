"""Asks and tests on ledgers of tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.domain.run import Evidence, Run
from agent.ledger import open_reader
from agent.runbooks.asking import Context, Verdict
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.queries import QUERIES
from agent.settings import Settings
from tests.agent.reports.world import NOW, SEARCH, SETTINGS, fill, use

AT = NOW + 60
"""The clock of those who ask."""
NANO = 10**9


def ask(
    path: Path,
    name: str,
    settings: Settings = SETTINGS,
    *,
    now: float = AT,
    run: Run | None = None,
    **given: str,
) -> Evidence:
    """The answer of a query; underscores in names of parameters are dashes."""
    with open_reader(path) as reader:
        return QUERIES[name].ask(Context(reader, settings, now, run), _named(given))


def judge(
    path: Path,
    name: str,
    settings: Settings = SETTINGS,
    *,
    now: float = AT,
    run: Run | None = None,
    **given: str,
) -> Verdict:
    """The verdict on a condition."""
    with open_reader(path) as reader:
        return CONDITIONS[name].test(Context(reader, settings, now, run), _named(given))


def spiking(path: Path) -> Path:
    """Thirty ordinary days; in the last half hour search burns six times as usual, in six times the calls."""
    spike = [use(minute, 60, SEARCH, 6.0, requests=60) for minute in range(NOW - 1_800, NOW, 60)]
    fill(path, spike=spike)
    return path


def column(found: Evidence, name: str) -> list[str]:
    """A column of an answer."""
    return [row[found.columns.index(name)] for row in found.rows]


def first(found: Evidence) -> dict[str, str]:
    """The first row of an answer."""
    return dict(zip(found.columns, found.rows[0], strict=True))


def amount(text: str) -> str:
    """`1,234 credits` as `1234`."""
    return text.split(" ")[0].replace(",", "")


def _named(given: Mapping[str, str]) -> dict[str, str]:
    return {name.rstrip("_").replace("_", "-"): value for name, value in given.items()}
