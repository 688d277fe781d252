"""Open alerts on the Burn screen, one line each, worst first."""

from __future__ import annotations

from agent.reports.alert_list import AlertEntry
from agent.reports.burn_report import BurnReport
from console import format as fmt
from console.screens.words import TIER_TONES, tier_sign, tier_words
from console.widgets.ink import Line, Span, Tone, clip_words, spread


def lines_needed(report: BurnReport, most: int) -> int:
    """How many lines the alerts take, at most `most`."""
    return min(most, len(report.alerts))


def draw_alerts(report: BurnReport, now: float, width: int, height: int) -> list[Line]:
    """The alerts; where there are more than lines, the last line says how many."""
    lines = [_alert(alert, now, width) for alert in report.alerts[:height]]
    left = len(report.alerts) - height
    if left > 0 and lines:
        more = [Span(f"+{left} more ", Tone.WARM)]
        lines[-1] = spread(_wording(report.alerts[height - 1], width - 10), more, width)
    return lines


def _alert(alert: AlertEntry, now: float, width: int) -> Line:
    since = alert.fired_at or alert.started_at
    age = [Span(f"{fmt.age(now - since)} ", Tone.DIM)]
    return spread(_wording(alert, width - 5), age, width)


def _wording(alert: AlertEntry, width: int) -> list[Span]:
    tone = TIER_TONES.get(alert.tier, Tone.PLAIN)
    state = "" if alert.state == "firing" else f" ({alert.state})"
    head = f" {tier_sign(alert.tier)} {tier_words(alert.tier)}{state}  "
    return [Span(head, tone), Span(clip_words(alert.summary, max(8, width - len(head))))]
