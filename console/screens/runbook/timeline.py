"""What happened in a run, the newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from console import format as fmt
from console.widgets.ink import Line, Span, Tone, clip_words, wrap

if TYPE_CHECKING:
    from agent.domain.run import RunEvent
    from agent.runbooks.view import RunView

_TONES = {"failed": Tone.HOT, "undone": Tone.WARM, "skipped": Tone.WARM, "overruled": Tone.WARM}
_INDENT = 10


def draw_timeline(view: RunView, width: int) -> list[Line]:
    """All of it, wrapped."""
    return [line for event in reversed(view.events) for line in _event(event, width)]


def draw_newest(view: RunView, width: int, height: int) -> list[Line]:
    """A heading and as many of the newest as there are lines, one line each."""
    heading: Line = [Span(" Timeline", Tone.STRONG), Span(f" {len(view.events)}", Tone.DIM)]
    newest = list(reversed(view.events))[: max(0, height - 1)]
    return [heading, *(_brief(event, width) for event in newest)]


def _brief(event: RunEvent, width: int) -> Line:
    text = clip_words(_words(event), max(10, width - _INDENT - 1))
    return [
        Span(f" {fmt.clock(event.at, seconds=True)}  ", Tone.DIM),
        Span(text, _TONES.get(event.kind, Tone.PLAIN)),
    ]


def _event(event: RunEvent, width: int) -> Iterable[Line]:
    for place, text in enumerate(wrap(_words(event), max(20, width - _INDENT))):
        head = f"{fmt.clock(event.at, seconds=True)}  " if place == 0 else " " * _INDENT
        yield [Span(head, Tone.DIM), Span(text, _TONES.get(event.kind, Tone.PLAIN))]


def _words(event: RunEvent) -> str:
    step = f"{event.step} " if event.step is not None else ""
    who = "" if event.actor == "agent" else f" by {event.actor}"
    text = f": {event.text}" if event.text and event.text != event.kind else ""
    return f"{step}{event.kind}{who}{text}"
