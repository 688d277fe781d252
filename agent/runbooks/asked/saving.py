"""What would save credits: the optimization scorecard on a scope's own last 30 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.alerts.suggestions import suggestions
from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.words import plural
from agent.ledger.history_store import HistoryStore
from agent.reports.layers import truth
from agent.reports.moment import DAY, moment
from agent.runbooks.asked.answer import UNKNOWN, credits_exactly, empty, evidence
from agent.runbooks.asked.capped import around
from agent.runbooks.asked.given import WHOLE, part

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_DAYS = 30


def levers(context: Context, given: Given) -> Evidence:
    """The levers that a scope's traffic has a use for, the largest saving first."""
    asked, reader = part(context, given), context.reader
    about, note = asked, ""
    if asked.scope is None:
        about, note = (
            WHOLE,
            f"of the whole organization: levers are known of scopes only, and {asked} is none",
        )
    assert about.scope is not None
    title = f"What would save credits in {about}"
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("levers", title, given)
        lists = [each.approved_models for each in around(context, about) if each.approved_models]
        found = suggestions(HistoryStore(reader.rows), about.scope, when.at, lists[-1] if lists else ())
        layers = truth(reader, when.at - _DAYS * DAY, when.at, days=True)
    return evidence(
        "levers",
        title,
        given,
        f"{plural(len(found), 'lever')}; first: {found[0].text}."
        if found
        else f"Nothing that {about} did in {_DAYS} days has a lever that is worth a credit.",
        ("lever", "saves at least", "saves at most", "what to do"),
        [
            (
                each.lever.value.replace("_", " "),
                UNKNOWN if each.low_nano is None else f"{credits_exactly(to_credits(each.low_nano))} a month",
                UNKNOWN
                if each.high_nano is None
                else f"{credits_exactly(to_credits(each.high_nano))} a month",
                each.text,
            )
            for each in found
        ],
        note="; ".join(filter(None, (note, "savings of several levers overlap: they do not add up"))),
        truth=layers,
    )
