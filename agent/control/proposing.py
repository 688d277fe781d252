"""An action comes into being: planned anew from the ledger, and either done at once or put to approvers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.occasion import Occasion, Tell, record
from agent.control.paging import ON_CALL, asks_for
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Needs
from agent.domain.action_words import spec_title
from agent.domain.intent import Refused
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


def begin(
    writer: LedgerWriter,
    settings: Settings,
    made: Plan,
    now: int,
    *,
    by: str,
    reason: str,
    incident: int | None,
    alert: int | None,
    needs: Needs | None = None,
    tell: Tell,
) -> Action:
    """Keeps a planned action and tells of it. `needs` overrides the plan's: a proposal waits for a go."""
    spec = made.spec
    wanted = made.needs if needs is None else needs
    action = writer.actions.add(
        Action(
            spec=spec,
            state=ActionState.STANDBY if wanted else ActionState.PENDING,
            requested_by=by,
            requested_at=now,
            reason=reason,
            needs=wanted,
            approve_by=now + int(settings.acting.approval_valid) if wanted else None,
            incident=incident,
            alert=alert,
            preview=made.preview(),
            steps=made.steps,
        )
    )
    record(writer, _occasion(writer, action, by), now, tell)
    return action


def again(action: Action, made: Plan, settings: Settings, now: int, reason: str) -> Action:
    """The action after its request was changed: all approvals are to be given anew."""
    return replace(
        action,
        spec=made.spec,
        reason=reason,
        needs=made.needs,
        state=ActionState.STANDBY if made.needs else ActionState.PENDING,
        approve_by=now + int(settings.acting.approval_valid) if made.needs else None,
        preview=made.preview(),
        steps=made.steps,
        revision=action.revision + 1,
    )


def check_spec(spec: ActionSpec) -> None:
    """Refuses what would outlive everybody's memory."""
    if spec.kind is ActionKind.THROTTLE and not spec.expires_s:
        raise Refused("a throttle needs an end: it undoes itself unless it is renewed")
    if spec.expires_s and not spec.kind.at_gateways:
        ends = "a top-up ends with its month" if spec.kind is ActionKind.TOP_UP else "it holds until changed"
        raise Refused(f"a change of allocations has no end of its own: {ends}")
    if spec.emergency and spec.kind is not ActionKind.TOP_UP:
        raise Refused("the glass is broken for a top-up only")


def title(action: Action) -> str:
    """`throttle team:search to 10 rps for 1h`: what an action is, in words."""
    return spec_title(action.spec)


def _occasion(writer: LedgerWriter, action: Action, by: str) -> Occasion:
    who = "proposed" if by == AGENT and action.needs else "asked for"
    text = f"{title(action)}, {who} by {by}: {action.reason}"
    if action.needs:
        waits = " and ".join(" or ".join(roles) for roles in action.needs)
        return asks_for(writer, Occasion("requested", action, f"{text}; waits for {waits}", actor=by))
    loud = action.spec.emergency and not action.spec.drill
    return Occasion(
        "requested",
        action,
        ("GLASS BROKEN: " if loud else "") + text,
        actor=by,
        recipients=(ON_CALL,),
        loud=loud,
        next_command=f"burndeck actions show {action.id}",
    )
