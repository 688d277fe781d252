"""What a throttle would have done: tried on the ledger's own calls, as each gateway counts."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import ScopeKind
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.words import duration, instant
from agent.ledger.kinds import Kind
from agent.runbooks.asked.answer import credits_, credits_exactly, empty, evidence, share
from agent.runbooks.asked.given import bad, flag, scope_of
from agent.runbooks.asked.windows import window

if TYPE_CHECKING:
    from agent.control.planning import Books, Plan, PlannedKey
    from agent.control.planning.replay import KeyReplay, Replay
    from agent.runbooks.asking import Context, Given

WHAT_IF_COLUMNS = ("key", "name", "team", "production", "calls", "refused", "share", "saved", "limit")
_ANY = Limit(30, LimitUnit.RPM)
"""Where nothing is known of what is usual."""
_UNITS = "|".join(unit.value for unit in LimitUnit)
_SHAPE = re.compile(rf"\s*(\d{{1,12}})\s*({_UNITS})\s*")


def what_if(context: Context, given: Given) -> Evidence:
    """How many calls a throttle of a scope would have refused lately, and what that would have saved."""
    from agent.allocations import settings_now
    from agent.control.planning import books_of
    from agent.control.planning.replay import replay

    scope, limit = scope_of(context, given), _limit(given)
    window_s, non_prod = window(context, given, "1h"), flag(given, "non-prod")
    spec = ActionSpec(ActionKind.THROTTLE, scope, non_prod=non_prod, limit=limit or _ANY, expires_s=3_600)
    with context.reader.snapshot():
        books = books_of(context.reader)
        end = books.complete_to(context.now)
        if limit is None:
            spec = replace(spec, limit=_usual(context, books, spec))
        title = f"What if {scope}{' outside of production' if non_prod else ''} were held to {spec.limit}?"
        if end is None:
            return empty("what-if", title, given)
        settings = settings_now(context.settings, books.actions, context.now)
        made, trouble = _planned(context, books, spec)
        found = replay(books, settings, spec, end - window_s, end, made)
    return evidence(
        "what-if",
        title,
        given,
        _said(found, window_s),
        WHAT_IF_COLUMNS,
        [(*_key(each), str(spec.limit)) for each in found.keys],
        note="; ".join(
            filter(None, (f"counted {', '.join(found.ways)}" if found.ways else "", trouble, *found.notes))
        ),
        as_of=end,
    )


def _limit(given: Given) -> Limit | None:
    text = given.get("limit", "")
    if not text.strip():
        return None
    match = _SHAPE.fullmatch(text.lower())
    if match is None:
        bad("limit", text, f"a limit such as 10 rps, in {_UNITS.replace('|', ', ')}")
    return Limit(int(match[1]), LimitUnit(match[2]))


def _usual(context: Context, books: Books, spec: ActionSpec) -> Limit:
    """As many calls a minute as are usual: of a key with all that share its limit, or of the busiest."""
    from agent.reports.triage import triage

    made, _ = _planned(context, books, spec)
    report = triage(context.reader, context.settings, context.now)
    rows = next((table.rows for table in report.tables if table.kind is Kind.API_KEY), ())
    hit = {key.api_key for key in (_within(context, books, spec) if made is None else made.keys)}
    usual = [row.requests_usual for row in rows if row.value in hit]
    calls = sum(usual) if spec.scope.kind is ScopeKind.API_KEY else max(usual, default=0)
    return Limit(max(1, math.ceil(calls)), LimitUnit.RPM) if calls else _ANY


def _within(context: Context, books: Books, spec: ActionSpec) -> list[PlannedKey]:
    """The keys that a throttle would hold if every one could be held."""
    from agent.control.planning.keys import keys_in, keys_of

    known = keys_of(books, books.actions.gateway_keys(), context.settings.acting.production)
    return [key for key in keys_in(known, spec.scope) if not (spec.non_prod and key.production)]


def _planned(context: Context, books: Books, spec: ActionSpec) -> tuple[Plan | None, str]:
    """The plan of the throttle; without one every key would be held by itself."""
    from agent.control.gateways.base import UnsupportedError
    from agent.control.planning import plan

    try:
        return plan(books, context.settings, spec, context.now), ""
    except UnsupportedError as error:
        return None, f"as it is, nothing could be done: {error.message}"


def _said(found: Replay, window_s: int) -> str:
    saved = credits_(to_credits(found.saved_nano))
    if not found.calls:
        return f"No call of the last {duration(window_s)} would have been held."
    if not found.refused:
        return f"None of {found.calls:,} calls of the last {duration(window_s)} would have been refused."
    return (
        f"{found.refused:,} of {found.calls:,} calls of the last {duration(window_s)} would have been "
        f"refused ({share(found.share)}), {share(found.production_share)} of them production; {saved} saved; "
        f"most in the minute of {instant(found.worst_minute or 0)}."
    )


def _key(each: KeyReplay) -> tuple[str, ...]:
    return (
        each.api_key,
        each.name,
        each.team,
        "yes" if each.production else "no",
        f"{each.calls:,}",
        f"{each.refused:,}",
        share(each.share),
        credits_exactly(to_credits(each.saved_nano)),
    )
