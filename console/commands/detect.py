"""`burndeck detect`: how unusual each row of a series is."""

from __future__ import annotations

import csv
import io
import math
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import ConfigError
from console.commands.common import print_json

if TYPE_CHECKING:
    from agent.analytics.stream import Verdicts
    from agent.analytics.stream.verdict import Floats

_EPILOG = """\b
Examples:
  burndeck detect burn.csv -o scores.csv
  burndeck detect burn.csv --bands | column -s, -t
"""
_DIGITS = 6
_WORST = 5
_BANDS = ("expected", "low", "high", "reason")


@click.command("detect", epilog=_EPILOG)
@click.argument("source", metavar="IN.csv", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT.csv",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="File to write; by default standard output.",
)
@click.option("--bands", is_flag=True, help="Also write what is expected, its band and the reason.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as one JSON document.")
def detect(source: str, output: str, bands: bool, as_json: bool) -> None:
    """Score each row of a series `timestamp,value` by how unusual it is.

    Writes `timestamp,value,anomaly_score`, row for row. A score from 0.5 on is a finding; it depends on the
    row and the rows before it only. Timestamps are ISO 8601 (without a zone: UTC) or epoch seconds, in any
    step, regular or not. A row that cannot be read is named on standard error and has score 0. - stands for
    standard input or output.
    """
    if as_json and output == "-":
        raise click.UsageError("--json prints its summary where the rows go: name a file with -o")
    table = _read(source)
    for problem in table.problems:
        click.echo(f"error: {problem}", err=True)
    verdicts = _judge(table)
    scores = [round(value, _DIGITS) for value in verdicts.score.tolist()]
    _write(output, _text(table, scores, verdicts if bands else None))
    if as_json:
        print_json(_summary(table, scores, verdicts))


@dataclass(slots=True)
class _Table:
    """The rows of a file as they stand there, and what they mean; None where a row is bad."""

    name: str
    stamps: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    moments: list[int | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _read(source: str) -> _Table:
    """The rows of a file; raises `ConfigError` where none of it can be used."""
    name = "standard input" if source == "-" else source
    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        lines = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{name} is no CSV file in UTF-8: {error}", hint=_HINT) from error
    if not lines:
        raise ConfigError(f"{name} is empty", hint=_HINT)
    time, value, rest = _columns(name, lines)
    table = _Table(name)
    for line, row in rest:
        table.lines.append(line)
        table.stamps.append(row[time] if time < len(row) else "")
        table.texts.append(row[value] if value < len(row) else "")
    _understand(table)
    if table.lines and len(table.problems) >= len(table.lines) and not any(_good(table)):
        raise ConfigError(f"{name} has no row that can be used; the first: {table.problems[0]}", hint=_HINT)
    return table


_HINT = "It takes rows `timestamp,value` under a header with these names."


def _columns(name: str, lines: list[tuple[int, list[str]]]) -> tuple[int, int, list[tuple[int, list[str]]]]:
    """Where timestamp and value stand, and the rows of data; a file without a header has them first."""
    header = [cell.strip().lower() for cell in lines[0][1]]
    if "timestamp" in header and "value" in header:
        return header.index("timestamp"), header.index("value"), lines[1:]
    if len(header) >= 2 and _number(header[1]) is not None:
        return 0, 1, lines
    missing = "timestamp" if "timestamp" not in header else "value"
    raise ConfigError(f"{name}, line {lines[0][0]}: there is no column {missing!r}", hint=_HINT)


def _understand(table: _Table) -> None:
    """Reads times and numbers, and says what is wrong with those that are none."""
    from agent.telemetry.timestamps import epochs

    at, refused = epochs([stamp.strip() for stamp in table.stamps])
    moments = at.tolist()
    for row, (line, stamp, text) in enumerate(zip(table.lines, table.stamps, table.texts, strict=True)):
        value = _number(text)
        moment = _odd_moment(stamp) if row in refused else moments[row]
        if moment is None:
            table.problems.append(f"{table.name}, line {line}: {refused[row]}")
        if value is None:
            table.problems.append(f"{table.name}, line {line}: value: {text[:40]!r} is not a finite number")
        table.moments.append(moment)
        table.values.append(value)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _odd_moment(stamp: str) -> int | None:
    """A series may also count its seconds from anywhere: small numbers are seconds as they are."""
    number = _number(stamp)
    return math.floor(number) if number is not None and abs(number) < 1e11 else None


def _good(table: _Table) -> list[bool]:
    return [
        moment is not None and value is not None
        for moment, value in zip(table.moments, table.values, strict=True)
    ]


def _judge(table: _Table) -> Verdicts:
    import numpy as np

    from agent.analytics.stream import judge_series

    values = np.array(
        [
            value if good and value is not None else math.nan
            for value, good in zip(table.values, _good(table), strict=True)
        ],
        np.float64,
    )
    return judge_series(np.array([moment or 0 for moment in table.moments], np.int64), values)


def _text(table: _Table, scores: list[float], bands: Verdicts | None) -> str:
    """The file to write."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns: list[list[Any]] = [table.stamps, table.texts, [f"{score:.{_DIGITS}f}" for score in scores]]
    if bands is not None:
        from agent.analytics.stream import Reason

        figures = (bands.expected, bands.low, bands.high)
        columns += [_figures(column, _good(table)) for column in figures]
        columns.append([Reason(code).word for code in bands.reason.tolist()])
    writer.writerow(("timestamp", "value", "anomaly_score", *(_BANDS if bands is not None else ())))
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def _figures(column: Floats, good: list[bool]) -> list[str]:
    """Nothing is expected of a row that cannot be read."""
    return [
        f"{figure:.6g}" if known and not math.isnan(figure) else ""
        for figure, known in zip(column.tolist(), good, strict=True)
    ]


def _write(output: str, text: str) -> None:
    """All of the file or nothing: a reader never meets half of it."""
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output)
    try:
        if path.exists() and not path.is_file():  # a pipe or device cannot be replaced
            path.write_text(text, encoding="utf-8")
            return
        path = path.resolve()  # through a link to the file itself
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            mask = os.umask(0)
            os.umask(mask)
            Path(draft).chmod(0o666 & ~mask)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written: {error.strerror}", hint="Name an other file with -o."
        ) from error


def _summary(table: _Table, scores: list[float], verdicts: Verdicts) -> dict[str, Any]:
    """The document that `--json` prints."""
    from agent.analytics.stream import THRESHOLD, Reason

    worst = sorted(
        (row for row in range(len(scores)) if scores[row] > 0), key=lambda row: (-scores[row], row)
    )
    return {
        "rows": len(scores),
        "bad_rows": _good(table).count(False),
        "threshold": THRESHOLD,
        "flagged": sum(score >= THRESHOLD for score in scores),
        "worst": [
            {
                "line": table.lines[row],
                "timestamp": table.stamps[row],
                "value": table.values[row],
                "anomaly_score": scores[row],
                "expected": float(f"{verdicts.expected[row]:.6g}"),
                "reason": Reason(int(verdicts.reason[row])).word,
            }
            for row in worst[:_WORST]
        ],
    }
