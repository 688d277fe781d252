"""Keys that are typed before the form is there that they are meant for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual import events
from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer

    from console.live import Question

R = TypeVar("R")

AT_MOST_S = 3.0
"""What takes longer to come is no answer to these keys any more."""
_HELD = frozenset({"tab", "shift+tab", "backspace", "escape"})
"""Beside what can be read; the other keys work as ever, so nobody is locked in."""


class FormReady(Message):
    """The form that was opened last takes keys."""


class TypedAhead(App[None]):
    """Keeps what is typed while a form is on its way, for that form.

    Who is here is asked in a thread and what would change is read from the ledger, so a form may come a
    moment after its key. What a quick person types by then would do other things on the screen below. An
    Enter is neither kept nor given to that screen: nobody signs a form that was not there to be read.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead: list[events.Key] | None = None  # None: no form is on its way
        self._comes_after: Question | None = None  # what is read first; None: the form itself is opened
        self._given_up: Timer | None = None

    def hold_keys(self, after: Question | None = None) -> None:
        """A form is on its way, or the answer that it is opened with."""
        if self._ahead is None:
            self._ahead = []
            self._given_up = self.set_timer(AT_MOST_S, self.forget_keys)
        self._comes_after = after

    def forget_keys(self) -> None:
        """No form comes: what was typed for it is typed for nothing."""
        self._ahead = self._comes_after = None
        if self._given_up is not None:
            self._given_up.stop()
            self._given_up = None

    def heard_first(self, question: Question) -> None:
        """What is read first has come, and the screen has done with it what it does."""
        if question is self._comes_after:
            self.forget_keys()

    def push_form(self, form: Screen[R], then: Callable[[R | None], None]) -> None:
        """Shows a form, which gets the keys typed since it was asked for as soon as it takes any."""
        self.hold_keys()
        self.push_screen(form, then)
        form.call_later(self.post_message, FormReady())  # runs once it is mounted

    async def on_form_ready(self) -> None:
        keys = self._ahead or []
        self.forget_keys()
        for key in keys:
            await super().on_event(key)

    def leave_form(self) -> bool:
        """Whether Escape has ended what the form waits for, so that it does not come."""
        return False

    async def on_event(self, event: events.Event) -> None:
        if self._ahead is not None and isinstance(event, events.Key) and not event.is_forwarded:
            if event.key == "escape" and self.leave_form():
                self.forget_keys()
                return
            if event.key == "enter":
                return
            if event.is_printable or event.key in _HELD:
                self._ahead.append(event)
                return
        await super().on_event(event)
