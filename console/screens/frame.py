"""What frames every screen: the line at the top, the status line and the line of hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agent.domain.alert import INFO
from agent.domain.words import plural
from agent.reports.status import AgentState, SourceState, Status
from console import format as fmt
from console.actions import available, key_sign
from console.hints import HINTS
from console.screens.words import TIER_TONES, tier_sign, tier_words
from console.view import View
from console.widgets.ink import Line, Span, Tone, clip_words, first_that_fits, fit, spread, width_of, wrap

if TYPE_CHECKING:
    from agent.reports.alert_badge import AlertBadge

TABS = (
    ("burn", "Burn"),
    ("triage", "Triage"),
    ("alerts", "Alerts"),
    ("actions", "Actions"),
    ("allocations", "Allocations"),
    ("audit", "Audit"),
    ("runbooks", "Runbooks"),
)
SHORT = {"triage": "Tri", "alerts": "Alert", "actions": "Act", "allocations": "Alloc", "runbooks": "Runs"}
"""What a narrow header calls a screen that is not open, beside its key."""
FIRST = 3  # tabs that keep their whole name longest, beside the one that is open
WIDE = 110  # from so many columns on all have it
LATE_S = 300  # data older than that is worth a look
STALE_S = 3600  # and older than that is not live any more
NOTE_LINES = 3  # a note takes no more


class Head(NamedTuple):
    """What the line at the top says."""

    screen: str
    organization: str
    view: View
    at: int | None  # None: no ledger, and so no clock of it
    now: float
    badge: AlertBadge | None = None
    read_only: bool = False  # nobody here could sign
    acting: tuple[int, int, int] = (0, 0, 0)  # actions in force; what waits for who is here, real and drills
    runs: int = 0  # of runbooks, in progress
    away: bool = False  # nobody asks how old the data is: a form is open, or was a moment ago
    forged: bool = False  # somebody else than the agent has written into the ledger
    held: bool = False  # by the form that is open over it


def draw_header(head: Head, width: int) -> Line:
    """Name, tabs, what fires and the organization at the left; the mode and the clock at the right."""
    tabs = _tabs(head.screen, width)
    mode = _mode(head.view, head.at, head.now, away=head.away)
    if head.held:
        mode = [Span(" HELD ", Tone.BADGE), Span(" "), *mode]  # figures below are of before it was opened
    if head.read_only:
        mode = [Span(" READ-ONLY ", Tone.BADGE), Span(" "), *mode]
    if head.at is None:
        clocks: tuple[list[Span], ...] = ([Span(" ")],)
    else:
        clocks = (
            [Span(f"  {fmt.moment(head.now)} UTC ", Tone.DIM)],
            [Span(f"  {fmt.clock(head.now)} ", Tone.DIM)],
        )
    said = badges(head.badge, head.acting, head.runs, forged=head.forged)
    tabs = [*tabs, tabs[-1][1:]]  # our own name goes before the words of what fires
    choices = [  # what fires in words comes before names and dates, but not before the time of day
        ([*tab, *badge], [*mode, *clock]) for badge in said for tab in tabs for clock in clocks
    ]
    brief = [span._replace(text=span.text.replace(" data ", " ")) for span in mode]
    choices += [([*tabs[-1], *said[-1]], [*brief, *clocks[-1]]), ([*tabs[-1], *said[-1]], mode)]
    fitting = (each for each in choices if width_of(each[0]) + width_of(each[1]) < width)
    start, ends = next(fitting, choices[-1])
    if width_of(start) + len(head.organization) + 3 + width_of(ends) <= width:
        start.append(Span(f"  {head.organization}", Tone.DIM))
    return spread(start, ends, width)


def draw_top(screen: str, badge: AlertBadge | None, width: int) -> Line:
    """The line at the top of a page that no ledger stands behind: name, tabs, what fires."""
    lines = ([*tabs, *said] for said in badges(badge) for tabs in _tabs(screen, width))
    return fit(first_that_fits(lines, width - 1), width)


def _tabs(screen: str, width: int) -> list[list[Span]]:
    """All tabs: whole where there is room; else short with their keys, the last ones or all by keys alone."""
    whole = [title for _, title in TABS]
    short = [f"{key} {SHORT.get(name, title)}" for key, (name, title) in enumerate(TABS, 1)]
    keys = [f"{key}" for key in range(1, len(TABS) + 1)]
    narrow = (short, [*whole[:FIRST], *keys[FIRST:]], keys)
    return [_named(screen, titles) for titles in ((whole,) if width >= WIDE else narrow)]


def _named(screen: str, titles: list[str]) -> list[Span]:
    spans = [Span(" burndeck ", Tone.STRONG)]
    for (name, whole), title in zip(TABS, titles, strict=True):
        here = name == screen
        text = f" {whole} " if here or title == whole else f" {title}"
        spans.append(Span(text, Tone.TAB if here else Tone.DIM, f"app.tab('{name}')"))
    return spans


def badges(
    badge: AlertBadge | None,
    acting: tuple[int, int, int] = (0, 0, 0),
    runs: int = 0,
    *,
    forged: bool = False,
) -> list[list[Span]]:
    """That the ledger is forged, how many fire by gravity, what acts, what runs.

    In words, without what only informs, by signs.
    """
    counts = badge.counts() if badge is not None else {}
    if not counts and not any(acting) and not runs and not forged:
        return [[]]
    grave = {tier: count for tier, count in counts.items() if tier != INFO} or counts
    wordings = ((counts, True, True), (grave, True, True), (grave, True, False), (counts, False, False))
    return [
        [
            *_forged(forged, words=acting_words),
            *_counted(tiers, words=tier_words_),
            *_acting(acting, runs, words=acting_words),
        ]
        for tiers, tier_words_, acting_words in wordings
    ]


def _forged(forged: bool, *, words: bool) -> list[Span]:
    """That nobody can believe all of the ledger: the Audit screen says of which row."""
    text = " ▲ ledger forged" if words else " ▲ forged"
    return [Span(text, Tone.HOT, "app.tab('audit')")] if forged else []


def _acting(acting: tuple[int, int, int], runs: int, *, words: bool) -> list[Span]:
    """What is in force, what runs, and what waits for the person here."""
    in_force, asked, drills = acting
    spans = []
    if runs:
        text = f" ▸ {plural(runs, 'run')}" if words else f" ▸{runs}"
        spans.append(Span(text, Tone.ACCENT, "app.tab('runbooks')"))
    if in_force:
        text = f" ⊘ {in_force} in force" if words else f" ⊘{in_force}"
        spans.append(Span(text, Tone.WARM, "app.tab('actions')"))
    if asked:
        text = f" ? {asked} to approve" if words else f" ?{asked}"
        spans.append(Span(text, Tone.HOT, "app.tab('actions')"))
    if drills:
        text = f" ? {plural(drills, 'drill')} to approve" if words else f" ?{drills} drill"
        spans.append(Span(text, Tone.ACCENT, "app.tab('actions')"))
    return spans


def _counted(counts: dict[str, int], *, words: bool) -> list[Span]:
    spans = [Span(" ")]
    for tier, count in counts.items():
        text = f" {tier_sign(tier)} {count} {tier_words(tier)}" if words else f" {tier_sign(tier)}{count}"
        spans.append(Span(text, TIER_TONES.get(tier, Tone.DIM), "app.tab('alerts')"))
    return spans


def _mode(view: View, at: int | None, now: float, *, away: bool) -> list[Span]:
    spans: list[Span] = []
    if view.paused:
        spans += [Span(" PAUSED ", Tone.BADGE, "screen.pause"), Span(" ")]
    if view.at is not None:
        ago = fmt.span(now - view.at)
        return [*spans, Span(f" PAST {fmt.moment(view.at)} · {ago} ago ", Tone.BADGE, "screen.now")]
    if away:
        return spans  # the ledger is not looked at: no age is true
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
    if agent.state == "over":
        return [Span("▲ the demo's other half has died: q, then `burndeck demo` again", Tone.HOT)]
    if agent.state == "dead":
        return [Span("▲ the agent has died: run `burndeck agent start`", Tone.WARM)]
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
    keys = {action.id: key_sign(action.keys[0]) for action in available(screen)}
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


def draw_note(text: str, width: int) -> list[Line]:
    """A message in place of the hints: what was copied, what became of a wish, why nothing happened."""
    return [[Span(" "), Span(line, Tone.ACCENT)] for line in wrap(text, max(20, width - 2))[:NOTE_LINES]]
