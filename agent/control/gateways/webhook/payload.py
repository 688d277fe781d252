"""The body that the receiver gets: the guide's keys in the guide's order, then ours."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from agent.control.gateways.webhook.dialect import BLOCKED, MAX_RPS, scope_of
from agent.domain.allocation import ScopeKind
from agent.domain.canonical import canonical
from agent.domain.gateway import Fields, Target, TargetKind
from agent.domain.money import to_credits
from agent.webhooks import EVENT, exact

if TYPE_CHECKING:
    from agent.domain.allocation import Allocation
    from agent.settings import Settings

_SCOPES = {
    TargetKind.KEY: ScopeKind.API_KEY,
    TargetKind.TEAM: ScopeKind.TEAM,
    TargetKind.PROJECT: ScopeKind.PROJECT,
    TargetKind.ORGANIZATION: ScopeKind.ORGANIZATION,
}


def idempotency_key(target: Target, fields: Fields, action: int, seq: int) -> str:
    """The same at every attempt to set these fields, another for every other change: also for the undo."""
    told = hashlib.sha256(canonical([str(target), dict(fields)]).encode()).hexdigest()[:16]
    return f"{key_start(action, seq)}{told}"


def key_start(action: int, seq: int) -> str:
    """How every idempotency key of a step begins."""
    return f"burndeck-{action}-{seq}-"


def render(settings: Settings, target: Target, fields: Fields, action: int, seq: int) -> bytes:
    """The body; the same bytes at every attempt."""
    allocation = _allocation(settings, target)
    tells = _told(target, fields)
    undo = not any(fields.values()) and fields.get(MAX_RPS) != 0
    guide = {
        # What is taken back is another event: an engine that knows the guide's keys alone does nothing then.
        "event": f"{EVENT}.release" if undo else EVENT,
        "severity": "critical",
        "allocation_id": allocation.id if allocation else "",
        "threshold": exact(allocation.hard_cap) if allocation else None,
        "current_usage": None,  # an action is a person's word, not a measurement
        "monthly_allocation": exact(to_credits(allocation.monthly_nano)) if allocation else None,
        "action": tells,
        "notify": list(allocation.contacts) if allocation else [],
    }
    scope, spared = scope_of(target)
    ours = {
        "action_id": action,
        "seq": seq,
        "idempotency_key": idempotency_key(target, fields, action, seq),
        "gateway": target.gateway,
        "target": {"kind": target.kind.value, "id": scope, "non_prod": spared},
        "want": dict(fields),
        "undo": undo,
        "callback_url": callback_url(settings, target.gateway, action, seq),
        "drill": False,
    }
    return msgspec.json.encode(guide | ours)


def callback_url(settings: Settings, gateway: str, action: int, seq: int) -> str | None:
    """Where the receiver says that it is done; None where nobody listens."""
    acting = settings.acting
    if not acting.listen:
        return None
    base = acting.callback_url.rstrip("/") or f"http://{acting.listen}"
    return f"{base}/callbacks/{gateway}/{action}/{seq}"


def _told(target: Target, fields: Fields) -> dict[str, Any]:
    name, spared = scope_of(target)
    kind = _SCOPES[target.kind]
    scope = kind.value if kind is ScopeKind.ORGANIZATION else f"{kind.value}:{name}"
    where = {"scope": "non-prod", "within": scope} if spared else {"scope": scope}
    if BLOCKED in fields:
        return {"type": "block" if fields[BLOCKED] else "unblock", "params": where}
    limit = fields.get(MAX_RPS)
    if limit is None:
        return {"type": "remove_rate_limit", "params": where}
    return {"type": "rate_limit", "params": {**where, MAX_RPS: limit}}


def _allocation(settings: Settings, target: Target) -> Allocation | None:
    """The allocation of a target's scope; None where it has none of its own."""
    name, _ = scope_of(target)
    kind = _SCOPES[target.kind]
    value = "" if kind is ScopeKind.ORGANIZATION else name
    for allocation in settings.allocations:
        if (allocation.scope.kind, allocation.scope.value) == (kind, value):
            return allocation
    return None
