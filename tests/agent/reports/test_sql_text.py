"""The guide's reports as SQL give on a warehouse what the local engine gives on the same requests."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent.errors import ConfigError
from agent.ledger import open_reader, open_writer
from agent.reports.named import report
from agent.reports.sql_text import DIALECTS, sql_reports, sql_text
from agent.reports.table import Table
from agent.settings import Settings
from agent.telemetry.intake import ingest

DAY = 86_400
NOW = datetime(2025, 11, 18, 12, 30, tzinfo=UTC).timestamp()
TEAMS = ("search", "support", "fraud", "steady")
MODELS = ("gpt-5", "gpt-5-mini", "text-embedding-3-large")


def requests() -> list[dict[str, Any]]:
    """Two months of four teams; one burns three times as much on one day, one has no completions."""
    rng, found = random.Random(7), []
    labels = {"cost_center": "CC-1", "project": "p", "environment": "prod"}
    for back in range(59):
        for team in TEAMS:
            for number in range(4):
                model = "text-embedding-3-large" if team == "fraud" else rng.choice(MODELS[:2])
                credits_ = 10.0 if team == "steady" else round(rng.uniform(8, 12), 6)
                if team == "search" and back == 3:
                    credits_ *= 3
                found.append(
                    {
                        "timestamp": _at(back, number),
                        "request_id": f"{team}-{back}-{number}",
                        "api_key_id": f"key_{team}",
                        "model_name": model,
                        "operation_type": "embedding" if team == "fraud" else "completion",
                        "units_consumed": {"input": 1000, "output": 100},
                        "credits_consumed": round(credits_, 6),
                        "usage_labels": labels | {"team": team},
                        "response_latency_ms": 10,
                        "error_code": None,
                    }
                )
    return found


def _at(back: int, number: int) -> str:
    """Six hours off the ends of any window: one side counts whole hours. Today's are a minute old."""
    at = int(NOW) - (back * DAY + 6 * 3_600 if back else 60) + number
    return datetime.fromtimestamp(at, UTC).isoformat()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same requests as a ledger and as lines that a warehouse loads."""
    folder = tmp_path_factory.mktemp("warehouse")
    lines = folder / "usage.ndjson"
    lines.write_text("".join(json.dumps(row) + "\n" for row in requests()))
    ledger = folder / "ledger.sqlite"
    with open_writer(ledger) as writer:
        ingest([str(lines)], Settings(ledger_path=ledger), writer)
    return ledger, lines


def local(ledger: Path, name: str) -> Table:
    with open_reader(ledger) as reader:
        return report(reader, Settings(ledger_path=ledger), name, NOW)


def warehouse(lines: Path, name: str) -> list[dict[str, Any]]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE openai_usage AS SELECT * REPLACE (CAST(timestamp AS TIMESTAMPTZ) AS timestamp,"
        f" CAST(credits_consumed AS DECIMAL(18, 9)) AS credits_consumed) FROM read_json('{lines}')"
    )
    now = datetime.fromtimestamp(NOW, UTC)
    text = sql_text(name, "duckdb", "openai_usage")
    text = re.sub(r"CURRENT_TIMESTAMP(\(\))?", f"TIMESTAMPTZ '{now.isoformat()}'", text)
    text = re.sub(r"CURRENT_DATE(\(\))?", f"DATE '{now.date().isoformat()}'", text)
    answer = connection.execute(text)
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def test_credits_per_team_agree(files: tuple[Path, Path]) -> None:
    mine = local(files[0], "credits-per-team")
    theirs = warehouse(files[1], "credits-per-team")

    assert list(mine.columns)[:4] == list(theirs[0])
    for row, other in zip(mine.rows, theirs, strict=True):
        assert row[0] == other["team"]
        assert Decimal(row[1]) == other["credits_consumed_30d"]
        assert row[2] == other["completion_count_30d"]
        assert (row[3] is None) == (other["credits_per_inference"] is None)
        if row[3] is not None:
            assert float(row[3]) == pytest.approx(float(other["credits_per_inference"]), abs=1e-6)


def test_top_drivers_agree(files: tuple[Path, Path]) -> None:
    mine = local(files[0], "top-drivers")
    theirs = warehouse(files[1], "top-drivers")

    assert [(row[0], row[1], Decimal(row[2]), row[3]) for row in mine.rows] == [
        tuple(other.values()) for other in theirs
    ]


def test_anomalies_agree(files: tuple[Path, Path]) -> None:
    mine = local(files[0], "anomalies")
    theirs = warehouse(files[1], "anomalies")

    assert [row[1] for row in mine.rows] == [other["team"] for other in theirs] == ["search"]
    for row, other in zip(mine.rows, theirs, strict=True):
        assert str(row[0]) == other["day"].isoformat()
        assert float(row[5]) == pytest.approx(other["z_score"], abs=1e-4)


@pytest.mark.parametrize("name", sql_reports())
def test_every_dialect_has_its_text(name: str) -> None:
    texts = {dialect: sql_text(name, dialect) for dialect in DIALECTS}

    assert all(text.rstrip().endswith(";") for text in texts.values())
    assert "COUNTIF" in texts["bigquery"] or name != "credits-per-team"
    assert "`project.dataset.openai_usage`" in texts["bigquery"]


@pytest.mark.parametrize("table", ["a b", "x; DROP TABLE y", "`a`", "a.b.c.d", ""])
def test_a_table_that_is_no_name_is_refused(table: str) -> None:
    with pytest.raises(ConfigError, match="no table name"):
        sql_text("anomalies", "bigquery", table)


def test_a_report_without_sql_is_refused_with_those_that_have_it() -> None:
    with pytest.raises(ConfigError) as refused:
        sql_text("models")

    assert "credits-per-team" in refused.value.hint
