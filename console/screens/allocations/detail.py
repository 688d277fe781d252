"""One allocation in full: its use, every cap around it and which one binds, what it gives, what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.alerts.layout import LABEL, Fact, block, running, stacked
from console.screens.allocations.asking import Explained
from console.screens.allocations.rows import gauge, name, sign, tone_of
from console.widgets.ink import Line, Span, Tone, clip_words, first_that_fits, spread, width_of, wrap

if TYPE_CHECKING:
    from agent.reports.allocation_tree import AllocationTree, PendingChange, TreeRow
    from agent.reports.burn_report import Budget
    from agent.reports.cap_explain import CapExplain, NativeLimit

_MOST_LIMITS = 3
_NO_LIMIT = (
    "no limit",
    "not blocked",
    "not blocked, no limit",
    "nothing",
    "nothing known",
    "every hosted tool",
    "nothing told yet",
)


def draw_detail(
    tree: AllocationTree, row: TreeRow, explained: Explained | None, now: float, width: int, height: int
) -> list[Line]:
    """The detail; there may be more to scroll to."""
    inner = width - 2
    room = inner - LABEL
    blocks: list[Sequence[Line]] = [
        [_heading(row, inner), [*gauge(row.budget, inner)], _use(row.budget, now, inner)],
        block("forged", _forged(row, room)),
        block("asked", [line for each in row.pending for line in pending(each, now, room)]),
        block("caps", _chain(tree, row, room)),
        block("gives", running(_gives(row), room)),
        block("is", running(_is(row), room)),
        block("keys", _keys(explained, room)),
        block("behind", _behind(explained, room)),
    ]
    return stacked(blocks, height)


def draw_new(change: PendingChange, now: float, width: int, height: int) -> list[Line]:
    """A change of what has no allocation yet."""
    return [[Span(" "), *line] for line in pending(change, now, width - 2)]


def _heading(row: TreeRow, width: int) -> Line:
    budget = row.budget
    start = [
        Span(f"{sign(budget)}{name(budget)}", tone_of(budget) if sign(budget) else Tone.STRONG),
        Span(f"  {row.level}", Tone.DIM),
    ]
    return spread(start, [Span(budget.allocation_id, Tone.DIM)], width)


def _use(budget: Budget, now: float, width: int) -> Line:
    """What is used of what, and how long the rest lasts."""
    start = [
        Span(fmt.number(budget.used.value), Tone.STRONG),
        Span(f" of {fmt.number(budget.monthly.value)} credits, {fmt.share(budget.share)}", Tone.DIM),
    ]
    burns = Span(f"  burns {fmt.number(budget.burn.value)}/min", Tone.DIM)
    age = "" if budget.used.as_of is None else f" {fmt.age(now - budget.used.as_of)}"
    end = [Span(f" {budget.used.tag}{age}", Tone.DIM)]
    return spread(first_that_fits(([*start, burns], start), width - width_of(end)), end, width)


def pending(change: PendingChange, now: float, width: int) -> Iterator[Line]:
    """What is asked for, by whom, and who can decide it."""
    yield from ([Span(line, Tone.HOT)] for line in wrap(f"? {change.text}", width))
    waits = " and ".join(" or ".join(roles) for roles in change.needs)
    left = "" if change.approve_by is None else f" for {fmt.span(change.approve_by - now)} more"
    state = f"waits for {waits}{left}" if change.state == "standby" else f"is {change.state}"
    text = f"action {change.action} by {change.asked_by}, {state}: {change.reason}"
    yield from ([Span(line, Tone.DIM)] for line in wrap(text, width))


def _forged(row: TreeRow, width: int) -> Iterator[Line]:
    for each in row.forged:
        yield from ([Span(line, Tone.HOT)] for line in wrap(f"▲ {each}", width))


def _chain(tree: AllocationTree, row: TreeRow, width: int) -> Iterator[Line]:
    """Every allocation around it, widest first, and the one whose cap is reached first."""
    chain = chain_of(tree, row)
    for each in chain:
        budget = each.budget
        left = left_of(budget)
        who = Span(f"{sign(budget)}{name(budget)}", tone_of(budget))
        caps = Span(f"  hard cap {fmt.share(budget.hard_cap)}, soft {fmt.share(budget.soft_cap)}", Tone.DIM)
        mark = " ◀ binds" if each.budget.allocation_id == row.binding else "        "
        words = f"{fmt.number(left)} left" if left > 0 else "reached"
        end = [Span(words, Tone.HOT if left <= 0 else Tone.PLAIN), Span(mark, Tone.ACCENT)]
        starts = ([who, caps], [who, Span(f"  {fmt.share(budget.hard_cap)}", Tone.DIM)], [who])
        yield spread(first_that_fits(starts, width - width_of(end) - 1), end, width)


def _behind(explained: Explained | None, width: int) -> Iterator[Line]:
    """The provider's own limit behind its hard cap, or why there is none."""
    if explained is not None and explained.backstop:
        yield from ([Span(line, Tone.DIM)] for line in wrap(explained.backstop, width))


def chain_of(tree: AllocationTree, row: TreeRow) -> list[TreeRow]:
    """A row and those around it, widest first: the nearest one above of each smaller depth."""
    place = tree.rows.index(row)
    chain = [row]
    for each in reversed(tree.rows[:place]):
        if each.depth < chain[0].depth:
            chain.insert(0, each)
    return chain


def left_of(budget: Budget) -> Decimal:
    """Credits until the hard cap; below zero past it."""
    monthly, used = budget.monthly.value or Decimal(0), budget.used.value or Decimal(0)
    return monthly * budget.hard_cap - used


def _gives(row: TreeRow) -> Iterator[Fact]:
    yield "has", f"{fmt.number(row.given.value)} credits a month", Tone.PLAIN
    if row.topped_up.value:
        yield "topped up by", f"{fmt.number(row.topped_up.value)} until the month ends", Tone.WARM
    if row.held_below.value:
        yield "held below", fmt.number(row.held_below.value), Tone.PLAIN


def _is(row: TreeRow) -> Iterator[Fact]:
    known = (
        ("owner", row.owner),
        ("cost center", row.cost_center),
        ("expires", row.expires),
        ("rollover", fmt.share(row.rollover) if row.rollover else ""),
        ("models", ", ".join(row.approved_models)),
    )
    return ((label, value, Tone.PLAIN) for label, value in known if value)


def _keys(explained: Explained | None, width: int) -> Iterator[Line]:
    """Which cap binds some of its keys, and what gateways hold for them."""
    if explained is None:
        yield [Span("asking the ledger …", Tone.DIM)]
        return
    for each in explained.explained:
        yield from _key(each, width)
    more = explained.keys - len(explained.explained)
    if more > 0:
        yield [Span(f"and {more} more: `burndeck cap explain KEY` explains any", Tone.DIM)]
    elif not explained.keys:
        yield [Span("no key has burnt in it", Tone.DIM)]


def _key(each: CapExplain, width: int) -> Iterator[Line]:
    title = each.name if each.name in ("", each.key) else f"{each.name} ({each.key})"
    env = f"  {each.environment}" if each.environment else ""
    yield [Span(clip_words(title or each.key, width - len(env)), Tone.STRONG), Span(env, Tone.DIM)]
    yield from ([Span(f"  {line}")] for line in wrap(each.sentence, width - 2))
    if each.day is not None:
        text = f"{fmt.number(each.day.used.value)} of {fmt.number(each.day.limit.value)} credits today"
        yield [Span(f"  {'▲ ' if each.day.over else ''}{text}", Tone.HOT if each.day.over else Tone.DIM)]
    limits = [limit for limit in each.native if limit.words not in _NO_LIMIT]
    limits.sort(key=_tightness)
    for limit in limits[:_MOST_LIMITS]:
        text = f"{limit.gateway} holds {limit.target.removeprefix('project_')} {limit.id}: {limit.words}"
        yield from ([Span(f"  {line}", Tone.DIM)] for line in wrap(text, width - 2))
    if len(limits) > _MOST_LIMITS:
        yield [Span(f"  and {len(limits) - _MOST_LIMITS} more limits there, none tighter", Tone.DIM)]


def _tightness(limit: NativeLimit) -> tuple[bool, int]:
    """Limits of whole targets first, then those of single models, the least one first."""
    numbers = [value for value in limit.fields.values() if type(value) is int]
    single = limit.target == "project_model"
    return single, min(numbers, default=0) if single else 0
