"""Every condition, met and not met, with what its sentence says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.control.identity import new_identity
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import AlertState
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Limit, LimitUnit
from agent.domain.incident import Incident
from agent.domain.person import Person, Role
from agent.domain.run import Run, StepRun
from agent.domain.runbook import Runbook, Step, StepKind
from agent.ledger import open_writer
from agent.ledger.gateway_store import GatewayStatus
from agent.ledger.rows import CostRow, DirectoryKey, SourceStatus
from agent.ledger.writer import LedgerWriter
from agent.runbooks import records
from agent.runbooks.progress import Moved
from agent.settings import Settings
from agent.settings_schema import Source
from tests.agent.reports.audited import direct, serve
from tests.agent.reports.world import CHAT, NOW, SEARCH, SETTINGS, SUPPORT, fill, use
from tests.agent.runbooks.asked.look import AT, NANO, judge, spiking
from tests.console.acting_world import spike as spike_alert

DAY = 86_400
TODAY = NOW // DAY * DAY
USED = 25_380  # credits of search this month, of a cap of 60,000


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(spiking(tmp_path / "l.sqlite")) as opened:
        yield opened


def told(writer: LedgerWriter) -> Incident:
    case = Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540)
    case = writer.incidents.add_incident(case)
    writer.alerts.save([spike_alert(case.id)])
    return case


def test_an_incident_is_open_until_it_is_closed(writer: LedgerWriter) -> None:
    case = told(writer)
    assert judge(writer.path, "incident-open", incident="1").met

    writer.incidents.update_incident(replace(case, closed_at=NOW))

    found = judge(writer.path, "incident-open", incident="1")
    assert (found.met, found.evidence.sentence) == (False, "Incident 1 was closed 1 min ago.")
    assert not judge(writer.path, "incident-open", incident="").met


def test_an_alert_fires_until_it_is_over(writer: LedgerWriter) -> None:
    told(writer)
    assert judge(writer.path, "alert-firing", alert="1").met
    assert not judge(writer.path, "alert-over", alert="1").met

    alert = writer.alerts.alert(1)
    assert alert is not None
    writer.alerts.save([replace(alert, state=AlertState.RESOLVED, resolved_at=NOW)])

    assert not judge(writer.path, "alert-firing", alert="1").met
    assert judge(writer.path, "alert-over", alert="1").met
    assert not judge(writer.path, "alert-over", alert="2").met


@pytest.mark.parametrize(
    ("using", "met"),
    [
        ({"credits": "6.1"}, True),
        ({"credits": "6"}, False),
        ({"times_usual": "6.5"}, True),
        ({"times_usual": "1.5"}, False),
    ],
)
def test_a_burn_is_below_a_bound_or_not(spike: Path, using: dict[str, str], met: bool) -> None:
    found = judge(spike, "burn-below", scope="team:search", **using)

    assert found.met is met
    assert found.evidence.sentence.startswith("team:search burns 6.00 credits/min")


def running(action: int | None, *, drill: bool = False) -> Run:
    step = Step(1, "throttle", "Throttle", "", StepKind.ACTION)
    book = Runbook("r", "R", "", steps=(step,))
    return Run(book, "ada", NOW - 900, "ada", steps=(StepRun(1, action=action),), drill=drill)


def throttled(writer: LedgerWriter, state: ActionState, **fields: object) -> int:
    spec = ActionSpec(
        ActionKind.THROTTLE, Scope.parse("team:search"), limit=Limit(1, LimitUnit.RPS), expires_s=3_600
    )
    made = writer.actions.add(replace(Action(spec, state, "ada", NOW - 900, "a spike"), **fields))  # type: ignore[arg-type]
    assert made.id is not None
    return made.id


def test_a_burn_fell_when_the_engine_has_confirmed_its_action(writer: LedgerWriter) -> None:
    effect = "burn fell from 41.2 to 6.3 credits/min"
    ident = throttled(writer, ActionState.CONFIRMED, accepted_at=NOW, confirmed_at=NOW, effect=effect)

    found = judge(writer.path, "burn-fell", run=running(ident), of="throttle")

    assert found.met
    assert effect in found.evidence.sentence


@pytest.mark.parametrize("state", [ActionState.REVERSED, ActionState.EXPIRED])
def test_an_action_that_was_confirmed_and_has_ended_is_judged_by_the_burn(
    writer: LedgerWriter, state: ActionState
) -> None:
    at = NOW - 1_200
    ident = throttled(writer, state, accepted_at=at, confirmed_at=at, ended_at=NOW - 600)

    found = judge(writer.path, "burn-fell", run=running(ident), of="throttle")

    assert not found.met
    assert found.evidence.sentence.startswith("team:search burns 6.00 credits/min against 4.33 credits/min")
    assert f"it is {state.value} since" in found.evidence.sentence


def test_a_drill_does_not_count_an_action_as_done_that_nobody_accepted(writer: LedgerWriter) -> None:
    for state in (ActionState.STANDBY, ActionState.DECLINED, ActionState.FAILED):
        ident = throttled(writer, state)
        assert not judge(writer.path, "burn-fell", run=running(ident, drill=True), of="throttle").met


def test_a_burn_that_did_not_fall_or_of_no_action_is_told_with_its_figures(writer: LedgerWriter) -> None:
    ident = throttled(writer, ActionState.ACCEPTED, accepted_at=NOW - 1_200)
    found = judge(writer.path, "burn-fell", run=running(ident), of="throttle")
    assert not found.met
    # The action holds since ten minutes after the spike began: a third of the quarter before was ordinary.
    assert found.evidence.sentence.startswith("team:search burns 6.00 credits/min against 4.33 credits/min")

    for run in (running(None), None):
        assert not judge(writer.path, "burn-fell", run=run, of="throttle").met
    failed = throttled(writer, ActionState.FAILED, why="the gateway is down")
    refused = judge(writer.path, "burn-fell", run=running(failed), of="throttle")
    assert (refused.met, "the gateway is down" in refused.evidence.sentence) == (False, True)


@pytest.mark.parametrize(("since", "met"), [(2.9, True), (3.1, False)])
def test_a_burn_under_half_of_what_it_was_has_fallen(tmp_path: Path, since: float, met: bool) -> None:
    path = tmp_path / "l.sqlite"
    minutes = range(NOW - 1_800, NOW, 60)
    spike = [use(minute, 60, SEARCH, 6.0 if minute < NOW - 600 else since) for minute in minutes]
    fill(path, days=1, spike=spike)
    with open_writer(path) as writer:
        ident = throttled(writer, ActionState.ACCEPTED, accepted_at=NOW - 600)

    found = judge(path, "burn-fell", run=running(ident), of="throttle")

    assert found.met is met
    words = f"team:search burns {since:.2f} credits/min against 6.00 credits/min before"
    assert found.evidence.sentence.startswith(words)


@pytest.mark.parametrize(("ago", "met"), [(240, False), (480, True)])
def test_a_burn_is_below_a_bound_only_by_minutes_after_the_release(
    writer: LedgerWriter, ago: int, met: bool
) -> None:
    ident = throttled(writer, ActionState.REVERSED, accepted_at=NOW - 1_200, ended_at=AT - ago)
    run = records.add(writer.runs, Moved(running(ident), ()))
    assert run.id is not None
    writer.runs.link(run.id, 1, 1, ident)

    found = judge(writer.path, "burn-below", run=run, scope="team:search", credits="7")

    assert found.met is met
    assert ("held until 4 min ago: too early to say" in found.evidence.sentence) is not met


def test_in_a_drill_what_only_an_action_could_do_counts_as_done(writer: LedgerWriter) -> None:
    ident = throttled(writer, ActionState.ACCEPTED, accepted_at=NOW)

    fell = judge(writer.path, "burn-fell", run=running(ident, drill=True), of="throttle")
    below = judge(writer.path, "burn-below", run=running(ident, drill=True), scope="team:search", credits="1")
    before = judge(writer.path, "burn-below", run=running(None, drill=True), scope="team:search", credits="1")

    assert fell.met and "drill" in fell.evidence.sentence
    assert below.met and "In truth: team:search burns 6.00 credits/min" in below.evidence.sentence
    assert not before.met


def capped(monthly: int) -> Settings:
    mine = Allocation("org-1-team-search", Scope.parse("team:search"), monthly * NANO)
    return Settings(allocations=(mine,))


def test_usage_threatens_a_cap_by_its_share_or_by_its_runway(spike: Path) -> None:
    assert not judge(spike, "usage-threatens", scope="team:search").met
    assert judge(spike, "usage-threatens", scope="team:search", share="0.4").met
    soon = judge(spike, "usage-threatens", scope="team:search", runway="5d")
    assert soon.met
    assert "org-1-team-search has used 42 % of its hard cap, and reaches it in 4 d" in soon.evidence.sentence
    assert not judge(spike, "usage-threatens", Settings(), scope="team:search").met


@pytest.mark.parametrize(("monthly", "at_cap"), [(USED, True), (USED + 1, False)])
def test_a_cap_is_reached_to_the_credit(spike: Path, monthly: int, at_cap: bool) -> None:
    reached = judge(spike, "at-cap", capped(monthly), scope="team:search")
    below = judge(spike, "below-cap", capped(monthly), scope="team:search")

    assert (reached.met, below.met) == (at_cap, not at_cap)
    assert "25,380 credits" in reached.evidence.sentence
    assert judge(spike, "at-cap", capped(2 * USED), scope="key:key_search", share="0.5").met


def test_the_pool_covers_what_it_has_left(spike: Path) -> None:
    assert judge(spike, "pool-covers", scope="team:search", amount="800,000").met
    short = judge(spike, "pool-covers", scope="team:search", amount="800,001")
    assert (short.met, "it is short" in short.evidence.sentence) == (False, True)
    assert not judge(spike, "pool-covers", Settings(), scope="team:search", amount="1").met


def test_an_incident_is_assessed_by_a_person(writer: LedgerWriter) -> None:
    told(writer)
    assert not judge(writer.path, "assessed-critical", incident="1").met

    writer.actions.save_duty(1, "criticality", answer="critical", person="eva", at=NOW)
    found = judge(writer.path, "assessed-critical", incident="1")
    assert found.met
    assert found.evidence.sentence.startswith("Production is affected, says eva")

    writer.actions.save_duty(1, "criticality", answer="not_critical", person="eva", at=NOW)
    assert not judge(writer.path, "assessed-critical", incident="1").met


def test_a_postmortem_is_owed_until_it_is_signed(writer: LedgerWriter) -> None:
    told(writer)
    writer.actions.save_duty(1, "postmortem", due_at=NOW + DAY)
    owed = judge(writer.path, "postmortem-signed", incident="1")
    assert (owed.met, "due 2026-11-19" in owed.evidence.sentence) == (False, True)

    writer.actions.save_duty(1, "postmortem", answer="it was us", person="eva", at=NOW)

    assert judge(writer.path, "postmortem-signed", incident="1").met


def test_keys_are_silent_when_data_shows_no_call(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        rows = [use(minute, 60, SUPPORT, 1) for minute in range(NOW - 3_600, NOW, 60)]
        rows += [use(minute, 60, SEARCH, 1) for minute in range(NOW - 3_600, NOW - 600, 60)]
        writer.write_usage_window("openai", NOW - 3_600, NOW, {"completions": rows}, read_at=NOW)

    assert judge(path, "keys-silent", scope="key:key_search").met
    assert not judge(path, "keys-silent", scope="key:key_search", for_="15m").met
    calls = judge(path, "keys-silent", scope="key:key_support")
    assert "50 calls came through and burnt 5.00 credits" in calls.evidence.sentence
    stale = judge(path, "keys-silent", now=NOW + 3_600, scope="key:key_search")
    assert (stale.met, "is not known" in stale.evidence.sentence) == (False, True)


def answered(path: Path, gateway: str, at: int | None, state: str = "ok") -> None:
    with open_writer(path) as writer:
        writer.actions.save_gateway(GatewayStatus(gateway, "litellm", state, "", "", AT, at))


def test_a_key_is_blocked_when_no_gateway_lets_it_pass(spike: Path, tmp_path: Path) -> None:
    path = spiking(tmp_path / "l.sqlite")
    key = GatewayKey("k1", "key_search", "search-prod")
    for name in ("edge", "proxy"):
        answered(path, name, AT - 20)
    serve(path, key, gateway="edge")
    serve(path, replace(key, blocked=True), gateway="proxy")
    found = judge(path, "key-blocked", key="search-prod")
    assert (found.met, "let it pass" in found.evidence.sentence) == (False, True)

    serve(path, replace(key, blocked=True), gateway="edge")

    assert judge(path, "key-blocked", key="search-prod").met
    assert not judge(spike, "key-blocked", key="key_search").met


def test_a_key_that_the_provider_deleted_is_blocked(tmp_path: Path) -> None:
    path = spiking(tmp_path / "l.sqlite")
    direct(path, DirectoryKey("key_search", "proj_search", "search", "sk-..1", created_at=NOW - DAY))
    assert not judge(path, "key-blocked", key="key_search").met

    direct(path, at=NOW + 1)

    assert judge(path, "key-blocked", key="key_search").met


def test_a_key_is_known_once_it_burnt(spike: Path) -> None:
    assert judge(spike, "key-known", key="key_search").met
    assert not judge(spike, "key-known", key="sk-stranger").met


def test_data_is_fresh_as_a_whole_or_of_one_source(writer: LedgerWriter) -> None:
    old = SourceStatus("openai", "openai", "openai", "ok", covered_to=AT - 3_600)
    writer.save_source_status(old)
    settings = Settings(sources=(Source(kind="openai", name="openai"), Source(kind="openai", name="new")))

    assert judge(writer.path, "data-fresh", SETTINGS, within="2h").met
    assert not judge(writer.path, "data-fresh", SETTINGS, within="30s").met
    blind = judge(writer.path, "data-fresh", settings)
    assert (blind.met, blind.evidence.sentence) == (False, "new has brought nothing yet.")
    assert not judge(writer.path, "data-fresh", settings, source="openai").met
    assert judge(writer.path, "data-fresh", settings, source="openai", within="2h").met
    assert not judge(writer.path, "data-fresh", settings, source="new").met


@pytest.mark.parametrize(("billed", "met"), [(245, True), (230, False)])
def test_layers_agree_over_closed_days_that_both_know(tmp_path: Path, billed: int, met: bool) -> None:
    path, day = tmp_path / "l.sqlite", TODAY - 2 * DAY
    rows = [use(day + hour * 3_600, 3_600, SEARCH, 10) for hour in range(24)]
    bill = [CostRow(day, SEARCH, CHAT, "gpt", NANO, "USD", billed * NANO)]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", day, TODAY, {"completions": rows}, read_at=NOW)
        writer.write_costs("openai", day, day + DAY, bill, final_before=day + DAY, read_at=NOW)

    found = judge(path, "layers-agree", within="0.03", days="1")

    assert found.met is met
    assert found.evidence.rows == (
        ("openai", "metered", "billed", "240 credits", f"{billed} credits", "2.1 %" if met else "-4.2 %"),
    )


def test_attribution_is_the_share_of_the_last_day_with_a_team(spike: Path) -> None:
    found = judge(spike, "attributed", share="0.95")  # 2,310 of 2,454 credits

    assert (found.met, found.evidence.sentence.startswith("94 % of the last 24 h")) == (False, True)
    assert judge(spike, "attributed", share="0.94").met
    old = judge(spike, "attributed", share="0.94", now=AT + DAY)
    assert (old.met, "the data ends 1 d ago" in old.evidence.sentence) == (False, True)


def test_models_without_a_price_are_told(tmp_path: Path, spike: Path) -> None:
    path = tmp_path / "l.sqlite"
    fill(path, days=1, unpriced=True)

    found = judge(path, "priced")

    assert (found.met, "gpt-unknown" in found.evidence.sentence) == (False, True)
    assert judge(spike, "priced").met


def test_labels_are_complete_when_no_key_lacks_one(spike: Path, tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        rows = {"completions": [use(NOW - 60, 60, SEARCH, 1)]}
        writer.write_usage_window("openai", NOW - 60, NOW, rows, read_at=NOW)

    assert judge(path, "labels-complete").met
    assert "key_nobody has no team" in judge(spike, "labels-complete").evidence.sentence
    assert not judge(spike, "labels-complete").met


def test_keys_are_young_enough_by_the_age_that_is_known(tmp_path: Path, spike: Path) -> None:
    path = spiking(tmp_path / "l.sqlite")
    direct(path, DirectoryKey("key_search", "proj_search", "search", "sk-..1", created_at=AT - 91 * DAY))

    old = judge(path, "keys-younger")

    assert (old.met, "the oldest search with 91 d" in old.evidence.sentence) == (False, True)
    unknown = judge(path, "keys-younger", than="92d")
    assert (unknown.met, "the age of 2 keys is not known" in unknown.evidence.sentence) == (False, True)
    assert not judge(spike, "keys-younger").met  # no age is known at all
    keys = ("key_search", "key_support", "key_nobody")
    direct(path, *(DirectoryKey(key, "p", key, "sk-..1", created_at=AT - 91 * DAY) for key in keys))
    assert judge(path, "keys-younger", than="92d").met


def test_caps_are_reversible_with_people_a_way_back_and_a_buffer(spike: Path) -> None:
    people = tuple(
        Person(name, new_identity(name).public_key, (role,))
        for name, role in (("fin", Role.FINANCE), ("eng", Role.ENGINEERING))
    )
    allocations = tuple(replace(each, buffer_nano=NANO) for each in SETTINGS.allocations)
    safe = replace(SETTINGS, people=people, allocations=allocations)

    assert judge(spike, "caps-reversible", safe).met
    found = judge(spike, "caps-reversible", replace(safe, people=people[:1]))
    assert (found.met, found.evidence.columns[0]) == (False, "allocation")
    assert Decimal(len(found.evidence.rows)) == 3
