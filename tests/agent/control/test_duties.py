from __future__ import annotations

from dataclasses import replace

import pytest

from agent.domain.intent import IntentKind
from agent.domain.money import NANO
from tests.agent.control.court import TOP_UP, Court, ask
from tests.agent.ledger.look import rows

GLASS = replace(TOP_UP, emergency=True)


def assess(court: Court, incident: int, critical: object, name: str = "eve") -> str:
    """Somebody says whether production is affected."""
    return court.say(name, ask(IntentKind.ASSESS, f"incident:{incident}", critical=critical))


LEARNT = "Cause: a retry loop without an end. Follow-up: omar bounds it by Friday."


def sign(court: Court, incident: int, text: str = LEARNT, name: str = "omar") -> str:
    """The postmortem of a broken glass."""
    return court.say(name, ask(IntentKind.POSTMORTEM, f"incident:{incident}", text=text))


def test_a_top_up_in_an_incident_waits_for_the_assessment(court: Court) -> None:
    incident = court.incident()
    assert "nobody has assessed yet" in court.request("fay", TOP_UP, incident=incident)

    assert assess(court, incident, critical=True) == ""
    assert court.request("fay", TOP_UP, incident=incident) == ""
    assert court.state == "standby"


def test_without_production_impact_the_cap_holds_and_what_was_asked_for_ends(court: Court) -> None:
    incident = court.incident()
    assess(court, incident, critical=True)
    court.request("fay", TOP_UP, incident=incident)

    assert assess(court, incident, critical=False, name="lea") == ""

    assert (court.state, court.action().why) == ("declined", "not critical")
    assert "the cap holds" in court.request("fay", TOP_UP, incident=incident)
    assert court.refusals()[-1][0] == "fay"


def test_what_is_found_in_earnest_ends_no_drill_of_a_top_up(court: Court) -> None:
    incident = court.incident()
    assess(court, incident, critical=True)
    court.request("fay", replace(TOP_UP, drill=True), incident=incident)

    assess(court, incident, critical=False, name="lea")

    assert court.state == "standby"


def test_without_production_impact_the_glass_stays_whole(court: Court) -> None:
    incident = court.at_the_cap()
    assess(court, incident, critical=False, name="lea")

    assert "the cap holds" in court.request("olga", GLASS, incident=incident)


@pytest.mark.parametrize("critical", [1, "yes", None])
def test_an_assessment_is_yes_or_no(court: Court, critical: object) -> None:
    assert "must be true or false" in assess(court, court.incident(), critical)


def test_only_an_open_incident_is_assessed(court: Court) -> None:
    assert assess(court, 77, critical=True) != ""


def test_an_amended_top_up_is_held_to_the_assessment_too(court: Court) -> None:
    incident = court.incident()
    assess(court, incident, critical=True)
    court.request("fay", TOP_UP, incident=incident)
    assert court.amend("fay", replace(TOP_UP, amount_nano=5 * NANO)) == ""


def test_breaking_the_glass_needs_one_person_an_incident_and_a_signed_postmortem(court: Court) -> None:
    assert "no incident to break the glass for" in court.request("olga", GLASS)
    incident = court.at_the_cap()

    assert court.request("olga", GLASS, incident=incident) == ""

    assert (court.state, court.action().needs) == ("pending", ())
    told = court.told[-1]
    assert told.loud
    assert told.text.startswith("GLASS BROKEN: ")
    assert court.writer.incidents.owing_postmortem() == {incident}
    assert "1 to 8000 characters" in sign(court, incident, " ")
    assert sign(court, incident) == ""
    assert court.writer.incidents.owing_postmortem() == set()
    assert "has signed it already" in sign(court, incident)


def test_the_glass_is_broken_from_the_buffer_alone(court: Court) -> None:
    incident = court.incident()
    made = court.asking(GLASS, incident=incident)
    spec = {**made.payload["spec"], "amount_nano": 40_000 * NANO}

    refusal = court.say("olga", replace(made, payload={**made.payload, "spec": spec}))

    assert "the emergency buffer is short" in refusal


def test_whoever_broke_the_glass_does_not_sign_its_postmortem(court: Court) -> None:
    incident = court.at_the_cap()
    court.request("olga", GLASS)

    refusal = sign(court, incident, name="olga")

    assert "olga broke the glass, so somebody else signs the postmortem" in refusal
    assert "It takes admin, engineering, finance, lead or operator, such as omar, fred, fay ..." in refusal
    assert court.refusals()[-1] == ("olga", refusal)
    assert court.writer.incidents.owing_postmortem() == {incident}
    assert sign(court, incident, name="fred") == ""


def test_who_broke_the_glass_before_the_last_postmortem_may_sign_the_next(court: Court) -> None:
    incident = court.at_the_cap()
    court.request("olga", GLASS)
    court.now += 60
    assert sign(court, incident) == ""
    court.request("eve", replace(GLASS, amount_nano=2 * NANO))

    assert "eve broke the glass" in sign(court, incident, name="eve")
    assert sign(court, incident, name="olga") == ""


@pytest.mark.parametrize("name", ["fred", "vera"])
def test_finance_and_viewers_break_no_glass(court: Court, name: str) -> None:
    assert f"{name} may not break glass" in court.request(name, GLASS, incident=court.incident())


def test_an_incident_that_owes_nothing_takes_no_postmortem(court: Court) -> None:
    incident = court.incident()

    assert "owes no postmortem" in sign(court, incident)


def test_a_drill_of_breaking_the_glass_owes_nothing(court: Court) -> None:
    incident = court.incident()

    assert court.request("olga", replace(GLASS, drill=True), incident=incident) == ""
    assert court.writer.incidents.owing_postmortem() == set()
    assert not court.told[-1].loud


def test_a_second_glass_takes_no_signature_away_from_the_first(court: Court) -> None:
    incident = court.at_the_cap()
    for number in range(3):
        court.request("olga", replace(GLASS, amount_nano=(number + 1) * NANO))
        assert court.writer.incidents.owing_postmortem() == {incident}
        assert sign(court, incident, f"{LEARNT} {number}") == ""

    found = rows(court.writer.path, "SELECT answer, person FROM incident_duty ORDER BY answer")
    assert found == [(f"{LEARNT} {number}", "omar") for number in range(3)]
    assert court.writer.incidents.owing_postmortem() == set()


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("mended", "its cause and what follows from it"),
        ("Cause: a retry loop without an end.", "states what follows from it"),
        ("Cause: loop. Follow-up: omar bounds it by Friday.", "states its cause"),
    ],
)
def test_a_word_is_no_postmortem(court: Court, text: str, lacks: str) -> None:
    incident = court.at_the_cap()
    court.request("olga", GLASS)

    assert lacks in sign(court, incident, text)
    assert court.writer.incidents.owing_postmortem() == {incident}


def test_a_second_glass_moves_no_due_date(court: Court) -> None:
    court.at_the_cap()
    court.request("olga", GLASS)
    due = rows(court.writer.path, "SELECT due_at FROM incident_duty")

    court.now += 20 * 3_600
    assert court.request("olga", replace(GLASS, amount_nano=2 * NANO)) == ""

    assert rows(court.writer.path, "SELECT due_at FROM incident_duty") == due


@pytest.mark.parametrize("named", [0, 77])
def test_glass_is_broken_for_the_incident_of_the_cap_and_no_invented_one(court: Court, named: int) -> None:
    assert "no incident to break the glass for" in court.request("olga", GLASS, incident=named)
    incident = court.at_the_cap()

    assert court.request("olga", GLASS, incident=named) == ""

    assert court.action().incident == incident
    assert court.writer.incidents.owing_postmortem() == {incident}


def test_a_top_up_does_not_evade_the_assessment_of_its_cap_by_another_incident(court: Court) -> None:
    other = court.incident()
    assess(court, other, critical=True)
    incident = court.at_the_cap()
    assess(court, incident, critical=False)

    for named in (other, 0, 77, None):
        assert "the cap holds, without a top-up" in court.request("fay", TOP_UP, incident=named)


def test_a_change_of_a_top_up_is_held_to_the_cap_that_was_reached_meanwhile(court: Court) -> None:
    court.request("fay", TOP_UP)
    assess(court, court.at_the_cap(), critical=False)

    assert "the cap holds" in court.amend("fay", replace(TOP_UP, amount_nano=5 * NANO))
