"""What keys called lately, minute by minute, and what a limit would have refused of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from agent.domain.gateway import Limit, LimitUnit

if TYPE_CHECKING:
    from agent.control.planning.books import Books

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one minute."""

    requests: int = 0
    tokens: int = 0
    nano: int = 0  # nano-credits

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.requests + other.requests, self.tokens + other.tokens, self.nano + other.nano)


class Caller(NamedTuple):
    """Who called what."""

    api_key: str
    project: str
    model: str
    batch: bool = False


Minutes = Mapping[int, Calls]
"""Calls by the start of their minute, epoch seconds."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a limit would have done to calls that are known."""

    requests: int = 0  # that came
    refused: int = 0
    nano: int = 0  # nano-credits that were burnt
    saved_nano: int = 0  # of them, by calls that would have been refused
    batch_nano: int = 0  # beside them, by batches that the limit does not hold

    def __add__(self, other: Refusals) -> Refusals:
        return Refusals(
            self.requests + other.requests,
            self.refused + other.refused,
            self.nano + other.nano,
            self.saved_nano + other.saved_nano,
            self.batch_nano + other.batch_nano,
        )


def recent_calls(
    books: Books, start: int, end: int, api_keys: Collection[str]
) -> dict[Caller, dict[int, Calls]]:
    """Calls of keys by caller and minute in [start, end); an hour known whole is spread over its minutes."""
    wanted = frozenset(api_keys)
    contexts = {ident: whose for ident, whose in books.alerts.contexts().items() if whose.api_key in wanted}
    services = books.alerts.services()
    found: dict[Caller, dict[int, Calls]] = {}
    for name in ("plan_buckets", "plan_events"):
        for context, service, at, width, requests, tokens, nano in books.calls(name, start, end):
            whose = contexts.get(context)
            called = services.get(service)
            if whose is None or called is None:
                continue
            minutes = found.setdefault(
                Caller(whose.api_key, whose.project, called.model, service in books.batch_services), {}
            )
            if width == MINUTE_S and at not in minutes:  # nearly all of them: nothing to spread or to add
                minutes[at] = Calls(requests, tokens, nano)
                continue
            for minute, calls in _spread(at, width, Calls(requests, tokens, nano)):
                if start - MINUTE_S < minute < end:
                    minutes[minute] = minutes.get(minute, Calls()) + calls
    return found


def _spread(at: int, width: int, calls: Calls) -> Iterable[tuple[int, Calls]]:
    parts = max(width // MINUTE_S, 1)
    for part in range(parts):
        share = (_part(each, part, parts) for each in (calls.requests, calls.tokens, calls.nano))
        yield at + part * MINUTE_S, Calls(*share)


def _part(whole: int, part: int, parts: int) -> int:
    """An even part of a whole number; all parts together are the whole."""
    return whole * (part + 1) // parts - whole * part // parts


def callers_by_key(callers: Iterable[Caller]) -> dict[str, list[Caller]]:
    """Callers by their key, so that those of a target are found without looking at all."""
    found: dict[str, list[Caller]] = {}
    for caller in callers:
        found.setdefault(caller.api_key, []).append(caller)
    return found


def together(calls: Iterable[Minutes]) -> dict[int, Calls]:
    """Calls of several callers that share one limit."""
    found: dict[int, Calls] = {}
    for minutes in calls:
        for minute, each in minutes.items():
            found[minute] = found.get(minute, Calls()) + each
    return found


def refused(minutes: Minutes, limit: Limit | None) -> Refusals:
    """What a limit would have refused, minute by minute; None blocks everything.

    Within a minute calls count as alike. A limit of parallel calls is not known from minutes: it refuses
    nothing here.
    """
    passing = _passing(limit)
    found = Refusals()
    for calls in minutes.values():
        kept = min(passing(calls), calls.requests)
        saved = calls.nano - (calls.nano * kept // calls.requests if calls.requests else 0)
        found += Refusals(calls.requests, calls.requests - kept, calls.nano, saved)
    return found


def _passing(limit: Limit | None) -> Callable[[Calls], int]:
    """How many calls of a minute would have passed."""
    if limit is None:
        return lambda calls: 0
    if (most := limit.per_minute) is not None:
        return lambda calls: most
    if limit.unit is LimitUnit.TPM:
        return lambda calls: (
            calls.requests * limit.amount // calls.tokens if calls.tokens > limit.amount else calls.requests
        )
    return lambda calls: calls.requests
