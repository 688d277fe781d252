from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.alerts.watermark import complete_until
from agent.domain.allocation import Allocation, Scope
from agent.domain.usage import Layer
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import CostRow
from agent.reports.burn import BurnReport, burn
from agent.reports.named import report as named_report
from agent.settings import Settings
from agent.settings_schema import BillingGroup, Organization
from tests.agent.ledger.build import batch, event
from tests.agent.reports.world import CHAT, NANO, NOBODY, NOW, ORDINARY, SEARCH, SETTINGS, SUPPORT, fill, use


def report(
    path: Path, settings: Settings = SETTINGS, *, at: float | None = None, now: int = NOW + 60
) -> BurnReport:
    with open_reader(path) as reader:
        return burn(reader, settings, now, at=at)


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("burn") / "ledger.sqlite"
    fill(path)
    return path


def test_a_steady_organization_burns_what_is_usual(steady: Path) -> None:
    found = report(steady)

    assert found.at == NOW
    assert found.live
    assert found.burn.value == Decimal("1.600000")
    assert found.burn.layer is Layer.METERED
    assert found.usual.expected.value == Decimal("1.600000")
    assert found.usual.basis == "hour_of_week"
    assert found.verdict == "usual"
    assert found.change == 0


def test_totals_are_exact_to_the_minute(steady: Path) -> None:
    found = report(steady)

    assert found.total_24h.value == Decimal("1.6") * 1440
    assert found.total_7d.value == Decimal("1.6") * 1440 * 7
    assert found.money_24h.value == Decimal("1.6") * 1440 / 100


def test_money_uses_the_rate_of_each_billing_group(steady: Path) -> None:
    dear = BillingGroup(id="product", usd_per_credit=Decimal("0.02"))
    settings = Settings(organization=Organization(usd_per_credit=Decimal("0.01")), billing_groups=(dear,))

    found = report(steady, settings)

    # 1.5 of the 1.6 credits a minute are the product group's.
    assert found.burn_money.value == (Decimal("1.5") * 2 + Decimal("0.1")) * 60 / 100
    assert found.money_24h.value == (Decimal("1.5") * 2 + Decimal("0.1")) * 1440 / 100


def test_the_month_is_judged_against_its_allocations(steady: Path) -> None:
    found = report(steady)

    month = Decimal("1.6") * (17 * 1440 + 12 * 60 + 30)
    assert found.month_to_date.value == month
    organization, search, product = found.budgets
    assert (organization.scope, organization.used.value) == ("organization", month)
    assert search.share == (month / Decimal("1.6") / 60_000).quantize(Decimal("0.000001"))
    assert (search.state, product.state) == ("ok", "ok")


def test_the_runway_names_the_cap_that_bites_first(steady: Path) -> None:
    nearer = replace(SETTINGS.allocations[2], monthly_nano=26_000 * NANO)

    found = report(steady, replace(SETTINGS, allocations=(*SETTINGS.allocations[:2], nearer)))

    # search has 26,000 - 25,230 left at 1 a minute, the others have far longer.
    assert found.runway is not None
    assert found.runway.allocation_id == "org-1-team-search"
    assert found.runway.seconds == (26_000 - 25_230) * 60
    assert found.runway.at == NOW + found.runway.seconds
    assert found.runway.sentence == "org-1-team-search reaches its hard cap in 12 h 50 min"


def test_a_cap_beyond_the_month_is_not_reached(steady: Path) -> None:
    """With the month the count begins anew, so that no date after it would be true."""
    found = report(steady)

    # search has 60,000 - 25,230 left at 1 a minute: 24 days, of which the month has 12.
    assert found.runway is not None
    assert found.runway.allocation_id == "org-1-team-search"
    assert (found.runway.seconds, found.runway.at) == (None, None)
    assert "this month" in found.runway.sentence
    assert {row.hard_runway_s for row in found.budgets} == {None}


def test_days_without_an_agent_are_not_days_without_burn(tmp_path: Path) -> None:
    midnight = NOW // 86_400 * 86_400
    with open_writer(tmp_path / "l.sqlite") as writer:
        for first, last in ((20, 13), (3, 0)):
            for start in range(midnight - first * 86_400, midnight - last * 86_400, 86_400):
                hours = [use(hour, 3_600, SEARCH, 60.0) for hour in range(start, start + 86_400, 3_600)]
                rows = {"completions": hours}
                writer.write_usage_window("openai", start, start + 86_400, rows, read_at=NOW)
        still = midnight - 4 * 86_400
        writer.write_usage_window("openai", still, still + 86_400, {"completions": []}, read_at=NOW)
        rows = {"completions": [use(NOW - 60, 60, SEARCH, 1.0)]}
        writer.write_usage_window("openai", midnight, NOW, rows, read_at=NOW)

    found = report(tmp_path / "l.sqlite").forecast

    # Of the last 14 days one before the gap, three after it and one that was watched and still are known.
    assert found.average_day.value == Decimal(1440) * 4 / 5
    assert found.history_days == 6 + 1 + 3
    assert "average of 5 days" in found.method


def test_the_forecast_is_the_guides_formula(steady: Path) -> None:
    found = report(steady).forecast

    day = Decimal("1.6") * 1440
    assert found.average_day.value == day
    assert found.days_left == 12
    assert found.projected.value == report(steady).month_to_date.value + 12 * day
    assert "14 days" in found.method


def test_rows_say_what_each_team_burns_now_and_usually(steady: Path) -> None:
    rows = {row.name: row for row in report(steady).teams}

    assert list(rows) == ["search", "support", ""]
    assert rows["search"].now.value == rows["search"].usual.value == 1
    assert rows["search"].share == Decimal("0.6250")
    assert rows["search"].day.value == 1440
    assert rows["search"].sparkline == (Decimal(1),) * 60
    assert rows["support"].requests == 10


def test_the_usual_of_teams_does_not_know_the_running_hour(tmp_path: Path) -> None:
    hour = NOW // 3_600 * 3_600
    rows = [
        use(minute, 60, who, rate * (10 if minute >= hour else 1))
        for minute in range(hour - 7_200, hour + 2_700, 60)
        for who, rate in ORDINARY
    ]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window("openai", hour - 7_200, hour + 2_700, {"completions": rows}, read_at=NOW)

    found = report(tmp_path / "l.sqlite", now=hour + 2_700)

    assert found.usual.expected.value == Decimal("1.6")
    assert [row.usual.value for row in found.teams] == [1, Decimal("0.5"), Decimal("0.1")]


def test_attribution_leaves_out_what_nobody_owns(steady: Path) -> None:
    assert report(steady).attributed == Decimal("0.9375")


def test_cost_per_inference_divides_credits_by_completions(steady: Path) -> None:
    found = report(steady).cost_per_inference

    assert found.all_credits.value == found.completion_credits.value == Decimal("0.053333")


def test_the_last_hour_and_day_are_plotted_beside_what_was_usual(steady: Path) -> None:
    found = report(steady)

    assert [point.value for point in found.hour.points] == [Decimal("1.6")] * 60
    assert [point.value for point in found.day.points] == [Decimal("1.6")] * 24
    assert all(point.expected == Decimal("1.6") for point in found.hour.points)
    assert found.hour.points[-1].at == NOW - 60


def test_time_travel_shows_the_ledger_as_of_an_earlier_instant(steady: Path) -> None:
    found = report(steady, at=NOW - 3 * 86_400)

    assert found.at == NOW - 3 * 86_400
    assert not found.live
    assert found.burn.value == Decimal("1.6")
    assert found.month_to_date.value == Decimal("1.6") * (14 * 1440 + 12 * 60 + 30)


def test_minutes_after_the_instant_looked_at_do_not_count(steady: Path) -> None:
    found = report(steady, at=NOW - 1_200)

    assert found.total_24h.value == Decimal("1.6") * 1440
    assert found.month_to_date.value == Decimal("1.6") * (17 * 1440 + 12 * 60 + 10)
    assert found.day.points[-1].value == Decimal("1.6")


def test_the_past_looks_the_same_later_as_it_did_then(tmp_path: Path) -> None:
    """Within an hour that bursts after the instant looked at, in every part of the report."""
    then, later = NOW - 1_800 - 1_200, NOW
    key = Allocation("org-1-key-key_search", Scope.parse("api_key:key_search"), 10**6 * NANO)
    settings = replace(SETTINGS, allocations=(*SETTINGS.allocations, key))
    seen = {}
    for path, end in ((tmp_path / "then.sqlite", then), (tmp_path / "later.sqlite", later)):
        burst = [
            use(minute, 60, who, 500.0 if minute >= then else 1.0, requests=900 if minute >= then else 10)
            for minute in range(NOW - 7_200, end, 60)
            for who in (SEARCH, SUPPORT)
        ]
        fill(path, days=10, end=end, spike=burst)
        with open_reader(path) as reader:
            found = burn(reader, settings, later, at=then)
            summary = named_report(reader, settings, "models", later, at=then // 3_600 * 3_600)
        seen[end] = (
            found.budgets,
            found.cost_per_inference,
            found.attributed,
            [(row.name, row.now.value, row.usual.value, row.day.value, row.requests) for row in found.teams],
            found.month_to_date,
            found.total_24h,
            summary.rows,
        )

    assert seen[then] == seen[later]


def test_where_only_hours_are_known_requests_are_told_and_minutes_are_not(steady: Path) -> None:
    found = report(steady, at=NOW - 2 * 86_400)

    assert (found.burn.value, found.requests.value) == (Decimal("1.6"), 30)
    assert found.teams[0].requests == 10
    assert set(found.teams[0].sparkline) == {None}


def test_a_ledger_filled_long_ago_is_shown_where_its_data_ends(steady: Path) -> None:
    found = report(steady, now=NOW + 90 * 86_400)

    assert found.at == NOW
    assert not found.live
    assert found.status.age_s == 90 * 86_400


def test_a_spike_is_above_its_band(tmp_path: Path) -> None:
    spike = [use(minute, 60, replace(SEARCH, api_key="key_2"), 4.0) for minute in range(NOW - 600, NOW, 60)]
    fill(tmp_path / "l.sqlite", spike=spike)

    found = report(tmp_path / "l.sqlite")

    assert found.burn.value == Decimal("5.6")
    assert found.verdict == "above"
    assert found.change == Decimal("2.5")
    assert found.teams[0].name == "search"
    assert found.teams[0].change == 4


def test_a_month_past_its_hard_cap_is_over(tmp_path: Path) -> None:
    fill(tmp_path / "l.sqlite")
    small = replace(SETTINGS.allocations[2], monthly_nano=1_000 * NANO)

    found = report(tmp_path / "l.sqlite", Settings(allocations=(small,)))

    assert found.budgets[0].state == "hard"
    assert found.runway is not None
    assert (found.runway.over, found.runway.seconds) == (True, 0)


def test_billed_days_replace_metered_ones_in_the_month(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path)
    day = NOW // 86_400 * 86_400 - 5 * 86_400
    with open_writer(path) as writer:
        cost = CostRow(day, SEARCH, CHAT, "completions", 5 * NANO, "usd", 5_000 * NANO)
        writer.write_costs("openai", day, day + 86_400, [cost], final_before=day + 86_400, read_at=NOW)

    found = report(path)

    ordinary = Decimal("1.6") * (17 * 1440 + 12 * 60 + 30)
    assert found.month_to_date.value == ordinary - Decimal("1.6") * 1440 + 5_000
    assert (found.month_to_date.layer, found.month_to_date.mixed) == (Layer.METERED, True)
    assert found.month_to_date.tag == "met+"


def test_a_bill_counts_also_where_nobody_counted_requests(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    day = NOW // 86_400 * 86_400
    with open_writer(path) as writer:
        cost = CostRow(day - 86_400, SEARCH, CHAT, "completions", 5 * NANO, "usd", 5 * NANO)
        writer.write_costs("openai", day - 86_400, day, [cost], final_before=day, read_at=NOW)
        rows = [use(NOW - 60, 60, SEARCH, 1.0)]
        writer.write_usage_window("openai", day, NOW, {"completions": rows}, read_at=NOW)

    assert report(path).month_to_date.tag == "met+"


def test_an_account_that_only_sends_events_holds_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=10)
    gateway = replace(SEARCH, account="gateway")
    with open_writer(path) as writer:
        writer.write_events(batch([event("r-1", NOW - 1_500, dimensions=gateway, credits_nano=NANO)]))

        judged = complete_until(writer.alerts.covered_to(), writer.alerts.newest_event(), NOW + 60)

    found = report(path)
    assert found.at == judged == NOW
    assert found.live


def test_now_is_metered_where_all_of_its_minutes_are(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=10)
    with open_writer(path) as writer:
        later = [event(f"r-{n}", NOW + 60 + n, dimensions=SEARCH, credits_nano=NANO) for n in range(5)]
        writer.write_events(batch(later))

    found = report(path, now=NOW + 120)

    assert (found.at, found.burn.tag, found.total_24h.tag) == (NOW, "met", "met")


def test_models_without_a_price_are_named_and_not_guessed(tmp_path: Path) -> None:
    fill(tmp_path / "l.sqlite", days=1, unpriced=True)

    found = report(tmp_path / "l.sqlite")

    assert found.burn.value == 0
    assert found.requests.value == 30
    assert found.unpriced[0].model == "gpt-unknown"
    assert found.unpriced[0].requests == 3 * 10 * 390


def test_without_any_price_attribution_counts_requests(tmp_path: Path) -> None:
    rows = [
        event(f"r-{n}", NOW - 60 * n, dimensions=who, credits_nano=None)
        for n, who in enumerate((SEARCH, SUPPORT, NOBODY), 1)
    ]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_events(batch(rows))

    assert report(tmp_path / "l.sqlite").attributed == Decimal("0.6667")


def test_an_empty_ledger_says_what_to_do(tmp_path: Path) -> None:
    open_writer(tmp_path / "l.sqlite").close()

    found = report(tmp_path / "l.sqlite")

    assert "burndeck agent start" in found.empty
    assert found.burn.value is None
    assert found.runway is None
    assert found.status.agent.state == "never"


def test_the_first_minutes_of_a_ledger_have_no_usual(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        rows = [use(NOW - 120, 60, SEARCH, 1.0)]
        writer.write_usage_window("openai", NOW - 120, NOW - 60, {"completions": rows}, read_at=NOW)

    found = report(tmp_path / "l.sqlite")

    assert found.verdict == "unknown"
    assert found.usual.expected.value is None
    assert found.forecast.projected.value is None
    assert found.teams[0].change is None
