"""The glass is broken from Allocations: what the buffer holds, who is told, and its name typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.planning import Plan
from agent.domain.action import ActionKind, ActionSpec, ActionState
from agent.domain.alert import HARD_CAP, AlertRule
from agent.domain.allocation import Scope
from agent.domain.incident import Incident
from agent.domain.person import Role
from agent.settings_alerts import Alerts, Channel, Route
from console.screens.allocations.wishes import noted
from console.widgets.ink import Tone
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import Desk, console_on, open_desk, spike
from tests.console.harness import piloted

TEAM = ("j", "j")
CHANNEL = Channel(kind="email", name="mail", url="smtp://127.0.0.1:25", sender="burndeck@example.com")


def buffered(desk: Desk) -> Desk:
    """The same with 2,000 credits for an emergency, and people to tell."""
    whole, group, team = desk.settings.allocations
    alerts = Alerts(channels=(CHANNEL,), routes=(Route(send=("ops@example.com",)),))
    own = (whole, group, replace(team, buffer_nano=2_000 * NANO))
    desk.settings = replace(desk.settings, allocations=own, alerts=alerts)
    return desk


def at_the_cap(desk: Desk) -> int:
    """The incident of the team's hard cap."""
    made = desk.writer.incidents.add_incident(Incident("hard cap", "team:search", HARD_CAP, "", NOW - 540))
    fired = spike(made.id)
    signal = replace(
        fired.signal,
        fingerprint="budget:team:search",
        rule=AlertRule.BUDGET,
        tier=HARD_CAP,
        scope_kind="team",
        scope="search",
        api_key="",
    )
    desk.writer.alerts.save([replace(fired, signal=signal)])
    return made.id or 0


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        yield buffered(made)


@piloted
async def test_the_glass_is_broken_by_one_person_who_has_read_who_is_told_and_typed_its_name(desk):
    incident = at_the_cap(desk)
    async with console_on(desk, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "!")
        await running.until(
            "still holds 2,000 credits of org-1-team-search and 0 credits of org-1 this month",
            "▲ tells every channel at once: ops@example.com",
            "until somebody else signs a postmortem, due within",
        )
        await running.press(*"3000")
        await running.until("the emergency buffer is short: 3,000 credits are asked for")
        await running.press(*["backspace"] * 4, *"500", "tab", *"prod stands still", "enter")
        await running.until("Type org-1-team-search or team:search and Enter: break the glass for org-1-team")
        await running.press("enter")
        await running.until("▲ Type org-1-team-search or team:search")
        assert desk.take() == []
        await running.press(*"org-1-team-search", "enter")
        await running.until("Signed by ada")
        assert desk.take() == [""]

    made = desk.newest()
    assert (made.spec.kind, made.spec.emergency, made.spec.amount_nano) == (
        ActionKind.TOP_UP,
        True,
        500 * NANO,
    )
    assert (made.state, made.incident, made.reason) == (ActionState.PENDING, incident, "prod stands still")


def test_what_becomes_of_the_cap_stands_out_among_the_notes() -> None:
    spec = ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=1)
    said = ("the cap stays reached: 5 of 4", "the cap is lifted: 1 credit left", "comes from the pool")
    tones = [tone for _, _, tone in noted(Plan(spec, (), (), notes=said))]

    assert tones == [Tone.WARM, Tone.PLAIN, Tone.DIM]


@piloted
async def test_without_a_reached_hard_cap_there_is_nothing_to_break_the_glass_for(desk):
    async with console_on(desk, "5") as running:
        await running.until("pool 800k")
        await running.press(*TEAM, "!")
        await running.until("the glass is broken at a hard cap alone", "+ asks for a top-up", "buffer")
        await running.press(*"500", "enter")
        await running.until("becomes")

        assert running.app.screen.has_class("on-form") and desk.take() == []


@piloted
async def test_finance_is_told_who_breaks_the_glass(template, tmp_path, ada):
    with open_desk(template, tmp_path, Role.FINANCE) as desk:
        async with console_on(desk, "5") as running:
            await running.until("pool 800k")
            await running.press("!")
            await running.until("ada may not break glass: it takes admin, engineering, lead or operator.")
