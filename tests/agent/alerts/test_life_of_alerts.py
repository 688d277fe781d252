"""Whatever happens in whatever order: nobody is told twice, nobody is left out, and the end is the end.

Burn goes up and down (late and revised data), time runs, leaps and is set back, months end, allocations are
topped up, people take alerts and silence them, and the agent is restarted.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.alerts.budget import EASED
from agent.domain.alert import HARD_CAP, AlertRule
from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from agent.ledger import open_writer
from agent.settings_schema import Organization
from tests.agent.alerts.office import DAY, HOUR, MONTHLY, PAYMENTS, WALLET, Member, Office

SHARES = st.sampled_from(
    ["0.1", "0.5", "0.6999", "0.70", "0.8999", "0.90", "0.95", "0.9999", "1", "1.05", "2.1"]
)
TIERS = ("warning", "critical", "hard_cap")


class Life(RuleBasedStateMachine):
    """One group with a team in it, and everything that may happen to their alerts."""

    @initialize(zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
    def open(self, zone: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.zone = zone
        self.office = Office(Path(self.folder.name) / "l.sqlite", PAYMENTS, WALLET)
        self.office.settings = replace(
            self.office.settings, organization=Organization(time_zone=zone), allocations=(PAYMENTS, WALLET)
        )
        self.used: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)  # by month and team
        self.judged_at = self.burnt_at = 0

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.writer.close()
            self.folder.cleanup()

    @rule(share=SHARES, team=st.sampled_from(["wallet", "cards"]))
    def burns(self, share: str, team: str) -> None:
        """Late or revised data: the month's burn of a team is another one than it was."""
        self.office.now = max(self.office.now, self._hour())  # nothing burns before its time
        self.burnt_at = max(self.burnt_at, self._hour())
        amount = self.used[self._month(), team] = Decimal(share) * MONTHLY / NANO
        self.office.burnt(f"{amount:f}", Member(team), self._hour())

    @rule(seconds=st.sampled_from([1, 59, 600, 899, 901, HOUR, 6 * HOUR, DAY - 1, DAY, 3 * DAY, 20 * DAY]))
    def time_goes_on(self, seconds: int) -> None:
        self.office.now += seconds

    @rule(seconds=st.sampled_from([1, 600, 2 * HOUR]))
    def the_clock_is_set_back(self, seconds: int) -> None:
        self.office.now = max(self.office.now - seconds, self.burnt_at)  # never before what has burnt

    @rule()
    def a_new_month_begins(self) -> None:
        local = datetime.fromtimestamp(self.office.now, ZoneInfo(self.zone))
        later = (local.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
        self.office.now = int(later.timestamp())

    @rule(factor=st.sampled_from([1, 2, 3]))
    def topped_up(self, factor: int) -> None:
        more = replace(PAYMENTS, monthly_nano=MONTHLY * factor)
        self.office.settings = replace(self.office.settings, allocations=(more, WALLET))

    @rule(tier=st.sampled_from(TIERS))
    def somebody_takes(self, tier: str) -> None:
        for alert in self.office.writer.alerts.open_alerts():
            if alert.signal.tier == tier:
                self.office.want(IntentKind.ACKNOWLEDGE, f"alert:{alert.id}")

    @rule(pattern=st.sampled_from(["*", "warning", "crit*"]), seconds=st.sampled_from([60, 2 * HOUR, DAY]))
    def somebody_silences(self, pattern: str, seconds: int) -> None:
        limit = 200_000 * NANO
        self.office.want(
            IntentKind.SILENCE,
            "silence",
            matchers={"tier": pattern},
            seconds=seconds,
            limit_nano=limit,
            reason="test",
        )

    @rule()
    def the_agent_is_restarted(self) -> None:
        self.office.writer.close()
        self.office.writer = open_writer(self.office.path)

    @rule()
    def judged(self) -> None:
        self.office.judge()
        self.office.judge()  # another look at the same is no news
        self.judged_at = self.office.now
        self._the_highest_step_is_open()
        self._nobody_is_left_out()

    @invariant()
    def nobody_is_told_twice(self) -> None:
        if not hasattr(self, "office"):
            return
        by_alert = defaultdict(list)
        for notice in self.office.notices():
            by_alert[notice.alert].append(notice.kind.value)
        for alert, kinds in by_alert.items():
            counted = Counter(kinds)
            if alert is not None:
                episodes = counted["resolved"] + 1
                assert counted["fired"] <= episodes
                assert counted["escalated"] <= episodes + counted["unmuted"]
                assert counted["acknowledged"] <= episodes

    @invariant()
    def nothing_mutes_a_hard_cap_but_a_parents(self) -> None:
        if hasattr(self, "office"):
            for alert in self.office.writer.alerts.open_alerts():
                if alert.signal.tier == HARD_CAP:
                    assert not alert.muted_by.startswith("silence")

    @invariant()
    def incidents_are_open_as_long_as_their_alerts(self) -> None:
        if not hasattr(self, "office") or self.judged_at != self.office.now:
            return
        open_alerts = self.office.writer.alerts.open_alerts()
        incidents = {one.id for one in self.office.writer.incidents.open_incidents()}
        assert incidents == {alert.incident for alert in open_alerts}

    def _month(self) -> str:
        return datetime.fromtimestamp(self.office.now, ZoneInfo(self.zone)).strftime("%Y-%m")

    def _hour(self) -> int:
        """A whole hour of the month that has begun."""
        local = datetime.fromtimestamp(self.office.now, ZoneInfo(self.zone))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return -(-int(first.timestamp()) // HOUR) * HOUR

    def _the_highest_step_is_open(self) -> None:
        wallet, cards = (self.used[self._month(), team] for team in ("wallet", "cards"))
        burnt = {PAYMENTS.id: wallet + cards, WALLET.id: wallet}
        for allocation in self.office.settings.allocations:
            share = burnt[allocation.id] * NANO / allocation.monthly_nano
            tiers = [tier for tier in self.office.settings.alerts.tiers if tier.of == "month"]
            reached = [tier.name for tier in tiers if share >= tier.at]
            going_on = {tier.name for tier in tiers if share >= tier.at * EASED}
            live = [
                alert.signal.tier
                for alert in self.office.writer.alerts.open_alerts()
                if alert.signal.allocation_id == allocation.id and alert.signal.rule is AlertRule.BUDGET
            ]
            assert set(live) <= going_on
            assert not reached or reached[-1] in live

    def _nobody_is_left_out(self) -> None:
        """Whatever fires and nothing mutes was told to somebody."""
        for alert in self.office.writer.alerts.open_alerts():
            if alert.live and not alert.muted_by:
                assert alert.told_at is not None


Life.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # to shrink a life of 25 steps takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestLife = Life.TestCase
