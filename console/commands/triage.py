"""`burndeck triage`: the Triage screen without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.numbers import Whole
from console.commands.tables import amount, named, percent, table, when
from console.commands.times import Instant, Stretch

if TYPE_CHECKING:
    from agent.ledger.kinds import Kind
    from agent.ledger.reader import LedgerReader
    from agent.reports.triage import TriageDetail, TriageReport, TriageTable

DIMENSIONS = ("key", "team", "model", "endpoint", "project", "environment")
_EPILOG = """\b
Examples:
  burndeck triage
  burndeck triage --window 1h --by team
  burndeck triage --within team:search --by project
  burndeck triage --of key:key_abc --json | jq .detail.sentence
"""


class Value(click.ParamType["tuple[str, str]"]):
    """`team:search`: a dimension and a value of it; nothing after the colon is the unattributed part."""

    name = "dimension:value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        dimension, colon, name = str(value).partition(":")
        if not colon or dimension not in DIMENSIONS:
            self.fail(f"{value!r} is not one of {', '.join(DIMENSIONS)} and :NAME", param, ctx)
        return dimension, name


@click.command("triage", epilog=_EPILOG)
@common_options
@click.option("--window", type=Stretch(), default="15m", show_default=True, help="How long a stretch.")
@click.option("--at", type=Instant(), help="End of the window (UTC) instead of now.")
@click.option("--by", type=click.Choice(DIMENSIONS), help="Only this table.")
@click.option("--within", type=Value(), help="Look inside this, as in team:search.")
@click.option("--of", type=Value(), help="Take this row apart, as in key:key_abc.")
@click.option("--limit", type=Whole(min=1), default=10, show_default=True, help="Rows a table.")
def triage(
    config: str | None,
    db: str | None,
    as_json: bool,
    window: int,
    at: float | None,
    by: str | None,
    within: tuple[str, str] | None,
    of: tuple[str, str] | None,
    limit: int,
) -> None:
    """Whose rise it is, and why: a window against the same weekday and hour of recent weeks.

    The JSON document has every row; --limit is for people. Without --of, `detail` is that of the key with the
    largest rise, or null when nothing rose.
    """
    from agent.reports.triage import detail as detail_of
    from agent.reports.triage import triage as report_of

    settings = settings_for(config, db)
    inside = None if within is None else (_kind(within[0]), within[1])
    with reader_for(settings) as reader:
        for dimension, name in filter(None, (within, of)):
            _check_known(reader, dimension, name)
        report = report_of(reader, settings, settings.clock().now(), window_s=window, at=at, within=inside)
        chosen = None if report.empty else (_kind(of[0]), of[1]) if of else _top_key(report)
        detail = detail_of(reader, settings, report, *chosen) if chosen else None
    if as_json:
        print_json({"report": report, "detail": detail})
    else:
        click.echo(render(report, detail, by, limit))


def _kind(dimension: str) -> Kind:
    from agent.ledger.kinds import Kind

    return Kind.API_KEY if dimension == "key" else Kind[dimension.upper()]


def _check_known(reader: LedgerReader, dimension: str, name: str) -> None:
    """A slip of the pen must not look like a calm key: raises `ConfigError` with the nearest name."""
    known = [row["value"] for row in reader.rows("dims_of_kind", {"kind": int(_kind(dimension))})]
    if not name or not known or name in known:
        return
    import difflib

    from agent.errors import ConfigError

    near = difflib.get_close_matches(name, known, n=3)
    raise ConfigError(
        f"the ledger has no usage of {dimension} {name!r}",
        hint=f"Did you mean {' or '.join(near)}?" if near else f"See `burndeck triage --by {dimension}`.",
    )


def _top_key(report: TriageReport) -> tuple[Kind, str] | None:
    """The key that rose most, unless nothing rose."""
    kind = _kind("key")
    rows = report.table(kind).rows
    return (kind, rows[0].value) if rows and rows[0].rise > 0 else None


def render(report: TriageReport, detail: TriageDetail | None, by: str | None, limit: int) -> str:
    """The report as text for a terminal."""
    if report.empty:
        return report.empty
    tables = [table for table in report.tables if by is None or table.kind is _kind(by)]
    parts = [_headline(report), *(_table(each, limit) for each in tables)]
    if detail is not None:
        parts.append(_detail(detail))
    return "\n\n".join(parts)


def _headline(report: TriageReport) -> str:
    where = "" if report.within is None else f" within {report.within[0].name.lower()}:{report.within[1]}"
    return (
        f"{report.window_s // 60} min up to {when(report.at)}{where}\n"
        f"burn {amount(report.burn.value)} credits/min [{report.burn.tag}],"
        f" usual {amount(report.usual.value)} ({percent(report.change, sign=True)}): {report.basis_sentence}"
    )


def _table(rows: TriageTable, limit: int) -> str:
    lines = [
        (
            named(row.label),
            amount(row.now.value),
            amount(row.usual.value),
            percent(row.change, sign=True),
            amount(row.rise),
            percent(row.share_of_rise),
            amount(row.requests),
            amount(row.requests_usual),
        )
        for row in rows.rows[:limit]
    ]
    columns = (
        rows.kind.name.lower(),
        "now/min",
        "usual/min",
        "change",
        "rise",
        "share of rise",
        "requests",
        "usual",
    )
    more = len(rows.rows) - len(lines)
    return table(columns, lines, right=(1, 2, 3, 4, 5, 6, 7)) + (f"\n... and {more} more" if more > 0 else "")


def _detail(detail: TriageDetail) -> str:
    facts = [
        ("owner", detail.owner),
        ("team", detail.team),
        ("project", detail.project),
        ("environment", detail.environment),
        ("cost center", detail.cost_center),
        ("first seen", when(detail.first_seen)),
        ("requests", f"{detail.requests:,}, errors {percent(detail.error_share)}"),
    ]
    if detail.key is not None:
        facts.append(("key", f"{detail.key.redacted}, created {when(detail.key.created_at)}"))
    if detail.binding is not None:
        binding = detail.binding
        facts.append(("binding cap", f"{binding.allocation_id}, {percent(binding.share)} used"))
    drivers = [(driver.label, amount(driver.credits), percent(driver.share)) for driver in detail.drivers]
    drivers.append(("together", amount(detail.rise.value), ""))
    return "\n".join(
        [
            detail.sentence,
            *(f"  {name:<12} {value or '-'}" for name, value in facts),
            "",
            table(("driver", "credits", "share"), drivers, right=(1, 2)),
        ]
    )
