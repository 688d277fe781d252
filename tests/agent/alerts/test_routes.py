"""Who is told of what."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.routes import Destination, Facts, Told, destinations
from agent.settings_channels import Channel, Route, resolve
from tests.agent.alerts.notices import a_notice

CHANNELS = (
    Channel(name="payments-ops", kind="slack"),
    Channel(name="pager", kind="pagerduty"),
    Channel(name="mail", kind="email", url="smtp://mail.example:587", sender="burndeck@example.com"),
    Channel(name="engine", kind="webhook", url="https://engine.example"),
)
MONDAY_NOON = datetime(2026, 9, 21, 12, 0)
FACTS = Facts.of(a_notice())


def told(
    *routes: Route, facts: Facts = FACTS, recipients: tuple[str, ...] = ("team_lead",), **more: object
) -> Told:
    at = more.get("at", MONDAY_NOON)
    assert isinstance(at, datetime)
    return destinations(facts, recipients, routes, CHANNELS, at)


def places(found: Told) -> list[tuple[str, str]]:
    return [(destination.channel, destination.target) for destination in found.destinations]


def test_without_routes_nobody_outside_is_told() -> None:
    found = told(recipients=("team_lead", "bu_finance"))

    assert found == Told((), ("team_lead", "bu_finance"))


def test_a_route_reaches_its_recipient_and_says_why() -> None:
    found = told(Route(recipient="team_lead", send=("ada@example.com",), tiers=("critical",)))

    assert found.destinations == (
        Destination("mail", "ada@example.com", "route 1: team_lead (tier critical)"),
    )
    assert found.unreached == ()


def test_every_route_that_fits_counts_and_every_destination_once() -> None:
    found = told(
        Route(recipient="team_lead", send=("#payments-ops", "pager")),
        Route(send=("payments-ops", "engine")),
        Route(recipient="exec_sponsor", send=("ada@example.com",)),
        recipients=("team_lead", "bu_head"),
    )

    assert places(found) == [("payments-ops", ""), ("pager", ""), ("engine", "")]
    assert found.destinations[0].because == "route 1: team_lead; route 2: whatever happens"
    assert found.unreached == ()
    assert found.labels == ("payments-ops", "pager", "engine")


def test_a_route_without_a_recipient_reaches_everybody_where_it_fits() -> None:
    route = Route(send=("engine",), tiers=(FACTS.tier,))

    found = told(route, recipients=("team_lead", "ops_on_call"))
    elsewhere = told(Route(send=("engine",), tiers=("info",)), recipients=("team_lead",))

    assert places(found) == [("engine", "")]
    assert found.unreached == ()
    assert elsewhere.unreached == ("team_lead",)
    assert told(Route(recipient="bu_head", send=("engine",))).unreached == ("team_lead",)


@pytest.mark.parametrize(
    ("condition", "facts", "fits"),
    [
        ({"tiers": ("critical",)}, {"tier": "critical"}, True),
        ({"tiers": ("critical",)}, {"tier": "warning"}, False),
        ({"rules": ("budget", "pace")}, {"rule": "pace"}, True),
        ({"rules": ("budget",)}, {"rule": "burn_spike"}, False),
        ({"teams": ("payments",)}, {"team": "payments"}, True),
        ({"teams": ("payments",)}, {"team": ""}, False),
        ({"allocations": ("org-1",)}, {"allocation_id": "org-1"}, True),
        ({"allocations": ("org-1",)}, {"allocation_id": "org-1-team-a"}, False),
        ({"environments": ("prod",)}, {"environment": "prod"}, True),
        ({"environments": ("prod",)}, {"environment": "staging"}, False),
        ({"environments": ("prod",)}, {"environment": ""}, True),  # may be prod
    ],
)
def test_a_route_fits_when_all_its_conditions_do(
    condition: dict[str, tuple[str, ...]], facts: dict[str, str], fits: bool
) -> None:
    found = told(Route(send=("pager",), **condition), facts=Facts(**({"tier": "critical"} | facts)))

    assert bool(found.destinations) is fits


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        (datetime(2026, 9, 21, 8, 0), True),
        (datetime(2026, 9, 21, 17, 59), True),
        (datetime(2026, 9, 21, 18, 0), False),
        (datetime(2026, 9, 20, 12, 0), False),
    ],
    ids=["monday 8", "just before 18", "at 18", "sunday"],
)
def test_a_route_of_office_hours_rests_outside_of_them(at: datetime, fits: bool) -> None:
    found = told(Route(recipient="team_lead", send=("pager",), hours="mon-fri 08:00-18:00"), at=at)

    assert bool(found.destinations) is fits
    assert found.unreached == (() if fits else ("team_lead",))


def test_a_recipient_may_be_a_destination_itself() -> None:
    found = told(recipients=("#payments-ops", "ada@example.com", "ops_on_call"))

    assert places(found) == [("payments-ops", ""), ("mail", "ada@example.com")]
    assert found.unreached == ("ops_on_call",)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("#payments-ops", ("payments-ops", "")),
        ("#elsewhere", ("payments-ops", "#elsewhere")),  # the only Slack there is
        ("payments-ops:#payments-ops", ("payments-ops", "")),
        ("payments-ops:#elsewhere", ("payments-ops", "#elsewhere")),
        ("mail:ada@example.com", ("mail", "ada@example.com")),
        ("pager", ("pager", "")),
    ],
)
def test_destinations_are_written_as_people_think_of_them(text: str, place: tuple[str, str]) -> None:
    assert resolve(text, CHANNELS) == place


@pytest.mark.parametrize("text", ["mail", "mail:", "mail:Ada <a@b.c>", "pager:x", "nowhere", "#", ""])
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        resolve(text, CHANNELS)


RECIPIENTS = st.sampled_from(["team_lead", "bu_finance", "ops_on_call", "exec_sponsor"])
ROUTES = st.builds(
    Route,
    send=st.lists(st.sampled_from(["pager", "#payments-ops", "a@b.c", "engine"]), min_size=1).map(tuple),
    recipient=st.one_of(st.just(""), RECIPIENTS),
    tiers=st.lists(st.sampled_from(["critical", "warning"]), max_size=1).map(tuple),
)


@given(st.lists(ROUTES, max_size=6), st.lists(RECIPIENTS, max_size=4))
def test_a_recipient_is_either_reached_or_named_and_no_destination_is_told_twice(
    routes: list[Route], recipients: list[str]
) -> None:
    found = destinations(FACTS, recipients, routes, CHANNELS, MONDAY_NOON)

    reached = {route.recipient for route in routes if not route.tiers or "critical" in route.tiers}
    assert set(found.unreached) == (set() if "" in reached else set(recipients) - reached)
    assert len(set(places(found))) == len(found.destinations)
    assert all(destination.because for destination in found.destinations)
