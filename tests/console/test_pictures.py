"""Pictures of each screen at two sizes and in each theme, compared with those that were approved."""

from __future__ import annotations

import pytest

from console import themes
from console.deck import BurndeckApp
from tests.console.harness import FixedLive

SMALL, LARGE = (80, 24), (200, 60)
SCREENS = {"burn": (), "triage": ("t",), "help": ("?",), "past": ("[", "["), "filtered": ("/", "p", "enter")}


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


def test_trouble(snap_compare):
    from agent.errors import LedgerError

    error = LedgerError("there is no ledger at ledger.sqlite", hint="Start the agent, or name one with --db.")

    assert snap_compare(app(live=FixedLive(trouble=error)), terminal_size=SMALL)
