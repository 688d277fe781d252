"""A form over a screen: fields to type in, what would happen, and Enter to sign. It confirms itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.actions import bindings
from console.screens.frame import draw_hints
from console.wants import Want
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, clip_words, wrap

LABEL = 10
SAID_LINES = 4

Values = Mapping[str, str]
"""What was typed, by field, without blanks around it."""


class FieldError(ValueError):
    """Why what was typed cannot be sent, in a sentence that begins with the field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line to type in."""

    name: str
    label: str
    value: str
    hint: str


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked, what it would do, and the wish that it becomes. Both may raise `FieldError`."""

    title: str
    about: str
    fields: tuple[Field, ...]
    judge: Callable[[Values], list[str]]
    want: Callable[[Values], Want]


class FormScreen(ModalScreen[Want | None]):
    """Asks; ends with the wish, or with nothing where the person leaves."""

    BINDINGS = bindings("form")
    CSS_PATH = "../../styles/forms.tcss"
    topic = "form"

    def __init__(self, form: Form) -> None:
        super().__init__(id="form")
        self._form = form
        self._tried = False
        self._inputs = {
            field.name: Input(field.value, compact=True, id=f"field-{field.name}", select_on_focus=False)
            for field in form.fields
        }
        for typed in self._inputs.values():
            typed.cursor_blink = False  # nothing moves while nobody types
        self._title = Canvas("form-title")
        self._said = Canvas("form-said")
        self._hints = Canvas("hints")

    def compose(self) -> ComposeResult:
        with Vertical(id="form-box"):
            yield self._title
            for field in self._form.fields:
                label = Canvas(f"label-{field.name}")
                label.add_class("label")
                label.paint(_label(field.label))
                yield Horizontal(label, self._inputs[field.name], classes="field")
            yield self._said
            yield self._hints

    def on_mount(self) -> None:
        self._title.paint(self._draw_title)
        self._said.paint(self._draw_said)
        self._hints.paint(lambda width, height: [draw_hints("form", width)])
        empty = (field for field in self._inputs.values() if not field.value)
        next(empty, next(iter(self._inputs.values()))).focus()

    @property
    def values(self) -> Values:
        """What stands in the fields."""
        return {name: field.value.strip() for name, field in self._inputs.items()}

    def _draw_title(self, width: int, height: int) -> list[Line]:
        title = f" {self._form.title} "
        about = clip_words(self._form.about, max(8, width - len(title) - 3))
        return [[Span(" "), Span(title, Tone.TAB), Span(f" {about}", Tone.DIM)]]

    def _draw_said(self, width: int, height: int) -> list[Line]:
        """The hint of the field that is typed in, what would happen, and what is still wrong."""
        said = [(self._hint(), Tone.DIM)]
        problem = ""
        try:
            said += [(text, Tone.PLAIN) for text in self._form.judge(self.values)]
            self._form.want(self.values)
        except FieldError as found:
            problem = str(found)
        if problem:
            said.append((f"▲ {problem}" if self._tried else problem, Tone.WARM if self._tried else Tone.DIM))
        return [[Span(" "), Span(line, tone)] for text, tone in said for line in wrap(text, width - 2)]

    def _hint(self) -> str:
        for field in self._form.fields:
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
        """Ends with the wish; where something is wrong it says so and stays."""
        try:
            want = self._form.want(self.values)
        except FieldError:
            self._tried = True
            self._said.redraw()
            return
        self.dismiss(want)

    def action_next_field(self) -> None:
        self.focus_next(Input)

    def action_previous_field(self) -> None:
        self.focus_previous(Input)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _label(text: str) -> Callable[[int, int], list[Line]]:
    return lambda width, height: [[Span(f" {text}", Tone.ACCENT)]]
