"""How facts and labelled blocks of an alert are laid out in lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.widgets.ink import EMPTY, Line, Span, Tone, left, wrap

LABEL = 10
ROOMY = 16
"""From so many lines on, blocks stand apart."""
Fact = tuple[str, str, Tone]
"""Name, value, and how the value is meant."""


def block(label: str, lines: Iterable[Line]) -> list[Line]:
    """Lines under a label at the left."""
    return [
        [Span(left(label if place == 0 else "", LABEL), Tone.DIM), *line] for place, line in enumerate(lines)
    ]


def stacked(blocks: Iterable[Sequence[Line]], height: int) -> list[Line]:
    """Blocks one below the other, a blank away from the left, apart where there is room for that."""
    lines: list[Line] = []
    for part in blocks:
        if lines and part and height >= ROOMY:
            lines.append(EMPTY)
        lines += part
    return [[Span(" "), *line] for line in lines]


def running(facts: Iterable[Fact], width: int) -> list[Line]:
    """Facts in running lines, broken between facts, and inside one that is longer than a line."""
    lines: list[list[Span]] = []
    used = 0
    for name, value, tone in facts:
        first, *others = wrap(f"{name} {value}", width)
        if lines and used + 3 + len(first) <= width and not others:
            lines[-1].append(Span(" · ", Tone.DIM))
            used += 3
        else:
            lines.append([])
            used = 0
        head = first[: len(name) + 1]
        lines[-1] += [Span(head, Tone.DIM), Span(first[len(head) :], tone)]
        used += len(first)
        for text in others:
            lines.append([Span(text, tone)])
            used = len(text)
    return list(lines)
