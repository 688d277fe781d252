from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.allocation import Allocation, Scope
from agent.domain.cause import Cause
from agent.domain.usage import Layer
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.rows import BucketRow, DirectoryKey, DirectoryProject
from agent.reports.burn import burn
from agent.reports.triage import TriageDetail, TriageReport, detail, triage
from tests.agent.ledger.build import batch, event
from tests.agent.reports.world import (
    CHAT,
    DETAIL_FROM,
    NANO,
    NOW,
    ORDINARY,
    SEARCH,
    SETTINGS,
    SUPPORT,
    fill,
    use,
)

WINDOW = range(NOW - 900, NOW, 60)


def looked_at(path: Path, kind: Kind, value: str, **asked: object) -> tuple[TriageReport, TriageDetail]:
    with open_reader(path) as reader:
        report = triage(reader, SETTINGS, NOW + 60, **asked)  # type: ignore[arg-type]
        return report, detail(reader, SETTINGS, report, kind, value)


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine times the requests of support, with the same prompts and a quarter of the answers."""
    path = tmp_path_factory.mktemp("triage") / "ledger.sqlite"
    fill(path, spike=[_retries(minute) for minute in WINDOW])
    with open_writer(path) as writer:
        writer.save_directory(
            "openai",
            [DirectoryProject("proj_support", "support-api", "active")],
            [
                DirectoryKey(
                    "key_support",
                    "proj_support",
                    "support-prod-1",
                    "sk-...abcd",
                    created_at=NOW - 90 * 86_400,
                )
            ],
            [],
            NOW,
        )
    return path


def _retries(minute: int) -> BucketRow:
    return replace(use(minute, 60, SUPPORT, 3.5, requests=90), tokens_output=90 * 50)


def test_the_row_that_rose_comes_first_in_every_dimension(storm: Path) -> None:
    report, _ = looked_at(storm, Kind.TEAM, "support")

    assert report.basis == "same_weekday_and_hour"
    assert report.basis_sentence == "same weekday and hour of 4 weeks"
    assert report.rise.value == 3
    for kind, value in (
        (Kind.API_KEY, "key_support"),
        (Kind.TEAM, "support"),
        (Kind.PROJECT, "proj_support"),
        (Kind.ENVIRONMENT, "prod"),
        (Kind.ENDPOINT, "completions"),
        (Kind.MODEL, "gpt-5-mini"),
    ):
        first = report.table(kind).rows[0]
        assert (first.value, first.rise, first.share_of_rise) == (value, 3, 1)


def test_keys_and_projects_carry_their_names_from_the_directory(storm: Path) -> None:
    report, _ = looked_at(storm, Kind.TEAM, "support")

    assert report.table(Kind.API_KEY).rows[0].label == "support-prod-1"
    assert report.table(Kind.PROJECT).rows[0].label == "support-api"


def test_a_row_is_now_against_usual(storm: Path) -> None:
    report, _ = looked_at(storm, Kind.TEAM, "support")

    row = report.table(Kind.TEAM).rows[0]
    assert (row.now.value, row.usual.value, row.change) == (Decimal("3.5"), Decimal("0.5"), 6)
    assert (row.requests, row.requests_usual) == (90, 10)
    assert not row.estimated


def test_the_drivers_add_up_to_the_rise_exactly(storm: Path) -> None:
    _, found = looked_at(storm, Kind.API_KEY, "key_support")

    assert found.rise.value == 45
    assert sum(driver.credits for driver in found.drivers) == found.rise.value
    assert {driver.factor for driver in found.drivers} >= {"requests", "model_mix", "input_tokens", "price"}


def test_the_sentence_names_the_likely_cause(storm: Path) -> None:
    _, found = looked_at(storm, Kind.API_KEY, "key_support")

    assert found.cause is Cause.RETRY_STORM
    assert found.sentence.startswith("support-prod-1 burns +600 % against usual: 9.0x the usual requests")


def test_a_detail_says_whose_it_is(storm: Path) -> None:
    _, found = looked_at(storm, Kind.API_KEY, "key_support")

    assert (found.owner, found.team, found.cost_center) == ("bob@example.com", "support", "CC-2")
    assert found.key is not None
    assert (found.key.redacted, found.key.age_s) == ("sk-...abcd", 90 * 86_400)
    assert found.first_seen == (DETAIL_FROM - 30 * 86_400) // 3_600 * 3_600


def test_a_detail_shows_the_allocation_chain_and_the_cap_that_binds(storm: Path) -> None:
    _, searching = looked_at(storm, Kind.API_KEY, "key_search")
    _, supporting = looked_at(storm, Kind.API_KEY, "key_support")

    assert [row.scope for row in searching.budgets] == [
        "organization",
        "billing_group:product",
        "team:search",
    ]
    assert searching.binding is not None and supporting.binding is not None
    assert searching.binding.allocation_id == "org-1-team-search"
    assert supporting.binding.allocation_id == "org-1-bg-product"


def test_every_cap_that_something_in_the_row_burns_against_is_in_the_chain(storm: Path) -> None:
    smaller = Allocation("org-1-team-support", Scope.parse("team:support"), 15_000 * NANO)
    settings = replace(SETTINGS, allocations=(*SETTINGS.allocations, smaller))

    with open_reader(storm) as reader:
        report = triage(reader, settings, NOW + 60)
        model = detail(reader, settings, report, Kind.MODEL, "gpt-5-mini")
        key = detail(reader, settings, report, Kind.API_KEY, "key_search")

    assert [row.allocation_id for row in model.budgets][2:] == ["org-1-team-search", "org-1-team-support"]
    assert model.binding is not None
    assert (model.binding.allocation_id, model.binding.burn_s) == ("org-1-team-support", 900)
    assert smaller.id not in [row.allocation_id for row in key.budgets]


def test_drilling_keeps_only_what_is_inside(storm: Path) -> None:
    report, found = looked_at(storm, Kind.PROJECT, "proj_support", within=(Kind.TEAM, "support"))

    assert report.burn.value == Decimal("3.5")
    assert report.usual.value == Decimal("0.5")
    assert [row.value for row in report.table(Kind.API_KEY).rows] == ["key_support"]
    assert found.rise.value == 45


def test_drilling_into_a_model_keeps_its_callers(storm: Path) -> None:
    report, _ = looked_at(storm, Kind.TEAM, "support", within=(Kind.MODEL, "gpt-5-mini"))

    assert report.table(Kind.TEAM).rows[0].rise == 3


def test_a_value_that_nobody_has_is_empty_and_no_error(storm: Path) -> None:
    report, found = looked_at(storm, Kind.API_KEY, "key_unheard_of", within=(Kind.TEAM, "no such team"))

    assert all(not table.rows for table in report.tables)
    assert (found.now.value, found.cause, found.drivers[0].credits) == (0, None, 0)


def test_a_spike_in_one_past_week_does_not_become_usual(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path)
    hour = NOW // 3_600 * 3_600 - 7 * 86_400
    with open_writer(path) as writer:
        rows = [use(hour, 3_600, SEARCH, 60_000)]
        writer.write_usage_window("openai", hour, hour + 3_600, {"completions": rows}, read_at=NOW)

    report, _ = looked_at(path, Kind.TEAM, "search")

    assert report.usual.value == Decimal("1.6")
    assert [row.usual.value for row in report.table(Kind.TEAM).rows if row.value == "search"] == [1]


def test_less_history_is_compared_by_hour_of_the_day(tmp_path: Path) -> None:
    fill(tmp_path / "l.sqlite", days=5)

    report, _ = looked_at(tmp_path / "l.sqlite", Kind.TEAM, "search")

    assert report.basis == "same_hour_of_day"
    assert report.usual.value == Decimal("1.6")


@pytest.mark.parametrize("ordinary_weeks", [1, 2, 3])
def test_triage_and_burn_call_the_same_usual(tmp_path: Path, ordinary_weeks: int) -> None:
    """Three times the burn now, after weeks of which one held an incident of one team."""
    path = tmp_path / "l.sqlite"
    now = [use(minute, 60, who, rate * 3) for minute in WINDOW for who, rate in ORDINARY]
    fill(path, days=ordinary_weeks * 7 + 8, spike=now)
    hour = NOW // 3_600 * 3_600 - 7 * 86_400
    with open_writer(path) as writer:
        incident = [use(at, 3_600, SEARCH, 6_000) for at in (hour - 3_600, hour)]
        incident += [use(at, 3_600, SUPPORT, 30) for at in (hour - 3_600, hour)]
        writer.write_usage_window(
            "openai", hour - 3_600, hour + 3_600, {"completions": incident}, read_at=NOW
        )

    with open_reader(path) as reader:
        burning, report = burn(reader, SETTINGS, NOW + 60), triage(reader, SETTINGS, NOW + 60)
        drilled = triage(reader, SETTINGS, NOW + 60, within=(Kind.TEAM, "search"))
        found = detail(reader, SETTINGS, report, Kind.TEAM, "search")

    teams = {row.value: row.usual.value for row in report.table(Kind.TEAM).rows}
    assert (burning.usual.expected.value, burning.change) == (report.usual.value, report.change)
    assert teams == {row.name: row.usual.value for row in burning.teams}
    assert drilled.usual.value == teams["search"]
    assert found.usual.value == 15 * teams["search"]
    if ordinary_weeks > 1:
        assert teams["search"] == 1


def test_a_ledger_that_just_began_has_nothing_to_compare_with(tmp_path: Path) -> None:
    rows = [use(minute, 60, SEARCH, 1.0) for minute in range(NOW - 420, NOW, 60)]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window("openai", NOW - 420, NOW, {"completions": rows}, read_at=NOW)

    report, found = looked_at(tmp_path / "l.sqlite", Kind.API_KEY, "key_search")

    assert (report.basis, report.usual.value, report.change) == ("none", None, None)
    assert (found.cause, found.sentence) == (None, "key_search has no history to compare with")


def test_the_hour_in_which_a_ledger_began_is_no_measure(tmp_path: Path) -> None:
    """Ten minutes of one hour and all of the next two are known: only these two are ordinary hours."""
    first = NOW // 3_600 * 3_600 - 3 * 3_600 + 3_000
    rows = [use(minute, 60, SEARCH, 1.0) for minute in range(first, NOW, 60)]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window("openai", first, NOW, {"completions": rows}, read_at=NOW)

    with open_reader(tmp_path / "l.sqlite") as reader:
        burning, report = burn(reader, SETTINGS, NOW), triage(reader, SETTINGS, NOW)

    assert report.basis_sentence == "2 hours of the last day"
    assert burning.usual.expected.value == burning.teams[0].usual.value == report.usual.value == 1


def test_the_first_hour_is_compared_with_the_minutes_before(tmp_path: Path) -> None:
    rows = [event(f"r-{minute}", NOW - 60 * minute, credits_nano=NANO) for minute in range(1, 31)]
    rows += [event(f"s-{minute}", NOW - 60 * minute, credits_nano=NANO) for minute in range(1, 11)]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_events(batch(rows))

    report, found = looked_at(tmp_path / "l.sqlite", Kind.TEAM, "payments", window_s=600)

    assert report.basis == "window_before"
    assert (report.burn.value, report.usual.value) == (2, 1)
    assert report.burn.layer is Layer.ESTIMATED
    assert found.rise.value == 10
    assert sum(driver.credits for driver in found.drivers) == 10


def test_events_where_usage_is_metered_count_only_their_errors_and_latency(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=15)
    failed = [
        event(
            f"r-{n}",
            NOW - 300,
            dimensions=SEARCH,
            service=CHAT,
            credits_nano=NANO,
            error_code="429",
            latency_ms=900,
        )
        for n in range(5)
    ]
    with open_writer(path) as writer:
        writer.write_events(batch(failed))

    report, found = looked_at(path, Kind.API_KEY, "key_search")

    assert report.burn.value == Decimal("1.6")
    assert found.now.value == 15
    assert (found.errors, found.latency_ms) == (5, 900)


def test_a_window_inside_an_hour_wide_bucket_takes_its_share_and_says_so(tmp_path: Path) -> None:
    fill(tmp_path / "l.sqlite")

    report, _ = looked_at(tmp_path / "l.sqlite", Kind.TEAM, "search", at=NOW - 2 * 86_400)

    row = report.table(Kind.TEAM).rows[0]
    assert row.estimated
    assert report.burn.value == Decimal("1.6")


def test_where_nothing_has_a_price_requests_say_who_rose(tmp_path: Path) -> None:
    busy = [use(minute, 60, SUPPORT, 0, requests=900) for minute in WINDOW]
    fill(tmp_path / "l.sqlite", spike=busy, unpriced=True)

    report, found = looked_at(tmp_path / "l.sqlite", Kind.API_KEY, "key_support")

    first = report.table(Kind.ENDPOINT).rows[0]
    assert (first.requests, first.requests_usual) == (920, 30)
    assert sum(driver.credits for driver in found.drivers) == found.rise.value


def test_every_window_is_whole_minutes(tmp_path: Path) -> None:
    fill(tmp_path / "l.sqlite", days=1)

    report, _ = looked_at(tmp_path / "l.sqlite", Kind.TEAM, "search", window_s=61)

    assert report.window_s == 120


def test_an_empty_ledger_says_what_to_do(tmp_path: Path) -> None:
    open_writer(tmp_path / "l.sqlite").close()

    with open_reader(tmp_path / "l.sqlite") as reader:
        report = triage(reader, SETTINGS, NOW)

    assert "burndeck ingest" in report.empty
    assert report.burn.value is None
