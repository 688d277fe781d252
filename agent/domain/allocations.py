"""Allocations in force: those of burndeck.toml with the changes that were approved since. Pure."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from agent.domain.allocation import Allocation, Scope

TOP_UP = "top_up_nano"
FROM = "from"
"""Where a top-up comes from: nano-credits by `pool`, or by the id of the allocation whose buffer gives."""
POOL = "pool"

_AMOUNTS = frozenset({"monthly_nano", "reserve_nano", "buffer_nano", "daily_nano", "block_expires_s"})
_SHARES = frozenset({"soft_cap", "hard_cap", "rollover"})
_TEXTS = frozenset({"at_hard_cap", "at_hard_cap_prod", "owner", "expires", "cost_center"})
_LISTS = frozenset({"override_approvers", "approved_models", "contacts"})
FIELDS = _AMOUNTS | _SHARES | _TEXTS | _LISTS
"""What a change may set."""


class Change(Protocol):
    """A change of an allocation, as the ledger keeps it.

    `change` is a top-up, or what is set, with `create` and `scope`, or with `retire`.
    """

    @property
    def allocation(self) -> str: ...
    @property
    def change(self) -> Mapping[str, Any]: ...


def in_force(
    configured: Sequence[Allocation], changes: Iterable[Change], now: float, time_zone: str
) -> tuple[Allocation, ...]:
    """The allocations that hold at `now`, where `changes` are those in force then, oldest first.

    Top-ups raise the monthly credits. An allocation ends with its last day in the organization's time zone.
    What burndeck.toml names itself is not created again, and a change of what is gone does nothing.
    """
    known, topped = _known(configured, changes)
    today = datetime.datetime.fromtimestamp(now, ZoneInfo(time_zone)).date()
    return tuple(_topped(each, topped[each.id]) for each in known.values() if not _over(each, today))


def lapsed(
    configured: Sequence[Allocation], changes: Iterable[Change], now: float, time_zone: str
) -> tuple[Allocation, ...]:
    """The allocations whose last day is over: there is nothing left of them, and nobody has said more."""
    known, _ = _known(configured, changes)
    today = datetime.datetime.fromtimestamp(now, ZoneInfo(time_zone)).date()
    return tuple(each for each in known.values() if _over(each, today))


def _known(
    configured: Sequence[Allocation], changes: Iterable[Change]
) -> tuple[dict[str, Allocation], Counter[str]]:
    """Allocations by id, over or not, and what top-ups have given them."""
    known = {each.id: each for each in configured}
    topped: Counter[str] = Counter()
    for each in changes:
        if (amount := each.change.get(TOP_UP)) is not None:
            topped[each.allocation] += amount
            continue
        try:
            after = _after(known, each)
        except ValueError:
            continue  # no agent has written that
        if after is None:
            known.pop(each.allocation, None)
        elif all(other.scope != after.scope for other in known.values() if other.id != after.id):
            known[each.allocation] = after
    return known, topped


def _after(known: Mapping[str, Allocation], each: Change) -> Allocation | None:
    before = known.get(each.allocation)
    creates = bool(each.change.get("create"))
    if each.change.get("retire") or (before is None and not creates):
        return None
    return before if before is not None and creates else changed(before, each.allocation, each.change)


def _topped(allocation: Allocation, nano: int) -> Allocation:
    if not nano:
        return allocation
    return replace(allocation, monthly_nano=allocation.monthly_nano + nano, topped_nano=nano)


def _over(allocation: Allocation, today: datetime.date) -> bool:
    return bool(allocation.expires) and today > datetime.date.fromisoformat(allocation.expires)


def base_nano(allocation: Allocation) -> int:
    """Monthly nano-credits without top-ups and without what was carried on."""
    return allocation.monthly_nano - allocation.topped_nano - allocation.carried_nano


class Part(NamedTuple):
    """What approved changes have made of a cap; None where burndeck.toml says it."""

    monthly_nano: int | None = None
    hard_cap: Decimal | None = None


def ledger_part(configured: Sequence[Allocation], changes: Iterable[Change], ident: str) -> Part:
    """Of the allocation with this id, without top-ups; `changes` are those in force, oldest first."""
    own = any(each.id == ident for each in configured)
    monthly: int | None = None
    share: Decimal | None = None
    for change in (each.change for each in changes if each.allocation == ident):
        if change.get("retire"):
            monthly = share = None
        if TOP_UP in change or change.get("retire") or (own and change.get("create")):
            continue
        try:
            monthly = _value("monthly_nano", change["monthly_nano"]) if "monthly_nano" in change else monthly
            share = _value("hard_cap", change["hard_cap"]) if "hard_cap" in change else share
        except ValueError:
            continue  # no agent has written that
    return Part(monthly, share)


def given(changes: Iterable[Change]) -> Counter[str]:
    """Nano-credits that top-ups in force have taken, by where they came from."""
    taken: Counter[str] = Counter()
    for each in changes:
        if TOP_UP in each.change:
            taken.update(each.change.get(FROM) or {POOL: each.change[TOP_UP]})
    return taken


def changed(before: Allocation | None, ident: str, change: Mapping[str, Any]) -> Allocation:
    """An allocation with the fields of a change; without one before, a new one.

    Amounts are nano-credits, shares are text such as `0.85`. Raises `ValueError` naming the field.
    """
    values = {name: _value(name, value) for name, value in change.items() if name not in _ABOUT}
    if before is not None:
        if "monthly_nano" in values:
            values["monthly_nano"] += before.monthly_nano - base_nano(before)
        return replace(before, **values)
    if "scope" not in change or "monthly_nano" not in values:
        raise ValueError("monthly_nano: a new allocation needs a scope and monthly credits")
    return Allocation(ident, Scope.parse(str(change["scope"])), **values)


_ABOUT = frozenset({"id", "scope", "create", "retire"})


def _value(name: str, value: object) -> Any:
    if name in _AMOUNTS:
        if type(value) is not int or value < 0:
            raise ValueError(f"{name}: must be a whole number, zero or more")
        return value
    if name in _SHARES:
        try:
            share = Decimal(value) if isinstance(value, str) else Decimal("NaN")
        except InvalidOperation:
            share = Decimal("NaN")
        if not share.is_finite():
            raise ValueError(f'{name}: must be a share in quotes, such as "0.85"')
        return share
    if name in _TEXTS:
        if not isinstance(value, str):
            raise ValueError(f"{name}: must be text")
        return value
    if name in _LISTS:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{name}: must be a list of names")
        return tuple(value)
    raise ValueError(f"{name}: an allocation has no such field; known are {', '.join(sorted(FIELDS))}")


def plain(allocation: Allocation, names: Iterable[str]) -> dict[str, Any]:
    """Fields of an allocation as a change has them: JSON without floats, monthly credits without top-ups."""
    found: dict[str, Any] = {}
    for name in names:
        value = base_nano(allocation) if name == "monthly_nano" else getattr(allocation, name)
        if isinstance(value, Decimal):
            value = format(value, "f")
        found[name] = list(value) if isinstance(value, tuple) else value
    return found


def carry_on(
    allocations: Sequence[Allocation], last_month: Iterable[Allocation], used: Mapping[Scope, int]
) -> tuple[Allocation, ...]:
    """Allocations with what they carry on, where `last_month` had `used` so many nano-credits by scope."""
    before = {each.id: each for each in last_month}
    return tuple(
        _carrying(each, carried(old, used[each.scope]))
        if (old := before.get(each.id)) is not None and each.scope in used
        else each
        for each in allocations
    )


def _carrying(allocation: Allocation, nano: int) -> Allocation:
    return replace(allocation, monthly_nano=allocation.monthly_nano + nano, carried_nano=nano)


def carried(allocation: Allocation, used_last_month: int) -> int:
    """Nano-credits that may be carried on: what was left, up to the share that rolls over.

    The share is of the monthly credits, not of what was left. A top-up ends with its month.
    """
    left = max(base_nano(allocation) - used_last_month, 0)
    return min(left, int(base_nano(allocation) * allocation.rollover))
