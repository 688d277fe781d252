"""What a form of acting aims at, and what it says at first. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import Limit, LimitUnit
from agent.ledger.kinds import Kind
from console.screens.acting.aim import Aim, NoAim, aim_of_alert, aim_of_row
from console.screens.acting.first import limits_near, usual_calls
from console.screens.acting.wishes import cap, parse_limit
from console.screens.forms.form import FieldError
from console.screens.triage.drill import Drill, Step
from tests.agent.reports.world import SETTINGS
from tests.console import triage_samples
from tests.console.alert_samples import BUDGET, HARD_CAP, PENDING, SPIKE, TAKEN


def row(kind: Kind, value: str):
    return next(row for row in triage_samples.triage_report(None).table(kind).rows if row.value == value)


def test_a_row_is_acted_on_by_its_own_scope():
    aim = aim_of_row(Drill(Kind.TEAM), row(Kind.TEAM, "search"))

    assert (str(aim.scope), aim.name) == ("team:search", "team search")
    assert "search" in aim.names and aim.reason.startswith("+231.5 credits/min")


def test_a_model_is_held_where_triage_stands():
    drill = Drill(Kind.MODEL, (Step(Kind.TEAM, "search", "search"),))
    aim = aim_of_row(drill, row(Kind.MODEL, "gpt-5"))

    assert (str(aim.scope), aim.models) == ("team:search", ("gpt-5",))
    assert str(aim_of_row(Drill(Kind.MODEL), row(Kind.MODEL, "gpt-5")).scope) == "organization"


@pytest.mark.parametrize("kind", [Kind.ENDPOINT, Kind.ENVIRONMENT])
def test_what_no_gateway_knows_is_no_aim(kind):
    with pytest.raises(NoAim, match="drill in"):
        aim_of_row(Drill(kind), triage_samples.triage_report(None).table(kind).rows[0])


def test_what_has_no_owner_is_no_aim():
    with pytest.raises(NoAim, match="cannot be named"):
        aim_of_row(Drill(Kind.TEAM), row(Kind.TEAM, ""))


def test_an_empty_table_acts_on_what_was_drilled_into():
    drill = Drill(Kind.PROJECT, (Step(Kind.TEAM, "search", "search"),))

    assert str(aim_of_row(drill, None).scope) == "team:search"
    with pytest.raises(NoAim):
        aim_of_row(Drill(), None)


@pytest.mark.parametrize(
    ("entry", "scope", "models"),
    [
        (SPIKE, "api_key:key_search_prod_3", ()),
        (HARD_CAP, "billing_group:growth", ()),
        (TAKEN, "team:growth", ()),
        (PENDING, "organization", ("o3",)),
    ],
)
def test_an_alert_is_acted_on_by_what_it_is_about(entry, scope, models):
    aim = aim_of_alert(entry)

    assert (str(aim.scope), aim.models, aim.alert) == (scope, models, entry.id)


def test_the_key_of_an_alert_is_called_and_confirmed_by_its_name_and_by_its_id_too():
    aim = aim_of_alert(SPIKE, "search-prod-3")

    assert aim.name == "key search-prod-3"
    assert aim.names == ("search-prod-3", "key_search_prod_3", "key search-prod-3")


def test_a_spike_knows_which_share_of_it_is_usual():
    share = aim_of_alert(SPIKE).usual_share

    assert share is not None and Decimal("0.03") < share < Decimal("0.04")
    assert aim_of_alert(BUDGET).usual_share is None


# What is typed


@pytest.mark.parametrize(
    ("text", "limit"), [("10 rps", (10, "rps")), ("60rpm", (60, "rpm")), ("0 tpm", (0, "tpm"))]
)
def test_a_limit_is_an_amount_and_a_unit(text, limit):
    found = parse_limit(text)

    assert (found.amount, found.unit.value) == limit


@pytest.mark.parametrize("text", ["", "10", "rps", "-1 rps", "10 calls", "1.5 rps", "10 rps x", "٣ rps x"])
def test_what_is_no_limit_says_how_to_write_one(text):
    with pytest.raises(FieldError, match="none such as 10 rps"):
        parse_limit(text)


def test_a_cap_begins_with_the_exact_credits_and_takes_thousands_set_apart():
    own = Allocation("org-1-team-search", Scope.parse("team:search"), 60_000_500_000_000)
    form = cap(replace(SETTINGS, allocations=(own,)), Aim(own.scope, "team search"))

    assert form.fields[0].value == "60000.5"
    spec, _ = form.ask({"credits": "60,000", "reason": ""}, False).about
    assert spec.amount_nano == 60_000 * 10**9
    with pytest.raises(FieldError, match="no amount above zero"):
        form.ask({"credits": "60,00", "reason": ""}, False)


def test_the_first_limit_is_what_is_usual_rounded_up():
    aim = Aim(Scope.parse("team:search"), "team search", usual_calls=Decimal("8.2"))

    assert usual_calls(aim, 0) == Decimal("8.2")
    assert next(iter(limits_near(Decimal("8.2"), LimitUnit.RPS))) == Limit(9, LimitUnit.RPM)
    assert next(iter(limits_near(Decimal(601), LimitUnit.RPS))) == Limit(11, LimitUnit.RPS)
    assert next(iter(limits_near(Decimal(601), LimitUnit.RPM))) == Limit(601, LimitUnit.RPM)


def test_where_only_the_burn_is_known_its_usual_share_of_the_calls_is_usual():
    aim = Aim(Scope.parse("team:search"), "team search", usual_share=Decimal("0.25"))

    assert usual_calls(aim, 2_400) == Decimal(10)
    assert usual_calls(replace(aim, usual_share=None), 2_400) is None
