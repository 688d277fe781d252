from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import burndeck
from tests.agent.analytics.burning import traffic

BURN = traffic(days=0.2).times(6, 200, 205)  # 288 minutes, five of them dear


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(burndeck, ["detect", *map(str, arguments)], input=stdin)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def text_of(rows: list[tuple[str, str]]) -> str:
    return "timestamp,value\n" + "".join(f"{stamp},{value}\n" for stamp, value in rows)


def burn_rows() -> list[tuple[str, str]]:
    return [(str(at), repr(value)) for at, value in zip(BURN.at.tolist(), BURN.credits.tolist(), strict=True)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "burn.csv"
    file.write_text(text_of(burn_rows()))
    return file


def test_a_row_comes_out_for_each_row_with_its_text_unchanged(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"

    result = run(source, "-o", out)

    rows = rows_of(out.read_text())
    assert result.exit_code == 0, result.stderr
    assert out.read_text().splitlines()[0] == "timestamp,value,anomaly_score"
    assert [(row["timestamp"], row["value"]) for row in rows] == burn_rows()
    assert all(0 <= float(row["anomaly_score"]) <= 1 for row in rows)
    assert next(n for n, row in enumerate(rows) if float(row["anomaly_score"]) >= 0.5) == 200


def test_standard_input_and_output_serve_too(source: Path, tmp_path: Path) -> None:
    run(source, "-o", tmp_path / "scores.csv")

    piped = run("-", "-o", "-", stdin=source.read_text())

    assert piped.stdout == (tmp_path / "scores.csv").read_text()


@pytest.mark.parametrize(
    "stamps",
    [
        ("2026-03-02T00:00:00Z", "2026-03-02T00:01:00Z"),
        ("2026-03-02 00:00:00", "2026-03-02 00:01:00"),
        ("2026-03-02T01:00:00+01:00", "2026-03-02T01:01:00+01:00"),
        ("1772409600", "1772409660"),
        ("1772409600.5", "1772409660.5"),
        ("0", "60"),
        ("2026-03-01", "2026-03-02"),
    ],
)
def test_every_common_way_to_write_a_time_is_read(stamps: tuple[str, str]) -> None:
    result = run("-", stdin=text_of([(stamp, "1.5") for stamp in stamps]))

    assert result.exit_code == 0
    assert result.stderr == ""
    assert [row["timestamp"] for row in rows_of(result.stdout)] == list(stamps)


def test_times_with_and_without_zone_give_the_same_scores(source: Path) -> None:
    import datetime

    def written(pattern: str) -> str:
        moments = [datetime.datetime.fromtimestamp(int(at), datetime.UTC) for at, _ in burn_rows()]
        return text_of(
            [
                (moment.strftime(pattern), value)
                for moment, (_, value) in zip(moments, burn_rows(), strict=True)
            ]
        )

    texts = [source.read_text(), written("%Y-%m-%d %H:%M:%S"), written("%Y-%m-%dT%H:%M:%SZ")]

    scores = [[row["anomaly_score"] for row in rows_of(run("-", stdin=text).stdout)] for text in texts]
    assert scores[0] == scores[1] == scores[2]


def test_a_bad_row_is_named_scored_zero_and_harms_no_other(source: Path, tmp_path: Path) -> None:
    good = [row["anomaly_score"] for row in rows_of(run(source).stdout)]
    lines = source.read_text().splitlines()
    lines[51:51] = ["soon,3", "1772412600,many", "1772412600,nan", "1772412600"]
    file = tmp_path / "bad.csv"
    file.write_text("\n".join(lines))

    result = run(file)

    rows = rows_of(result.stdout)
    assert result.exit_code == 0
    assert [float(row["anomaly_score"]) for row in rows[50:54]] == [0, 0, 0, 0]
    assert [row["anomaly_score"] for row in rows[:50] + rows[54:]] == good
    errors = result.stderr.splitlines()
    assert len(errors) == 4
    assert f"{file}, line 52: timestamp: 'soon'" in errors[0]
    assert f"{file}, line 53: value: 'many'" in errors[1]


def test_bands_say_what_was_expected_and_why_a_row_stands_out(source: Path) -> None:
    rows = rows_of(run(source, "--bands").stdout)

    assert list(rows[0]) == ["timestamp", "value", "anomaly_score", "expected", "low", "high", "reason"]
    spike = rows[200]
    assert spike["reason"] in ("spike", "rise")
    assert float(spike["low"]) <= float(spike["expected"]) <= float(spike["high"]) < float(spike["value"])


def test_json_sums_up_and_names_the_worst_row(source: Path, tmp_path: Path) -> None:
    result = run(source, "-o", tmp_path / "scores.csv", "--json")

    said = json.loads(result.stdout)
    scores = [float(row["anomaly_score"]) for row in rows_of((tmp_path / "scores.csv").read_text())]
    assert (said["rows"], said["bad_rows"], said["threshold"]) == (288, 0, 0.5)
    assert said["flagged"] == sum(score >= 0.5 for score in scores)
    assert said["worst"][0]["line"] == 2 + scores.index(max(scores))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("time,value\n2026-03-02,1\n", "no column 'timestamp'"),
        ("timestamp,credits\n2026-03-02,1\n", "no column 'value'"),
        ("timestamp,value\nsoon,1\n", "no row that can be used"),
        ("timestamp,value\n\xff\x00", "soon or bytes"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_bytes(text.encode("latin-1"))

    result = CliRunner().invoke(burndeck, ["detect", str(file), "-o", str(out)])

    from agent.errors import BurndeckError

    assert isinstance(result.exception, BurndeckError)
    assert result.exception.exit_code == 2
    if problem != "soon or bytes":
        assert problem in result.exception.message
    assert not out.exists()


def test_a_header_alone_gives_a_header_alone() -> None:
    assert run("-", stdin="timestamp,value\n").stdout == "timestamp,value,anomaly_score\n"


def test_columns_may_stand_anywhere_and_a_header_may_be_missing() -> None:
    other = run("-", stdin="Value,host,Timestamp\n1.5,a,2026-03-02\n")
    bare = run("-", stdin="2026-03-02,1.5\n")

    assert rows_of(other.stdout) == rows_of(bare.stdout)
    assert rows_of(bare.stdout)[0]["value"] == "1.5"


def test_an_earlier_result_stays_whole_when_the_new_one_fails(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("kept")
    source.write_text("nothing useful\n")

    assert run(source, "-o", out).exit_code != 0

    assert out.read_text() == "kept"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["burn.csv", "scores.csv"]


def test_a_folder_that_is_not_there_is_a_usage_error(source: Path, tmp_path: Path) -> None:
    result = run(source, "-o", tmp_path / "nowhere" / "scores.csv")

    assert "cannot be written" in str(result.exception)
