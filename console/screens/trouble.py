"""What stands where a report would: what is wrong, and what to do about it."""

from __future__ import annotations

from agent.errors import BurndeckError
from console.widgets.ink import Line, Span, Tone, wrap

FIRST_STEPS = (
    ("burndeck demo", "a simulated organization, to look around"),
    ("burndeck init", "writes a commented burndeck.toml"),
    ("burndeck login openai", "puts the admin key into the keyring"),
    ("burndeck agent start", "starts the agent that reads usage"),
    ("burndeck ingest FILE", "takes usage events from files"),
    ("burndeck doctor", "says what is missing"),
)


def draw_trouble(error: BurndeckError, width: int, height: int) -> list[Line]:
    """The message, the hint and the commands that lead out, in the middle of the screen."""
    inner = min(width - 4, 74)
    lines: list[Line] = [[Span(text, Tone.STRONG)] for text in wrap(error.message, inner)]
    if error.hint:
        lines += [[], *([Span(text)] for text in wrap(error.hint, inner))]
    lines += [[], [Span("What leads on:", Tone.DIM)]]
    lines += [[Span(f"  {name:<23}", Tone.KEY), Span(text, Tone.DIM)] for name, text in FIRST_STEPS]
    lines += [[], [Span("This page goes away by itself as soon as there is data. ? help, q quit.", Tone.DIM)]]
    above = max(0, (height - len(lines)) // 3)
    margin = Span(" " * max(1, (width - inner) // 2))
    return [*([] for _ in range(above)), *([margin, *line] for line in lines)]
