from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.notice import Notice, NoticeKind
from agent.domain.silence import Silence
from agent.domain.usage import Layer
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import DirectoryKey
from agent.ledger.writer import LedgerWriter
from agent.reports.alert_detail import AlertDetail, alert_detail
from agent.reports.alerts import incidents
from agent.settings import Settings
from agent.settings_schema import Organization
from tests.agent.ledger.build import batch, event
from tests.agent.reports.world import NANO, NOW, SEARCH, SETTINGS, fill, use

BEGAN = NOW - 900
FIRED = NOW - 840
SPIKE = [use(minute, 60, SEARCH, 12.0) for minute in range(BEGAN, NOW, 60)]


def signal(**changes: Any) -> Signal:
    base = Signal(
        fingerprint="burn_spike:api_key:1",
        rule=AlertRule.BURN_SPIKE,
        tier="critical",
        at=NOW,
        scope_kind="api_key",
        scope="key_search",
        current_nano=12 * NANO,
        expected_nano=NANO,
        threshold=Decimal("0.5"),
        api_key="key_search",
        team="search",
        cause="retry_storm",
        summary="retry storm: key_search (team search) burns 12.0 credits/min",
        evidence={
            "sentence": "28x the usual requests",
            "deviations": 25.06,
            "share_of_rise": 0.78,
            "window_s": 900,
            "now": [{"model": "gpt-5-mini"}],
        },
    )
    return replace(base, **changes)


def firing(**changes: Any) -> Alert:
    return Alert(signal(**changes), AlertState.FIRING, BEGAN, fired_at=FIRED, above_nano=165 * NANO, told=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alerts") / "l.sqlite"
    fill(path, spike=SPIKE)
    return path


@pytest.fixture
def writer(world: Path, tmp_path: Path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(world.read_bytes())
    with open_writer(path) as opened:
        yield opened


def detail(
    writer: LedgerWriter, ident: int = 1, *, settings: Settings = SETTINGS, **asked: Any
) -> AlertDetail:
    with open_reader(writer.path) as reader:
        found = alert_detail(reader, settings, ident, NOW, **asked)
    assert found is not None
    return found


def test_there_is_no_detail_of_an_alert_that_nobody_knows(writer: LedgerWriter) -> None:
    with open_reader(writer.path) as reader:
        assert alert_detail(reader, SETTINGS, 7, NOW) is None


def test_the_key_that_it_is_about_is_called_as_the_directory_calls_it(writer: LedgerWriter) -> None:
    writer.alerts.save([firing(), firing(fingerprint="burn_spike:team", scope_kind="team", api_key="")])
    assert detail(writer).key == "key_search"

    named = DirectoryKey("key_search", "proj_search", "search-prod", "sk-", created_at=BEGAN)
    writer.save_directory("openai", [], [named], [], NOW)

    assert detail(writer).key == "search-prod"
    assert detail(writer, 2).key == ""


def test_the_burn_of_a_key_is_shown_by_the_minute_with_what_is_usual_before_the_rise(
    writer: LedgerWriter,
) -> None:
    writer.alerts.save([firing()])

    series = detail(writer).series

    assert series is not None and series.step_s == 60 and series.layer is Layer.METERED
    values = [point.value for point in series.points]
    assert values == [Decimal(1)] * 45 + [Decimal(12)] * 15
    assert series.points[0].at <= FIRED < series.points[-1].at + 60
    for point in series.points:
        assert point.low is not None and point.high is not None
        assert point.expected == 1 and point.low < 1 < point.high < 12


@pytest.mark.parametrize(
    ("kind", "scope", "before", "after"),
    [
        ("team", "search", 1, 12),
        ("team", "", Decimal("0.1"), Decimal("0.1")),
        ("organization", "", Decimal("1.6"), Decimal("12.6")),
        ("model", "gpt-5-mini", Decimal("1.6"), Decimal("12.6")),
        ("project", "proj_search", 1, 12),
        ("billing_group", "product", Decimal("1.5"), Decimal("12.5")),
    ],
)
def test_every_scope_has_its_own_burn(
    writer: LedgerWriter, kind: str, scope: str, before: Decimal, after: Decimal
) -> None:
    writer.alerts.save([firing(scope_kind=kind, scope=scope)])

    series = detail(writer).series

    assert series is not None
    assert (series.points[0].value, series.points[-1].value) == (before, after)


def test_a_long_episode_is_shown_by_the_hour_and_holds_the_moment_at_which_it_fired(
    writer: LedgerWriter,
) -> None:
    began = NOW - 6 * 86_400
    writer.alerts.save([replace(firing(), started_at=began, fired_at=began + 60)])

    series = detail(writer).series

    assert series is not None and series.step_s == 3_600 and len(series.points) == 24
    assert series.points[0].at <= began + 60 < series.points[-1].at + 3_600
    assert all(point.value == 1 for point in series.points)


def test_a_long_episode_is_not_its_own_measure(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    began = NOW - 4 * 3_600
    fill(path, days=0, spike=[use(minute, 60, SEARCH, 12.0) for minute in range(began, NOW, 60)])
    with open_writer(path) as writer:
        writer.alerts.save([replace(firing(), started_at=began, fired_at=began + 60)])
        series = detail(writer).series

    assert series is not None and series.step_s == 3_600
    assert {point.expected for point in series.points if point.at >= began} == {1}
    assert series.points[-1].value == 12


def test_what_is_over_is_shown_around_its_own_time(writer: LedgerWriter) -> None:
    over = NOW - 7_200
    done = replace(firing(), state=AlertState.RESOLVED, started_at=over - 600, resolved_at=over)
    writer.alerts.save([replace(done, fired_at=over - 540)])

    series = detail(writer).series

    assert series is not None and series.points[-1].at + 60 == over + 600


def test_an_alert_about_nothing_that_burns_has_no_series(writer: LedgerWriter) -> None:
    writer.alerts.save([firing(rule=AlertRule.SILENT_DATA, scope_kind="account", scope="openai")])
    found = detail(writer)

    assert found.series is None and found.budgets == () and found.runway is None
    assert found.commands[0].text == "burndeck doctor"


def test_figures_carry_layer_and_age_and_the_evidence_reads_well(writer: LedgerWriter) -> None:
    writer.alerts.save([firing()])
    found = detail(writer)

    assert (found.current.value, found.current.unit, found.current.tag) == (12, "credits/min", "met")
    assert found.current.as_of == NOW and found.above.value == 165
    assert found.sentence == "28x the usual requests"
    assert {each.name: each.value for each in found.evidence} == {
        "deviations": "25.06",
        "share of rise": "78 %",
        "window": "15 min",
    }


def test_caps_are_those_that_count_the_burn_and_the_binding_one_is_named(writer: LedgerWriter) -> None:
    writer.alerts.save(
        [firing(), firing(fingerprint="x", scope="key_support", api_key="key_support", team="support")]
    )

    mine, other = detail(writer), detail(writer, 2)

    assert [each.allocation_id for each in mine.budgets] == ["org-1", "org-1-bg-product", "org-1-team-search"]
    assert mine.runway is not None and mine.runway.allocation_id == "org-1-team-search"
    assert [each.allocation_id for each in other.budgets] == ["org-1", "org-1-bg-product"]


def test_a_model_and_the_whole_burn_against_the_organization_alone(writer: LedgerWriter) -> None:
    writer.alerts.save(
        [
            firing(scope_kind="model", scope="gpt-5-mini"),
            firing(fingerprint="x", scope_kind="organization", scope=""),
        ]
    )

    assert [each.allocation_id for each in detail(writer, 1).budgets] == ["org-1"]
    assert [each.allocation_id for each in detail(writer, 2).budgets] == ["org-1"]


def budget(share: str = "0.70") -> Alert:
    found = signal(
        fingerprint="budget:org-1-team-search",
        rule=AlertRule.BUDGET,
        tier="warning",
        scope_kind="team",
        scope="search",
        api_key="",
        cause="",
        allocation_id="org-1-team-search",
        period="2026-11",
        current_nano=25_000 * NANO,
        expected_nano=60_000 * NANO,
        summary="org-1-team-search has burnt 70.0% of its 60,000 credits",
        evidence={"share": share, "tier_at": "0.70", "skipped_fingerprints": ["a"]},
    )
    return Alert(found, AlertState.FIRING, NOW - 60, fired_at=NOW - 60)


def test_a_budget_is_shown_as_the_month_added_up_against_its_tiers(writer: LedgerWriter) -> None:
    writer.alerts.save([budget()])
    found = detail(writer)
    month = found.month

    assert found.series is None and month is not None and found.current.unit == "credits"
    assert month.monthly == 60_000 and len(month.points) == 30
    assert [(tier.name, tier.credits) for tier in month.tiers] == [
        ("warning", 42_000),
        ("critical", 54_000),
        ("hard_cap", 60_000),
    ]
    # One credit a minute: 1,440 a day, and today until now with the spike.
    assert [point.used for point in month.points[:3]] == [1_440, 2_880, 4_320]
    assert month.points[17].used == 17 * 1_440 + 750 + 15 * 11 and month.points[18].used is None


def test_the_month_of_another_time_zone_begins_at_its_own_midnight(writer: LedgerWriter) -> None:
    writer.alerts.save([budget()])
    berlin = replace(SETTINGS, organization=Organization(time_zone="Europe/Berlin"))

    month = detail(writer, settings=berlin).month

    assert month is not None and month.start % 86_400 == 82_800
    assert month.points[0].used == 60 and month.points[1].used == 60 + 1_440


def test_the_incident_has_its_other_alerts_and_its_timeline_until_then(writer: LedgerWriter) -> None:
    made = writer.incidents.add_incident(
        Incident("retry storm", "team:search", "critical", "retry_storm", FIRED, above_nano=165 * NANO)
    )
    assert made.id is not None
    writer.alerts.save([replace(firing(), incident=made.id), replace(budget(), incident=made.id)])
    writer.incidents.add_timeline(
        [
            TimelineEntry(made.id, FIRED, "fired", "agent", "critical", 1),
            TimelineEntry(made.id, NOW - 30, "acknowledged", "ada", "rolling back", 1),
        ]
    )

    now, then = detail(writer), detail(writer, at=NOW - 120)

    assert now.incident is not None and now.incident.above == 165 and now.incident.alerts == 2
    assert [other.id for other in now.others] == [2] and then.others == ()
    assert [line.actor for line in now.timeline] == ["agent", "ada"]
    assert [line.actor for line in then.timeline] == ["agent"]
    with open_reader(writer.path) as reader:
        assert [each.group for each in incidents(reader, NOW)] == ["team:search"]


def test_who_was_told_and_whether_it_arrived(writer: LedgerWriter) -> None:
    writer.alerts.save([firing()])
    suggestion = {"lever": "S101-3", "text": "cap the retries", "low": "1200", "high": "5400.5"}
    notice = Notice(
        id="n1",
        kind=NoticeKind.FIRED,
        why="",
        at=FIRED,
        rule="burn_spike",
        tier="critical",
        severity="error",
        state="firing",
        dedup_key="k",
        summary="",
        alert=1,
        suggestions=(suggestion,),
    )
    places = [SimpleNamespace(channel=name, target="") for name in ("mail", "pager", "slack")]
    writer.outbox.put(notice, places, FIRED)
    by_channel = {waiting.channel: waiting.id for waiting in writer.outbox.waiting(9)}
    writer.outbox.sent(by_channel["slack"], "17.2", FIRED + 2)
    writer.outbox.give_up(by_channel["pager"], "answered 410", gone=True)
    writer.outbox.again(by_channel["mail"], "connection refused", NOW + 60)

    found = detail(writer)

    told = {each.channel: (each.state, each.receipt, each.error) for each in found.deliveries}
    assert told == {
        "slack": ("sent", "17.2", ""),
        "pager": ("gone", "", "answered 410"),
        "mail": ("waiting", "", "connection refused"),
    }
    assert [(each.text, each.low, each.high) for each in found.suggestions] == [
        ("cap the retries", Decimal(1200), Decimal("5400.5"))
    ]
    assert {each.state for each in detail(writer, at=FIRED + 1).deliveries} == {"waiting", "gone"}


def test_the_silence_that_mutes_it_is_named(writer: LedgerWriter) -> None:
    silence = writer.incidents.add_silence(
        Silence("ada", "load test", {"team": "search"}, NOW - 60, NOW + 60, NANO, burnt_nano=NANO // 2)
    )
    writer.alerts.save([replace(firing(), muted_by=f"silence:{silence.id}")])
    found = detail(writer).silence

    assert found is not None and (found.author, found.reason, found.mutes) == ("ada", "load test", 1)
    assert (found.burnt, found.limit) == (Decimal("0.5"), 1)


def test_the_first_command_is_the_one_to_run_first_and_its_names_are_quoted(writer: LedgerWriter) -> None:
    writer.alerts.save(
        [
            firing(),
            firing(fingerprint="x", scope_kind="team", scope="data platform", api_key="", team=""),
            replace(budget(), signal=replace(budget().signal, tier="hard_cap")),
        ]
    )

    commands = [[each.text for each in detail(writer, ident).commands] for ident in (1, 2, 3)]

    assert commands[0][0] == "burndeck triage --within team:search --of key:key_search"
    assert commands[0][1:3] == [
        "burndeck alerts ack 1",
        'burndeck silence add alert=1 --reason "..."',
    ]
    assert commands[1][0] == "burndeck triage --within team:'data platform'"
    assert commands[2] == ["burndeck burn", "burndeck alerts ack 3"], "a hard cap is never silenced"


def test_an_earlier_instant_shows_the_alert_as_it_stood(writer: LedgerWriter) -> None:
    taken = replace(firing(), state=AlertState.ACKNOWLEDGED, acknowledged_at=NOW - 60, acknowledged_by="ada")
    writer.alerts.save([taken])

    then = detail(writer, at=NOW - 300)

    assert then.entry.state == "firing" and then.at == NOW - 300
    assert then.series is not None and then.series.points[-1].at == NOW - 360


def test_the_burn_of_a_key_that_is_only_estimated_is_read_from_events(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        minutes = range(NOW - 3_600, NOW, 60)
        events = [
            event(f"r-{at}", at + 5, dimensions=SEARCH, credits_nano=(12 if at >= BEGAN else 1) * NANO)
            for at in minutes
        ]
        writer.write_events(batch(events))
        writer.alerts.save([firing()])
        series = detail(writer).series

    assert series is not None and series.layer is Layer.ESTIMATED
    assert [point.value for point in series.points] == [Decimal(1)] * 45 + [Decimal(12)] * 15
