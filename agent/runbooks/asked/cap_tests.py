"""Conditions on caps: near, reached, below, and whether the pool covers a top-up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.words import duration
from agent.ledger.kinds import SCOPE_KINDS
from agent.runbooks.asked.answer import credits_, share
from agent.runbooks.asked.capped import around, burnt, room_of
from agent.runbooks.asked.fed import LATE_S
from agent.runbooks.asked.given import Part, bad, nano, number, part, scope_of, seconds
from agent.runbooks.asked.known import unsafe_caps
from agent.runbooks.asked.sight import sight
from agent.runbooks.asked.verdicts import drilled, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.domain.allocation import Allocation
    from agent.reports.burn_report import Budget
    from agent.runbooks.asking import Context, Given


def usage_threatens(context: Context, given: Given) -> Verdict:
    """A cap around a scope is used to a share, or is reached within so long at the present burn."""
    about, runway_s = part(context, given, required=True), seconds(given, "runway", "24h")
    bound, mine = number(given, "share", "0.9"), around(context, part(context, given))
    if not mine:
        return verdict(False, "usage-threatens", given, f"No cap counts the burn of {about}.")
    rows, _ = burnt(context, mine)
    found = [
        (each, row)
        for each, row in zip(mine, rows, strict=True)
        if of_cap(each, row) >= bound or (row.hard_runway_s is not None and row.hard_runway_s <= runway_s)
    ]
    each, row = max(found or list(zip(mine, rows, strict=True)), key=lambda pair: of_cap(*pair))
    used = f"{each.id} has used {share(of_cap(each, row))} of its hard cap"
    ahead = _ahead(row.hard_runway_s)
    limits = f"the bounds are {share(bound)} and {duration(runway_s)}"
    return verdict(bool(found), "usage-threatens", given, f"{used}{ahead}; {limits}.", truth=row.used)


def _ahead(runway_s: int | None) -> str:
    if runway_s is None:
        return ", and does not reach it this month at this burn"
    return f", and reaches it in {duration(runway_s)}" if runway_s else ""


def at_cap(context: Context, given: Given) -> Verdict:
    """A scope has used so much of its hard cap: its own, else of the tightest one around it."""
    return _cap(context, given, "at-cap", above=True)


def below_cap(context: Context, given: Given) -> Verdict:
    """A scope has used less than so much of its hard cap: its own, else of the tightest one around it."""
    return drilled(context, _cap(context, given, "below-cap", above=False))


def _cap(context: Context, given: Given, name: str, *, above: bool) -> Verdict:
    about, bound = part(context, given, required=True), number(given, "share", "1.0")
    found = _tightest(context, about)
    if found is None:
        rest = "" if above else ", so it is below none"
        return verdict(False, name, given, f"No cap counts the burn of {about}{rest}.")
    each, row = found
    used, cap = row.used.value or Decimal(0), to_credits(each.hard_cap_nano)
    reached = used >= cap * bound
    part_of = "its hard cap" if bound == 1 else f"{share(bound)} of its hard cap"
    # What is known is a lower bound: it shows that a cap is reached, and below it only where nothing lacks.
    unknown = "" if reached else _unknown(context, each)
    so = "at" if reached else "below"
    return verdict(
        reached is above and not unknown,
        name,
        given,
        f"{each.id} has used {credits_(used)} of {credits_(cap)} ({share(of_cap(each, row))}): "
        f"{f'as far as is known, {so} {part_of}; but {unknown}' if unknown else f'{so} {part_of}'}.",
        truth=row.used,
    )


def _unknown(context: Context, each: Allocation) -> str:
    """Why the newest burn that an allocation counts is not known."""
    seen = sight(context, Part(SCOPE_KINDS[each.scope.kind], each.scope.value, each.scope))
    end = int(context.now) if seen.until is None else seen.until
    return seen.unknown(end - LATE_S, end, LATE_S)


def _tightest(context: Context, about: Part) -> tuple[Allocation, Budget] | None:
    mine = around(context, about)
    own = [each for each in mine if each.scope == about.scope]
    rows, _ = burnt(context, own or mine)
    return max(zip(own or mine, rows, strict=True), key=lambda pair: of_cap(*pair), default=None)


def of_cap(each: Allocation, row: Budget) -> Decimal:
    """The share of the hard cap that is used."""
    cap = to_credits(each.hard_cap_nano)
    return (row.used.value or Decimal(0)) / cap if cap else Decimal(1)


def pool_covers(context: Context, given: Given) -> Verdict:
    """The pool has enough left for a top-up of a scope."""
    scope, amount = scope_of(context, given), nano(given, "amount")
    if not amount:
        bad("amount", given["amount"], "more than nothing")
    room = room_of(context)
    if room is None:
        sentence = "There is no credit pool: no allocation has the scope organization."
        return verdict(False, "pool-covers", given, sentence)
    asked, left = credits_(to_credits(amount)), credits_(to_credits(max(room.available_nano, 0)))
    met = amount <= room.available_nano
    sentence = (
        f"{asked} for {scope}, {left} left in the pool{'' if met else ': it is short'}. {room.sentence()}."
    )
    return verdict(met, "pool-covers", given, sentence, as_of=int(context.now))


def caps_reversible(context: Context, given: Given) -> Verdict:
    """Every hard cap that blocks has an override, a way back and something left."""
    found, count = unsafe_caps(context), len(context.settings.allocations)
    if not found:
        sentence = f"All {count} allocations have an override, a way back and a buffer at their hard cap."
        if not count:
            sentence = "There are no allocations, so no hard cap can lock anybody out."
        return verdict(True, "caps-reversible", given, sentence)
    rows = [(each.allocations[0], each.what, each.fix) for each in found]
    first = found[0]
    return verdict(
        False,
        "caps-reversible",
        given,
        f"{len({row[0] for row in rows})} of {count} allocations are not safe at their hard cap, first "
        f"{first.allocations[0]}: {first.what}.",
        ("allocation", "what", "what mends it"),
        rows,
    )
