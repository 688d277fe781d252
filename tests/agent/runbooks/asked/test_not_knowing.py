"""A condition is never met by not knowing: no data, old data, an account behind, a gap, a silent gateway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.gateway import Fields, GatewayKey, Target, TargetKind, TargetState
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from agent.ledger.gateway_store import GatewayStatus
from agent.ledger.rows import CostRow, SourceStatus
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Source
from tests.agent.reports.audited import serve
from tests.agent.reports.world import CHAT, NOBODY, NOW, SEARCH, SETTINGS, SUPPORT, use
from tests.agent.runbooks.asked.look import AT, NANO, judge, spiking
from tests.agent.runbooks.asked.test_burn import events
from tests.agent.runbooks.asked.test_conditions import running

DAY = 86_400
AZURE = replace(SUPPORT, account="azure")
KEY = "key:key_search"


def metered(path: Path, who: Dimensions, start: int, end: int, burning: Iterable[int] | None = None) -> Path:
    """An account is known in [start, end), and somebody burns a credit in each of some minutes."""
    minutes = range(start, end, 60) if burning is None else burning
    with open_writer(path) as writer:
        rows = [use(minute, 60, who, 1) for minute in minutes]
        writer.write_usage_window(who.account, start, end, {"completions": rows}, read_at=end)
    return path


@pytest.fixture
def behind(tmp_path: Path) -> Path:
    """Search's account ends half an hour ago, in a quiet quarter; another account is fresh."""
    path = metered(tmp_path / "l.sqlite", AZURE, NOW - 7_200, NOW)
    return metered(path, SEARCH, NOW - 7_200, NOW - 1_800, range(NOW - 7_200, NOW - 2_700, 60))


class TestSilence:
    @pytest.mark.parametrize(("late", "met"), [(180, True), (900, False)])
    def test_of_hours_is_not_seen_on_data_that_is_old(self, tmp_path: Path, late: int, met: bool) -> None:
        path = metered(tmp_path / "l.sqlite", SUPPORT, NOW - 7_200, NOW)
        metered(path, SEARCH, NOW - 7_200, NOW, range(NOW - 7_200, NOW - 6_600, 60))

        found = judge(path, "keys-silent", now=NOW + late, scope=KEY, for_="1h")

        assert found.met is met
        words = "no call came through in 1 h up to 2026-11-18 12:30 UTC, 3 min ago" if met else "ends 15 min"
        assert words in found.evidence.sentence

    def test_is_not_seen_where_the_account_of_the_key_is_behind(self, behind: Path) -> None:
        found = judge(behind, "keys-silent", scope=KEY, for_="15m")

        assert not found.met
        assert "the data of account openai ends 31 min ago" in found.evidence.sentence
        assert (
            "80 calls" in judge(behind, "keys-silent", scope="key:key_support", for_="8m").evidence.sentence
        )

    def test_is_not_seen_across_a_gap(self, tmp_path: Path) -> None:
        path = metered(tmp_path / "l.sqlite", SEARCH, NOW - 7_200, NOW - 3_600, [NOW - 7_200])
        metered(path, SEARCH, NOW - 600, NOW, [])

        assert judge(path, "keys-silent", scope=KEY, for_="10m").met
        gap = judge(path, "keys-silent", scope=KEY, for_="90m")
        assert (gap.met, "gap after 2026-11-18 11:30 UTC" in gap.evidence.sentence) == (False, True)

    def test_ends_with_a_call_that_one_account_knows_before_the_others(self, tmp_path: Path) -> None:
        path = metered(tmp_path / "l.sqlite", SEARCH, NOW - 7_200, NOW, [NOW - 60])
        metered(path, replace(SEARCH, account="azure"), NOW - 7_200, NOW - 120, [NOW - 7_200])

        assert not judge(path, "keys-silent", scope=KEY).met

    @pytest.mark.parametrize(("read_at", "met"), [(AT - 2, True), (AT - 3_600, False), (None, False)])
    def test_of_a_gateway_s_calls_is_as_good_as_its_last_reading(
        self, tmp_path: Path, read_at: int | None, met: bool
    ) -> None:
        path = metered(tmp_path / "l.sqlite", AZURE, NOW - 7_200, NOW)
        events(path, [(NOW - 5_000, None, 100, NANO)])
        with open_writer(path) as writer:
            state = "ok" if met else "failed"
            writer.save_source_status(SourceStatus("edge", "haproxy", "openai", state, last_ok=read_at))

        assert judge(path, "keys-silent", scope=KEY).met is met

    def test_ends_with_a_call_in_the_minute_under_way(self, tmp_path: Path) -> None:
        path = metered(tmp_path / "l.sqlite", AZURE, NOW - 7_200, NOW)
        events(path, [(AT + 10, None, 100, NANO)])
        with open_writer(path) as writer:
            writer.save_source_status(SourceStatus("edge", "haproxy", "openai", "ok", last_ok=AT + 25))

        found = judge(path, "keys-silent", now=AT + 30, scope=KEY)

        assert (found.met, "1 calls came through" in found.evidence.sentence) == (False, True)

    def test_under_a_fast_clock_waits_for_the_next_reading(self, tmp_path: Path) -> None:
        path = metered(tmp_path / "l.sqlite", SEARCH, NOW - 7_200, NOW, [NOW - 7_200])
        fast = Settings(scaled_clock=ScaledClock(NOW, 0, 20))

        assert judge(path, "keys-silent", fast, now=NOW + 1_200, scope=KEY).met


def test_a_burn_is_not_below_a_bound_where_its_account_is_behind(behind: Path) -> None:
    found = judge(behind, "burn-below", scope=KEY, credits="5")

    assert not found.met
    assert "but the data of account openai ends 31 min ago" in found.evidence.sentence
    assert judge(behind, "burn-below", scope="key:key_support", credits="5").met


def test_a_burn_is_not_below_a_bound_on_old_data(spike: Path) -> None:
    assert judge(spike, "burn-below", scope="team:support", credits="5").met
    assert not judge(spike, "burn-below", now=NOW + 900, scope="team:support", credits="5").met


@pytest.mark.parametrize(("read_at", "met"), [(AT - 2, True), (AT - 3_600, False)])
def test_a_gateway_that_nobody_calls_any_more_burns_nothing_as_far_as_it_was_read(
    tmp_path: Path, read_at: int, met: bool
) -> None:
    path = tmp_path / "l.sqlite"
    events(path, [(NOW - 7_200 + second, None, 100, NANO) for second in range(0, 3_600, 10)])
    with open_writer(path) as writer:
        writer.save_source_status(SourceStatus("edge", "haproxy", "openai", "ok", last_ok=read_at))
        spec = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:key_search"), expires_s=DAY)
        held = Action(spec, ActionState.ACCEPTED, "ada", NOW - 3_700, "leaked", accepted_at=NOW - 3_600)
        action = writer.actions.add(held).id

    below = judge(path, "burn-below", scope=KEY, credits="5")
    usual = judge(path, "burn-below", scope=KEY, times_usual="1.5")
    fell = judge(path, "burn-fell", run=running(action), of="throttle")

    assert (below.met, usual.met, fell.met) == (met, met, met)
    assert not met or fell.evidence.sentence.startswith("api_key:key_search burns 0 credits/min against 6.00")


def test_sources_that_bring_nothing_are_not_hidden_by_others(spike: Path, tmp_path: Path) -> None:
    path = spiking(tmp_path / "l.sqlite")
    sources = (Source(kind="openai", name="openai"), Source(kind="openai", name="eu"))
    with open_writer(path) as writer:
        for name, end in (("openai", NOW), ("eu", NOW - 7_200)):
            writer.save_source_status(SourceStatus(name, "openai", name, "ok", covered_to=end))

    late = judge(path, "data-fresh", Settings(sources=sources))
    streams = judge(path, "ninety-streaming", Settings(sources=sources))
    board = judge(path, "ninety-dashboard", Settings(sources=sources))
    unread = judge(spike, "ninety-dashboard", Settings(sources=sources))

    assert (late.met, "eu, which is furthest behind, is 2 h 1 min old" in late.evidence.sentence) == (
        False,
        True,
    )
    assert judge(path, "data-fresh", Settings(sources=sources[:1])).met
    assert (streams.met, "of eu is 2 h 1 min old" in streams.evidence.sentence) == (False, True)
    assert (board.met, "old, that of eu" in board.evidence.sentence) == (False, True)
    assert (unread.met, "has brought nothing yet" in unread.evidence.sentence) == (False, True)


class TestBlocked:
    LITELLM = Gateway(kind="litellm", name="edge", base_url="http://127.0.0.1:4000")
    HOOK = Gateway(kind="webhook", name="hook", base_url="http://127.0.0.1:9", serves=("team:search",))

    def blocked(self, path: Path, at: int | None, state: str = "ok") -> Path:
        serve(spiking(path), GatewayKey("k1", "key_search", "search", blocked=True), gateway="edge")
        with open_writer(path) as writer:
            writer.actions.save_gateway(GatewayStatus("edge", "litellm", state, "refused", "", AT, at))
        return path

    @pytest.mark.parametrize(
        ("at", "state", "says"),
        [
            (None, "failed", "gateway edge was never read"),
            (AT - 60, "failed", "gateway edge has not answered for 1 min: refused"),
            (AT - 1_800, "ok", "gateway edge was read 30 min ago"),
        ],
    )
    def test_by_a_gateway_that_cannot_be_asked_is_not_known(
        self, tmp_path: Path, at: int | None, state: str, says: str
    ) -> None:
        path = self.blocked(tmp_path / "l.sqlite", at, state)

        found = judge(path, "key-blocked", Settings(own_gateways=(self.LITELLM,)), key="key_search")

        assert (found.met, says in found.evidence.sentence) == (False, True)

    def test_by_one_that_serves_it_says_nothing_of_one_that_was_never_read(self, tmp_path: Path) -> None:
        path = self.blocked(tmp_path / "l.sqlite", AT - 20)
        other = replace_name(self.LITELLM, "second")

        mine = judge(path, "key-blocked", Settings(own_gateways=(self.LITELLM,)), key="key_search")
        both = judge(path, "key-blocked", Settings(own_gateways=(self.LITELLM, other)), key="key_search")

        assert (mine.met, mine.evidence.as_of) == (True, AT - 20)
        assert (both.met, "gateway second was never read" in both.evidence.sentence) == (False, True)

    def test_behind_a_webhook_takes_a_block_that_it_was_told(self, tmp_path: Path) -> None:
        path = self.blocked(tmp_path / "l.sqlite", AT - 20)
        settings = Settings(own_gateways=(self.LITELLM, self.HOOK))
        untold = judge(path, "key-blocked", settings, key="key_search")
        fields: Fields = {"blocked": True}
        with open_writer(path) as writer:
            writer.actions.save_target(TargetState(Target("hook", TargetKind.KEY, "key_search"), fields), AT)

        assert (untold.met, "hook cannot be asked" in untold.evidence.sentence) == (False, True)
        assert judge(path, "key-blocked", settings, key="key_search").met


def replace_name(gateway: Gateway, name: str) -> Gateway:
    return Gateway(kind=gateway.kind, name=name, base_url=gateway.base_url)


def test_nothing_is_below_a_cap_on_no_data_or_old_data_or_without_a_cap(empty: Path, spike: Path) -> None:
    assert judge(spike, "below-cap", SETTINGS, scope="team:search").met

    for path, settings, now, says in (
        (empty, SETTINGS, AT, "no usage is known yet"),
        (spike, SETTINGS, AT + 3 * DAY, "the data of account openai ends 3 d"),
        (spike, Settings(), AT, "No cap counts the burn of team:search"),
    ):
        found = judge(path, "below-cap", settings, now=now, scope="team:search")
        assert (found.met, says in found.evidence.sentence) == (False, True)


class TestLayers:
    NOVEMBER = NOW // DAY * DAY - 17 * DAY

    def closed(self, path: Path, billed_days: int) -> Path:
        """October, metered wholly, of which the bill covers some days."""
        first = self.NOVEMBER - 31 * DAY
        with open_writer(path) as writer:
            hours = [use(at, 3_600, SEARCH, 1) for at in range(first, self.NOVEMBER, 3_600)]
            writer.write_usage_window("openai", first, self.NOVEMBER, {"completions": hours}, read_at=NOW)
            end = first + billed_days * DAY
            bill = [
                CostRow(day, SEARCH, CHAT, "gpt", NANO, "USD", 24 * NANO) for day in range(first, end, DAY)
            ]
            writer.write_costs("openai", first, end, bill, final_before=end, read_at=NOW)
        return path

    @pytest.mark.parametrize(("days", "met"), [(31, True), (30, False)])
    def test_agree_over_a_month_when_every_day_of_it_was_compared(
        self, tmp_path: Path, days: int, met: bool
    ) -> None:
        found = judge(self.closed(tmp_path / "l.sqlite", days), "layers-agree", month="last")

        assert found.met is met
        assert found.evidence.rows[0][3] == f"{days * 24} credits"
        lacking = "of 31 days of last month only 30 could be compared"
        assert (lacking in found.evidence.sentence) is not met

    def test_do_not_agree_on_days_that_one_of_them_does_not_know(self, tmp_path: Path) -> None:
        path = self.closed(tmp_path / "l.sqlite", 31)

        assert not judge(path, "layers-agree", month="this").met
        assert not judge(path, "layers-agree", days="30").met


@pytest.mark.parametrize("name", ["labels-complete", "keys-younger", "priced"])
def test_an_empty_ledger_shows_nothing_of_keys_and_prices(empty: Path, name: str) -> None:
    assert not judge(empty, name).met


def test_a_share_with_a_team_is_rounded_down(tmp_path: Path) -> None:
    path = metered(tmp_path / "l.sqlite", SEARCH, NOW - 6_000, NOW)
    with open_writer(path) as writer:
        rows = [use(NOW - 60, 60, who, part) for who, part in ((SEARCH, 0.94996), (NOBODY, 0.05004))]
        writer.write_usage_window("openai", NOW - 6_000, NOW, {"completions": rows}, read_at=NOW)

    found = judge(path, "attributed", share="0.95")

    assert (found.met, found.evidence.sentence.startswith("94 % of")) == (False, True)
