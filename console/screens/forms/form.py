"""Forms over a screen: fields to type in, what would happen, and Enter to sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from agent.domain.words import plural
from console.actions import bindings
from console.screens.forms.modal import Modal
from console.screens.frame import draw_hints
from console.wants import Want
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, clip_words, wrap

Values = Mapping[str, str]
"""What was typed, by field, without blanks around it."""


READ_LINES = 3
"""Lines that a key of reading on goes."""
FRAME = 4
"""Lines of a form beside its fields and what it says: border, title, confirmation, hints."""
LEAST_ROOM = 3
"""Lines that what scrolls has, with the one that says so."""


class FieldError(ValueError):
    """Why what was typed cannot be sent, in a sentence that begins with the field."""


def no_amount(field: str, text: str) -> str:
    """Why a text is no amount; of one that nobody has typed yet, what to type."""
    return f"{field}: {text} is no amount above zero" if text else f"{field}: type how many, such as 500"


@dataclass(frozen=True, slots=True)
class Field:
    """One line to type in."""

    name: str
    label: str
    value: str
    hint: str


class Asking(Protocol):
    """What every form has."""

    @property
    def title(self) -> str: ...

    @property
    def about(self) -> str: ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    @property
    def said_lines(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked, what it would do, and the wish that it becomes. Both may raise `FieldError`."""

    title: str
    about: str
    fields: tuple[Field, ...]
    judge: Callable[[Values], list[str]]
    want: Callable[[Values], Want]
    said_lines: int = 5  # below the fields


class FieldsScreen(Modal[Want | None]):
    """Fields to type in, at the bottom, so that what they are about stays in sight.

    Ends with the wish, or with nothing where the person leaves.
    """

    BINDINGS = bindings("form")
    CSS_PATH = "../../styles/forms.tcss"
    topic = "form"

    def __init__(self, form: Asking) -> None:
        super().__init__(classes="on-form")
        self._fields = form
        self._tried = False
        self._lines = form.said_lines  # that are there for what is said
        self._top = 0  # the first line of what is said, where not all of it fits
        self._inputs = {field.name: self.line(field) for field in form.fields}
        self._title = Canvas("form-title")
        self._said = Canvas("form-said")
        self._hints = Canvas("hints")

    @staticmethod
    def line(field: Field) -> Input:
        """One line to type in. Nothing moves on it while nobody types."""
        typed = Input(field.value, compact=True, id=f"field-{field.name}", select_on_focus=False)
        typed.cursor_blink = False
        return typed

    def compose(self) -> ComposeResult:
        with Vertical(id="form-box"):
            yield self._title
            for field in self._fields.fields:
                yield labelled(field, self._inputs[field.name])
            yield from self.more()
            yield self._said
            yield self._hints

    def more(self) -> ComposeResult:
        """What stands between the fields and what is said of them."""
        yield from ()

    def on_mount(self) -> None:
        self.give_room(self._fields.said_lines)
        self._title.paint(self._draw_title)
        self._said.paint(self._draw_said)
        self._hints.paint(lambda width, height: [draw_hints("form", width)])
        if (first := self.first()) is not None:
            first.focus()

    def give_room(self, lines: int) -> None:
        """Gives what is said so many lines, where they leave the fields and the frame in sight."""
        most = self.app.size.height - len(self._inputs) - FRAME
        self._lines = max(1, min(lines, most))
        self._said.styles.height = self._lines

    def first(self) -> Input | None:
        """The field that is typed in first: one that is still empty; None where there is nothing to type."""
        empty = (field for field in self._inputs.values() if not field.value)
        return next(empty, next(iter(self._inputs.values()), None))

    @property
    def values(self) -> Values:
        """What stands in the fields."""
        return {name: field.value.strip() for name, field in self._inputs.items()}

    def _draw_title(self, width: int, height: int) -> list[Line]:
        title = f" {self._fields.title} "
        about = clip_words(self._fields.about, max(8, width - len(title) - 3))
        return [[Span(" "), Span(title, Tone.TAB), Span(f" {about}", Tone.DIM)]]

    def _draw_said(self, width: int, height: int) -> list[Line]:
        raise NotImplementedError

    def fitted(self, head: list[Line], body: list[Line], tail: list[Line], height: int) -> list[Line]:
        """What is said in a height: where it is too much, the body scrolls, and a line says how.

        The tail, which says what Enter does, stays in sight as long as anything scrolls beside it.
        """
        if len(head) + len(body) + len(tail) <= height:
            return [*head, *body, *tail]
        if len(head) + len(tail) > height - LEAST_ROOM:
            head, body = [], [*head, *body]
        if len(tail) > height - LEAST_ROOM:
            body, tail = [*body, *tail], []
        room = max(1, height - len(head) - len(tail) - 1)
        self._top = max(0, min(self._top, len(body) - room))
        below = len(body) - self._top - room
        text = f"{plural(below, 'more line')}: PgDn reads on" if below else "PgUp reads back"
        return [*head, *body[self._top : self._top + room], [Span(text, Tone.ACCENT)], *tail]

    def action_read_on(self) -> None:
        self._top += READ_LINES
        self._said.redraw()

    def action_read_back(self) -> None:
        self._top = max(0, self._top - READ_LINES)
        self._said.redraw()

    @property
    def hint(self) -> str:
        """What the field that is typed in wants."""
        for field in self._fields.fields:
            if self._inputs[field.name].has_focus:
                return f"{field.label}: {field.hint}"
        return ""

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._said.redraw()

    def on_descendant_focus(self) -> None:
        self._said.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_send()

    def action_send(self) -> None:
        raise NotImplementedError

    def action_next_field(self) -> None:
        self.focus_next(Input)

    def action_previous_field(self) -> None:
        self.focus_previous(Input)

    def action_cancel(self) -> None:
        self.dismiss(None)


class FormScreen(FieldsScreen):
    """Says at every key what would happen. Its Enter confirms: what it signs can be taken back."""

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self._form = form

    def _draw_said(self, width: int, height: int) -> list[Line]:
        """The hint of the field that is typed in, what would happen, and what is still wrong."""
        said: list[str] = []
        problem = ""
        try:
            said = self._form.judge(self.values)
            self._form.want(self.values)
        except FieldError as found:
            problem = str(found)
        wrong = f"▲ {problem}" if self._tried and problem else problem
        lines = self.fitted(
            _lines([self.hint], Tone.DIM, width - 2),
            _lines(said, Tone.PLAIN, width - 2),
            _lines([wrong] if wrong else [], Tone.WARM if self._tried else Tone.DIM, width - 2),
            height,
        )
        return [[Span(" "), *line] for line in lines]

    def action_send(self) -> None:
        """Ends with the wish; where something is wrong it says so and stays."""
        try:
            want = self._form.want(self.values)
        except FieldError:
            self._tried = True
            self._said.redraw()
            return
        self.dismiss(want)


def _lines(texts: list[str], tone: Tone, width: int) -> list[Line]:
    return [[Span(line, tone)] for text in texts for line in wrap(text, width)]


def labelled(field: Field, typed: Input) -> Horizontal:
    """A field with its name before it."""
    label = Canvas(f"label-{field.name}")
    label.add_class("label")
    label.paint(lambda width, height: [[Span(f" {field.label}", Tone.ACCENT)]])
    return Horizontal(label, typed, id=f"line-{field.name}", classes="field")
