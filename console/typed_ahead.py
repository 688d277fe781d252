"""Keys that are typed before the form is there that they are meant for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.timer import Timer

    from console.live import Question

R = TypeVar("R")

AT_MOST_S = 3.0
"""What takes longer to come is no answer to these keys any more."""
GIVEN_UP = "That took too long to open: press its key again."
_HELD = frozenset(
    ("tab", "shift+tab", "backspace", "delete", "escape", "left", "right", "up", "down", "home", "end")
)
"""Beside what can be read; the other keys work as ever, so nobody is locked in."""


class FormReady(Message):
    """A form takes keys, and has done what the key before was for."""

    def __init__(self, form: Screen[Any]) -> None:
        super().__init__()
        self.form = form


class TypedAhead(App[None]):
    """Keeps what is typed while a form is on its way, for that form.

    Who is here is asked in a thread and what would change is read from the ledger, so a form may come a
    moment after its key. What a quick person types by then would do other things on the screen below. An
    Enter is neither kept nor given to that screen: nobody signs a form that was not there to be read.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead: list[events.Key | events.Paste] | None = None  # None: no form is on its way
        self._over: Screen[Any] | None = None  # looked at while it is: elsewhere, keys are not for the form
        self._form: Screen[Any] | None = None  # that is there by now
        self._comes_after: Question | None = None  # what is read first
        self._given_up: Timer | None = None

    @property
    def top(self) -> Screen[Any] | None:
        """The screen that is looked at; none any more while the application ends."""
        return self.screen_stack[-1] if self.screen_stack else None

    def awaited(self, screen: Screen[Any]) -> Question | None:
        """The question whose answer opens a form over a screen; None where none is waited for there."""
        return self._comes_after if self._over is screen else None

    def hold_keys(self, after: Question | None = None, over: Screen[Any] | None = None) -> None:
        """A form is on its way to a screen, or the answer that it is opened with."""
        over = over or self.top
        if self._ahead is None or self._over not in (over, self._form):
            self.forget_keys()
            self._ahead = []
            self._given_up = self.set_timer(AT_MOST_S, self._give_up)
        self._over, self._form, self._comes_after = over, None, after

    def forget_keys(self) -> None:
        """No form comes: what was typed for it is typed for nothing."""
        self._ahead = self._over = self._form = self._comes_after = None
        if self._given_up is not None:
            self._given_up.stop()
            self._given_up = None

    def _give_up(self) -> None:
        left = self.leave_form()
        self.forget_keys()
        if left:
            self.say(GIVEN_UP)

    def heard_first(self, question: Question) -> None:
        """What is read first has come, and the screen has done with it what it does."""
        if question is self._comes_after:
            self.forget_keys()

    def push_form(self, form: Screen[R], then: Callable[[R | None], None]) -> None:
        """Shows a form, which gets the keys typed since it was asked for as soon as it takes any."""
        self.hold_keys()
        self.push_screen(form, then)
        self._form = self._over = form
        form.call_later(self.post_message, FormReady(form))  # once it is mounted

    async def on_form_ready(self, event: FormReady) -> None:
        """One key at a time: what the next one does may depend on what this one has done."""
        if event.form is not self._form:
            return
        if self.top is not event.form or not self._ahead:
            self.forget_keys()
            return
        await super().on_event(self._ahead.pop(0))
        (self.focused or self.screen).post_message(FormReady(event.form))  # comes up behind the key

    def leave_form(self) -> bool:
        """Whether what the form waits for was ended, so that it does not come."""
        return False

    def say(self, text: str) -> None:
        """A note on the screen that is looked at."""
        if (note := getattr(self.top, "note", None)) is not None:
            note(text)

    async def on_event(self, event: events.Event) -> None:
        if not (
            isinstance(event, events.Key | events.Paste) and not event.is_forwarded and self._keeps(event)
        ):
            await super().on_event(event)

    def _keeps(self, event: events.Key | events.Paste) -> bool:
        """Whether it goes no further for now."""
        if self._ahead is None:
            return False
        if self.top is not self._over:
            self.forget_keys()
            return False
        if isinstance(event, events.Key):
            if event.key == "escape" and self.leave_form():
                self.forget_keys()
                return True
            if event.key == "enter":
                return True
            if not event.is_printable and event.key not in _HELD:
                return False
        self._ahead.append(event)
        return True
