"""The Markdown of a runbook taken apart: front matter, steps, and the machine's part of each, with lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from agent.runbooks.problem import Problems
from agent.toml_file import Key, key_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

INFO = "toml burndeck"
"""The info string of the fenced block that is the machine's part."""
FENCE = "+++"
_STEP = re.compile(r"(\d{1,4})\.(?:\s+(.*))?", re.ASCII | re.DOTALL)
_TOKENS = re.compile(
    r"""(?P<long>\"{3}(?:\\.|[^\\])*?\"{3}|'{3}.*?'{3})|#[^\n]*|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""", re.DOTALL
)
# Line ends to Python that are none to TOML.
_NO_LINE_ENDS = str.maketrans(dict.fromkeys("\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))


@dataclass(frozen=True)
class Block:
    """A TOML text within a file."""

    text: str
    first: int  # line of the file where it begins, from 1; the line before it opens the block

    def has(self, *key: str | int) -> bool:
        """Whether a key, or something in it, stands on a line of its own."""
        return key in self._lines

    def line_of(self, *key: str | int) -> int:
        """The line of the file where a key stands; else of the nearest table around it, or of the opening."""
        for end in range(len(key), 0, -1):
            if found := self._lines.get(key[:end]):
                return self.first + found - 1
        return self.first - 1

    @cached_property
    def _lines(self) -> dict[Key, int]:
        lines: dict[Key, int] = {}
        for key, line in key_lines(_without_long_texts(self.text)).items():
            for end in range(1, min(len(key), 8) + 1):
                lines[key[:end]] = min(line, lines.get(key[:end], line))
        return lines


@dataclass(frozen=True, slots=True)
class Section:
    """A step as Markdown shows it."""

    seq: int
    title: str
    line: int  # of its heading
    prose: str
    block: Block | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole file."""

    front: Block | None
    intro: str
    sections: tuple[Section, ...]


@dataclass(slots=True)
class _Draft:
    """A stretch of the file from one heading to the next; `seq` is None where it is no step."""

    seq: int | None
    title: str
    start: int  # index of the heading's line
    body: int  # index of the line after it
    blocks: list[tuple[int, int]] = field(default_factory=list)  # indices of fences, end exclusive


def layout(text: str, problems: Problems) -> Layout:
    """The parts of a runbook's text; what Markdown itself has wrong goes to `problems`."""
    lines = lines_of(text)
    front, begin = _front(lines, problems)
    drafts = [_Draft(None, "", begin, begin)]
    # Blank lines in place of the front matter keep the numbers of all that follow.
    tokens = _markdown().parse("\n".join([""] * begin + lines[begin:]))
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.markup in ("#", "##"):
            drafts.append(_heading(token, tokens[place + 1]))
        elif token.type == "fence" and token.info.split() == INFO.split():
            _fence(token, lines, drafts[-1], problems)
    sections = [_section(drafts, place, lines, problems) for place in range(len(drafts))]
    return Layout(front, _intro(drafts, lines), tuple(each for each in sections if each))


def lines_of(text: str) -> list[str]:
    """The lines of a text as Markdown counts them, without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _front(lines: list[str], problems: Problems) -> tuple[Block | None, int]:
    """The front matter, and the index of the first line behind it."""
    start = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines[start].rstrip() != FENCE:
        problems.add(start + 1, f"no front matter: a runbook begins with TOML between {FENCE} lines")
        return None, start
    for end in range(start + 1, len(lines)):
        if lines[end].rstrip() == FENCE:
            return Block("\n".join(lines[start + 1 : end]), start + 2), end + 1
    problems.add(start + 1, f"the front matter never ends: {FENCE} is missing behind it")
    return None, len(lines)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark")
    # Where blocks begin and end is all that is asked: what is in a line never matters.
    markdown.core.ruler.enableOnly(["normalize", "block"])
    markdown.block.ruler.disable("reference")
    return markdown


def _heading(token: Token, inline: Token) -> _Draft:
    assert token.map is not None
    start, body = token.map
    step = _STEP.fullmatch(inline.content) if token.markup == "##" else None
    if step is None:
        return _Draft(None, inline.content, start, body)
    return _Draft(int(step[1]), (step[2] or "").strip(), start, body)


def _fence(token: Token, lines: list[str], draft: _Draft, problems: Problems) -> None:
    assert token.map is not None
    start, end = token.map
    if token.level:
        problems.add(start + 1, "the machine's part stands within a list or quotation: move it to the margin")
    elif not _closed(lines[end - 1], token.markup) or end - start < 2:
        problems.add(start + 1, f"the block never ends: {token.markup} is missing behind it")
        draft.blocks.append((start, start))
    elif draft.seq is None:
        problems.add(start + 1, "the machine's part belongs to no step: above it is no `## N. Title`")
    elif draft.blocks:
        problems.add(start + 1, f"step {draft.seq} has a second machine's part: make two steps of it")
    else:
        draft.blocks.append((start, end))


def _closed(line: str, markup: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(markup) and not bare.strip(markup[0])


def _section(drafts: list[_Draft], place: int, lines: list[str], problems: Problems) -> Section | None:
    draft = drafts[place]
    if draft.seq is None:
        return None
    end = drafts[place + 1].start if place + 1 < len(drafts) else len(lines)
    if not draft.title:
        problems.add(draft.start + 1, f"step {draft.seq} has no title")
    if not draft.blocks:
        what = f"step {draft.seq} has no machine's part: a fenced block that begins with ```{INFO}"
        problems.add(draft.start + 1, what)
        return Section(draft.seq, draft.title, draft.start + 1, _prose(lines[draft.body : end]), None)
    opening, end_of_block = draft.blocks[0]
    around = (_prose(lines[draft.body : opening]), _prose(lines[end_of_block:end]))
    prose = "\n\n".join(text for text in around if text)
    block = None
    if end_of_block > opening:  # else it never ends, which is said already
        block = Block("\n".join(_dedented(lines[opening : end_of_block - 1])), opening + 2)
    return Section(draft.seq, draft.title, draft.start + 1, prose, block)


def _dedented(fence: list[str]) -> list[str]:
    """The lines within a fence, less as many blanks as the fence itself is moved in."""
    blanks = len(fence[0]) - len(fence[0].lstrip(" "))
    return [line[min(blanks, len(line) - len(line.lstrip(" "))) :] for line in fence[1:]]


def _intro(drafts: list[_Draft], lines: list[str]) -> str:
    """What stands before the first step, without the title."""
    steps = (place for place, draft in enumerate(drafts) if draft.seq is not None)
    first = next(steps, len(drafts))
    end = drafts[first].start if first < len(drafts) else len(lines)
    title = next((draft for draft in drafts[1:first] if lines[draft.start].lstrip().startswith("# ")), None)
    return _prose(lines[title.body if title else drafts[0].body : end])


def _prose(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()


def _without_long_texts(text: str) -> str:
    """A TOML text in which no line of a text over several lines can be taken for a key."""

    def blank(found: re.Match[str]) -> str:
        return '""' + "\n" * found[0].count("\n") if found["long"] else found[0]

    return re.sub(r"[ \t]+", " ", _TOKENS.sub(blank, text)).translate(_NO_LINE_ENDS)
