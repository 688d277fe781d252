"""An incident in a few sentences: what, whose, how long, how soon it was seen, what it cost, what is open."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.words import duration, instant
from agent.runbooks.postmortem.cost import burnt_sentence
from agent.runbooks.postmortem.model import Postmortem, RunLine, Times


def summary_of(made: Postmortem) -> Iterator[str]:
    """The sentences, each of which can stand alone."""
    drill = bool(made.runs) and all(run.drill for run in made.runs)
    if drill:
        yield "This was a drill: nothing was changed."
    if made.times is None:
        yield from map(_of_run, made.runs)
        return
    yield _what(made)
    yield from _course(made.times, drill=drill)
    if made.cost is not None:
        yield burnt_sentence(made.cost)
    yield from map(_of_run, made.runs)
    for ident in made.unread:
        yield f"Run {ident} cannot be read by this version, and is left out."


def _what(made: Postmortem) -> str:
    cause = f"{made.cause.replace('_', ' ')}: " if made.cause else ""
    scopes = ", ".join(dict.fromkeys(each.scope for each in made.alerts))
    rules = ", ".join(dict.fromkeys(each.rule for each in made.alerts))
    teams = f" (team {', '.join(made.impact.teams)})" if made.impact.teams else ""
    tier = f", {made.tier.replace('_', ' ')}" if made.tier else ""
    said = f"{cause}{scopes}{teams}, told of by {rules}{tier}."
    return said[:1].upper() + said[1:] if cause else said


def _course(times: Times, *, drill: bool) -> Iterator[str]:
    start = times.began if times.rose is None else min(times.rose, times.began)
    what = "It was first seen in the data" if times.rose is None else "The burn left its usual band"
    if times.fired is None:
        yield f"{what} at {instant(start)}; no alert fired."
    else:
        yield f"{what} at {instant(start)}; the alert fired {_later(start, times.fired)}."
    if times.acknowledged is not None and times.fired is not None:
        yield f"Somebody took it {_later(times.fired, times.acknowledged)}."
    if times.mitigated is None:
        yield "Nothing that was changed took hold."
    else:
        held = "would have taken hold" if drill else "took hold"
        yield f"The first change {held} at {instant(times.mitigated)}, {_later(start, times.mitigated)}."
    if times.resolved is None:
        yield "It is not over."
    else:
        yield f"It was over at {instant(times.resolved)}, {_later(start, times.resolved)}."


def _later(start: int, end: int) -> str:
    return f"{duration(end - start)} later" if end > start else "at once"


def _of_run(run: RunLine) -> str:
    ended = "is open" if run.ended_at is None else f"ended {run.state} at {instant(run.ended_at)}"
    outcome = f": {run.outcome.rstrip('.')}" if run.outcome else ""
    began = f"was started by {run.started_by} at {instant(run.started_at)}"
    return f"Run {run.id} of {run.title} {began} and {ended}{outcome}."
