"""The guide's reports as SQL text, for a warehouse that holds the usage records themselves."""

from __future__ import annotations

import re
from pathlib import Path

from agent.errors import ConfigError

_FOLDER = Path(__file__).parent / "sql"
_TABLE = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*){0,2}")

BIGQUERY = "bigquery"
DEFAULT_TABLE = "project.dataset.openai_usage"
DIALECTS = (BIGQUERY, "clickhouse", "duckdb", "postgres", "snowflake", "spark")
"""BigQuery as it is; the others are translated by sqlglot, from the extra `warehouse`."""


def sql_reports() -> tuple[str, ...]:
    """The reports that have a SQL text."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.sql")))


def sql_text(name: str, dialect: str = BIGQUERY, table: str = DEFAULT_TABLE) -> str:
    """The SQL of a report on a table with the columns of the guide's usage record.

    Raises `ConfigError` for a report without SQL, a table name that is none, or a missing translator.
    """
    file = _FOLDER / f"{name}.sql"
    if name not in sql_reports():
        raise ConfigError(
            f"the report {name!r} has no SQL text", hint=f"These have: {', '.join(sql_reports())}."
        )
    if not _TABLE.fullmatch(table):
        raise ConfigError(
            f"{table!r} is no table name", hint=f"Write it like {DEFAULT_TABLE}, without quotes."
        )
    text = file.read_text(encoding="utf-8").replace("{table}", f"`{table}`")
    return f"{text.rstrip()};" if dialect == BIGQUERY else f"{_translated(text, dialect)};"


def _translated(text: str, dialect: str) -> str:
    try:
        import sqlglot
    except ImportError:
        raise ConfigError(
            f"SQL for {dialect} needs sqlglot, which is not installed",
            hint="pip install 'burndeck[warehouse]'",
        ) from None
    return str(sqlglot.transpile(text, read=BIGQUERY, write=dialect, pretty=True)[0])
