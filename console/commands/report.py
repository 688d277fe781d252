"""`burndeck report NAME`: the guide's reports."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, table
from console.commands.times import Instant

if TYPE_CHECKING:
    from agent.reports.table import Cell, Table

_EPILOG = """\b
Examples:
  burndeck report
  burndeck report credits-per-team
  burndeck report anomalies --json | jq '.rows[].team'
  burndeck report top-drivers --csv > drivers.csv
  burndeck report anomalies --sql bigquery --table acme.billing.openai_usage
"""


@click.command("report", epilog=_EPILOG)
@common_options
@click.argument("name", required=False)
@click.option("--at", type=Instant(), help="As of this time (UTC) instead of the newest data.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option(
    "--sql", metavar="DIALECT", help="Print it as SQL for a warehouse: bigquery, duckdb, spark, ..."
)
@click.option("--table", "warehouse_table", metavar="NAME", help="The warehouse's table, for --sql.")
def report(
    config: str | None,
    db: str | None,
    as_json: bool,
    name: str | None,
    at: float | None,
    as_csv: bool,
    sql: str | None,
    warehouse_table: str | None,
) -> None:
    """One of the named reports; without NAME, which there are.

    JSON is {name, title, note, columns, rows}, rows as objects, amounts as decimal strings. With --sql it
    reads nothing: it prints the same report for a table with the columns of the guide's usage record.
    """
    if sql is not None:
        if as_csv or at is not None:
            raise click.UsageError("--sql reads nothing and prints a statement: leave --csv and --at out.")
        _print_sql(name, sql, warehouse_table, as_json=as_json)
        return
    if warehouse_table is not None:
        raise click.UsageError("--table names the warehouse's table for --sql: give both or none.")
    from agent.reports.named import REPORTS
    from agent.reports.named import report as table_of

    if name is None:
        listed = {known: line for known, (_, line) in REPORTS.items()}
        if as_json:
            print_json({"reports": [{"name": known, "title": line} for known, line in listed.items()]})
        else:
            click.echo(table(("report", "what it says"), list(listed.items())))
        return
    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        found = table_of(reader, settings, name, settings.clock().now(), at=at)
    if as_json:
        print_json(_document(found))
    elif as_csv:
        click.echo(_csv(found), nl=False)
    else:
        click.echo(_text(found))


def _print_sql(name: str | None, dialect: str, warehouse_table: str | None, *, as_json: bool) -> None:
    from agent.errors import ConfigError
    from agent.reports.sql_text import DEFAULT_TABLE, DIALECTS, sql_reports, sql_text

    if dialect not in DIALECTS:
        raise ConfigError(f"--sql: no dialect {dialect!r}", hint=f"Known: {', '.join(DIALECTS)}.")
    if name is None:
        raise ConfigError("--sql needs a report", hint=f"These have SQL: {', '.join(sql_reports())}.")
    text = sql_text(name, dialect, warehouse_table or DEFAULT_TABLE)
    if as_json:
        print_json({"name": name, "dialect": dialect, "sql": text})
    else:
        click.echo(text)


def _document(found: Table) -> dict[str, object]:
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return {
        "name": found.name,
        "title": found.title,
        "note": found.note,
        "columns": found.columns,
        "rows": rows,
    }


def _csv(found: Table) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(found.columns)
    writer.writerows([["" if cell is None else _plain(cell) for cell in row] for row in found.rows])
    return out.getvalue()


def _plain(cell: Cell) -> str:
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def _text(found: Table) -> str:
    numbers = [
        place
        for place in range(len(found.columns))
        if any(isinstance(row[place], int | Decimal) for row in found.rows)
    ]
    rows = [[_shown(cell) for cell in row] for row in found.rows]
    lines = [found.title]
    if found.note:
        lines.append(found.note)
    lines += ["", table(found.columns, rows, right=numbers) if rows else "no rows"]
    return "\n".join(lines)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, Decimal):
        return amount(cell)
    return f"{cell:,}" if isinstance(cell, int) else cell or "-"
