"""The bar that tells of a new alert at once, on every screen."""

from __future__ import annotations

from console.alarm import Alarm
from console.screens.words import tier_sign, tier_words
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, clip_words, spread, width_of

_OPEN = "app.alerts"
_CLOSE = "app.dismiss_banner"


class Banner(Canvas):
    """One line under the header, there while a new critical alert has not been looked at."""

    def __init__(self) -> None:
        super().__init__("banner")

    def tell(self, alarm: Alarm) -> None:
        """Shows what the alarm shows now."""
        self.set_class(alarm.shown is not None, "-on")
        self.paint(lambda width, height: [draw_banner(alarm, width)])


def draw_banner(alarm: Alarm, width: int) -> Line:
    """What is new and how grave, and the keys that open and close."""
    alert = alarm.shown
    if alert is None:
        return []
    start = f" {tier_sign(alert.tier)} new {tier_words(alert.tier)}: "
    more = f" +{alarm.more}" if alarm.more else ""
    keys = [
        Span(f"{more}  a", Tone.ALARM, _OPEN),
        Span(" opens", Tone.ALARM, _OPEN),
        Span("  Esc", Tone.ALARM, _CLOSE),
        Span(" closes ", Tone.ALARM, _CLOSE),
    ]
    room = max(8, width - len(start) - width_of(keys))
    text = clip_words(alert.summary, room)
    fill = Span(" " * (room - width_of([Span(text)])), Tone.ALARM, _OPEN)
    return spread([Span(start, Tone.ALARM, _OPEN), Span(text, Tone.ALARM, _OPEN), fill], keys, width)
