"""What an incident's scopes burnt, exactly, and which of them are counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.reader import LedgerReader
from agent.reports.alert_list import AlertEntry
from agent.runbooks.postmortem.burn import Burn, burns_of
from agent.runbooks.postmortem.cost import Stretch, burners_of, cost_of
from agent.settings_schema import BillingGroup
from tests.agent.reports.world import CHAT, DETAIL_FROM, NANO, NOW, SEARCH, SETTINGS, SUPPORT, fill, use

BEGAN = NOW - 1_200
SPIKE = [use(minute, 60, SEARCH, 12.0) for minute in range(BEGAN, NOW, 60)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("burn") / "l.sqlite"
    fill(made, spike=SPIKE)
    return made


@pytest.fixture
def reader(path: Path) -> Iterator[LedgerReader]:
    with open_reader(path) as opened:
        yield opened


def alert(kind: str, scope: str, above: int, rule: str = "burn_spike") -> AlertEntry:
    return AlertEntry(
        id=1,
        rule=rule,
        tier="critical",
        state="resolved",
        scope_kind=kind,
        scope=scope,
        allocation_id="",
        started_at=BEGAN + 120,
        fired_at=BEGAN + 180,
        resolved_at=NOW,
        last_at=NOW,
        current=Decimal(12),
        expected=Decimal(1),
        threshold="0.5",
        api_key="",
        team="",
        cause="",
        summary="",
        above=Decimal(above),
    )


def burn(reader: LedgerReader, kind: Kind = Kind.API_KEY, value: str = "key_search") -> Burn:
    return Burn(reader, kind, value, f"api_key:{value}", BEGAN + 120)


@pytest.mark.parametrize(
    ("kind", "value", "rate"),
    [(Kind.API_KEY, "key_search", "1"), (Kind.TEAM, "support", "0.5"), (Kind.TOTAL, "", "1.6")],
)
def test_hours_that_are_known_whole_and_minutes_add_up(
    reader: LedgerReader, kind: Kind, value: str, rate: str
) -> None:
    start, end = DETAIL_FROM - 5 * 3_600 - 1_800, DETAIL_FROM + 7_200 + 600

    found = burn(reader, kind, value)

    assert found.sum(start, end) == int(Decimal(rate) * NANO) * (end - start) // 60
    assert found.sum(start, end) == sum(found.minutes(start, end).values())


def test_nothing_of_an_hour_is_lost_when_it_is_spread(tmp_path: Path) -> None:
    row = replace(use(DETAIL_FROM, 3_600, SUPPORT, 1.0), credits_nano=1_000_003)
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window(
            "openai", DETAIL_FROM, DETAIL_FROM + 3_600, {"completions": [row]}, read_at=NOW
        )
    with open_reader(tmp_path / "l.sqlite") as reader:
        minutes = burn(reader, Kind.API_KEY, "key_support").minutes(DETAIL_FROM, DETAIL_FROM + 3_600)

    assert sum(minutes.values()) == 1_000_003
    assert max(minutes.values()) - min(minutes.values()) == 1


def test_the_rise_begins_with_its_first_unusual_minute(reader: LedgerReader) -> None:
    assert burn(reader).rose() == BEGAN
    assert burn(reader, value="key_support").rose() is None


def test_the_line_has_what_is_known_beside_what_is_usual(reader: LedgerReader) -> None:
    line = burn(reader).line(BEGAN - 120, NOW)

    assert line.width_s == 60
    assert line.values == (NANO,) * 2 + (12 * NANO,) * 20
    assert set(line.expected) == {NANO}


def test_a_long_stretch_is_drawn_by_the_hour(reader: LedgerReader) -> None:
    line = burn(reader).line(NOW - 86_400, NOW)

    assert line.width_s == 3_600 and line.start % 3_600 == 0
    assert set(line.values[:-1]) == {NANO}


def test_culprits_add_up_and_what_holds_one_of_them_is_not_counted_again(reader: LedgerReader) -> None:
    alerts = [
        alert("organization", "", 10),
        alert("team", "search", 20),
        alert("api_key", "key_search", 200),
        alert("api_key", "key_support", 50),
        alert("model", "gpt-5-mini", 5),
        alert("team", "search", 900, rule="rate_of_change"),
    ]

    chosen, left_out = burns_of(reader, alerts)

    assert [each.label for each in chosen] == ["api_key:key_search", "api_key:key_support"]
    assert set(left_out) == {"organization", "team:search", "model:gpt-5-mini"}


def test_without_a_spike_one_look_at_the_burn_counts(reader: LedgerReader) -> None:
    alerts = [alert("team", "search", 5, "pace"), alert("api_key", "key_search", 9, "rate_of_change")]

    chosen, left_out = burns_of(reader, alerts)

    assert ([each.label for each in chosen], left_out) == (["api_key:key_search"], [])


def test_money_of_several_billing_groups_is_of_each_at_its_rate(reader: LedgerReader) -> None:
    settings = replace(SETTINGS, billing_groups=(BillingGroup(id="product", usd_per_credit=Decimal(1)),))
    alerts = [alert("organization", "", 200)]
    burns, left_out = burns_of(reader, alerts)
    stretch = Stretch(BEGAN, NOW)

    cost = cost_of(reader, settings, burns, left_out, alerts, Decimal(200), stretch)

    # 20 minutes of 12.5 in the group and of 0.1 without one, where 1.6 are usual.
    assert cost.burnt.value == Decimal("252")
    assert cost.above.value == Decimal("220")
    in_group = Decimal(220) * Decimal("12.5") / Decimal("12.6")
    expected = in_group + (220 - in_group) * Decimal("0.01")
    assert cost.money.value is not None and abs(cost.money.value - expected) < Decimal("0.00001")
    assert cost.rate is None
    assert cost.burnt.layer is Layer.METERED


def test_the_alerts_own_count_is_told_where_it_is_another(reader: LedgerReader) -> None:
    alerts = [alert("api_key", "key_search", 150)]
    burns, left_out = burns_of(reader, alerts)

    same = cost_of(reader, SETTINGS, burns, left_out, alerts, Decimal(218), Stretch(BEGAN, NOW))
    other = cost_of(reader, SETTINGS, burns, left_out, alerts, Decimal(150), Stretch(BEGAN, NOW))

    assert same.above.value == other.above.value == 220
    assert "the alerts counted" not in same.note and "the alerts counted 150.0" in other.note


def test_without_history_what_the_alert_expected_counts(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window("openai", BEGAN, NOW, {"completions": SPIKE}, read_at=NOW)
    with open_reader(tmp_path / "l.sqlite") as reader:
        alerts = [alert("api_key", "key_search", 100)]
        burns, left_out = burns_of(reader, alerts)
        known = cost_of(reader, SETTINGS, burns, left_out, alerts, Decimal(220), Stretch(BEGAN, NOW))
        budget = [replace(alerts[0], unit="credits")]
        unknown = cost_of(reader, SETTINGS, burns, left_out, budget, Decimal(0), Stretch(BEGAN, NOW))

    assert known.above.value == 220 and "what the alert expected counts" in known.note
    assert (unknown.above.value, unknown.money.value) == (None, None)
    assert "not known" in unknown.note


def test_keys_add_up_to_what_burnt_where_an_hour_is_known_whole_and_cut(tmp_path: Path) -> None:
    rows = [
        replace(use(DETAIL_FROM, 3_600, SUPPORT, 1.0, service=service), credits_nano=1_000_005)
        for service in (CHAT, replace(CHAT, model="gpt-5"), replace(CHAT, model="gpt-5-nano"))
    ]
    with open_writer(tmp_path / "l.sqlite") as writer:
        writer.write_usage_window(
            "openai", DETAIL_FROM, DETAIL_FROM + 3_600, {"completions": rows}, read_at=NOW
        )
    stretch = Stretch(DETAIL_FROM + 420, DETAIL_FROM + 840)
    with open_reader(tmp_path / "l.sqlite") as reader:
        about = burn(reader, Kind.API_KEY, "key_support")
        (found,), _ = burners_of(reader, [about], stretch)

        assert found.credits == to_credits(about.sum(stretch.start, stretch.end))


def test_burners_are_listed_dearest_first_with_what_they_burnt(reader: LedgerReader) -> None:
    burns, _ = burns_of(reader, [alert("organization", "", 1)])

    short, more = burners_of(reader, burns, Stretch(BEGAN, NOW), most=2)
    long, _ = burners_of(reader, burns, Stretch(NOW - 1_800 - 2 * 86_400, NOW - 1_800))

    assert [(each.api_key, each.credits, each.model) for each in short] == [
        ("key_search", 240, "gpt-5-mini"),
        ("key_support", 10, "gpt-5-mini"),
    ]
    assert more == 1
    assert [(each.api_key, each.credits) for each in long] == [
        ("key_search", 2_880),
        ("key_support", 1_440),
        ("key_nobody", 288),
    ]
