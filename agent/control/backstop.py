"""A provider's own limit behind a hard cap: what people have set there is neither raised nor loosened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.planning.drafts import HeldAlreadyError
from agent.domain.action import Action, ActionKind, Step
from agent.domain.gateway import amount_of
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.control.planning import Plan


def without_lower(made: Plan, open_actions: Sequence[Action]) -> Plan:
    """The plan of a cap without targets that somebody else holds to less, or in another period.

    Raises `HeldAlreadyError` where nothing is left.
    """
    steps = [step for step in made.steps if not _raises(step) or _own(step, open_actions)]
    if not steps:
        raise HeldAlreadyError(f"{made.spec.scope} is held to less already")
    return replace(made, steps=tuple(replace(step, seq=seq) for seq, step in enumerate(steps)))


def raises(made: Plan) -> bool:
    """Whether any limit gets higher by it."""
    return any(map(_raises, made.steps))


def only_raises(made: Plan) -> bool:
    """Whether no limit gets lower by it, and none is new."""
    return all(map(_raises, made.steps))


def _raises(step: Step) -> bool:
    """What cannot be compared counts as raised. Where there was no limit at all, the first one is none."""
    if all(step.before.get(name) is None for name in step.want):
        return False
    return any(not at_most(step.want[name], step.before.get(name)) for name in step.want)


def at_most(wanted: object, held: object) -> bool:
    """Whether an amount, or a period, is no looser than what is held.

    No period is none that is looser: an amount without one is never to be had a second time.
    """
    if wanted == held:
        return True
    amounts = [amount_of(wanted), amount_of(held)]
    if amounts[0] is None:
        return False
    return amounts[1] is None or amounts[0] <= amounts[1]


def _own(step: Step, open_actions: Iterable[Action]) -> bool:
    """Whether what a target holds is what the agent has put there last."""
    mine = [
        held
        for action in open_actions
        if action.requested_by == AGENT and action.spec.kind is ActionKind.CAP
        for held in action.steps
        if held.target == step.target and held.holds
    ]
    return bool(mine) and all(_same(mine[-1].want.get(name), value) for name, value in step.before.items())


def _same(one: object, other: object) -> bool:
    return one == other or (amount_of(one) is not None and amount_of(one) == amount_of(other))
