"""Actions in words: what is wanted, and whose approval is still to be given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent.domain.action import ActionKind, ActionSpec, Approval, Needs
from agent.domain.allocation import ScopeKind
from agent.domain.gateway import Fields
from agent.domain.money import to_credits
from agent.domain.words import duration, plural

CAP_STAYS, CAP_LIFTED = "the cap stays reached", "the cap is lifted"
"""How a note begins that says what becomes of a cap."""


def spec_title(spec: ActionSpec) -> str:
    """`throttle team:search to 10 rps for 1 h`: what is wanted."""
    what = {
        ActionKind.THROTTLE: f"throttle {{}} to {spec.limit}",
        ActionKind.BLOCK: "block {}",
        ActionKind.MODELS: f"keep {{}} to {', '.join(spec.models)}",
        ActionKind.TOOLS: f"keep {{}} to the tools {', '.join(spec.models)}"
        if spec.models
        else "no tools for {}",
        ActionKind.CAP: f"cap {{}} at {to_credits(spec.amount_nano):,.0f} credits a month",
        ActionKind.REVOKE: "delete the keys of {}",
        ActionKind.TOP_UP: f"top {{}} up by {to_credits(spec.amount_nano):,.0f} credits",
        ActionKind.ALLOCATE: f"{_allocated(spec)} the allocation of {{}}",
    }[spec.kind]
    scope = f"{'non-prod of ' if spec.non_prod else ''}{spec.scope}"
    text = what.format(scope)
    if spec.models and spec.kind is ActionKind.THROTTLE:
        text += f" on {', '.join(spec.models)}"
    if spec.expires_s:
        text += f" for {duration(spec.expires_s)}"
    if spec.emergency:
        text += " from the emergency buffer"
    return f"drill: {text}" if spec.drill else text


def endless(spec: ActionSpec, title: str, asked: int = 0, reached: int = 0) -> str:
    """A title for those who decide: of a block without an end it says so, and what it is of a whole team.

    `off-board team:support: block of all 22 keys, without end until released`; without a count it says all.
    """
    if spec.kind is not ActionKind.BLOCK or spec.expires_s:
        return title
    if spec.scope.kind is not ScopeKind.TEAM or spec.non_prod:
        return f"{title}, without end until released"
    what = "all its keys" if not asked else "its one key" if asked == 1 else f"all {asked} keys"
    if asked and reached < asked:
        what = f"{reached} of {plural(asked, 'key')}"
    return f"{title.replace('block ', 'off-board ', 1)}: block of {what}, without end until released"


def _allocated(spec: ActionSpec) -> str:
    """An approver reads at once that an allocation, and its cap, is to end."""
    return "make" if spec.change.get("create") else "retire" if spec.change.get("retire") else "change"


def plain_words(fields: Fields) -> str:
    """Fields of a gateway as they are: `rpm_limit 60`, or `nothing`."""
    told = [f"{name} {_plain(value)}" for name, value in sorted(fields.items()) if value is not None]
    return ", ".join(told) or "nothing"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def open_needs(needs: Needs, given: Sequence[Approval]) -> Needs:
    """The approvals that are still to be given, when these count."""
    used = set(assigned(needs, [{each.role} for each in given]) or ())
    return tuple(roles for place, roles in enumerate(needs) if place not in used)


def assigned(needs: Needs, roles: Sequence[set[str]]) -> tuple[int, ...] | None:
    """A need for each of these people, all different; None where there is no such choice."""
    if not roles:
        return ()
    for place, needed in enumerate(needs):
        if roles[0].isdisjoint(needed):
            continue
        rest = assigned(tuple(() if each == place else need for each, need in enumerate(needs)), roles[1:])
        if rest is not None:
            return (place, *rest)
    return None


def unasked(count: int) -> str:
    """`5 of them nobody asked for`: of all keys that are hit, those that only share a target."""
    return f"{count} of them nobody asked for"


def keys_told(preview: Mapping[str, Any], name: str) -> int:
    """How many `bystanders` or `unreached` keys a preview has: of many it keeps only the first by id."""
    return max(int(preview.get(f"{name}_count", 0)), len(preview.get(name, ())))
