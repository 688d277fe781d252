"""One incident as a whole, on a real ledger with people and actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.alerts.routes import Destination
from agent.domain.action import Approval, Verdict
from agent.domain.alert import AlertState
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from agent.domain.run import Run, RunEvent
from agent.domain.usage import Layer
from agent.ledger import open_reader
from agent.reports.incident_view import IncidentView, incident_view
from agent.runbooks import progress, records
from agent.runbooks.library import library
from tests.agent.alerts.notices import a_notice
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import AT, Desk, make_ledger, open_desk, spike, throttle

BEGAN = NOW - 600


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ledger(tmp_path_factory.mktemp("incident") / "l.sqlite")


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        yield made


def view(desk: Desk, ident: int = 1, **asked: Any) -> IncidentView:
    with open_reader(desk.settings.ledger_path) as reader:
        found = incident_view(reader, desk.settings, ident, AT, **asked)
    assert found is not None
    return found


def ran(desk: Desk, *events: RunEvent) -> None:
    """A run of the incident, in which this happened."""
    runbook = library(desk.settings).find("cost-spike")
    assert runbook is not None
    run = Run(runbook, "ada", NOW - 380, "ada", incident=1, alert=1)
    kept = records.add(desk.writer.runs, progress.begin(run, NOW - 380))
    desk.writer.runs.add_events(kept.id or 0, events)


def taken_by(desk: Desk, who: str, at: int) -> None:
    alert = replace(spike(1), state=AlertState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=who, id=1)
    desk.writer.alerts.save([alert])
    desk.writer.incidents.add_timeline([TimelineEntry(1, at, "acknowledged", who, "taken", 1)])


def test_there_is_no_view_of_an_incident_that_nobody_knows_or_that_was_not_yet(desk: Desk) -> None:
    desk.fires()

    with open_reader(desk.settings.ledger_path) as reader:
        assert incident_view(reader, desk.settings, 7, AT) is None
        assert incident_view(reader, desk.settings, 1, AT, at=NOW - 1_200) is None


def test_what_it_costs_carries_its_layer_and_age(desk: Desk) -> None:
    desk.fires()
    known = Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540, None, 165 * NANO, 1)
    desk.writer.incidents.update_incident(known)

    above = view(desk).above

    assert (above.value, above.unit, above.layer, above.as_of) == (
        Decimal(165),
        "credits",
        Layer.METERED,
        NOW,
    )


def test_the_burn_of_what_its_alerts_share_is_shown_by_the_minute_beside_what_is_usual(desk: Desk) -> None:
    desk.fires()

    found = view(desk)

    assert found.of == "team:search"
    assert found.series is not None and found.series.step_s == 60
    by_minute = {point.at: point.value for point in found.series.points}
    assert by_minute[NOW - 60] == Decimal("6.4") and by_minute[NOW - 3_000] == 1
    assert all(point.expected == 1 for point in found.series.points)


def test_an_incident_of_an_allocation_burns_in_the_scope_of_the_allocation(desk: Desk) -> None:
    desk.writer.incidents.add_incident(
        Incident("cap", "allocation:org-1-bg-product", "hard_cap", "", NOW - 540)
    )

    assert view(desk).of == "billing_group:product"


def test_where_nothing_burns_that_has_a_rate_there_is_no_series(desk: Desk) -> None:
    desk.writer.incidents.add_incident(Incident("blind", "account:openai", "critical", "", NOW - 540))

    assert (view(desk).of, view(desk).series) == ("", None)


def test_actions_come_with_every_word_on_them(desk: Desk) -> None:
    desk.fires()
    made = desk.in_force(throttle(non_prod=True), incident=1, alert=1)
    word = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, AT - 595, "go")
    desk.writer.actions.add_approval(word)

    (taken,) = view(desk).actions

    assert (taken.entry.state, taken.entry.expires_in_s) == ("confirmed", 2_932)
    assert [(each.person, each.role, each.note) for each in taken.approvals] == [("bo", "engineering", "go")]


def test_the_past_shows_actions_as_they_stood(desk: Desk) -> None:
    desk.fires()
    made = desk.ended(throttle(), incident=1, alert=1)
    desk.writer.actions.save(replace(made, accepted_at=NOW - 400, confirmed_at=NOW - 300, ended_at=NOW - 120))

    def then(at: int) -> list[tuple[str, str]]:
        return [(each.entry.state, each.entry.effect[:9]) for each in view(desk, at=at).actions]

    assert then(NOW) == [("expired", "burn fell")]
    assert then(NOW - 240) == [("confirmed", "burn fell")]
    assert then(NOW - 360) == [("accepted", "")]
    assert then(NOW - 480) == [("executing", "")]
    assert not view(desk, at=NOW - 240).live and view(desk).live


def test_a_word_that_was_given_later_is_not_there_yet(desk: Desk) -> None:
    desk.fires()
    made = desk.in_force(throttle(), incident=1, alert=1)
    early = replace(made, requested_at=NOW - 500)
    desk.writer.actions.save(early)
    word = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, NOW - 60, "")
    desk.writer.actions.add_approval(word)

    (now,), (then,) = view(desk).actions, view(desk, at=NOW - 120).actions

    assert (len(now.approvals), len(then.approvals)) == (1, 0)


def test_what_a_closed_incident_cost_is_as_old_as_its_end(desk: Desk) -> None:
    desk.writer.incidents.add_incident(
        Incident("over", "team:search", "critical", "", NOW - 1_200, NOW - 600, 5 * NANO)
    )

    assert view(desk).above.as_of == NOW - 600


def test_there_is_one_timeline_of_alerts_approvals_and_what_goes_on_beside_it(desk: Desk) -> None:
    desk.fires()
    taken_by(desk, "ada", NOW - 400)
    made = desk.asked(throttle(), incident=1, alert=1)
    approved = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, NOW - 300, "")
    desk.writer.actions.add_approval(approved)
    ran(desk, RunEvent(NOW - 350, "done", "ada", "throttled", 3), RunEvent(NOW + 3_600, "done", "ada", "", 4))

    lines = view(desk).timeline

    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert [line.kind for line in lines] == ["requested", "acknowledged", "done", "approved"]
    assert lines[2].text == "run 1, step 3: throttled"


def test_an_approval_that_the_incident_tells_of_already_is_told_once(desk: Desk) -> None:
    desk.fires()
    made = desk.asked(throttle(), incident=1, alert=1)
    approved = Approval(made.id or 0, made.digest, "bo", "engineering", Verdict.APPROVED, NOW - 300, "")
    desk.writer.actions.add_approval(approved)
    said = TimelineEntry(1, NOW - 300, "approved", "bo", "action 1: approved by bo; it begins", 1)
    desk.writer.incidents.add_timeline([said])

    kinds = [line.kind for line in view(desk).timeline]

    assert kinds.count("approved") == 1


def test_people_come_with_their_roles_and_what_they_did_and_who_holds_it_comes_first(desk: Desk) -> None:
    desk.fires()
    desk.asked(throttle(), by="bo", incident=1, alert=1)
    taken_by(desk, "ada", NOW - 400)

    ada, bo = view(desk).people

    assert (ada.name, ada.roles, ada.did, ada.holds) == ("ada", ("operator",), ("acknowledged",), True)
    assert (bo.name, bo.roles, bo.did, bo.holds) == ("bo", ("engineering",), ("asked for action 1",), False)
    assert view(desk).holder == "ada" and view(desk, at=NOW - 500).holder == ""


def test_what_it_wants_of_people_is_told_with_its_answer(desk: Desk) -> None:
    desk.fires()
    duties = desk.writer.actions
    duties.save_duty(1, "criticality", answer="critical", person="bo", at=NOW - 100)
    duties.save_duty(1, "postmortem", due_at=NOW + 86_400)

    now, before = view(desk), view(desk, at=NOW - 240)

    assert now.criticality is not None and (now.criticality.answer, now.criticality.person) == (
        "critical",
        "bo",
    )
    assert now.postmortem is not None and now.postmortem.owed
    assert before.criticality is not None and before.criticality.owed


def test_messages_of_all_its_alerts_are_told(desk: Desk) -> None:
    desk.fires()
    desk.writer.outbox.put(a_notice(id="n1", dedup_key="n1", alert=1), [Destination("pager")], NOW - 500)

    (told,) = view(desk).deliveries

    assert (told.alert, told.message.channel, told.message.state) == (1, "pager", "waiting")


def test_commands_say_what_presses(desk: Desk) -> None:
    desk.fires()
    desk.in_force(throttle(), incident=1, alert=1)

    texts = [command.text for command in view(desk).commands]

    assert texts == ["burndeck alerts ack 1", "burndeck release --incident 1"]
    assert view(desk, at=NOW - 240).commands == ()
