"""A wanted change of an allocation, against the rules that burndeck.toml has too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.allocations import base_nano, changed
from agent.domain.duration import Duration
from agent.domain.intent import Refused
from agent.domain.money import MAX_NANO, to_credits
from agent.domain.person import Role
from agent.settings_schema import AllocationTable, EnforcementMode

if TYPE_CHECKING:
    from agent.domain.action import ActionSpec
    from agent.settings import Settings

_LEAST_APPROVERS = 2
_IN_THE_FILE = {
    "monthly_nano": "monthly_credits",
    "reserve_nano": "reserve",
    "buffer_nano": "emergency_buffer",
    "daily_nano": "daily_limit",
    "block_expires_s": "block_expires",
}
"""What burndeck.toml calls the fields of a change: people know no other names."""


def checked(settings: Settings, spec: ActionSpec) -> Allocation | None:
    """The allocation after a change, None where it is retired. Raises `Refused` naming what is wrong."""
    change = dict(spec.change)
    ident = change.get("id")
    if not isinstance(ident, str) or not ident:
        raise Refused("id: say which allocation is changed")
    for name in ("create", "retire"):
        if type(change.setdefault(name, False)) is not bool:
            raise Refused(f"{name}: must be true or false")
    before = next((each for each in settings.allocations if each.id == ident), None)
    of_scope = next((each for each in settings.allocations if each.scope == spec.scope), None)
    if change["create"]:
        _may_be_created(settings, spec, before or of_scope)
    elif before is None:
        known = ", ".join(each.id for each in settings.allocations) or "none"
        raise Refused(f"there is no allocation {ident}: known are {known}")
    elif before.scope != spec.scope:
        raise Refused(f"{ident} is of {before.scope}, not of {spec.scope}: what it is for stays as it is")
    if change["retire"]:
        if change["create"] or change.keys() - {"id", "create", "retire", "scope"}:
            raise Refused("retire: nothing else is changed together with it")
        return None
    if not change["create"] and not change.keys() - {"id", "create", "retire", "scope"}:
        raise Refused("nothing is changed")
    try:
        after = changed(before, ident, change | {"scope": str(spec.scope)})
        _as_in_the_file(after)
    except ValueError as error:
        raise Refused(_in_words_of_the_file(str(error))) from None
    return after


def _in_words_of_the_file(text: str) -> str:
    return re.sub("|".join(_IN_THE_FILE), lambda found: _IN_THE_FILE[found[0]], text)


def _may_be_created(settings: Settings, spec: ActionSpec, there: Allocation | None) -> None:
    if there is not None:
        raise Refused(f"{there.id} is there already, for {there.scope}: change that one")
    groups = [group.id for group in settings.billing_groups]
    if spec.scope.kind is ScopeKind.BILLING_GROUP and groups and spec.scope.value not in groups:
        raise Refused(f"there is no billing group {spec.scope.value!r}: known are {', '.join(groups)}")


def _as_in_the_file(after: Allocation) -> None:
    """`ValueError` for what burndeck.toml would not take either."""
    if after.at_hard_cap not in get_args(EnforcementMode):
        raise ValueError(f"at_hard_cap: {after.at_hard_cap!r} is none of automatic, manual, none")
    if after.at_hard_cap_prod not in get_args(EnforcementMode):
        raise ValueError(f"at_hard_cap_prod: {after.at_hard_cap_prod!r} is none of automatic, manual, none")
    for name in ("monthly_nano", "reserve_nano", "buffer_nano", "daily_nano"):
        if getattr(after, name) > MAX_NANO // 1_000:
            raise ValueError(f"{name}: more than can be counted")
    AllocationTable(
        id=after.id,
        scope=str(after.scope),
        monthly_credits=to_credits(base_nano(after)),
        soft_cap=after.soft_cap,
        hard_cap=after.hard_cap,
        reserve=to_credits(after.reserve_nano),
        emergency_buffer=to_credits(after.buffer_nano),
        override_approvers=tuple(map(Role, after.override_approvers)),
        block_expires=Duration(after.block_expires_s),
        rollover=after.rollover,
        expires=after.expires,
        daily_limit=to_credits(after.daily_nano),
    )


def problem_of(after: Allocation, organization: Allocation | None) -> str:
    """Why a hard cap may not bite so; empty where there is a way round it, a way back, and something left."""
    if after.at_hard_cap == after.at_hard_cap_prod == "none":
        return ""
    if len(set(after.override_approvers)) < _LEAST_APPROVERS:
        return "override_approvers: an override of the hard cap takes two roles, one person each"
    if after.block_expires_s <= 0:
        return "block_expires: a block at the hard cap must undo itself, after 1h for example"
    shared = (after, organization) if organization is not None else (after,)
    if not any(each.reserve_nano + each.buffer_nano for each in shared):
        return (
            "emergency_buffer: nothing would be left at the hard cap, neither a buffer nor a reserve of "
            f"{' or '.join(dict.fromkeys(each.id for each in shared))}"
        )
    return ""
