"""Budget tiers: boundaries, once a month, and what a top-up or a new month does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts import evaluate
from agent.alerts.budget import BudgetTier, budget_signals, told
from agent.alerts.lifecycle import Judged, step
from agent.alerts.month import Month
from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Allocation, Scope
from agent.domain.money import NANO, to_credits
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import BucketRow
from agent.reports.burn import burn
from agent.settings import Settings
from agent.settings_schema import Organization
from tests.agent.reports.world import SEARCH, use

HOUR = 3_600
DAY = 86_400
MONTHLY = 1_000_000 * NANO
PAYMENTS = Allocation("org-1234-bg-payments", Scope.parse("billing_group:payments"), MONTHLY)
TIERS = (
    BudgetTier("warning", Decimal("0.70")),
    BudgetTier("critical", Decimal("0.90")),
    BudgetTier("hard_cap", Decimal("1.00")),
)
NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
NOW = NOVEMBER + 10 * DAY


class Budget:
    """A ledger in which one billing group burns what a test says."""

    def __init__(self, path: Path) -> None:
        self.writer = open_writer(path)
        self.settings = Settings(allocations=(PAYMENTS,))

    def burnt(self, credits_: str, hour: int = NOVEMBER + DAY) -> None:
        """The group's burn of one hour is this from now on, however often it is said."""
        row = BucketRow(
            start=hour,
            width=HOUR,
            dimensions=Dimensions("openai", billing_group="payments"),
            service=Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions"),
            requests=1,
            tokens_input=1,
            tokens_cached=0,
            tokens_output=1,
            quantity_micro=0,
            credits_nano=int(Decimal(credits_) * NANO),
        )
        self.writer.write_usage_window("openai", hour, hour + HOUR, {"completions": [row]}, read_at=NOW)

    def tiers(self, now: int = NOW) -> tuple[list[str], list[str], list[str]]:
        """Tiers that fire, that end, and that are open after an evaluation."""
        done = evaluate(self.writer, self.settings, now)
        parts = (done.fired, done.resolved, done.open)
        return tuple(
            [alert.signal.tier for alert in part if alert.signal.rule is AlertRule.BUDGET] for part in parts
        )

    def open(self) -> Sequence[Alert]:
        """The alerts that are open after an evaluation."""
        return evaluate(self.writer, self.settings, NOW).open

    def top_up(self, factor: int) -> None:
        """The allocation is raised in the middle of the month."""
        self.amount(MONTHLY * factor // NANO)

    def amount(self, credits_: int) -> None:
        """The allocation has so much for the month from now on."""
        self.settings = replace(self.settings, allocations=(replace(PAYMENTS, monthly_nano=credits_ * NANO),))


@pytest.fixture
def budget(tmp_path: Path) -> Iterator[Budget]:
    made = Budget(tmp_path / "ledger.sqlite")
    yield made
    made.writer.close()


@pytest.mark.parametrize(
    ("credits_", "tier"),
    [
        ("699999.999999999", []),
        ("700000", ["warning"]),
        ("899999.999999999", ["warning"]),
        ("900000", ["critical"]),
        ("999999.999999999", ["critical"]),
        ("1000000", ["hard_cap"]),
    ],
)
def test_a_tier_fires_at_its_share_exactly(budget: Budget, credits_: str, tier: list[str]) -> None:
    budget.burnt(credits_)

    assert budget.tiers()[0] == tier


def test_each_tier_fires_once_and_the_higher_takes_over(budget: Budget) -> None:
    said = []
    for credits_ in ("710000", "720000", "910000", "1010000", "1020000"):
        budget.burnt(credits_)
        said.append(budget.tiers())

    assert [fired for fired, _, _ in said] == [["warning"], [], ["critical"], ["hard_cap"], []]
    assert [still for _, _, still in said] == [
        ["warning"],
        ["warning"],
        ["warning", "critical"],
        ["warning", "critical", "hard_cap"],
        ["warning", "critical", "hard_cap"],
    ]


def test_a_jump_fires_the_highest_tier_alone_and_names_the_skipped_ones(budget: Budget) -> None:
    budget.burnt("600000")
    budget.tiers()

    budget.burnt("1050000")
    (alert,) = evaluate(budget.writer, budget.settings, NOW).fired

    assert alert.signal.tier == "hard_cap"
    assert alert.signal.evidence["skipped_tiers"] == ["warning", "critical"]
    assert alert.signal.threshold == Decimal(1_000_000)


def test_tiers_that_were_told_before_are_not_called_skipped(budget: Budget) -> None:
    budget.burnt("710000")
    budget.tiers()

    budget.burnt("1050000")
    (hard_cap,) = evaluate(budget.writer, budget.settings, NOW).fired
    budget.burnt("1060000")
    later = {alert.signal.tier: alert for alert in evaluate(budget.writer, budget.settings, NOW + 60).open}

    assert hard_cap.signal.evidence["skipped_tiers"] == ["critical"]
    assert later["hard_cap"].signal.evidence["skipped_tiers"] == ["critical"]
    assert later["warning"].signal.evidence["skipped_tiers"] == []
    budget.burnt("950000")
    assert budget.tiers() == ([], ["hard_cap"], ["warning", "critical"])


def test_a_skipped_tier_that_is_left_on_the_way_down_is_not_told(budget: Budget) -> None:
    budget.burnt("1050000")
    budget.tiers()

    budget.burnt("950000")

    assert budget.tiers() == ([], ["hard_cap"], ["critical"])


def test_usage_that_is_revised_to_and_fro_pages_once(budget: Budget) -> None:
    said = []
    for credits_ in ("700000", "600000", "700001", "600000"):
        budget.burnt(credits_)
        said.append(budget.tiers())

    assert [fired for fired, _, _ in said] == [["warning"], [], [], []]
    assert [still for _, _, still in said] == [["warning"], [], ["warning"], []]


def test_an_open_tier_says_that_it_is_just_below_and_ends_further_down(budget: Budget) -> None:
    budget.burnt("700000")
    budget.tiers()

    budget.burnt("679000")
    (open_,) = evaluate(budget.writer, budget.settings, NOW).open
    budget.burnt("678999.9")

    assert "67.9%" in open_.signal.summary
    assert open_.signal.summary.endswith("70 % was reached, and this ends below 67.9 %")
    assert budget.tiers() == ([], ["warning"], [])


def test_a_share_below_a_tier_opens_nothing_however_close(budget: Budget) -> None:
    budget.burnt("699000")

    assert budget.tiers() == ([], [], [])


@given(
    wobble=st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=40),
    at=st.sampled_from(TIERS),
    factor=st.integers(2, 5),
)
def test_a_wobble_of_a_hundredth_opens_one_alert_and_a_top_up_closes_it_for_good(
    wobble: list[int], at: BudgetTier, factor: int
) -> None:
    """Parts per million of the threshold; the first look is at the threshold itself."""
    month, alerts, opened, closed = Month.at(NOW, "UTC"), list[Alert](), 0, 0

    def look(used: int, allocation: Allocation) -> None:
        nonlocal opened, closed, alerts
        signals = budget_signals([allocation], [at], {allocation.scope: used}, month, alerts)
        past = {each.signal.fingerprint: each for each in alerts}
        ended = {name: each for name, each in past.items() if not each.open}
        judged = Judged(AlertRule.BUDGET, NOW, signals, ended=ended, known=told(alerts))
        changes = step([each for each in alerts if each.open], judged, NOW)
        changed = {each.signal.fingerprint: each for each in changes.saved}
        opened += sum(name not in past or not past[name].open for name in changed)
        closed += len(changes.resolved)
        alerts = list({**past, **changed}.values())

    threshold = int(at.at * MONTHLY)
    for part in (0, *wobble):
        look(threshold + threshold * part // 1_000_000, PAYMENTS)
    before = (opened, closed)
    more = replace(PAYMENTS, monthly_nano=MONTHLY * factor)
    for part in (0, *wobble):
        look(threshold + threshold * part // 1_000_000, more)

    assert before == (1, 0)
    assert (opened, closed) == (1, 1)


def test_a_top_up_ends_the_alert_and_its_own_thresholds_fire_anew(budget: Budget) -> None:
    budget.burnt("1000000")
    budget.tiers()

    budget.top_up(2)
    after = budget.tiers()
    budget.burnt("1400000")

    assert after == ([], ["hard_cap"], [])
    assert budget.tiers()[0] == ["warning"]


def test_an_amount_that_leaves_the_tier_reached_leaves_the_alert_open_with_the_new_threshold(
    budget: Budget,
) -> None:
    budget.burnt("910000")
    budget.tiers()
    budget.burnt("1300000")
    budget.tiers()
    before = {alert.id: alert.signal.tier for alert in evaluate(budget.writer, budget.settings, NOW).open}
    amounts = []
    for monthly in (1_200_000, 1_000_000, 900_000):
        budget.amount(monthly)
        done = evaluate(budget.writer, budget.settings, NOW)
        assert (done.fired, done.resolved) == ((), ())
        assert {alert.id: alert.signal.tier for alert in done.open} == before
        amounts += [alert.signal.threshold for alert in done.open if alert.signal.tier == "hard_cap"]

    assert amounts == [1_200_000, 1_000_000, 900_000]


def test_an_alert_that_outlived_a_top_up_ends_by_the_new_threshold_and_opens_again(budget: Budget) -> None:
    budget.burnt("1300000")
    budget.tiers()
    budget.amount(1_200_000)
    budget.tiers()
    (alert,) = (each for each in budget.open() if each.signal.tier == "hard_cap")

    budget.burnt("1190000")
    just_below = budget.tiers()
    budget.burnt("1100000")
    far_below = budget.tiers()
    budget.burnt("1200000")
    budget.tiers()

    assert just_below == ([], [], ["hard_cap", "critical"])
    assert far_below == ([], ["hard_cap"], ["critical"])
    assert alert.id in {each.id for each in budget.open()}


def test_a_lower_tier_that_outlived_a_top_up_stays_when_the_higher_one_ends(budget: Budget) -> None:
    budget.burnt("1100000")
    budget.tiers()
    budget.burnt("1300000")
    budget.amount(1_200_000)
    critical = {each.id for each in budget.open() if each.signal.tier == "critical"}

    budget.burnt("1130000")

    assert budget.tiers() == ([], ["hard_cap"], ["critical"])
    assert {each.id for each in budget.open()} >= critical


def test_a_new_month_begins_at_nothing(budget: Budget) -> None:
    budget.burnt("950000")
    budget.tiers()
    december = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())

    last_second = budget.tiers(december - 1)
    first_second = budget.tiers(december)
    budget.burnt("710000", hour=december + HOUR)

    assert last_second == ([], [], ["critical"])
    assert first_second == ([], ["critical"], [])
    assert budget.tiers(december + DAY)[0] == ["warning"]


def test_the_month_is_that_of_the_organizations_time_zone(budget: Budget) -> None:
    budget.settings = replace(budget.settings, organization=Organization(time_zone="America/New_York"))
    midnight = int(datetime(2026, 11, 1, 4, tzinfo=UTC).timestamp())  # still daylight saving there

    budget.burnt("700000", hour=midnight - HOUR)
    before = budget.tiers()
    budget.burnt("700000", hour=midnight)

    assert before[0] == []
    assert budget.tiers()[0] == ["warning"]


@pytest.mark.parametrize("width", [60, HOUR])
def test_a_month_that_begins_at_half_past_leaves_out_the_half_hour_before(tmp_path: Path, width: int) -> None:
    """Burn and the budget rule read the same month, whatever its scope and however it was metered."""
    midnight = int(datetime(2026, 11, 30, 18, 30, tzinfo=UTC).timestamp())  # December in Kolkata
    hour, now = midnight - HOUR // 2, midnight + 5_400
    rows = [
        use(at, width, SEARCH, (100.0 if at < midnight else 1.0) * width / 60)
        for at in range(hour, now, width)
    ]
    scopes = ("organization", "team:search", "project:proj_search", "billing_group:product")
    allocations = tuple(Allocation(scope, Scope.parse(scope), NANO) for scope in scopes)
    settings = Settings(organization=Organization(time_zone="Asia/Kolkata"), allocations=allocations)
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window("openai", hour, now, {"completions": rows}, read_at=now)
        told = {
            alert.signal.scope: alert.signal.current_nano
            for alert in evaluate(writer, settings, now).open
            if alert.signal.rule is AlertRule.BUDGET
        }

    with open_reader(tmp_path / "l.sqlite") as reader:
        shown = {row.scope: row.used.value for row in burn(reader, settings, now).budgets}

    assert shown == {scope: to_credits(told[scope.partition(":")[2]]) for scope in scopes}
    # An hour-wide bucket gives the half of it that lies in the month.
    assert set(shown.values()) == {Decimal(90 if width == 60 else 3_000 + 60)}


def test_an_alert_outlives_the_agent(budget: Budget) -> None:
    budget.burnt("910000")
    budget.tiers()
    path = budget.writer.path
    budget.writer.close()

    budget.writer = open_writer(path)

    assert budget.tiers() == ([], [], ["critical"])


@given(
    used=st.integers(0, 10**19),
    monthly=st.integers(1, 10**18),
    at=st.decimals(min_value="0.01", max_value="3", places=4),
)
def test_thresholds_compare_without_rounding(used: int, monthly: int, at: Decimal) -> None:
    allocation = replace(PAYMENTS, monthly_nano=monthly)

    signals = budget_signals(
        [allocation], [BudgetTier("warning", at)], {allocation.scope: used}, Month.at(NOW, "UTC")
    )

    assert bool(signals) == (used * 10_000 >= int(at * 10_000) * monthly)
