"""The application: one live link to the ledger, one view in time, and the screens on them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen

from console import themes
from console.actions import available, bindings
from console.attention import Attention
from console.live import Answer, Live, News, Trouble
from console.questions import BADGE
from console.screens.burn.screen import BurnScreen
from console.screens.live_screen import LiveScreen
from console.screens.too_small import TooSmall
from console.view import View
from console.widgets.canvas import TONES, is_too_small

if TYPE_CHECKING:
    from textual.geometry import Size

    from console.screens.runbook.asking import Target
    from console.screens.runbook.run_screen import RunScreen
    from console.screens.triage.drill import Drill


GC_AFTER_S = 2.0
LEAVES_WITHIN_S = 3.0
STYLES: list[str | PurePath] = ["styles/burndeck.tcss", "styles/burn.tcss"]
"""Of the first frame; other screens bring their own."""
WIDTHS = [(0, "-narrow"), (118, "-wide"), (170, "-rich")]
HEIGHTS = [(0, "-short"), (32, "-tall"), (48, "-high")]
"""Classes that the styles know screens by, from so many columns or rows on."""


def _collect_again() -> None:
    """Switches garbage collection on again after a start without it, sparing what will live on."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _classes_of(size: Size) -> list[str]:
    """The classes that a screen of a size has by its breakpoints."""
    measured = ((size.width, WIDTHS), (size.height, HEIGHTS))
    return [max(step for step in steps if step[0] <= length)[1] for length, steps in measured]


class Heard(Message):
    """News from the live thread; only the newest of a topic is worth handling."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Heard) and _topic(message.news) == _topic(self.news)


def _topic(news: News) -> str:
    return news.question.topic if isinstance(news, Answer) else ""


class BurndeckApp(Attention):
    """One live link to the ledger, one view in time, and the screens on them."""

    TITLE = "burndeck"
    CSS_PATH = STYLES
    COMPONENT_CLASSES = TONES
    BINDINGS = bindings("app")
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ALLOW_SELECT = False

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.view = View()
        for theme in themes.THEMES:
            self.register_theme(theme)
        # Setting a theme parses every style anew; before anything is parsed, saying so is enough.
        self.set_reactive(BurndeckApp.theme, themes.DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        self.stylesheet.apply(self)  # its tones, which a small terminal draws with before Textual comes to it
        screen = BurnScreen()
        # Given when Textual hears of the size, they would style every widget a second time.
        screen.set_classes([*screen.classes, *_classes_of(self.size)])
        return screen

    def on_mount(self) -> None:
        self.live.listen(self._hear)
        self._end_on_signals()
        self.set_timer(GC_AFTER_S, _collect_again)

    def on_resize(self, event: Resize) -> None:
        """Says that a terminal is too small instead of drawing on it, until it is large enough."""
        stands = isinstance(self.top, TooSmall)
        if is_too_small(event.size) and not stands:
            self.push_screen(TooSmall())
        elif stands and not is_too_small(event.size):
            self.pop_screen()

    def _end_on_signals(self) -> None:
        """A console that is told to end leaves a usable terminal behind."""
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._leave)

    def _leave(self) -> None:
        """Ends, also where the terminal is gone and its goodbye is never read."""
        self.exit()
        last = threading.Timer(LEAVES_WITHIN_S, os._exit, (1,))
        last.daemon = True
        last.start()

    def _hear(self, news: News) -> None:
        self.post_message(Heard(news))

    def on_unmount(self) -> None:
        self.live.stop()

    def on_heard(self, event: Heard) -> None:
        """Hands news to the screen that asked, if it is still the one on top."""
        news, screen = event.news, self.top
        if isinstance(news, Answer):
            self.attend(news.settings)
            if news.question.topic == BADGE:
                self.hear_watch(news)
                return
        if not isinstance(screen, LiveScreen):
            if (hear := getattr(screen, "hear", None)) is not None:
                hear(news)  # a form that asks while it is typed
            return
        if isinstance(news, Trouble):
            if self.awaited(screen) is not None:
                self.forget_keys()
            screen.fail(news.error)
        elif news.question.topic.partition("/")[0] == screen.topic:
            screen.receive(news)
            screen.heard_first(news.question)

    # Screens

    def action_tab(self, name: str) -> None:
        """A click on a tab of the header."""
        if name == "triage":
            self.open_triage()
        else:
            getattr(self, f"action_{name}")()

    def action_burn(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_triage(self) -> None:
        found = self.screen.triage() if isinstance(self.screen, LiveScreen) else None
        if found is None:
            self.open_triage()
            return
        drill, select, at = found
        self.view = replace(self.view, at=at)
        self.open_triage(drill, select)

    def open_triage(self, drill: Drill | None = None, select: str | None = None) -> None:
        """Triage, of the whole organization or of what was drilled into, with the cursor on a row."""
        from console.screens.triage.screen import TriageScreen

        if isinstance(self.screen, TriageScreen):
            return
        self.action_burn()
        self.push_screen(TriageScreen(drill, select))

    def action_alerts(self) -> None:
        """Alerts; where the bar tells of a new one, with the cursor on it."""
        from console.screens.alerts.screen import AlertsScreen

        new = self.alarm.shown
        self.dismiss_banner()
        if isinstance(self.screen, AlertsScreen):
            if new is not None:
                self.screen.go_to(new.id)
            return
        self.action_burn()
        self.push_screen(AlertsScreen(new.id if new is not None else None))

    def action_actions(self) -> None:
        """Actions: what is in force, what waits for approval, what is over."""
        from console.screens.actions.screen import ActionsScreen

        self._open(ActionsScreen)

    def action_allocations(self) -> None:
        """Allocations: the tree, its caps, and what is asked for."""
        from console.screens.allocations.screen import AllocationsScreen

        self._open(AllocationsScreen)

    def action_audit(self) -> None:
        """The audit log, and whether anybody rewrote it."""
        from console.screens.audit.screen import AuditScreen

        self._open(AuditScreen)

    def action_incident(self) -> None:
        """The incident of the row under the cursor, and back again; elsewhere the list of incidents."""
        from console.screens.incident.screen import IncidentScreen

        screen = self.screen
        if not isinstance(screen, LiveScreen) or isinstance(screen, IncidentScreen):
            return
        found = screen.incident()
        if isinstance(found, str):
            screen.note(found)
        else:
            self.push_screen(IncidentScreen(found))

    def action_runbooks(self) -> None:
        """Runbooks: runs that are open or over, and the library."""
        from console.screens.runbook.screen import RunbooksScreen

        self._open(RunbooksScreen)

    def open_run(self, target: Target) -> RunScreen:
        """A run in full, also one that is started by that; Escape leads back here."""
        from console.screens.runbook.run_screen import RunScreen

        opened = RunScreen(target)
        self.push_screen(opened)
        return opened

    def _open(self, screen: Callable[[], LiveScreen]) -> None:
        if not (isinstance(screen, type) and isinstance(self.screen, screen)):
            self.action_burn()
            self.push_screen(screen())

    def open_alert(self, ident: int) -> None:
        """Alerts, with the cursor on one of them."""
        from console.screens.alerts.screen import AlertsScreen

        self.action_burn()
        self.push_screen(AlertsScreen(ident))

    def action_help(self) -> None:
        from console.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            screen = self.screen
            self.push_screen(HelpScreen(screen.hinted if isinstance(screen, LiveScreen) else ""))

    def action_theme(self) -> None:
        theme = themes.next_theme(self.theme)
        self.theme = theme.name
        if isinstance(self.screen, LiveScreen):
            self.screen.note(f"Theme: {themes.WORDS[theme.name]}.")

    # The registry's other doors

    def action_run(self, name: str) -> None:
        """Runs an action by its name, from a click on a hint or from the palette."""
        screen = self.screen
        table = screen.table if isinstance(screen, LiveScreen) else None
        for node in (table, screen, self):
            method = getattr(node, f"action_{name}", None)
            if method is not None:
                self.call_later(method)
                return

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: every action of the registry that works on this screen."""
        topic = screen.hinted if isinstance(screen, LiveScreen) else "panel"
        for action in available(topic):
            if action.palette:
                yield SystemCommand(action.title, action.help, partial(self.action_run, action.id))
