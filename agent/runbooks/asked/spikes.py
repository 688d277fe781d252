"""What burns more than usual, and what drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.run import Evidence
from agent.domain.words import duration
from agent.ledger.kinds import Kind
from agent.reports.triage import detail, triage
from agent.runbooks.asked.answer import credits_, credits_exactly, empty, evidence, named, rate, share, short
from agent.runbooks.asked.burning import line_of
from agent.runbooks.asked.given import choice, part
from agent.runbooks.asked.windows import window

if TYPE_CHECKING:
    from agent.reports.triage_report import Driver, TriageDetail, TriageReport, TriageRow
    from agent.runbooks.asked.given import Part
    from agent.runbooks.asking import Context, Given

_BY = {
    "key": Kind.API_KEY,
    "model": Kind.MODEL,
    "endpoint": Kind.ENDPOINT,
    "team": Kind.TEAM,
    "project": Kind.PROJECT,
    "environment": Kind.ENVIRONMENT,
}

TOP_COLUMNS = ("name", "now", "usual", "rise", "share")
"""Behind the dimension that was asked for."""
ANY_TOP = (*_BY, *TOP_COLUMNS)


def top(context: Context, given: Given) -> Evidence:
    """Who or what burns most above usual in a window, the largest rise first."""
    by = choice(given, "by", tuple(_BY))
    window_s, about = window(context, given, "15m"), part(context, given)
    title = f"What burns: {by}s of the last {duration(window_s)}"
    found = triage(context.reader, context.settings, context.now, window_s=window_s, within=about.within)
    if found.empty:
        return empty("top", title, given, found.empty)
    rows = [row for row in found.table(_BY[by]).rows if row.now.value or row.usual.value or row.requests]
    return evidence(
        "top",
        title,
        given,
        _first(found, rows),
        (by, *TOP_COLUMNS),
        [
            (
                row.value,
                named(row.label),
                rate(row.now),
                rate(row.usual),
                rate(row.rise),
                share(row.share_of_rise),
            )
            for row in rows
        ],
        note=f"usual: {found.basis_sentence}",
        truth=found.burn,
    )


def _first(found: TriageReport, rows: list[TriageRow]) -> str:
    if not rows:
        return "Nothing burns, and nothing usually does."
    first = rows[0]
    if found.basis == "none":
        most = max(rows, key=lambda row: row.now.value or 0)
        return f"{named(most.label)} burns most, {rate(most.now)}; there is {found.basis_sentence}."
    if first.rise <= 0:
        return f"Nothing burns above usual: {rate(found.burn)} against {rate(found.usual)}."
    return (
        f"{named(first.label)} burns {rate(first.now)} against {rate(first.usual)} usually, "
        f"{share(first.share_of_rise)} of all that rose."
    )


def why(context: Context, given: Given) -> Evidence:
    """What drives the rise of a part: requests, model mix, tokens, cache, price; they add up exactly."""
    window_s, about = window(context, given, "15m"), part(context, given)
    title = f"Why: what drives the rise of {about}"
    report = triage(context.reader, context.settings, context.now, window_s=window_s)
    if report.empty:
        return empty("why", title, given, report.empty)
    found = detail(context.reader, context.settings, report, about.kind, about.value)
    return evidence(
        "why",
        title,
        given,
        _cause(found, about, window_s),
        ("driver", "credits", "share", "now", "usual"),
        [_driver(each) for each in found.drivers],
        note=f"credits of {duration(window_s)}; usual: {report.basis_sentence}",
        truth=found.now,
        line=line_of(context, about, report.at),
    )


def _cause(found: TriageDetail, about: Part, window_s: int) -> str:
    sentence = found.sentence.removesuffix(".")
    if about.whole:
        sentence = f"the organization {sentence.removeprefix('unattributed').strip()}"
    rise = found.rise.value or 0
    size = f"{credits_(found.now)} in {duration(window_s)} against {credits_(found.usual)} usually"
    return f"{sentence}: {size}." if rise > 0 else f"{sentence}; {size}, which is no rise."


def _driver(each: Driver) -> tuple[str, ...]:
    def fact(value: object) -> str:
        return f"{short(value)} {each.unit}".strip() if value is not None else ""  # type: ignore[arg-type]

    return each.label, credits_exactly(each.credits), share(each.share), fact(each.now), fact(each.usual)
