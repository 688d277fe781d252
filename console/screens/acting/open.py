"""From a key on a screen to the preview of an action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.screens.acting.aim import Aim

if TYPE_CHECKING:
    from agent.domain.action import ActionKind
    from agent.domain.intent import IntentKind
    from agent.settings import Settings
    from console.screens.forms.preview import PreviewScreen
    from console.screens.live_screen import LiveScreen


def open_preview(screen: LiveScreen, kind: IntentKind, action: ActionKind, aim: Aim) -> None:
    """Opens the preview of an action on an aim, for somebody who may ask for it."""

    def form(settings: Settings) -> PreviewScreen:
        # Not needed before somebody acts.
        from console.screens.acting.wishes import FORMS
        from console.screens.forms.preview import PreviewScreen

        return PreviewScreen(FORMS[action](settings, aim))

    screen.ask_for(kind, form)
