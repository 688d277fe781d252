"""A bar of what is used of an amount, with named marks (soft cap, hard cap, forecast)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.widgets.ink import Span, Tone

EIGHTHS = " ▏▎▍▌▋▊▉█"


class Notch(NamedTuple):
    """A mark on the bar: where, with which sign, in which tone."""

    at: float
    sign: str
    tone: Tone


def draw_gauge(
    used: float, full: float, width: int, notches: Sequence[Notch] = (), *, hot: bool = False
) -> list[Span]:
    """One line of `width` cells: filled for `used` of `full`, a sign at each notch within it."""
    if width <= 0:
        return []
    share = min(1.0, max(0.0, used / full)) if full > 0 else 0.0
    eighths = round(share * width * 8)
    cells = [EIGHTHS[max(0, min(8, eighths - cell * 8))] for cell in range(width)]
    if used > 0 and eighths == 0:
        cells[0] = EIGHTHS[1]
    bar = Tone.HOT if hot else Tone.FILL
    spans = [Span(char if char != " " else "·", bar if char != " " else Tone.DIM) for char in cells]
    for notch in notches:
        if full > 0 and 0 <= notch.at <= full:
            spans[min(width - 1, int(notch.at / full * width))] = Span(notch.sign, notch.tone)
    return _joined(spans)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].tone == span.tone:
            joined[-1] = Span(joined[-1].text + span.text, span.tone)
        else:
            joined.append(span)
    return joined
