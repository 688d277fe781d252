"""An alert and the Triage detail of its key give the same reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts import BurnMemory, evaluate
from agent.domain.cause import Cause
from agent.ledger import open_reader
from agent.ledger.kinds import Kind
from agent.ledger.rows import DirectoryKey
from agent.reports.triage import detail, triage
from tests.agent.alerts.build import DAY, NOON, TOWN, Town, Use
from tests.agent.reports.world import SETTINGS

WITHOUT_BUDGETS = replace(SETTINGS, allocations=())
NEW = Use("key_new", "search", 3_000.0)
OTHER_MODEL = replace(TOWN[0], model="gpt-5-pro", credits=5.0)


def never_used_before(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    return [*uses, NEW] if at >= NOON else uses


def on_a_model_never_called(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    return [*uses, OTHER_MODEL] if at >= NOON else uses


def on_a_model_called_yesterday(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    tried = replace(OTHER_MODEL, requests=30.0)
    yesterday = NOON - DAY <= at < NOON - DAY + 3_600
    return [*uses, tried] if yesterday else on_a_model_never_called(at, uses)


@pytest.mark.parametrize(
    ("change", "key", "cause"),
    [
        (never_used_before, "key_new", Cause.NEW_KEY),
        (on_a_model_never_called, "key_a", Cause.LEAKED_KEY),
        (on_a_model_called_yesterday, "key_a", Cause.MORE_REQUESTS),
    ],
)
def test_an_alert_and_triage_name_the_same_cause(
    tmp_path: Path, change: object, key: str, cause: Cause
) -> None:
    town, memory = Town(tmp_path / "l.sqlite", change=change), BurnMemory()  # type: ignore[arg-type]
    born = NOON - 100 * DAY
    town.writer.save_directory("openai", [], [DirectoryKey(key, "", key, "sk-", created_at=born)], [], NOON)
    for minute in range(0, 31, 5):
        town.advance(NOON + 60 * minute)
        found = evaluate(town.writer, WITHOUT_BUDGETS, NOON + 60 * minute, memory)
    town.close()

    with open_reader(town.path) as reader:
        report = triage(reader, WITHOUT_BUDGETS, NOON + 1_800)
        taken_apart = detail(reader, WITHOUT_BUDGETS, report, Kind.API_KEY, key)

    alert = next(alert.signal for alert in found.open if alert.signal.api_key == key)
    assert (alert.cause, taken_apart.cause) == (cause.value, cause)
