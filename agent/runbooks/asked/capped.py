"""Caps around a scope, budgets of the month, and what the pool has to give."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent.allocations import settings_now, within
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.intent import Refused
from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.words import duration
from agent.reports.allocation_burn import burning_at
from agent.reports.budgets import budgets
from agent.reports.moment import moment
from agent.runbooks.asked.answer import credits_, credits_exactly, evidence, exact, rate, runway, share
from agent.runbooks.asked.given import Part, part, scope_of

if TYPE_CHECKING:
    from agent.domain.pool import Room
    from agent.reports.burn_report import Budget, Runway
    from agent.runbooks.asking import Context, Given

_NO_POOL = "There is no credit pool: no allocation has the scope organization."


def allocations_now(context: Context) -> tuple[Allocation, ...]:
    """The allocations in force."""
    reader = context.reader
    return settings_now(context.settings, reader.action_store(), context.now).allocations


def around(context: Context, about: Part) -> list[Allocation]:
    """The allocations that count the burn of a part, widest first."""
    scope = about.scope
    lies = within(context.reader.alert_store())
    found = [
        each
        for each in allocations_now(context)
        if each.scope.kind is ScopeKind.ORGANIZATION
        or (scope is not None and (each.scope == scope or lies(scope, each.scope)))
    ]
    return sorted(found, key=lambda each: each.scope.kind.depth)


def burnt(context: Context, mine: list[Allocation]) -> tuple[list[Budget], Runway | None]:
    """The budgets of allocations, in their order, and the cap among them that bites first."""
    reader = context.reader
    with reader.snapshot():
        when = moment(reader, context.now)
        found, first = budgets(mine, burning_at(reader, context.settings, when, mine))
    by_id = {row.allocation_id: row for row in found}
    return [by_id[each.id] for each in mine], first


def left_of(allocation: Allocation, row: Budget) -> Decimal:
    """Credits until the hard cap; below zero past it."""
    return to_credits(allocation.hard_cap_nano) - (row.used.value or 0)


def caps(context: Context, given: Given) -> Evidence:
    """Every cap that counts a scope's burn, and the one that binds: it is reached first."""
    about = part(context, given, required=True)
    title = f"Caps around {about}"
    mine = around(context, about)
    if not mine:
        return evidence("caps", title, given, f"No cap counts the burn of {about}.")
    rows, first = burnt(context, mine)
    left = {each.id: left_of(each, row) for each, row in zip(mine, rows, strict=True)}
    binding = next(each for each in mine if first is not None and each.id == first.allocation_id)
    table = [
        (
            each.id,
            str(each.scope),
            credits_exactly(row.used),
            credits_exactly(to_credits(each.hard_cap_nano)),
            share(row.share),
            credits_exactly(left[each.id]),
            runway(row.hard_runway_s),
            "yes" if each is binding else "",
        )
        for each, row in zip(mine, rows, strict=True)
    ]
    return evidence(
        "caps",
        title,
        given,
        f"{_binding(binding, left[binding.id])}{f'; {first.sentence}' if first else ''}.",
        ("allocation", "scope", "used", "hard cap", "share", "left", "runway", "binds"),
        table,
        note=f"runway: at the mean burn of {duration(rows[0].burn_s)}; share: of the monthly credits",
        truth=rows[0].used,
    )


def _binding(each: Allocation, left: Decimal) -> str:
    if left <= 0:
        return f"{each.id} binds: its hard cap of {credits_(to_credits(each.hard_cap_nano))} is reached"
    return f"{each.id} binds: {credits_(left)} are left until its hard cap"


BUDGET_COLUMNS = ("allocation", "scope", "used", "budget", "share", "forecast", "variance", "burn")


def budget(context: Context, given: Given) -> Evidence:
    """Every allocation's month: what is used, what it has, and where it ends."""
    from agent.runbooks.asked.foreseen import month_ends

    title = "Budgets of the month"
    mine = sorted(allocations_now(context), key=lambda each: (each.scope.kind.depth, each.id))
    if not mine:
        return evidence("budget", title, given, "There are no allocations, so there is no budget to keep.")
    rows, first = burnt(context, mine)
    ends = month_ends(context, mine)
    table = []
    over = []
    for each, row in zip(mine, rows, strict=True):
        end = ends.get(each.id)
        budgeted = to_credits(each.monthly_nano)
        past = None if end is None else to_credits(end) - budgeted
        if past is not None and past > 0:
            over.append(each.id)
        table.append(
            (
                each.id,
                str(each.scope),
                credits_exactly(row.used),
                credits_exactly(budgeted),
                share(row.share),
                credits_exactly(None if end is None else to_credits(end)),
                "–" if past is None else f"{'+' if past > 0 else ''}{exact(past)} credits",
                rate(row.burn),
            )
        )
    sentence = f"{len(over)} of {len(mine)} allocations end the month over budget"
    sentence += f": {', '.join(over[:3])}" + (" and others" if len(over) > 3 else "") if over else ""
    if not ends:
        sentence = "There is no whole day of history to forecast the month from"
    return evidence(
        "budget",
        title,
        given,
        f"{sentence}{f'; {first.sentence}' if first else ''}.",
        BUDGET_COLUMNS,
        table,
        note="forecast: month to date + average of the last 14 days x days left + planned releases; "
        "variance: forecast less budget",
        truth=rows[0].used,
    )


def room_of(context: Context) -> Room | None:
    """What the organization has to give; None without a pool."""
    from agent.control.planning import books_of
    from agent.control.pool import pool_of

    try:
        return pool_of(books_of(context.reader), context.settings, context.now).room
    except Refused:
        return None


def pool(context: Context, given: Given) -> Evidence:
    """What a top-up of a scope may take of the pool."""
    scope = scope_of(context, given)
    title = f"Credits for a top-up of {scope}"
    found = room_of(context)
    if found is None:
        return evidence("pool", title, given, _NO_POOL)
    mine = next((each for each in allocations_now(context) if each.scope == scope), None)
    holders = sorted(found.holders, key=lambda each: -each.monthly_nano)
    left = credits_(to_credits(max(found.available_nano, 0)))
    has = "has no allocation that could be topped up" if mine is None else f"may take them for {mine.id}"
    return evidence(
        "pool",
        title,
        given,
        f"{left} of the pool are left; {scope} {has}.",
        ("holder", "credits"),
        [
            ("left in the pool", credits_exactly(to_credits(found.available_nano))),
            ("taken by top-ups", credits_exactly(to_credits(found.topped_nano))),
            *(
                (each.id, credits_exactly(to_credits(each.monthly_nano - each.topped_nano)))
                for each in holders
            ),
        ],
        note=found.sentence(),
        as_of=int(context.now),
    )
