"""Caps, months, weeks and what follows from them, against sums made without the reports."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.analytics.forecast import projected_month
from agent.domain.allocation import Allocation, Scope
from agent.domain.usage import Operation
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import BucketRow, CostRow
from agent.runbooks.asked.answer import credits_, credits_exactly
from agent.settings import Settings
from agent.settings_schema import BillingGroup
from tests.agent.reports.world import CHAT, NOBODY, NOW, SEARCH, SETTINGS, SUPPORT, use
from tests.agent.runbooks.asked.look import NANO, amount, ask, column, first

DAY = 86_400
NOVEMBER = 1_793_491_200  # 2026-11-01 00:00 UTC
OCTOBER = NOVEMBER - 31 * DAY
TODAY = NOW // DAY * DAY
SPIKE = 5 * 30  # credits above the ordinary, of the last half hour


def ordinary(start: int, end: int, rate: str) -> Decimal:
    return Decimal(rate) * (end - start) / 60


def row_of(found: object, name: str) -> dict[str, str]:
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]  # type: ignore[attr-defined]
    return next(row for row in rows if name in row.values())


def test_the_month_of_every_cost_center_is_exact_in_credits_and_money(spike: Path) -> None:
    found = ask(spike, "month")

    search = ordinary(NOVEMBER, NOW, "1.0") + SPIKE
    support, nobody = ordinary(NOVEMBER, NOW, "0.5"), ordinary(NOVEMBER, NOW, "0.1")
    rows = {row[0]: (Decimal(amount(row[1])), Decimal(amount(row[2]))) for row in found.rows}
    assert rows == {
        "CC-1": (search, search / 100),
        "CC-2": (support, support / 100),
        "(nobody)": (nobody, nobody / 100),
    }
    assert found.layer == "metered"
    assert f"unattributed: {nobody:,.0f} credits" in found.note


def test_money_is_at_the_rate_of_the_billing_group(spike: Path) -> None:
    settings = replace(SETTINGS, billing_groups=(BillingGroup(id="product", usd_per_credit=Decimal("0.02")),))

    found = ask(spike, "month", settings)

    search = ordinary(NOVEMBER, NOW, "1.0") + SPIKE
    assert Decimal(amount(row_of(found, "CC-1")["USD"])) == search / 50
    nobody = ordinary(NOVEMBER, NOW, "0.1")
    assert Decimal(amount(row_of(found, "(nobody)")["USD"])) == nobody / 100


def test_a_cost_center_of_two_billing_groups_is_converted_as_its_keys_burnt(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    other = replace(SEARCH, api_key="key_other", billing_group="labs", team="labs")
    rows = [use(TODAY, 3_600, SEARCH, 300), use(TODAY, 3_600, other, 100)]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", TODAY, NOW, {"completions": rows}, read_at=NOW)
    settings = Settings(billing_groups=(BillingGroup(id="labs", usd_per_credit=Decimal("0.05")),))

    found = ask(path, "month", settings)

    assert first(found)["credits"] == "400 credits"
    assert first(found)["USD"] == "8.00 USD"  # 300 x 0.01 + 100 x 0.05
    assert "several billing groups" in found.note


def test_last_month_takes_the_bill_where_it_covers_and_the_meter_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    bill = [CostRow(OCTOBER, SEARCH, CHAT, "gpt", 7 * NANO, "USD", 700 * NANO)]
    rows = [use(OCTOBER + hour * 3_600, 3_600, SEARCH, 10) for hour in range(48)]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", OCTOBER, OCTOBER + 2 * DAY, {"completions": rows}, read_at=NOW)
        end = OCTOBER + DAY
        writer.write_costs("openai", OCTOBER, end, bill, final_before=end, read_at=NOW)
        edge = [use(NOVEMBER - 3_600, 3_600, SEARCH, 5), use(NOVEMBER, 3_600, SEARCH, 1_000)]
        around = {"completions": edge}
        writer.write_usage_window("openai", NOVEMBER - 3_600, NOVEMBER + 3_600, around, read_at=NOW)
        use_now = {"completions": [use(NOW - 60, 60, SEARCH, 1)]}
        writer.write_usage_window("openai", NOW - 60, NOW, use_now, read_at=NOW)

    found = ask(path, "month", month="last")

    assert first(found)["credits"] == f"{700 + 24 * 10 + 5} credits"
    assert found.layer == "metered"
    assert "layers are mixed" in found.note


def test_the_budget_forecasts_every_allocation_by_the_guides_formula(spike: Path) -> None:
    found = ask(spike, "budget")

    used = ordinary(NOVEMBER, NOW, "1.0") + SPIKE
    end = Decimal(projected_month(int(used * NANO), 1_440 * NANO, 12, 0)) / NANO
    assert end == used + 12 * 1_440
    mine = row_of(found, "org-1-team-search")
    assert Decimal(amount(mine["used"])) == used
    assert Decimal(amount(mine["forecast"])) == end
    assert Decimal(amount(mine["variance"])) == end - 60_000
    assert found.sentence.startswith("0 of 3 allocations end the month over budget")


def test_a_first_day_that_began_somewhere_inside_is_no_day_to_average(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    hours = range(TODAY - 3 * DAY + 12 * 3_600, TODAY, 3_600)
    with open_writer(path) as writer:
        rows = {"completions": [use(hour, 3_600, SEARCH, 10) for hour in hours]}
        writer.write_usage_window("openai", hours.start, TODAY, rows, read_at=NOW)

    found = ask(path, "budget", now=TODAY + 60)

    # 17 November ends: 60 hours are used, and 13 whole days of 240 are left.
    assert row_of(found, "org-1-team-search")["forecast"] == f"{600 + 13 * 240:,} credits"


def test_the_week_is_held_against_the_last_with_what_drove_it(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    hours = range(TODAY - 14 * DAY, TODAY, 3_600)
    late = TODAY - 7 * DAY
    rows: list[BucketRow] = []
    for hour in hours:
        rows.append(use(hour, 3_600, SEARCH, 20 if hour >= late else 10, requests=20 if hour >= late else 10))
        rows.append(use(hour, 3_600, SUPPORT, 5))
    with open_writer(path) as writer:
        for start in range(hours.start, TODAY, DAY):
            part = [row for row in rows if start <= row.start < start + DAY]
            writer.write_usage_window("openai", start, start + DAY, {"completions": part}, read_at=NOW)

    found = ask(path, "week", now=TODAY + 60)

    assert first(found) == {
        "team": "search",
        "this week": f"{20 * 168:,} credits",
        "last week": f"{10 * 168:,} credits",
        "change": f"+{10 * 168:,} credits",
        "in per cent": "+100 %",
        "mostly by": f"requests (+{10 * 168:,} credits)",
    }
    assert found.rows[1][3:] == ("0 credits", "+0 %", "")
    assert found.sentence.startswith("4,200 credits this week against 2,520 credits (+67 %)")


def test_the_week_adds_up_to_what_the_ledger_burnt(spike: Path) -> None:
    found = ask(spike, "week")

    with open_reader(spike) as reader:
        end = NOW // 3_600 * 3_600
        rows = reader.rows("hours_of", {"kind": 0, "start": end - 7 * DAY, "end": end})
    assert sum(Decimal(amount(text)) for text in column(found, "this week")) * NANO == sum(
        row["credits_nano"] for row in rows
    )


def allocating(search: int, support: int, pool: int) -> Settings:
    return Settings(
        allocations=(
            Allocation("org-1", Scope.parse("organization"), pool * NANO),
            Allocation("org-1-team-search", Scope.parse("team:search"), search * NANO),
            Allocation("org-1-team-support", Scope.parse("team:support"), support * NANO),
        )
    )


def test_proposals_follow_usage_where_the_difference_matters(spike: Path) -> None:
    # December: 31 days of 1,440 and 720 credits, 44,640 and 22,320, rounded up to two digits.
    found = ask(spike, "proposals", allocating(30_000, 22_000, 100_000))

    assert [row[:4] for row in found.rows] == [("org-1-team-search", "team:search", "30,000", "45,000")]
    assert "1,440 credits a day (+50 %)" in found.rows[0][4]


def test_proposals_never_pass_the_pool_but_may_spend_what_they_free(spike: Path) -> None:
    short = ask(spike, "proposals", allocating(30_000, 23_000, 63_000))
    freed = ask(spike, "proposals", allocating(30_000, 33_000, 68_000))

    assert column(short, "monthly proposed") == ["40,000"]  # 10,000 are left
    assert dict(zip(column(freed, "allocation"), column(freed, "monthly proposed"), strict=True)) == {
        "org-1-team-search": "45,000",
        "org-1-team-support": "23,000",
    }


def test_caps_name_the_one_that_binds_and_those_around(spike: Path) -> None:
    found = ask(spike, "caps", scope="key:key_search")

    used = ordinary(NOVEMBER, NOW, "1.0") + SPIKE
    assert column(found, "allocation") == ["org-1", "org-1-bg-product", "org-1-team-search"]
    assert column(found, "binds") == ["", "", "yes"]
    assert column(found, "left")[2] == f"{60_000 - used:,.0f} credits"
    nobody = ask(spike, "caps", Settings(), scope="key:key_search")
    assert nobody.sentence == "No cap counts the burn of api_key:key_search."


def test_the_pool_tells_what_a_top_up_may_take(spike: Path) -> None:
    found = ask(spike, "pool", scope="team:search")

    assert found.rows[0] == ("left in the pool", "800,000 credits")
    assert ask(spike, "pool", Settings(), scope="team:search").sentence.startswith("There is no credit pool")


def test_levers_come_with_the_range_of_the_scorecard(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        rows = [use(TODAY, 3_600, NOBODY, 1_000, service=EMBED)]
        writer.write_usage_window("openai", TODAY, NOW, {"embeddings": rows}, read_at=NOW)

    found = ask(path, "levers")

    assert first(found)["lever"] == "batch embeddings"
    assert (first(found)["saves at least"], first(found)["saves at most"]) == (
        "200 credits a month",
        "500 credits a month",
    )


EMBED = replace(CHAT, model="text-embedding-3-large", operation=Operation.EMBEDDING, endpoint="embeddings")


@pytest.mark.parametrize(
    ("amount", "sentence", "table"),
    [
        ("465.689343638", "465.7 credits", "465.689343638 credits"),
        ("218910.663125706", "218,911 credits", "218,910.663125706 credits"),
        ("999.96", "1,000 credits", "999.96 credits"),
        ("-5.461421794", "-5.461 credits", "-5.461421794 credits"),
        ("0.045", "0.045 credits", "0.045 credits"),
        ("0", "0 credits", "0 credits"),
        ("50000", "50,000 credits", "50,000 credits"),
    ],
)
def test_a_sentence_says_what_counts_of_an_amount_and_a_table_all_of_it(
    amount: str, sentence: str, table: str
) -> None:
    assert credits_(Decimal(amount)) == sentence
    assert credits_exactly(Decimal(amount)) == table
