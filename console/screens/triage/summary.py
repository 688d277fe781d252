"""The lines above the table of Triage: what is compared with what, and by which dimension."""

from __future__ import annotations

from agent.reports.triage_report import TRIAGE_KINDS, TriageReport
from console import format as fmt
from console.screens.triage.drill import WORDS, Drill
from console.screens.words import UNATTRIBUTED
from console.widgets.ink import Line, Span, Tone, first_that_fits, spread, width_of


def draw_summary(report: TriageReport, now: float, width: int) -> Line:
    """The window, its burn, what is usual, the rise; what it is compared with as far as it fits."""
    minutes = report.window_s // 60
    tone = Tone.HOT if report.change is not None and report.change > 0 else Tone.COOL
    sign = "▲ " if tone is Tone.HOT else "▼ "
    figures = [
        Span(" "),
        Span(f"{minutes} min to {fmt.clock(report.at)}  ", Tone.DIM),
        Span(fmt.number(report.burn.value), Tone.STRONG),
        Span(" credits/min  usual ", Tone.DIM),
        Span(fmt.number(report.usual.value)),
        Span("  "),
        Span("no past") if report.rise.value is None else Span(sign + fmt.signed(report.rise.value), tone),
        Span("" if report.change is None else f" {fmt.change(report.change)}", tone),
    ]
    age = f" {fmt.age(now - report.burn.as_of)}" if report.burn.as_of is not None else ""
    trust = [Span(f"{report.burn.tag}{age} ", Tone.DIM)]
    against = [Span(f"against {report.basis_sentence}  ", Tone.DIM)]
    room = width - width_of(figures) - 2
    return spread(figures, first_that_fits(([*against, *trust], trust), room), width)


def draw_dimensions(drill: Drill, width: int) -> Line:
    """The dimensions as tabs, and the way in: `within team search, project checkout`."""
    tabs: list[Span] = [Span(" by ", Tone.DIM)]
    for kind in TRIAGE_KINDS:
        tone = Tone.TAB if kind is drill.dimension else Tone.DIM
        tabs += [Span(f" {WORDS[kind]} ", tone, f"screen.by('{kind.name}')")]
    if not drill.steps:
        return tabs
    names = [f"{WORDS[step.kind]} {step.label or UNATTRIBUTED}" for step in drill.steps]
    texts = (f"within {' › '.join(names)} ", f"in {names[-1]} ", f"{drill.steps[-1].label} ")
    wordings = [[Span(text, Tone.WARM, "screen.back")] for text in texts]
    return spread(tabs, first_that_fits(wordings, max(12, width - width_of(tabs) - 2)), width)
