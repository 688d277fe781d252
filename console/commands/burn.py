"""`burndeck burn`: the Burn screen without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent.domain.words import duration
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import amount, named, percent, table, when
from console.commands.times import Instant

if TYPE_CHECKING:
    from agent.reports.burn import BurnReport, BurnRow
    from agent.reports.figure import Figure

_EPILOG = """\b
Examples:
  burndeck burn
  burndeck burn --json | jq .runway.sentence
  burndeck burn --at 2026-11-18T10:05
"""


@click.command("burn", epilog=_EPILOG)
@common_options
@click.option("--at", type=Instant(), help="Look at the ledger as of this time (UTC) instead of now.")
def burn(config: str | None, db: str | None, as_json: bool, at: float | None) -> None:
    """What burns now, against what is usual, the caps and the month.

    Exit code 1 while the burn is above its usual band, a hard cap is reached or an alert fires.
    """
    from agent.reports.burn import burn as report_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        report = report_of(reader, settings, settings.clock().now(), at=at)
    if as_json:
        print_json(report)
    else:
        click.echo(render(report))
    click.get_current_context().exit(1 if _finding(report) else 0)


def _finding(report: BurnReport) -> bool:
    over = report.runway is not None and report.runway.over
    return report.verdict == "above" or over or bool(report.alerts)


def render(report: BurnReport) -> str:
    """The report as text for a terminal."""
    if report.empty:
        return report.empty
    # A zero that nobody measured must not be read before the reason for it.
    parts = [_unpriced(report)] if not report.burn.value else []
    parts += [_headline(report), _totals(report), _budgets(report)]
    parts += [_rows("team", report.teams), _rows("model", report.models), _alerts(report)]
    parts += [_unpriced(report)] if report.burn.value else []
    parts.append(_status(report))
    return "\n\n".join(part for part in parts if part)


def _figure(figure: Figure) -> str:
    tag = f" [{figure.tag}]" if figure.tag else ""
    return f"{amount(figure.value)} {figure.unit}{tag}"


def _headline(report: BurnReport) -> str:
    usual = report.usual
    verdict = "within its band" if report.verdict == "usual" else report.verdict
    lines = [
        f"{report.organization}   {when(report.at)}" + ("" if report.live else "   (not live)"),
        f"burn now      {_figure(report.burn)}   {_figure(report.burn_money)}"
        f"   {percent(report.change, sign=True)} against usual: {verdict}",
        f"usual         {amount(usual.expected.value)}"
        f" ({amount(usual.low.value)} to {amount(usual.high.value)}) credits/min: {usual.sentence}",
        f"requests      {_figure(report.requests)}",
    ]
    if report.runway:
        lines.append(f"runway        {report.runway.in_full}")
    return "\n".join(lines)


def _totals(report: BurnReport) -> str:
    rows = [
        ("last 24 h", report.total_24h, report.money_24h),
        ("last 7 d", report.total_7d, report.money_7d),
        ("last 30 d", report.total_30d, report.money_30d),
        ("month to date", report.month_to_date, report.month_money),
    ]
    lines = [f"{name:<14}{_figure(total)}   {_figure(money)}" for name, total, money in rows]
    forecast, inference = report.forecast, report.cost_per_inference
    lines.append(
        f"forecast      {_figure(forecast.projected)}; smoothed {amount(forecast.smoothed.value)}"
        f" ({amount(forecast.low.value)} to {amount(forecast.high.value)})"
    )
    lines.append(f"              {forecast.method}")
    lines.append(
        f"inference     {amount(inference.all_credits.value)} credits each"
        f" ({amount(inference.completion_credits.value)} from completions alone)"
    )
    lines.append(f"attributed    {percent(report.attributed)} of the last 24 h")
    return "\n".join(lines)


def _budgets(report: BurnReport) -> str:
    if not report.budgets:
        return ""
    rows = [
        (
            budget.allocation_id,
            amount(budget.used.value),
            amount(budget.monthly.value),
            percent(budget.share),
            budget.state,
            amount(budget.burn.value),
        )
        for budget in report.budgets
    ]
    return table(("allocation", "used", "monthly", "share", "state", "credits/min"), rows, right=(1, 2, 3, 5))


def _rows(title: str, rows: tuple[BurnRow, ...]) -> str:
    lines = [
        (
            named(row.name),
            amount(row.now.value),
            amount(row.usual.value),
            percent(row.change, sign=True),
            percent(row.share),
            amount(row.day.value),
        )
        for row in rows
    ]
    columns = (title, "now/min", "usual/min", "change", "share", "24 h")
    return table(columns, lines, right=(1, 2, 3, 4, 5)) if lines else ""


def _alerts(report: BurnReport) -> str:
    return "\n".join(f"ALERT {entry.tier}: {entry.summary}" for entry in report.alerts)


def _unpriced(report: BurnReport) -> str:
    return "\n".join(
        f"no price for {row.model}: {row.requests:,} requests in 24 h are counted, not priced"
        " (put one into the file that [rates] names, then read or ingest again)"
        for row in report.unpriced
    )


def _status(report: BurnReport) -> str:
    status = report.status
    layers = ", ".join(f"{share.layer.word} {percent(share.share)}" for share in status.layers) or "no data"
    sources = ", ".join(f"{source.name} {source.state}" for source in status.sources) or "none"
    age = "-" if status.age_s is None else duration(status.age_s)
    line = f"layers: {layers}; data is {age} old; agent: {status.agent.state}; sources: {sources}"
    if status.reading is None:
        return line
    days, of_days = status.reading.days, status.reading.of_days
    return (
        f"{line}\nreading the history: {days} of {of_days} days; month, totals and forecast will still grow"
    )
