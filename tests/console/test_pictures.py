"""Pictures of each screen at two sizes and in each theme, compared with those that were approved."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from console import themes
from console.deck import BurndeckApp
from tests.console import alert_samples
from tests.console.harness import FixedLive

SMALL, WIDE, LARGE = (80, 24), (120, 40), (200, 60)
SCREENS = {"burn": (), "triage": ("t",), "help": ("?",), "past": ("[", "["), "filtered": ("/", "p", "enter")}
ALERTS = {
    "spike": ("a", "j"),
    "budget": ("a", "j", "j"),
    "opened": ("a", "j", "enter"),
    "muted": ("a", "l", "l"),
    "silence": ("a", "j", "z"),
}


def app(theme: str = themes.DARK.name, live: FixedLive | None = None) -> BurndeckApp:
    made = BurndeckApp(live or FixedLive())
    made.theme = theme
    return made


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
@pytest.mark.parametrize("screen", ["burn", "triage", "help"])
def test_screen(snap_compare, screen, size):
    assert snap_compare(app(), press=SCREENS[screen], terminal_size=size)


@pytest.mark.parametrize("theme", [themes.LIGHT.name, themes.SAFE.name])
@pytest.mark.parametrize("screen", ["burn", "triage"])
def test_theme(snap_compare, screen, theme):
    assert snap_compare(app(theme), press=SCREENS[screen], terminal_size=(120, 40))


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
