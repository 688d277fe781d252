"""Keys that have come since a hard cap was answered: they are held too, and nobody is asked twice of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.control.cap_case import AGAIN_S
from agent.control.gateways.base import dialect_of
from agent.control.planning.reach import Reach
from agent.domain.action import Action, ActionSpec, StepState
from agent.domain.gateway import Target

if TYPE_CHECKING:
    from agent.control.cap_case import CapCase


def newcomers(case: CapCase, alert: int, spec: ActionSpec) -> frozenset[str]:
    """The keys that an alert calls for a change of, and that no answer to it has asked for so far.

    None where nothing of it is under way any more: people have decided on the whole of it.
    """
    standing = {each.id for each in case.standing(alert, spec)}
    under_way = [action for action in case.mine if action.id in standing]
    if not under_way:
        return frozenset()
    served = case.served(spec.scope, spec.kind, production=not spec.non_prod)
    keys = {key.api_key for found in served.values() for key in found}
    held = [target for action in under_way for target in _asked(case, action)]
    left = keys - _reached(case, held)
    if not left or len(standing) == len(under_way):
        return frozenset(left)
    ended = standing - {action.id for action in under_way}
    over = [action for ident in sorted(ended) if (action := case.books.actions.action(ident)) is not None]
    return frozenset(left - _reached(case, [target for each in over for target in _asked(case, each)]))


def _asked(case: CapCase, action: Action) -> Iterator[Target]:
    """What an action is for. What a gateway has refused of it is tried again after a while."""
    for step in action.steps:
        if step.state is not StepState.FAILED or case.now - (step.at or 0) < AGAIN_S[0]:
            yield step.target


def _reached(case: CapCase, targets: list[Target]) -> set[str]:
    """The keys whose calls changes at targets bear on."""
    found: set[str] = set()
    for gateway in case.settings.gateways:
        there = [target for target in targets if target.gateway == gateway.name]
        if there:
            reach = Reach(dialect_of(gateway.kind), case.keys_at(gateway.name))
            found |= {key.api_key for target in there for key in reach.of(target)}
    return found
