"""What all screens on the ledger share: the frame, time travel, pause, filter, copy, forms, news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen
from textual.timer import Timer

from agent.clock import Clock, SystemClock
from agent.errors import BurndeckError
from console.actions import bindings
from console.live import Answer, Question
from console.screens import frame
from console.screens.banner import Banner
from console.screens.trouble import draw_trouble
from console.view import DAY_S, View
from console.widgets.canvas import Canvas
from console.widgets.filter_input import FilterInput
from console.widgets.ink import Line
from console.widgets.rows import Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.control import IntentKind, Standing
    from agent.reports.status import Status
    from agent.settings import Settings
    from console.deck import BurndeckApp
    from console.screens.triage.drill import Drill
    from console.wants import Want

R = TypeVar("R")
UNREAD = "It is still being read: press the key again."
NOTE_S = 4.0  # how long a note stays in the line of hints
LETTERS_A_SECOND = 14  # a longer note stays as long as it takes to read


class LiveScreen(Screen[None]):
    """A screen on one report. What it shows is a function of the newest report and the view."""

    BINDINGS = bindings("live")
    topic: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__(classes=f"on-{self.topic}")  # an id would forbid a second one of its kind
        self._clock: Clock = SystemClock()
        self._organization = ""
        self._note = ""
        self._forgets: Timer | None = None
        self._away = False  # left, for a form say, and not answered since
        self._first: Question | None = None  # what a form opens with
        self._filter = FilterInput()
        self._header = Canvas("header")
        self._banner = Banner()
        self._trouble = Canvas("trouble")
        self._status = Canvas("status")
        self._hints = Canvas("hints")

    # For a screen to say

    def body(self) -> ComposeResult:
        """The widgets between header and status line."""
        raise NotImplementedError

    def question(self, view: View) -> Question:
        """What to ask the ledger for this view."""
        raise NotImplementedError

    def show(self, answer: Answer) -> None:
        """Shows the answer to the screen's own question, or to another one that it asked."""
        raise NotImplementedError

    def triage(self) -> tuple[Drill, str | None, int | None] | None:
        """What Triage is asked about from here: (drill, row, instant); None: the whole, at the view's own."""
        return None

    def incident(self) -> int | str | None:
        """The incident of the row under the cursor, or why it has none; None where rows are of none."""
        return None

    @property
    def seen(self) -> View:
        """The view that the header tells of."""
        return self.deck.view

    def tick(self) -> None:
        """A second has passed: what shows ages draws itself again."""

    @property
    def hinted(self) -> str:
        """Whose hints the bottom line shows."""
        return self.topic

    @property
    def tab(self) -> str:
        """The name in the header that stands for this screen."""
        return self.topic

    @property
    def table(self) -> Table:
        """The table that keys work on."""
        raise NotImplementedError

    @property
    def times(self) -> tuple[int, int] | None:
        """(instant shown, newest instant known); None before the first report."""
        raise NotImplementedError

    @property
    def status(self) -> Status | None:
        """What the status line shows."""
        return None

    @property
    def empty(self) -> str:
        """Why there is nothing to show; empty when there is something."""
        return ""

    # The frame

    @property
    def deck(self) -> BurndeckApp:
        """The application, as the type that it is."""
        from console.deck import BurndeckApp

        assert isinstance(self.app, BurndeckApp)
        return self.app

    @property
    def now(self) -> float:
        """The present instant of the ledger's clock."""
        return self._clock.now()

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._banner
        yield self._trouble
        yield from self.body()
        yield self._status
        yield self._filter
        yield self._hints

    def on_mount(self) -> None:
        self._header.paint(self._draw_header)
        self._status.paint(self._draw_status)
        self._hints.paint(self._draw_hints)
        self.set_interval(1.0, self._second)

    def on_screen_resume(self) -> None:
        self.deck.live.watch(self.question(self.deck.view))
        self.hear_alarm()

    def hear_alarm(self) -> None:
        """What fires has changed, or what is known of the person here: header and bar say so."""
        self._banner.tell(self.deck.alarm)
        self._frame()

    def on_screen_suspend(self) -> None:
        # The screen that comes next may have asked already: only our own question is taken back.
        self.deck.live.leave(self.topic)
        self._away = True
        self._header.redraw()

    def receive(self, answer: Answer) -> None:
        """News from the live thread; an answer for the place or the instant looked at before is not shown."""
        wanted = self.question(self.deck.view)
        if answer.question.topic == wanted.topic and answer.question.about != wanted.about:
            return
        self._away = not self.is_current
        self._clock = answer.settings.clock()
        self._organization = answer.settings.organization.name or answer.settings.organization.id
        self.show(answer)
        self._say_trouble(BurndeckError(self.empty) if self.empty else None)
        self._frame()

    def fail(self, error: BurndeckError) -> None:
        """No answer, and why; what is on the screen stays if there was a report before."""
        self._first = None
        if self.times is None:
            self._say_trouble(error)
        else:
            self.note(f"{error.message}. {error.hint}")

    def _say_trouble(self, error: BurndeckError | None) -> None:
        self.set_class(error is not None, "-trouble")
        if error is not None:
            self._trouble.paint(lambda width, height: draw_trouble(error, width, height))

    def _second(self) -> None:
        if self.is_current and not self.deck.view.paused:
            self._frame()
            self.tick()
        elif self._under_a_form:
            self._header.redraw()

    @property
    def _under_a_form(self) -> bool:
        stack = self.app.screen_stack
        return len(stack) > 1 and isinstance(stack[-1], ModalScreen) and stack[-2] is self

    def _frame(self) -> None:
        for canvas in (self._header, self._status, self._hints):
            canvas.redraw()

    def _draw_header(self, width: int, height: int) -> list[Line]:
        head = frame.Head(
            self.tab,
            self._organization,
            self.seen,
            self.times[0] if self.times else None,
            self.now,
            self.deck.alarm.badge,
            self.deck.read_only,
            self.deck.acting,
            self.deck.runs,
            self._away,
            forged=self.deck.forged,
            held=self._under_a_form,
        )
        return [frame.draw_header(head, width)]

    def _draw_status(self, width: int, height: int) -> list[Line]:
        status = self.status
        if self._away and status is not None:
            status = replace(status, data_as_of=None)
        return [frame.draw_status(status, self.now, width)]

    def _draw_hints(self, width: int, height: int) -> list[Line]:
        return frame.draw_note(self._note, width) if self._note else [frame.draw_hints(self.hinted, width)]

    def note(self, text: str) -> None:
        """Says something in the line of hints for a few seconds, in more than one line where it is long."""
        self._say(text)
        if self._forgets is not None:
            self._forgets.stop()  # that of the note before would take this one away
        self._forgets = self.set_timer(max(NOTE_S, len(text) / LETTERS_A_SECOND), partial(self._say, ""))

    def none_here(self, what: str) -> None:
        """Says that there is nothing to do it to, or that this is not known yet."""
        self.note(UNREAD if self.table.waits else f"There is no {what} under the cursor.")

    def _say(self, note: str) -> None:
        self._note = note
        lines = len(frame.draw_note(note, self.size.width)) if note else 1
        self._hints.styles.height = max(1, lines)
        self._hints.redraw()

    # Time

    def look(self, view: View) -> None:
        """Another view: asks again and says so in the header."""
        self.deck.view = view
        self.deck.live.pause(view.paused)
        self.deck.live.watch(self.question(view))
        self._frame()

    def _move(self, seconds: int) -> None:
        if self.times is None:
            return
        shown, newest = self.times
        view = self.deck.view.moved(seconds, shown, newest)
        if view == self.deck.view:
            self.note("This is the newest data.")
        else:
            self.look(view)

    def action_earlier(self) -> None:
        self._move(-self.deck.view.window_s)

    def action_later(self) -> None:
        self._move(self.deck.view.window_s)

    def action_much_earlier(self) -> None:
        self._move(-DAY_S)

    def action_much_later(self) -> None:
        self._move(DAY_S)

    def action_now(self) -> None:
        self.look(self.deck.view.live())

    def action_pause(self) -> None:
        view = self.deck.view.toggled()
        self.deck.view = view
        self.deck.live.pause(view.paused)
        self._frame()

    def action_window(self) -> None:
        view = self.deck.view.next_window()
        self.look(view)
        self.note(f"Window and step: {view.window_s // 60} minutes.")

    # Tables

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves every key to the filter while it is typed, also the one that opened it."""
        return not (action == "filter" and self.focused is self._filter)

    def action_filter(self) -> None:
        self._filter.open(self.table)

    def action_back(self) -> None:
        """Closes the bar, takes the filter off, steps out of a drill or the past: the first that applies."""
        if self.deck.dismiss_banner():
            return
        if self.table.filter.text:
            self.table.narrow("")
        elif not self.step_out() and self.deck.view.at is not None:
            self.action_now()

    def step_out(self) -> bool:
        """Steps out of a drill; False where there is none."""
        return False

    def copied(self, row: Row) -> str:
        """What is copied of a row: what names it."""
        return row.key or row.cells[0].text

    def action_copy(self) -> None:
        row = self.table.selected
        if row is None:
            self.note(UNREAD if self.table.waits else "There is no row to copy.")
            return
        text = self.copied(row)
        self.app.copy_to_clipboard(text)
        self.note(f"Copied {text}")

    # Asking for something

    def ask_for(self, kind: IntentKind, form: Callable[[Settings], Screen[Want | None]]) -> None:
        """Opens a form for somebody who may sign what comes of it; says why where nobody may."""
        self.open_form(kind, form, self._sign)

    def open_form(
        self, kind: IntentKind, form: Callable[[Settings], Screen[R]], then: Callable[[R | None], None]
    ) -> None:
        """The same, and what comes of the form goes on to `then`."""

        def opened() -> None:
            settings = self.deck.settings
            if settings is not None and self.app.screen is self:  # not over a form that was quicker
                self.deck.push_form(form(settings), then)
            elif not isinstance(self.app.screen, ModalScreen):
                self.deck.forget_keys()

        self.may(kind, opened, for_form=True)

    def may(self, kind: IntentKind, then: Callable[[], None], *, for_form: bool = False) -> None:
        """Goes on where the person here may ask for this kind; says why where not.

        Where a form comes of it, in the end, keys that are typed by then are for the form.
        """
        if for_form and self.app.screen is self:
            self.deck.hold_keys()

        def known(who: Standing) -> None:
            from console.wants import why_not  # not needed for the first frame

            if reason := why_not(who, kind):
                self.deck.forget_keys()
                self.note(reason)
                self.deck.stopped(kind, reason)
            else:
                then()

        self.deck.know(known, for_form=for_form)

    def ask_first(self, question: Question) -> Question:
        """Asks what a form has to know before it opens; keys typed by then are for the form."""
        self._first = question
        self.deck.hold_keys(question)
        self.deck.live.ask(question)
        return question

    def heard_first(self, question: Question) -> None:
        """An answer has come, and this screen has done with it what it does."""
        if question is self._first:
            self._first = None
            self.deck.heard_first(question)

    def ask_beside(self, question: Question) -> None:
        """Asks what is only shown. One question waits at a time, and what a form opens with comes first."""
        self.deck.live.ask(self._first or question)

    def _sign(self, want: Want | None) -> None:
        if want is not None:
            self.deck.want(want, *want.also)
