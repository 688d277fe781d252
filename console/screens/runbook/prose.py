"""Markdown as lines: paragraphs, lists, code and emphasis, without anything that a terminal cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len

from console.widgets.ink import EMPTY, Line, Span, Tone, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

_INDENT = 2
_ON = {"strong_open": Tone.STRONG, "em_open": Tone.ACCENT, "link_open": Tone.PLAIN, "s_open": Tone.DIM}
_OFF = ("strong_close", "em_close", "link_close", "s_close")


def draw_prose(text: str, width: int) -> list[Line]:
    """The text in lines of a width, blocks apart by an empty line, items of lists close together."""
    lines: list[Line] = []
    depth, bullet = 0, ""
    counts: list[int] = []
    for token in _tokens(text):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lines += _gap(lines) if depth == 0 else []
            counts.append(0 if token.type == "ordered_list_open" else -1)
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            counts.pop()
            depth -= 1
        elif token.type == "list_item_open":
            counts[-1] += 1 if counts[-1] >= 0 else 0
            bullet = f"{counts[-1]}." if counts[-1] >= 0 else "•"
        elif token.type == "inline":
            lines += _gap(lines) if depth == 0 else []
            lines += _indented(wrap_spans(_inline(token), width - depth * (_INDENT + 1)), depth, bullet)
            bullet = ""
        elif token.type in ("fence", "code_block"):
            lines += _gap(lines)
            lines += [[Span("  "), Span(line, Tone.ACCENT)] for line in _code(token.content, width - 2)]
    return lines


@lru_cache(maxsize=128)
def _tokens(text: str) -> Sequence[Token]:
    from markdown_it import MarkdownIt  # only whoever reads a runbook waits for it

    return MarkdownIt().parse(text)


def _inline(token: Token) -> Iterator[Span]:
    tones = [Tone.PLAIN]
    for child in token.children or ():
        if child.type in _ON:
            tones.append(_ON[child.type])
        elif child.type in _OFF:
            tones.pop()
        elif child.type == "code_inline":
            yield Span(child.content, Tone.ACCENT)
        elif child.type in ("softbreak", "hardbreak"):
            yield Span(" ", tones[-1])
        elif child.content:
            yield Span(child.content, tones[-1])


def wrap_spans(spans: Iterator[Span], width: int) -> list[Line]:
    """Spans in lines of at most `width` cells, broken between words, every word in its tone."""
    lines: list[list[Span]] = []
    used, apart = 0, True
    for span in spans:
        for place, word in enumerate(span.text.split(" ")):
            apart = apart or place > 0
            for piece in wrap(word, max(1, width)):
                gap = 1 if apart and used else 0
                if not lines or used + gap + cell_len(piece) > width:
                    lines.append([])
                    used = gap = 0
                lines[-1].append(Span(" " * gap + piece, span.tone))
                used += gap + cell_len(piece)
                apart = False
    return list(lines)


def _indented(lines: Sequence[Line], depth: int, bullet: str) -> list[Line]:
    if not depth:
        return list(lines)
    margin = " " * ((depth - 1) * (_INDENT + 1))
    heads = [f"{margin}{bullet:<{_INDENT}} "] + [" " * (len(margin) + _INDENT + 1)] * len(lines)
    return [[Span(head, Tone.DIM), *line] for head, line in zip(heads, lines, strict=False)]


def _code(content: str, width: int) -> Iterator[str]:
    """Code as it stands, cut where it is too wide: broken lines would be other code."""
    for line in content.rstrip("\n").split("\n"):
        text = line.expandtabs(4)
        yield text if cell_len(text) <= width else f"{text[: width - 1]}…"


def _gap(lines: Sequence[Line]) -> list[Line]:
    return [EMPTY] if lines else []
