"""What people planned is left out of the forecast, as long as enough ordinary days are known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from agent.domain.planned import Planned
from agent.ledger import open_reader, open_writer
from agent.reports.burn import burn
from agent.reports.burn_report import Forecast
from tests.agent.reports.world import NOW, SEARCH, SETTINGS, fill, use

DAY = 86_400
HOUR = 3_600
REINDEXED = NOW // DAY * DAY - 3 * DAY


def forecast_after(path: Path, days: int, *planned: Planned) -> Forecast:
    """The forecast of a steady past in which one day burnt a hundred times as much."""
    fill(path, days=days)
    rows = [use(hour, HOUR, SEARCH, 6_000) for hour in range(REINDEXED, REINDEXED + DAY, HOUR)]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", REINDEXED, REINDEXED + DAY, {"completions": rows}, read_at=NOW)
        for each in planned:
            writer.incidents.add_planned(each)
    with open_reader(path) as reader:
        return burn(reader, SETTINGS, NOW).forecast


def test_a_planned_day_does_not_raise_the_forecast(tmp_path: Path) -> None:
    reindex = Planned("team", "search", REINDEXED + HOUR, REINDEXED + 20 * HOUR)

    known = forecast_after(tmp_path / "a.sqlite", 30, reindex)
    unknown = forecast_after(tmp_path / "b.sqlite", 30)

    assert known.average_day.value == Decimal("1.6") * 1440
    assert "without 1 day of planned activity" in known.method
    assert unknown.average_day.value is not None
    assert unknown.average_day.value > 10_000


def test_a_forecast_keeps_planned_days_where_nearly_all_are_planned(tmp_path: Path) -> None:
    month = Planned("team", "search", NOW - 31 * DAY, NOW)

    found = forecast_after(tmp_path / "a.sqlite", 30, month)

    assert found.average_day.value is not None
    assert "planned" not in found.method
