"""What frames every screen: the line at the top, the status line and the line of hints."""

from __future__ import annotations

from agent.reports.status import AgentState, SourceState, Status
from console import format as fmt
from console.actions import ACTIONS, HINTS, key_sign
from console.view import View
from console.widgets.ink import Line, Span, Tone, clip, clip_words, first_that_fits, spread, width_of

TABS = (("burn", "Burn"), ("triage", "Triage"))
LATE_S = 300  # data older than that is worth a look
STALE_S = 3600  # and older than that is not live any more


def draw_header(screen: str, organization: str, view: View, at: int | None, now: float, width: int) -> Line:
    """Name, tabs and organization at the left; the mode and the clock at the right."""
    start = [Span(" burndeck ", Tone.STRONG)]
    for name, title in TABS:
        here = name == screen
        start.append(Span(f" {title} ", Tone.TAB if here else Tone.DIM, f"app.{name}"))
    start.append(Span(f"  {organization}", Tone.DIM))
    mode = _mode(view, at, now)
    if at is None:
        return spread(start, [*mode, Span(" ")], width)  # no ledger, and so no clock of it
    wording = first_that_fits(
        (
            [*mode, Span(f"  {fmt.moment(now)} UTC ", Tone.DIM)],
            [*mode, Span(f"  {fmt.clock(now)} ", Tone.DIM)],
            mode,
        ),
        max(16, width - 34),
    )
    return spread(start, wording, width)


def _mode(view: View, at: int | None, now: float) -> list[Span]:
    spans: list[Span] = []
    if view.paused:
        spans += [Span(" PAUSED ", Tone.BADGE, "screen.pause"), Span(" ")]
    if view.at is not None:
        ago = fmt.span(now - view.at)
        return [*spans, Span(f" PAST {fmt.moment(view.at)} · {ago} ago ", Tone.BADGE, "screen.now")]
    if at is None:
        return [*spans, Span("○ no data yet", Tone.WARM)]
    if now - at > STALE_S:
        return [*spans, Span(f" DATA ENDS {fmt.moment(at, now)} ", Tone.BADGE)]
    if view.paused:
        return spans
    if now - at > LATE_S:
        return [Span(f"▲ data {fmt.age(now - at)} old", Tone.WARM)]
    return [Span("● live", Tone.COOL)]


def draw_status(status: Status | None, now: float, width: int) -> Line:
    """Agent, age of the data and truth layers; what fails comes first."""
    if status is None:
        return []
    parts = [
        _agent(status.agent),
        *_sources(status.sources),
        _reading(status),
        _age(status, now),
        _layers(status),
    ]
    line: list[Span] = [Span(" ")]
    for part in parts:
        if not part:
            continue
        between = [Span("  ·  ", Tone.DIM)] if len(line) > 1 else []
        if width_of(line) + width_of(between) + width_of(part) > width:
            room = width - width_of(line) - width_of(between)
            if room > 12:
                line += [*between, part[0]._replace(text=clip_words(part[0].text, room))]
            break
        line += [*between, *part]
    return line


def _agent(agent: AgentState) -> list[Span]:
    if agent.state == "alive":
        return [Span("● ", Tone.COOL), Span("agent alive")]
    if agent.state == "late":
        return [
            Span(f"▲ agent silent for {fmt.age(agent.beat_age_s)}: see `burndeck agent status`", Tone.WARM)
        ]
    return [Span("▲ no agent: run `burndeck agent start`", Tone.WARM)]


def _sources(sources: tuple[SourceState, ...]) -> list[list[Span]]:
    lines = []
    for source in sources:
        if source.state in ("failed", "stopped"):
            lines.append([Span(f"▲ {source.name} {source.state}: {source.message}", Tone.HOT)])
        elif source.state == "waiting":
            lines.append([Span(f"▲ {source.name} waits: {source.message}", Tone.WARM)])
    return lines


def _reading(status: Status) -> list[Span]:
    if status.reading is None:
        return []
    days, of_days = status.reading.days, status.reading.of_days
    return [Span(f"reading the history: {days} of {of_days} days", Tone.WARM)]


def _age(status: Status, now: float) -> list[Span]:
    if status.data_as_of is None:
        return []
    age = now - status.data_as_of
    tone = Tone.PLAIN if age < LATE_S else Tone.WARM
    return [Span("data ", Tone.DIM), Span(f"{fmt.age(age)} old", tone)]


def _layers(status: Status) -> list[Span]:
    shares = [f"{layer.layer.word} {fmt.share(layer.share)}" for layer in status.layers if layer.share]
    return [Span("24 h: ", Tone.DIM), Span(", ".join(shares))] if shares else []


def draw_hints(screen: str, width: int) -> Line:
    """The keys worth knowing on a screen, as many as fit; the last two (help, quit) always do."""
    keys = {action.id: key_sign(action.keys[0]) for action in ACTIONS}
    hints = [_hint(keys[action], word, action) for action, word in HINTS[screen]]
    always = [span for hint in hints[-2:] for span in hint]
    line: list[Span] = []
    for hint in hints[:-2]:
        if width_of(line) + width_of(hint) + width_of(always) > width:
            break
        line += hint
    return [*line, *always]


def _hint(key: str, word: str, action: str) -> list[Span]:
    click = f"app.run('{action}')"
    return [Span(" "), Span(key, Tone.KEY, click), Span(f" {word}", Tone.DIM, click), Span(" ")]


def draw_note(text: str, width: int) -> Line:
    """A short message in place of the hints: what was copied, why nothing happened."""
    return [Span(" "), Span(clip(text, width - 2), Tone.ACCENT)]
