from __future__ import annotations

import random
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.money import to_credits
from agent.domain.usage import Dimensions, Operation, Service
from agent.errors import ConfigError
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import QuarantineRow
from agent.reports.named import REPORTS, Table, report
from agent.settings import Settings
from tests.agent.ledger.build import batch, event
from tests.agent.ledger.plain import Event
from tests.agent.reports.world import NANO, NOW, SEARCH, SETTINGS, fill, use

END = 1_795_046_400  # 2026-11-19 00:00 UTC
EMBED = Service("embed-a", Operation.EMBEDDING, "embeddings")
MODELS = ("gpt-a", "gpt-b", "gpt-c")


def asked(path: Path, name: str) -> Table:
    with open_reader(path) as reader:
        return report(reader, Settings(), name, END + 60)


def written(path: Path, rows: list[Event]) -> Path:
    with open_writer(path) as writer:
        writer.write_events(batch(rows))
    return path


@pytest.fixture(scope="module")
def rows() -> list[Event]:
    """Some thousand requests of four teams over seventy days; one team only embeds."""
    draw = random.Random(7)
    found = [event("last", END - 1, credits_nano=0)]
    for number in range(6_000):
        team = draw.choice(("search", "support", "fraud", ""))
        service = (
            EMBED if team == "fraud" else Service(draw.choice(MODELS), Operation.COMPLETION, "completions")
        )
        found.append(
            event(
                f"r-{number}",
                END - draw.randrange(1, 70 * 86_400),
                dimensions=Dimensions("openai", f"key-{team}", team=team, pattern="C" if team else "none"),
                service=service,
                credits_nano=draw.randrange(1, 10 * NANO),
                latency_ms=draw.randrange(100, 900),
                error_code=draw.choice((None, None, None, "429")),
            )
        )
    return found


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, rows: list[Event]) -> Path:
    return written(tmp_path_factory.mktemp("named") / "l.sqlite", rows)


def test_credits_per_team_is_the_guides_query(ledger: Path, rows: list[Event]) -> None:
    found = asked(ledger, "credits-per-team")

    credits_: Counter[str] = Counter()
    completions: Counter[str] = Counter()
    for row in rows:
        if row.at >= END - 30 * 86_400:
            credits_[row.dimensions.team] += row.credits_nano or 0
            completions[row.dimensions.team] += row.service.operation is Operation.COMPLETION
    assert found.columns == (
        "team",
        "credits_consumed_30d",
        "completion_count_30d",
        "credits_per_inference",
    )
    assert [(row[0], row[1], row[2]) for row in found.rows] == [
        (team, to_credits(nano), completions[team]) for team, nano in credits_.most_common()
    ]
    each = {row[0]: row[3] for row in found.rows}
    assert each["fraud"] is None
    assert each["search"] == round(to_credits(credits_["search"]) / completions["search"], 6)


def test_top_drivers_is_the_guides_query(ledger: Path, rows: list[Event]) -> None:
    found = asked(ledger, "top-drivers")

    pairs: Counter[tuple[str, str]] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.at >= END - 7 * 86_400:
            pairs[row.service.model, row.dimensions.team] += row.credits_nano or 0
            counts[row.service.model, row.dimensions.team] += 1
    expected = [(*pair, to_credits(nano), counts[pair]) for pair, nano in pairs.most_common(10)]
    assert found.columns == ("model_name", "team", "credits_week", "request_count")
    assert list(found.rows) == expected
    assert len(found.rows) == 10


def test_anomalies_keeps_days_above_three_deviations(tmp_path: Path) -> None:
    calm = [
        event(f"r-{day}", END - day * 86_400 + 60, credits_nano=(100 + day % 3) * NANO)
        for day in range(2, 60)
    ]
    spike = event("spike", END - 60, credits_nano=500 * NANO)
    path = written(tmp_path / "l.sqlite", [*calm, spike])

    seed, robust = asked(path, "anomalies"), asked(path, "anomalies-robust")

    assert seed.columns == ("day", "team", "credits", "mean_credits", "std_credits", "z_score")
    assert [(row[0], row[1], row[2]) for row in seed.rows] == [("2026-11-18", "payments", Decimal(500))]
    assert [row[0] for row in robust.rows] == ["2026-11-18"]
    assert seed.finding


def test_models_and_levels_add_up_to_the_whole(ledger: Path, rows: list[Event]) -> None:
    models, levels = asked(ledger, "models"), asked(ledger, "levels")

    whole = to_credits(sum(row.credits_nano or 0 for row in rows if row.at >= END - 30 * 86_400))
    assert sum(row[-1] for row in models.rows) == whole  # type: ignore[misc]
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for row in levels.rows:
        assert isinstance(row[3], Decimal)
        sums[row[0]] += row[3]
    assert set(sums.values()) == {whole}


def test_request_summary_has_errors_and_latency(ledger: Path, rows: list[Event]) -> None:
    found = {row[0]: row for row in asked(ledger, "request-summary").rows}

    mine = [row for row in rows if row.at >= END - 86_400 and row.service.endpoint == "completions"]
    assert found["completions"][1:3] == (len(mine), sum(row.error_code is not None for row in mine))
    mean = Decimal(sum(row.latency_ms for row in mine)) / len(mine)
    assert found["completions"][4] == round(mean, 1)


def test_unattributed_spend_is_told_by_level_and_pattern(ledger: Path) -> None:
    levels = {row[0]: row for row in asked(ledger, "unattributed").rows}
    patterns = {row[0]: row for row in asked(ledger, "attribution").rows}

    assert levels["team"][2] == patterns["none"][2]
    assert levels["project"][3] == 1
    assert patterns["C"][3] + patterns["none"][3] == 1  # type: ignore[operator]


def test_unpriced_refused_and_noted_rows_are_listed(tmp_path: Path) -> None:
    path = written(tmp_path / "l.sqlite", [event("r", END - 60, credits_nano=None)])
    with open_writer(path) as writer:
        writer.quarantine([QuarantineRow("a.csv", "line 3", "timestamp: missing", "x,y")], END)
        writer.findings([("label changed", "r-1", "team a -> b")], END)

    assert asked(path, "unpriced").rows == (("gpt-a", 1, 1, 10, 5),)
    assert asked(path, "quarantine").rows[0][1:] == ("a.csv", "line 3", "timestamp: missing", "x,y")
    assert asked(path, "findings").rows[0][1:] == ("label changed", "r-1", "team a -> b")


def test_drift_compares_what_each_layer_says(tmp_path: Path) -> None:
    from tests.agent.ledger.build import bucket, cost

    day = END - 86_400
    path = written(tmp_path / "l.sqlite", [event("r", day + 60, credits_nano=90 * NANO)])
    with open_writer(path) as writer:
        metered = [bucket(day, 3_600, nano=100 * NANO)]
        writer.write_usage_window("openai", day, day + 3_600, {"completions": metered}, read_at=END)
        writer.write_costs("openai", day, END, [cost(day, 99 * NANO)], final_before=END, read_at=END)

    row = asked(path, "drift").rows[0]

    assert row[2:5] == (90, 100, 99)
    assert row[5:] == (Decimal("0.1111"), Decimal("-0.0100"))


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers_on_an_empty_ledger(tmp_path: Path, name: str) -> None:
    open_writer(tmp_path / "l.sqlite").close()

    assert asked(tmp_path / "l.sqlite", name).rows == ()


def test_an_unknown_report_names_the_known_ones(ledger: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        asked(ledger, "credit-per-team")

    assert "credits-per-team" in caught.value.hint


@pytest.mark.parametrize("name", ["models", "levels", "credits-per-team", "top-drivers", "request-summary"])
def test_reports_of_the_past_end_with_the_hour_that_they_name(tmp_path: Path, name: str) -> None:
    """What burns after the instant looked at changes nothing, also within the same hour and day."""
    at = NOW - 3_000
    tables = []
    for place, burst in enumerate((1.0, 500.0)):
        path = tmp_path / f"{place}.sqlite"
        fill(path, days=3, spike=[use(minute, 60, SEARCH, burst) for minute in range(at, NOW, 60)])
        with open_reader(path) as reader:
            tables.append(report(reader, SETTINGS, name, NOW, at=at))

    assert tables[0].rows == tables[1].rows
    assert "to 2026-11-18 11:00 UTC" in tables[0].note


def test_attribution_patterns_shows_every_pattern_in_its_order_and_counts_conflicts(tmp_path: Path) -> None:
    who = {"C": "key-c", "B": "key-b", "A": "key-a", "": "key-n"}
    rows = [
        event(
            f"r-{key}-{number}",
            END - 1 - number,
            dimensions=Dimensions("openai", key, team="t" if pattern else "", pattern=pattern or "none"),
            credits_nano=NANO,
        )
        for pattern, key in who.items()
        for number in range({"C": 5, "A": 3}.get(pattern, 1))
    ]
    path = written(tmp_path / "l.sqlite", rows)

    quiet = asked(path, "attribution-patterns")
    with open_writer(path) as writer:
        writer.findings([("attribution_conflict", "api_key:k", "team"), ("label_shape", "t", "x")], END - 5)
    found = asked(path, "attribution-patterns")

    assert found.columns == ("pattern", "set_by", "request_count", "credits", "share")
    assert [(row[0], row[2], row[4]) for row in found.rows] == [
        ("C", 5, Decimal("0.5")),
        ("B", 1, Decimal("0.1")),
        ("A", 3, Decimal("0.3")),
        ("none", 1, Decimal("0.1")),
    ]
    assert found.finding
    assert quiet.note.endswith("C counts over B over A")
    assert found.note.endswith("1 conflict, see `burndeck report findings`")
