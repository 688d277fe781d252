"""A form that asks the ledger what would happen while it is typed, and wants a second Enter that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input

from console.live import Answer, Live, News, Question, Trouble
from console.screens.forms.form import Field, FieldError, FieldsScreen, Values, labelled
from console.wants import Want
from console.widgets.ink import Line, Span, Tone, wrap

QUIET_S = 0.2
"""The ledger is asked when nobody has typed for so long."""
AGAIN_S = 10.0
"""... and again after so long, because what burns changes."""
AROUND = 3
"""Lines of the hint and of what Enter does, mostly."""
AT_MOST = 0.4
"""Of the terminal's height: what the form is about stays in sight."""
_CONFIRM = Field("confirm", "type", "", "the name of what is hit, as it is asked for below")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen with what was typed, as the ledger knows it."""

    draw: Callable[[int], list[Line]]  # in a width
    want: Want | None = None
    problem: str = ""  # why it cannot be asked for; empty where it can
    confirm: str = ""  # what a second Enter does, naming what is hit
    names: tuple[str, ...] = ()  # name, id, ...: one is typed before; none: the second Enter is enough
    fill: Mapping[str, str] = field(default_factory=dict)  # better values for fields that nobody has touched
    said: str = ""  # why those values, while they stand
    instead: PreviewForm | None = None  # where it cannot be done: the nearest that can, of the same fields


@dataclass(frozen=True, slots=True)
class PreviewForm:
    """What is asked, the question to the ledger that it becomes, and what its answer means."""

    title: str
    about: str
    fields: tuple[Field, ...]
    ask: Callable[[Values, bool], Question]
    """The question for these values, the first one or a later one. Raises `FieldError`."""
    read: Callable[[Answer, Values], Preview]
    """What an answer means for these values."""
    said_lines: int = 10


class PreviewScreen(FieldsScreen):
    """Shows the preview of what stands in the fields; Enter, the confirmation, Enter."""

    def __init__(self, form: PreviewForm) -> None:
        super().__init__(form)
        self._form = form
        self._initial = {each.name: each.value for each in form.fields}
        self._asked: tuple[Values, Question] | None = None
        self._shown: tuple[Values, Preview] | None = None
        self._said_of: tuple[Values, str] | None = None  # what was filled in, and why
        self._problem = ""  # of what was typed, or of the ledger
        self._confirming = False
        self._hasty = False  # Enter came before the preview
        self._quiet: Timer | None = None
        self._typed = self.line(_CONFIRM)

    def more(self) -> ComposeResult:
        yield labelled(_CONFIRM, self._typed)

    def on_mount(self) -> None:
        self.query_one("#line-confirm").display = False
        self._ask()
        self.set_interval(AGAIN_S, self._again)

    def first(self) -> Input:
        """The first field: what the rest depends on."""
        return next(iter(self._inputs.values()))

    # Asking

    def _ask(self) -> None:
        """Asks the ledger about what stands in the fields."""
        values = self.values
        try:
            question = self._form.ask(values, self._shown is None)
        except FieldError as error:
            self._asked, self._problem = None, str(error)
        else:
            self._asked, self._problem = (values, question), ""
            self.live.ask(question)
        self._said.redraw()

    def _again(self) -> None:
        """What is about to be confirmed does not move under the eyes."""
        if not self._confirming and self._current is not None:
            self._ask()

    @property
    def live(self) -> Live:
        """The link to the ledger."""
        from console.deck import BurndeckApp

        assert isinstance(self.app, BurndeckApp)
        return self.app.live

    def hear(self, news: News) -> None:
        """The ledger's answer; one to something typed before is not shown."""
        if isinstance(news, Trouble):
            self._problem = f"{news.error.message}. {news.error.hint}"
        elif self._asked is None or news.question is not self._asked[1]:
            return
        else:
            # Fields that were typed in meanwhile are not those that the answer is about.
            same = self._asked[0] == self.values
            preview = self._form.read(news, self._asked[0])
            self._fill(preview.fill)
            if preview.said:
                self._said_of = (self.values, preview.said)
            self._shown, self._problem = (self.values if same else self._asked[0], preview), ""
            self._make_room(preview)
        self._said.redraw()
        if self._hasty:
            self._hasty = False
            if self._current is None or self._current.instead is None:
                self.action_send()  # something else is gone on with by those alone who have read it

    def _make_room(self, preview: Preview) -> None:
        """What it needs, up to a part of the terminal, and never less than before: nothing jumps about."""
        lines = len(preview.draw(self.app.size.width - 2)) + AROUND
        most = int(self.app.size.height * AT_MOST)
        self.give_room(max(self._lines, min(lines, most)))

    def _fill(self, better: Mapping[str, str]) -> None:
        """Fields as they were at first take what the ledger knows better."""
        for name, value in better.items():
            typed = self._inputs.get(name)
            if typed is not None and typed.value == self._initial[name]:
                typed.value = self._initial[name] = value
                typed.cursor_position = len(value)

    @property
    def _current(self) -> Preview | None:
        """The preview of exactly what stands in the fields."""
        return self._shown[1] if self._shown is not None and self._shown[0] == self.values else None

    @property
    def _invalid(self) -> bool:
        """Whether what stands in the fields is nothing that could be asked about."""
        return self._asked is None and bool(self._problem)

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        super().on_input_changed(event)
        if event.input is self._typed:
            return
        if self._current is not None:
            self._problem = ""  # what stands there again has its preview already
            self._said.redraw()
            return
        self._confirm(False)
        self._tried = False
        if self._asked is not None and self._asked[0] == self.values:
            return  # its answer is under way
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(QUIET_S, self._ask)

    def action_send(self) -> None:
        """First the confirmation, then the wish; where something is wrong it says so and stays."""
        preview = self._current
        if preview is None and not self._problem:
            self._hasty = True
            if self._asked is None or self._asked[0] != self.values:
                self._ask()
        elif preview is not None and preview.instead is not None and not self._problem:
            self._go_on_with(preview.instead)
        elif preview is None or preview.want is None:
            self._tried = True
        elif not self._confirming:
            self._confirm(True)
        elif not preview.names or self._typed.value.strip() in preview.names:
            self.dismiss(preview.want)
            return
        else:
            self._tried = True
        self._said.redraw()

    def _go_on_with(self, form: PreviewForm) -> None:
        """The same fields about something else, whose preview is still to come."""
        self._form = self._fields = form
        self._asked = self._shown = None
        self._tried = False
        self._title.redraw()
        self._ask()

    def _confirm(self, there: bool) -> None:
        """Goes to the confirmation, or back from it."""
        if there == self._confirming:
            return
        self._confirming, self._tried = there, False
        asks = there and self._current is not None and bool(self._current.names)
        self.query_one("#line-confirm").display = asks
        self._typed.value = ""
        if asks:
            self._typed.focus()

    # Showing

    def _draw_said(self, width: int, height: int) -> list[Line]:
        """The hint, the preview, and what Enter does or why it does nothing."""
        tail = self._tail(width - 2)
        hint: list[Line] = [[Span(text, Tone.DIM)] for text in wrap(self.hint, width - 2)]
        body: list[Line] = []
        if self._shown is not None and not self._invalid:
            body = self._shown[1].draw(width - 2)
            if self._said_of is not None and self._said_of[0] == self.values:
                body = [
                    *([Span(line, Tone.WARM)] for line in wrap(f"▲ {self._said_of[1]}", width - 2)),
                    *body,
                ]
        if self._current is None and self._shown is not None:
            body = [[span._replace(tone=Tone.DIM) for span in line] for line in body]
        return [[Span(" "), *line] for line in self.fitted(hint, body, tail, height)]

    def _tail(self, width: int) -> list[Line]:
        preview = self._current
        if self._problem or (preview is not None and preview.problem):
            text = self._problem or (preview.problem if preview else "")
            tone = Tone.WARM if self._tried or not self._problem else Tone.DIM
            lines: list[Line] = [
                [Span(line, tone)] for line in wrap(f"▲ {text}" if tone is Tone.WARM else text, width)
            ]
            if preview is not None and preview.instead is not None and not self._problem:
                lines.append(
                    [Span("Enter", Tone.KEY), Span(f" goes on with: {preview.instead.title}", Tone.STRONG)]
                )
            return lines
        if preview is None:
            return [[Span("asking the ledger …", Tone.DIM)]]
        if not self._confirming:
            return [[Span("Enter", Tone.KEY), Span(" goes on to the confirmation", Tone.DIM)]]
        if not preview.names:
            return [[Span(line, Tone.HOT)] for line in wrap(f"Enter again: {preview.confirm}", width)]
        typed = self._typed.value.strip()
        wrong = f"▲ {f'{typed} is not its name. ' if typed else ''}" if self._tried else ""
        text = f"{wrong}Type {_either(preview.names)} and Enter: {preview.confirm}"
        return [[Span(line, Tone.HOT)] for line in wrap(text, width)]


def _either(names: tuple[str, ...]) -> str:
    """`checkout or key_7f`; what only says the name with a word before it goes without saying."""
    others = [name for name in names[1:] if not name.endswith(f" {names[0]}")]
    return names[0] + (f" or {others[0]}" if others else "")
