"""The help: all keys, the signs, and what the words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen

from console.actions import Action, available, bindings, by_group, key_sign, where
from console.glossary import GLOSSARY
from console.screens.banner import Banner
from console.screens.frame import draw_hints, draw_top
from console.widgets.canvas import Canvas
from console.widgets.ink import EMPTY, Line, Span, Tone, beside, left, wrap

if TYPE_CHECKING:
    from console.deck import BurndeckApp

SIGNS = (
    ("▲ ▼", "above or below what is usual; beyond its band also in colour"),
    ("░", "the usual band, where no column covers it"),
    ("■ ▲ ! ·", "hard cap, critical, warning, info: how grave an alert is"),
    ("┆", "when an alert fired"),
    ("▸ ⊘ ?", "runs in progress; actions in force; what waits for your approval"),
    ("▸ … ✓ ▲ – ↶", "a step: waits, at work, done, failed, skipped, undone"),
    ("┊ ┃ ◆", "soft cap, hard cap, forecast for the month"),
    ("HELD", "the screen stands still while a form or menu is open over it; its clock goes on"),
    ("≈", "partly estimated: an hour's sum was cut to the window"),
    ("–", "not known; never a zero"),
    ("met 1m", "truth layer and age of a figure"),
)
KEYS_WIDTH = 16
SCROLLING = (
    *(Span(" j", Tone.KEY), Span(" down ", Tone.DIM), Span(" k", Tone.KEY), Span(" up ", Tone.DIM)),
    *(Span(" Ctrl+D", Tone.KEY), Span(" page on ", Tone.DIM)),
)


def draw_help(screen: str, width: int) -> list[Line]:
    """The whole page: keys in two columns where there is room, then signs and glossary."""
    inner = width - 4
    here = {action.id: action for action in available(screen)} if screen else {}
    half = (inner - 4) // 2 if inner >= 110 else inner
    groups = [_group(name, actions, here, half) for name, actions in by_group().items()]
    if half < inner:
        keys = beside([(_stack(groups[:2]), half), (_stack(groups[2:]), half)], 4)
    else:
        keys = _stack(groups)
    lines = [*keys, EMPTY, *_terms("Signs", SIGNS, inner), EMPTY, *_terms("Words", GLOSSARY, inner)]
    return [[Span("  "), *line] for line in lines]


def _group(name: str, actions: list[Action], here: dict[str, Action], width: int) -> list[Line]:
    lines: list[Line] = [[Span(name, Tone.STRONG)]]
    for action in actions:
        elsewhere = bool(here) and action.id not in here
        keys = " ".join(key_sign(key) for key in here.get(action.id, action).keys)
        text = f"{action.help} ({where(action)})" if elsewhere else action.help
        for place, part in enumerate(wrap(text, width - KEYS_WIDTH - 2)):
            label = left(keys if place == 0 else "", KEYS_WIDTH)
            lines.append([Span(f"  {label}", Tone.KEY), Span(part, Tone.DIM if elsewhere else Tone.PLAIN)])
    return lines


def _stack(groups: list[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for group in groups:
        lines += [*([EMPTY] if lines else []), *group]
    return lines


def _terms(title: str, terms: tuple[tuple[str, str], ...], width: int) -> list[Line]:
    lines: list[Line] = [[Span(title, Tone.STRONG)]]
    name_width = 20
    for name, text in terms:
        for place, part in enumerate(wrap(text, width - name_width - 2)):
            label = left(name if place == 0 else "", name_width)
            lines.append([Span(f"  {label}", Tone.ACCENT), Span(part)])
    return lines


class HelpScreen(Screen[None]):
    """One page to scroll; Escape, q or ? closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("panel"),
        Binding("j", "scroll_page(1)", show=False),
        Binding("k", "scroll_page(-1)", show=False),
        Binding("ctrl+d", "scroll_page(10)", show=False),
        Binding("ctrl+u", "scroll_page(-10)", show=False),
    ]

    def __init__(self, screen: str) -> None:
        super().__init__(classes="on-help")
        self._for = screen
        self._page = Canvas("page")
        self._header = Canvas("header")
        self._banner = Banner()
        self._scroll = VerticalScroll(self._page, id="scroll")
        self._hints = Canvas("hints")

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._banner
        yield self._scroll
        yield self._hints

    @property
    def deck(self) -> BurndeckApp:
        """The application, as the type that it is."""
        from console.deck import BurndeckApp

        assert isinstance(self.app, BurndeckApp)
        return self.app

    def hear_alarm(self) -> None:
        """What fires has changed."""
        self._banner.tell(self.deck.alarm)
        self._header.redraw()

    def on_mount(self) -> None:
        self._header.paint(lambda width, height: [draw_top("help", self.deck.alarm.badge, width)])
        self._banner.tell(self.deck.alarm)
        self._hints.paint(lambda width, height: [[*draw_hints("panel", width), *SCROLLING]])
        self._page.paint(lambda width, height: draw_help(self._for, width))
        self._scroll.focus()

    def on_resize(self) -> None:
        self._page.styles.height = len(draw_help(self._for, max(20, self.size.width - 2)))

    def action_scroll_page(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False, immediate=True)

    def action_close(self) -> None:
        if not self.deck.dismiss_banner():
            self.dismiss()
