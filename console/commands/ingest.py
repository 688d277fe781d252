"""`burndeck ingest`: usage events from files or standard input, each counted once."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from agent.domain.money import to_credits
from console.commands.common import common_options, print_json, settings_for
from console.commands.progress import Progress

if TYPE_CHECKING:
    from agent.telemetry.intake import IntakeSummary
    from agent.telemetry.intake_files import UsageFile

_LABELS = {"caller": "A", "gateway": "B"}
_MOST_SHOWN = 5


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--account", help="Provider account of rows that name none; by default the only source's.")
@click.option(
    "--labels",
    type=click.Choice(list(_LABELS)),
    default="caller",
    show_default=True,
    help="Who set the usage labels: the caller, or a gateway that callers cannot evade.",
)
@click.option(
    "--correct/--no-correct",
    default=True,
    show_default=True,
    help="Whether a row replaces the units of a request that is known already.",
)
@common_options
def ingest(
    files: tuple[str, ...],
    account: str | None,
    labels: str,
    correct: bool,
    config: str | None,
    db: str | None,
    as_json: bool,
) -> None:
    """Take usage events from FILES (NDJSON or CSV, plain or gzip; - is standard input).

    Fields: timestamp, request_id, api_key_id, model_name, operation_type, units_consumed (a number or
    {input, output, cached}), credits_consumed, usage_labels, response_latency_ms, error_code. A request
    counts once, however often it comes. Rows that are refused are kept aside with file, line and reason;
    then the exit code is 1.

    Example: burndeck ingest usage-2026-03.ndjson.gz
    """
    from agent.domain.usage import Pattern
    from agent.ledger import open_writer
    from agent.telemetry.intake import ingest as take_in

    settings = settings_for(config, db)
    began = perf_counter()
    with Progress("Reading") as progress, open_writer(settings.ledger_path) as writer:
        summary = take_in(
            files,
            settings,
            writer,
            account=account,
            pattern=Pattern(_LABELS[labels]),
            correct=correct,
            progress=_Watch(progress, files).note,
        )
    result = _result(summary, perf_counter() - began)
    if as_json:
        print_json(result)
    else:
        _print(result, summary)
    sys.exit(1 if summary.rejected else 0)


class _Watch:
    """Tells the progress line how much of all files is read; standard input has no known size."""

    def __init__(self, line: Progress, files: tuple[str, ...]) -> None:
        self._line = line
        self._sizes = {name: Path(name).stat().st_size for name in files if name != "-"}
        self._done = dict.fromkeys(files, 0)
        self._rows = dict.fromkeys(files, 0)
        self._began = perf_counter()

    def note(self, file: UsageFile, rows: int) -> None:
        """`rows` rows of `file` are in."""
        self._done[file.name], self._rows[file.name] = file.done, rows
        total, everything = sum(self._rows.values()), sum(self._sizes.values())
        share = sum(self._done[name] for name in self._sizes) / everything if everything else 0.0
        self._line.at(min(share, 1.0), f"{total:,} rows {total / (perf_counter() - self._began):,.0f}/s")


def _result(summary: IntakeSummary, seconds: float) -> dict[str, Any]:
    """The document that `--json` prints; sums are over the accepted rows."""
    written = summary.written
    return {
        "accepted": written.accepted,
        "duplicates": written.duplicates,
        "rejected": summary.rejected,
        "refused": written.refused,
        "corrected": written.corrected,
        "tokens_input": written.tokens_input,
        "tokens_cached": written.tokens_cached,
        "tokens_output": written.tokens_output,
        "credits": to_credits(written.credits_nano).normalize() + Decimal(0),
        "unpriced": written.unpriced,
        "unpriced_models": sorted(summary.unpriced_models) if written.unpriced else [],
        "files": summary.files,
        "seconds": round(seconds, 3),
    }


def _print(result: dict[str, Any], summary: IntakeSummary) -> None:
    rate = round((result["accepted"] + result["duplicates"]) / max(result["seconds"], 0.001))
    click.echo(
        f"{result['accepted']:,} accepted, {result['duplicates']:,} known already,"
        f" {result['rejected']:,} rejected in {result['seconds']:.1f} s ({rate:,} rows/s)"
    )
    click.echo(
        f"{result['tokens_input']:,} tokens in, {result['tokens_output']:,} out,"
        f" {result['credits']:,f} credits (estimated)"
    )
    if result["corrected"]:
        click.echo(f"{result['corrected']:,} known requests came with other units: corrected")
    if result["refused"]:
        click.echo(f"{result['refused']:,} known requests came with other labels: refused, see the findings")
    if result["unpriced"]:
        models = ", ".join(name or "(none)" for name, _ in summary.unpriced_models.most_common(_MOST_SHOWN))
        click.echo(f"{result['unpriced']:,} rows are counted but not priced: no price is known for {models}")
        click.echo('  Put them into a prices.toml that burndeck.toml names ([rates] file = "prices.toml"),')
        click.echo(
            '  as [[models]] with name, tokens_input = "1.25", tokens_output = "10" (USD per million).'
        )
    for kind, count in summary.reasons.most_common(_MOST_SHOWN):
        click.echo(f"rejected {count:,}: {summary.examples[kind]}", err=True)
