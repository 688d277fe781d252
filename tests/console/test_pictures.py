"""Pictures of each screen at two sizes and in each theme, compared with those that were approved."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from agent.domain.action import ActionKind, ActionSpec, Approval, Verdict
from agent.domain.alert import AlertState
from agent.domain.allocation import Scope
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from console import themes
from console.deck import BurndeckApp
from console.live import Live
from tests.agent.reports.world import NANO
from tests.console import alert_samples
from tests.console.acting_world import AT, Desk, block, open_desk, real_link, spike, throttle
from tests.console.harness import Console, FixedLive

SMALL, WIDE, LARGE = (80, 24), (120, 40), (200, 60)
SCREENS = {"burn": (), "triage": ("t",), "help": ("?",), "past": ("[", "["), "filtered": ("/", "p", "enter")}
ALERTS = {
    "spike": ("a", "j"),
    "budget": ("a", "j", "j"),
    "opened": ("a", "j", "enter"),
    "muted": ("a", "l", "l"),
    "silence": ("a", "j", "z"),
}


def app(theme: str = themes.DARK.name, live: Live | None = None) -> BurndeckApp:
    made = BurndeckApp(live or FixedLive())
    made.theme = theme
    return made


def _pressed(*keys: str) -> Callable[[Pilot[None]], Coroutine[None, None, None]]:
    """Presses keys; Triage asks in a thread who is here, and the picture waits for the answer."""

    async def go(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        assert isinstance(pilot.app, BurndeckApp)
        while "t" in keys and pilot.app.standing is None:
            await pilot.pause(0.01)
        await pilot.pause()

    return go


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
@pytest.mark.parametrize("screen", ["burn", "triage", "help"])
@pytest.mark.usefixtures("ada")
def test_screen(snap_compare, screen, size):
    assert snap_compare(app(), run_before=_pressed(*SCREENS[screen]), terminal_size=size)


@pytest.mark.parametrize("theme", [themes.LIGHT.name, themes.SAFE.name])
@pytest.mark.parametrize("screen", ["burn", "triage"])
@pytest.mark.usefixtures("ada")
def test_theme(snap_compare, screen, theme):
    assert snap_compare(app(theme), run_before=_pressed(*SCREENS[screen]), terminal_size=(120, 40))


@pytest.mark.parametrize("state", ["past", "filtered"])
def test_state(snap_compare, state):
    assert snap_compare(app(), press=SCREENS[state], terminal_size=SMALL)


def _alerts(state: str) -> Callable[[Pilot[None]], Coroutine[None, None, None]]:
    """Opens Alerts; who is here is asked in a thread, and the picture waits for the answer."""

    async def go(pilot: Pilot[None]) -> None:
        first, *others = ALERTS[state]
        await pilot.press(first)
        assert isinstance(pilot.app, BurndeckApp)
        while pilot.app.standing is None:
            await pilot.pause(0.01)
        await pilot.press(*others)
        await pilot.pause()

    return go


def _firing() -> FixedLive:
    live = FixedLive()
    live.badge = alert_samples.badge()
    return live


@pytest.mark.parametrize("size", [SMALL, WIDE, LARGE], ids=["80x24", "120x40", "200x60"])
@pytest.mark.parametrize("state", ["spike", "budget"])
@pytest.mark.usefixtures("ada")
def test_alerts(snap_compare, state, size):
    assert snap_compare(app(live=_firing()), terminal_size=size, run_before=_alerts(state))


@pytest.mark.parametrize("state", ["opened", "muted", "silence"])
@pytest.mark.usefixtures("ada")
def test_alerts_small(snap_compare, state):
    assert snap_compare(app(live=_firing()), terminal_size=SMALL, run_before=_alerts(state))


@pytest.fixture
def desk(template, tmp_path, ada):
    """The ledger of acting, with something in every list, and a person of finance before it."""
    with open_desk(template, tmp_path, Role.FINANCE) as desk:
        desk.fires()
        desk.in_force(throttle(non_prod=True), incident=1, alert=1)
        desk.asked(block())
        desk.asked(ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=500 * NANO))
        desk.ended(throttle("api_key:key_support", 30))
        yield desk


def _on(
    desk: Desk, *keys: str, until: tuple[str, ...], badge: tuple[int, int, int] = (0, 0, 0)
) -> Callable[[Pilot[None]], Coroutine[None, None, None]]:
    """Goes where keys lead on a real ledger, and waits until all of it is shown."""

    async def go(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, BurndeckApp)
        running = Console(pilot.app, pilot.app.live, pilot)
        await running.until("BURN NOW")
        for key in keys:
            await (running.until(key[1:]) if key.startswith("@") else running.press(key))
        await running.until(*until)
        while pilot.app.acting != badge:
            await pilot.pause(0.01)
        await running.settle()

    return go


STATES = {
    "actions": (("4",), ("edge/key/k2",)),
    "waiting": (("4", "@in force 1", "l"), ("lapses in",)),
    "approve": (("4", "@in force 1", "l", "@lapses in", "A"), ("is bound to",)),
    "allocations": (("5", "@pool", "j", "j"), ("◀ binds", "key_search  prod")),
}


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
def test_control(snap_compare, desk, state, size):
    keys, until = STATES[state]
    link = real_link(desk)
    assert snap_compare(
        app(live=link), terminal_size=size, run_before=_on(desk, *keys, until=until, badge=(1, 2, 0))
    )


@pytest.fixture
def told(desk):
    """The same, with an approval, and what somebody said of the incident."""
    first = desk.writer.actions.action(1)
    word = Approval(1, first.digest, "bo", "engineering", Verdict.APPROVED, AT - 598, "go")
    desk.writer.actions.add_approval(word)
    desk.writer.actions.save_duty(1, "criticality", answer="critical", person="bo", at=AT - 500)
    taken = replace(spike(1), state=AlertState.ACKNOWLEDGED, acknowledged_at=AT - 580, id=1)
    desk.writer.alerts.save([replace(taken, acknowledged_by="ada")])
    line = TimelineEntry(1, AT - 580, "acknowledged", "ada", "rolling the release back", 1)
    desk.writer.incidents.add_timeline([line])
    cost = Incident("retry storm", "team:search", "critical", "retry_storm", AT - 600, None, 165 * NANO, 1)
    desk.writer.incidents.update_incident(cost)
    return desk


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("keys", [("i",), ("i", "@retry storm", "enter")], ids=["list", "opened"])
def test_incident(snap_compare, told, keys, size):
    go = _on(told, *keys, until=("+165.0 credits above",), badge=(1, 2, 0))
    assert snap_compare(app(live=real_link(told)), terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
def test_audit(snap_compare, template, tmp_path, ada, size):
    with open_desk(template, tmp_path) as desk:
        for number in range(1, 4):
            said = {"kind": "throttle", "text": "throttle team:search to 60 rpm for 1 h, asked for by bo"}
            desk.writer.control.audit(AT - 60, "bo", "action.requested", f"action:{number}", said)
        refused = {"kind": "block", "reason": "bo may act on team:search only"}
        desk.writer.control.audit(AT - 30, "bo", "intent_refused", "team:support", refused)
        go = _on(desk, "6", until=("chain verified, 4 rows",))
        assert snap_compare(app(live=real_link(desk)), terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("key", ["t", "b"])
def test_preview(snap_compare, template, tmp_path, ada, key, size):
    with open_desk(template, tmp_path, Role.OPERATOR) as desk:
        keys = ("t", "@Keys 4", "d", "@ search burns +540 %", key, "@Enter goes on", "enter")
        go = _on(desk, *keys, until=("Enter again",))
        assert snap_compare(app(live=real_link(desk)), terminal_size=size, run_before=go)


def test_a_new_alert(snap_compare):
    live = _firing()

    async def fire(pilot: Pilot[None]) -> None:
        await pilot.pause()
        live.fire(alert_samples.badge(replace(alert_samples.HARD_CAP, id=11), alert_samples.SPIKE))
        await pilot.pause()

    assert snap_compare(app(live=live), terminal_size=SMALL, run_before=fire)


def test_trouble(snap_compare):
    from agent.errors import LedgerError

    error = LedgerError("there is no ledger at ledger.sqlite", hint="Start the agent, or name one with --db.")

    assert snap_compare(app(live=FixedLive(trouble=error)), terminal_size=SMALL)
