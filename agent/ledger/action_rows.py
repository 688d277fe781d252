"""Actions as rows and back; used by the writer's side and by readers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.domain.action import (
    Action,
    ActionKind,
    ActionState,
    Approval,
    Step,
    StepState,
    Verdict,
    parse_spec,
)
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.canonical import canonical
from agent.domain.gateway import GatewayKey, Target, TargetKind

Row = Mapping[str, Any]

_PLAIN = (
    *("reason", "requested_by", "requested_at", "approve_by", "begun_at", "accepted_at", "confirmed_at"),
    *("expires_at", "ended_at", "ended_by", "why", "effect", "incident", "alert", "revision", "id"),
)


_TIMES = (
    *("approve_by", "begun_at", "accepted_at", "confirmed_at", "expires_at", "ended_at"),
    *("incident", "alert"),
)
_KINDS = {
    **dict.fromkeys(("reason", "requested_by", "ended_by", "why", "effect"), str),
    **dict.fromkeys(("id", "requested_at", "revision"), int),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent has once made of a cap: enough to know that it need not be made again."""

    id: int
    kind: ActionKind
    state: ActionState
    scope: Scope
    non_prod: bool
    amount_nano: int
    alert: int | None
    requested_at: int
    ended_at: int | None
    ended_by: str
    approve_by: int | None
    why: str
    gateway: str = ""  # the only one that it is for


def answer_of(row: Row) -> Answer | None:
    """The answer of a row; None where columns hold what the agent never writes."""
    if row["non_prod"] not in (0, 1) or type(row["amount_nano"]) is not int:
        return None
    try:
        return Answer(
            kind=ActionKind(row["kind"]),
            state=ActionState(row["state"]),
            scope=Scope(ScopeKind(row["scope_kind"]), row["scope"]),
            non_prod=bool(row["non_prod"]),
            gateway=str(row["gateway"] or ""),
            **{name: row[name] for name in _AS_THEY_ARE},
        )
    except ValueError:
        return None


_AS_THEY_ARE = ("id", "amount_nano", "alert", "requested_at", "ended_at", "ended_by", "approve_by", "why")


def action_columns(action: Action) -> dict[str, Any]:
    """The row of an action, without its steps."""
    spec = action.spec
    return {
        **{name: getattr(action, name) for name in _PLAIN},
        "kind": spec.kind.value,
        "state": action.state.value,
        "scope_kind": spec.scope.kind.value,
        "scope": spec.scope.value,
        "spec": spec.text(),
        "preview": canonical(dict(action.preview)),
        "needs": json.dumps(action.needs),
    }


def action_of(row: Row, steps: Sequence[Step]) -> Action:
    """The action of a row."""
    return Action(
        **{name: row[name] for name in _PLAIN},
        spec=parse_spec(json.loads(row["spec"])),
        state=ActionState(row["state"]),
        needs=tuple(tuple(roles) for roles in json.loads(row["needs"])),
        preview=json.loads(row["preview"]),
        steps=tuple(steps),
    )


def actions_of(rows: Iterable[Row], steps: Iterable[Row]) -> list[Action]:
    """Actions in the order of their rows, each with its steps; without those that nobody can read."""
    by_action: dict[int, list[Row]] = {}
    for row in steps:
        by_action.setdefault(row["action"], []).append(row)
    found = (_readable(row, by_action.get(row["id"], ())) for row in rows)
    return [action for action in found if action is not None]


def _readable(row: Row, steps: Iterable[Row]) -> Action | None:
    """The action of a row; None where columns hold what the agent never writes."""
    if any(type(row[name]) is not kind for name, kind in _KINDS.items()):
        return None
    if any(not isinstance(row[name], int | None) for name in _TIMES):
        return None
    try:
        return action_of(row, [step_of(step) for step in steps])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def step_columns(action: int, step: Step) -> dict[str, Any]:
    """The row of a step."""
    return {
        "action": action,
        "seq": step.seq,
        "gateway": step.target.gateway,
        "target_kind": step.target.kind.value,
        "target": step.target.id,
        "want": canonical(dict(step.want)),
        "before": canonical(dict(step.before)),
        "version": step.version,
        "state": step.state.value,
        "detail": step.detail,
        "at": step.at,
    }


def target_of(row: Row) -> Target:
    """The target of a row that names one."""
    return Target(row["gateway"], TargetKind(row["target_kind"]), row["target"])


def step_of(row: Row) -> Step:
    """The step of a row."""
    return Step(
        seq=row["seq"],
        target=target_of(row),
        want=json.loads(row["want"]),
        before=json.loads(row["before"]),
        state=StepState(row["state"]),
        version=row["version"],
        detail=row["detail"],
        at=row["at"],
    )


def approval_columns(approval: Approval) -> dict[str, Any]:
    """The row of an approval."""
    names = ("action", "digest", "person", "role", "at", "note", "void")
    return {name: getattr(approval, name) for name in names} | {"verdict": approval.verdict.value}


def approval_of(row: Row) -> Approval:
    """The approval of a row; `ValueError` for one that the agent never writes."""
    kinds = {**dict.fromkeys(("digest", "person", "role", "note", "void"), str), "at": int}
    if any(type(row[name]) is not kind for name, kind in kinds.items()):
        raise ValueError("not the columns of an approval")
    said = {name: row[name] for name in ("action", *kinds)}
    return Approval(**said, verdict=Verdict(row["verdict"]))


def said_of(row: Row) -> Approval:
    """The same; a row that the agent never writes is void, so that no proof covers it and nothing fails."""
    try:
        return approval_of(row)
    except ValueError:
        return Approval(row["action"], "", "", "", Verdict.DENIED, 0, void="its row makes no sense")


@lru_cache(4_096)
def mapping(text: str) -> Mapping[str, Any]:
    """Thousands of keys and targets hold the same few texts; nobody changes what is read.

    Empty for what the agent never writes: it is read anew with the gateway, and nothing is done by it alone.
    """
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def key_of(row: Row) -> GatewayKey:
    """A key that a gateway serves, of a row."""
    return GatewayKey(
        id=row["id"],
        api_key=row["api_key"],
        name=row["name"],
        team=row["team"],
        project=row["project"],
        environment=row["environment"],
        labels=mapping(row["labels"]),
        created_at=row["created_at"],
        blocked=bool(row["blocked"]),
    )


def key_columns(gateway: str, key: GatewayKey, at: int) -> dict[str, Any]:
    """The row of a key that a gateway serves."""
    return {
        "gateway": gateway,
        "id": key.id,
        "api_key": key.api_key,
        "name": key.name,
        "team": key.team,
        "project": key.project,
        "environment": key.environment,
        "labels": canonical(dict(key.labels)),
        "created_at": key.created_at,
        "blocked": int(key.blocked),
        "seen_at": at,
    }
