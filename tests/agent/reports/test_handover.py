"""What the next on-call must know, on a real ledger with people and actions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.alerts.routes import Destination
from agent.clock import ScaledClock
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import AlertState
from agent.domain.allocation import Allocation, Scope
from agent.domain.change import Change, ChangeKind
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from agent.domain.planned import Planned
from agent.domain.silence import Silence
from agent.domain.usage import Layer
from agent.ledger import open_reader
from agent.ledger.gateway_store import GatewayStatus
from agent.ledger.rows import SourceStatus
from agent.reports.allocation_tree import allocation_tree
from agent.reports.handover import Handover, handover
from agent.settings_schema import Source
from tests.agent.alerts.notices import a_notice
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import AT, GATEWAY, Desk, block, make_ledger, open_desk, spike, throttle

DRILL = replace(throttle(), drill=True)
TOP_UP = ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=500 * NANO)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ledger(tmp_path_factory.mktemp("handover") / "l.sqlite")


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        made.writer.beat(1, "host", "0", AT - 600, AT)
        made.writer.actions.save_gateway(GatewayStatus(GATEWAY.name, GATEWAY.kind, "ok", "", "", AT, AT))
        yield made


def told(desk: Desk, now: int = AT, **asked: Any) -> Handover:
    with open_reader(desk.settings.ledger_path) as reader:
        return handover(reader, desk.settings, now, **asked)


def source(state: str, covered_to: int | None) -> SourceStatus:
    return SourceStatus("openai", "openai", "openai", state, "503", last_try=NOW, covered_to=covered_to)


def taken(desk: Desk, **changes: Any) -> None:
    base = replace(spike(1), id=1, state=AlertState.ACKNOWLEDGED)
    said = {"acknowledged_at": NOW - 400, "acknowledged_by": "ada"} | changes
    desk.writer.alerts.save([replace(base, **said)])


def test_where_nothing_goes_on_nothing_wants_a_person(desk: Desk) -> None:
    found = told(desk)

    assert found.wanting == ()
    assert (found.incidents, found.alerts, found.in_force, found.waiting, found.ended) == ((), (), (), (), ())
    assert found.binding is not None


def test_an_incident_tells_who_holds_it_what_it_costs_and_what_happened_last(desk: Desk) -> None:
    desk.fires()
    cost = Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540, None, 165 * NANO, 1)
    desk.writer.incidents.update_incident(cost)
    desk.writer.incidents.add_timeline(
        [
            TimelineEntry(1, NOW - 540, "fired", "agent", "retry storm", 1),
            TimelineEntry(1, NOW - 400, "acknowledged", "ada", "rolling back", 1),
        ]
    )

    (nobodys,) = told(desk).incidents
    taken(desk)
    (adas,) = told(desk).incidents

    assert (nobodys.holder, adas.holder) == ("", "ada")
    assert (adas.above.value, adas.above.layer, adas.above.as_of) == (Decimal(165), Layer.METERED, NOW)
    assert adas.last is not None and (adas.last.actor, adas.last.text) == ("ada", "rolling back")


def test_an_incident_that_nobody_holds_and_an_alert_that_nobody_has_taken_want_a_person(desk: Desk) -> None:
    desk.fires()
    wanting = told(desk).wanting
    taken(desk)

    assert wanting == ("1 incident that nobody holds", "1 alert that nobody has taken")
    assert told(desk).wanting == () and told(desk).alerts == ()


def test_what_is_only_for_information_is_told_and_wants_nobody(desk: Desk) -> None:
    incident = desk.writer.incidents.add_incident(Incident("half", "team:search", "info", "", NOW - 540))
    known = spike(incident.id)
    desk.writer.alerts.save([replace(known, signal=replace(known.signal, tier="info"))])

    found = told(desk)

    assert (len(found.incidents), len(found.alerts), found.wanting) == (1, 1, ())


def test_a_muted_alert_wants_nobody(desk: Desk) -> None:
    desk.fires()
    desk.writer.alerts.save([replace(spike(1), id=1, muted_by="silence:1")])

    assert told(desk).alerts == ()


def test_the_gravest_incident_comes_first(desk: Desk) -> None:
    for tier in ("warning", "hard_cap", "critical"):
        desk.writer.incidents.add_incident(Incident(tier, f"team:{tier}", tier, "", NOW - 60))

    assert [each.entry.tier for each in told(desk).incidents] == ["hard_cap", "critical", "warning"]


def test_whether_production_is_affected_is_told_where_somebody_has_said(desk: Desk) -> None:
    desk.fires()
    (unsaid,) = told(desk).incidents
    desk.writer.actions.save_duty(1, "criticality", answer="not_critical", person="bo", at=NOW)
    (said,) = told(desk).incidents

    assert (unsaid.critical, said.critical) == (None, False)


def test_what_holds_is_told_with_the_first_end_first_and_drills_hold_nothing(desk: Desk) -> None:
    later = desk.in_force(throttle(non_prod=True))
    sooner = desk.in_force(block())
    desk.writer.actions.save(replace(sooner, expires_at=AT + 60))
    desk.in_force(DRILL)

    found = told(desk)

    assert [each.id for each in found.in_force] == [sooner.id, later.id]
    assert [each.expires_in_s for each in found.in_force] == [60, 2_932]


def test_what_waits_says_for_whom_and_until_when_and_is_not_in_force(desk: Desk) -> None:
    desk.asked(TOP_UP)

    found = told(desk)

    (waits,) = found.waiting
    assert waits.waits_for and waits.approve_by is not None and waits.approve_by > AT
    assert found.in_force == () and found.wanting == ("1 change that waits for approval",)


@pytest.mark.parametrize(
    ("monthly", "near"), [(10**6, []), (120, ["org-1-team-search"]), (150, ["org-1-team-search"])]
)
def test_a_cap_is_near_by_what_is_used_of_it_or_by_its_runway(
    desk: Desk, monthly: int, near: list[str]
) -> None:
    with open_reader(desk.settings.ledger_path) as reader:
        used = handover(reader, desk.settings, AT).caps
    assert used == ()
    allocation = Allocation("org-1-team-search", Scope.parse("team:search"), monthly * 24 * NANO)
    desk.settings = replace(desk.settings, allocations=(allocation,))

    assert [each.allocation_id for each in told(desk).caps] == near


def test_a_cap_is_near_from_four_fifths_of_the_month_on_also_without_a_runway(desk: Desk) -> None:
    whole = Allocation("whole", Scope.parse("team:support"), 10**6 * NANO)
    desk.settings = replace(desk.settings, allocations=(whole,))
    with open_reader(desk.settings.ledger_path) as reader:
        (row,) = allocation_tree(reader, desk.settings, AT).rows
    used = row.budget.used.value
    assert used is not None and row.budget.hard_runway_s is None

    def near(share: str) -> int:
        monthly = int(used / Decimal(share) * NANO)
        far = replace(whole, monthly_nano=monthly, soft_cap=Decimal(100), hard_cap=Decimal(200))
        desk.settings = replace(desk.settings, allocations=(far,))
        return len(told(desk).caps)

    assert (near("0.81"), near("0.79")) == (1, 0)


def test_an_allocation_that_was_changed_is_the_plan_and_not_in_force(desk: Desk) -> None:
    made = desk.in_force(throttle())
    desk.writer.actions.save(replace(made, spec=replace(made.spec, kind=ActionKind.ALLOCATE)))

    assert told(desk).in_force == ()


def test_a_gateway_that_cannot_be_read_is_blind(desk: Desk) -> None:
    desk.writer.actions.save_gateway(
        GatewayStatus("edge", "haproxy", "failed", "no socket", "look", AT, None)
    )

    assert [(each.part, each.why) for each in told(desk).blind] == [("gateway edge", "no socket")]


def test_a_source_that_the_configuration_has_lost_is_not_missed(desk: Desk) -> None:
    desk.writer.save_source_status(source("failed", NOW))
    desk.writer.save_source_status(replace(source("ok", AT), source="eu", last_ok=AT))
    desk.settings = replace(desk.settings, sources=(Source(name="eu"),))

    assert told(desk).blind == ()


def test_what_the_configuration_has_and_nobody_has_read_is_blind(desk: Desk) -> None:
    desk.writer.save_source_status(replace(source("ok", AT), last_ok=AT))
    gateways = (
        *desk.settings.own_gateways,
        msgspec.structs.replace(desk.settings.own_gateways[0], name="far"),
    )
    desk.settings = replace(
        desk.settings, sources=(Source(name="openai"), Source(name="eu")), own_gateways=gateways
    )

    found = told(desk)

    assert [(each.part, each.state, each.since) for each in found.blind] == [
        ("source eu", "unread", None),
        ("gateway far", "unread", None),
    ]
    assert "2 parts that are blind" in found.wanting


def test_releases_of_the_next_day_and_those_under_way_are_told(desk: Desk) -> None:
    def release(title: str, at: int, until: int | None = None) -> Change:
        return Change(at, until, "burndeck.toml", ChangeKind.RELEASE, title, external_id=title)

    key = replace(release("a key", AT + 60), kind=ChangeKind.KEY)
    ahead = [release("soon", AT + 3_600), release("later", AT + 90_000), release("past", AT - 60), key]
    desk.writer.changes.add([*ahead, release("under way", AT - 3_600, AT + 60)])

    assert [each.title for each in told(desk).releases] == ["under way", "soon"]


def test_postmortems_are_owed_and_overdue_ones_want_a_person(desk: Desk) -> None:
    desk.fires()
    taken(desk)
    desk.writer.actions.save_duty(1, "postmortem", due_at=AT + 60)

    before, after = told(desk), told(desk, AT + 60)
    desk.writer.actions.save_duty(1, "postmortem", due_at=AT + 60, answer="learnt", person="ada", at=AT)

    assert [duty.incident for duty in before.owed] == [1]
    assert "1 postmortem that is overdue" not in before.wanting
    assert "1 postmortem that is overdue" in after.wanting
    assert told(desk).owed == ()


def test_silences_in_force_and_planned_activity_are_told_until_they_end(desk: Desk) -> None:
    box = desk.writer.incidents
    box.add_silence(Silence("ada", "load test", {"team": "search"}, NOW - 60, AT + 60, 5_000 * NANO))
    box.add_planned(Planned("team", "search", NOW, AT + 60, "ada", "re-indexing"))

    now, later = told(desk), told(desk, AT + 61)

    assert [each.entry.reason for each in now.silences] == ["load test"]
    assert [each.reason for each in now.planned] == ["re-indexing"]
    assert (later.silences, later.planned) == ((), ())
    assert [(each.kind, each.at) for each in later.ended] == [("silence", AT + 60)]


def test_an_agent_that_does_not_run_is_blind_with_the_way_out(desk: Desk) -> None:
    alive, late = told(desk), told(desk, AT + 3_600)

    assert alive.blind == ()
    (agent,) = late.blind
    assert (agent.part, agent.state, agent.since) == ("agent", "late", AT)
    assert "burndeck agent" in agent.hint and late.wanting == ("1 part that is blind",)


@pytest.mark.parametrize(
    ("state", "covered_to", "said"),
    [
        ("ok", NOW - 300, None),
        ("ok", NOW - 7_200, "late"),
        ("waiting", NOW - 300, None),
        ("failed", NOW - 300, "failed"),
        ("stopped", None, "stopped"),
    ],
)
def test_a_source_that_fails_or_lags_is_blind_since_what_it_told_last(
    desk: Desk, state: str, covered_to: int | None, said: str | None
) -> None:
    desk.writer.save_source_status(source(state, covered_to))

    found = {each.part: (each.state, each.since) for each in told(desk).blind}

    assert found == ({} if said is None else {"source openai": (said, covered_to)})


def test_messages_that_nobody_got_are_told_by_destination(desk: Desk) -> None:
    box = desk.writer.outbox
    for number in range(3):
        notice = a_notice(id=f"n{number}", dedup_key=f"n{number}", alert=number + 1)
        box.put(notice, [Destination("pager")], AT - 600 + number)
    first, second, _ = [row.id for row in box.waiting(10)]
    box.give_up(first, "401 of the receiver")
    box.sent(second, "", AT)

    found = told(desk, AT)

    said = {(each.state, each.messages, each.error, each.alerts) for each in found.undelivered}
    assert said == {("failed", 1, "401 of the receiver", (1,)), ("waiting", 1, "", (3,))}
    assert found.wanting == ("2 messages that did not arrive",)


def test_a_message_that_has_just_been_written_may_still_arrive(desk: Desk) -> None:
    desk.writer.outbox.put(a_notice(id="n", dedup_key="n"), [Destination("pager")], AT - 60)

    assert told(desk).undelivered == ()


def test_what_ended_in_the_shift_is_told_newest_first(desk: Desk) -> None:
    made: Action = desk.ended(throttle())
    box = desk.writer.incidents
    box.add_incident(Incident("old storm", "team:a", "critical", "", NOW - 90_000, NOW - 80_000))
    box.add_incident(Incident("new\nstorm", "team:b", "critical", "", NOW - 9_000, NOW - 600))
    desk.writer.alerts.save(
        [replace(spike(None), state=AlertState.RESOLVED, resolved_at=NOW - 3_000), _of_incident(2)]
    )

    found = told(desk)

    assert [(each.kind, each.id) for each in found.ended] == [
        ("action", made.id),
        ("incident", 2),
        ("alert", 1),
    ]
    assert found.ended[0].text.endswith("expired: its time was up") and found.ended[1].text == "new storm"
    assert [each.kind for each in told(desk, since_s=86_400).ended].count("incident") == 2


def _of_incident(incident: int) -> Any:
    """Resolved with its incident, which is what is told of."""
    known = spike(incident)
    signal = replace(known.signal, fingerprint="burn_spike:other")
    return replace(known, signal=signal, state=AlertState.RESOLVED, resolved_at=NOW - 3_000)


def test_an_action_that_was_begun_long_before_the_shift_and_ended_in_it_is_told(desk: Desk) -> None:
    made = desk.in_force(throttle())
    old = replace(made, state=ActionState.REVERSED, ended_at=AT - 60, ended_by="ada", why="released")
    desk.writer.actions.save(old)

    later = told(desk, AT + 43_000)

    assert [(each.kind, each.id) for each in later.ended] == [("action", made.id)]
    assert later.since > made.requested_at
    assert told(desk, AT + 43_200).ended == ()


def test_a_fast_clock_is_given_the_time_that_a_poll_takes(desk: Desk) -> None:
    desk.writer.save_source_status(source("ok", NOW - 7_200))
    fast = ScaledClock(AT, time.time(), 300)
    desk.settings = replace(desk.settings, scaled_clock=fast)

    assert [each.part for each in told(desk).blind if each.part.startswith("source")] == []
