"""A handover as text that may be pasted into a chat, or as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from agent.domain.words import plural
from console.commands import handover_lines as line
from console.commands.handover_lines import ago, figure_words, stamp, trust_words

if TYPE_CHECKING:
    from agent.reports.handover_report import Handover

_MARKS = re.compile(r"([\\`*_<>#|~]|\](?=[(\[:]))")
_MOST = 20
"""Lines of a section: a page is read, a log is not."""

T = TypeVar("T")


class Section(NamedTuple):
    """A heading, its lines, and what is said of it where there are none."""

    title: str
    lines: list[str]
    none: str
    more: int = 0  # that are left out


def as_text(found: Handover, *, markdown: bool = False) -> str:
    """One page: a head, sections of what there is, and one line of what there is none of."""
    say = _escaped if markdown else str
    known = sections(found)
    lines = [f"# {say(_title(found))}" if markdown else _title(found), ""]
    lines += [say(_data(found)), "", say(_wanting(found))]
    for section in known:
        if section.lines:
            title = f"{section.title} ({len(section.lines) + section.more})"
            lines += ["", f"## {title}", ""] if markdown else ["", f"{title}:"]
            lines += [f"- {say(each)}" for each in section.lines]
        if section.more:
            lines.append(f"- and {section.more} more before")
    none = [section.none for section in known if not section.lines]
    if none:
        lines += ["", say(f"None: {', '.join(none)}.")]
    if found.binding is not None:
        trust = f" [{trust_words(found.data, found.now)}]" if found.binding.seconds else ""
        lines += ["", say(f"Binding cap: {found.binding.in_full}{trust}.")]
    return "\n".join(lines)


def sections(found: Handover) -> list[Section]:
    """What there is to tell, the most pressing first."""

    def told(title: str, words: Callable[[T, int], str], each: Sequence[T], none: str) -> Section:
        lines = [words(one, found.now) for one in each[:_MOST]]
        return Section(title, lines, none, len(each) - len(lines))

    return [
        told("Open incidents", line.incident, found.incidents, "open incidents"),
        told("Firing, taken by nobody", line.alert, found.alerts, "untaken alerts"),
        told("Blind", line.blind, found.blind, "blind parts"),
        told("Waiting for approval", line.waiting, found.waiting, "pending approvals"),
        told("In force", line.in_force, found.in_force, "throttles, blocks and caps in force"),
        told("Caps near", line.cap, found.caps, "caps near"),
        told("Runbooks in progress", line.run, found.runs, "runbooks in progress"),
        told("Silences", line.silence, found.silences, "silences"),
        told("Planned activity", line.planned, found.planned, "planned activity"),
        told("Releases ahead", line.release, found.releases, "releases ahead"),
        told("Postmortems owed", line.owed, found.owed, "postmortems owed"),
        told("Not delivered", line.lost, found.undelivered, "undelivered messages"),
        told("Over in this shift", line.ended, found.ended, "ends in this shift"),
    ]


# The head


def _title(found: Handover) -> str:
    of = f" of {found.organization}" if found.organization else ""
    return f"Handover{of}, {stamp(found.now)} UTC"


def _data(found: Handover) -> str:
    shift = f"The shift began {ago(found.since, found.now)}."
    if found.data.as_of is None:
        return f"{shift} The ledger has no usage."
    return f"{shift} Burn now: {figure_words(found.data, found.now)}."


def _wanting(found: Handover) -> str:
    info = sum(each.tier == "info" for each in found.alerts)
    left = f" Not counted: {plural(info, 'alert')} for information." if info else ""
    if not found.wanting:
        return f"Nothing wants a person now.{left}"
    return f"Wants somebody: {', '.join(found.wanting)}.{left}"


def _escaped(text: str) -> str:
    """Names with the marks of Markdown in them stay what they are."""
    return _MARKS.sub(r"\\\1", text)
