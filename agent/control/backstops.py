"""Whether a provider's own limit stands behind each hard cap, at which amount, or why none does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.backstop import at_most
from agent.control.backstop_changes import allocation_of, shared_by
from agent.control.backstop_places import Backing, Place, behind
from agent.control.cap_case import CapCase, unanswered
from agent.control.planning.books import books_of
from agent.control.words import gateway_words
from agent.domain.action import Action, ActionKind, ActionState
from agent.domain.alert import WARNING
from agent.domain.allocation import Allocation
from agent.domain.backstop import Backstop, BackstopLimit
from agent.domain.gateway import Fields, Target, TargetState, amount_of
from agent.domain.money import to_credits
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.ledger.action_rows import Answer
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MOST_NAMED = 3


def backstops(
    reader: LedgerReader, settings: Settings, now: float, ids: Collection[str] | None = None
) -> dict[str, Backstop]:
    """By id of each allocation, or of these, of `settings`, which has the allocations that hold now."""
    books = books_of(reader)
    mine = [each for each in books.actions.open_actions() if each.requested_by == AGENT]
    case = CapCase(books, settings, int(now), mine)
    backing = Backing(case)
    over = _over(case, backing)
    telling = _Telling(case, backing, books.actions.targets(), gateway_words(settings), over)
    chosen = [each for each in settings.allocations if ids is None or each.id in ids]
    return {each.id: telling.of(each) for each in chosen}


def _over(case: CapCase, backing: Backing) -> dict[str, list[Action]]:
    """By id of allocations, limits that came to hold keys of others, until they are taken back."""
    found: dict[str, list[Action]] = {}
    for action in case.mine:
        limit = action.spec.kind is ActionKind.CAP and action.alert is not None and action.state.active
        allocation = allocation_of(case, action) if limit else None
        if allocation is not None and shared_by(case, backing, action):
            found.setdefault(allocation.id, []).append(action)
    return found


@dataclass(frozen=True, slots=True)
class _Telling:
    case: CapCase
    backing: Backing
    states: Mapping[Target, TargetState]
    words: Callable[[str, Fields], str]
    over: Mapping[str, Sequence[Action]]

    def of(self, allocation: Allocation) -> Backstop:
        places = self.backing.places(allocation)
        credits_ = to_credits(behind(allocation)) if places.found else None
        limits = tuple(
            self._limit(place, target, f"{credits_:,.0f} credits")
            for place in places.found
            for target in place.targets
        )
        stands = bool(limits) and all(each.holds for each in limits)
        left = tuple(each for action in self.over.get(allocation.id, ()) for each in self._left(action))
        sentence = "; ".join((*_said(left, ()), *_said(limits, places.why)))
        return Backstop(allocation.id, stands, credits_, (*left, *limits), places.why, sentence)

    def _left(self, action: Action) -> Iterator[BackstopLimit]:
        """What an action that is to be taken back still holds."""
        note = f"action {action.id} is taken back: it came to hold keys that the cap does not count"
        for step in action.steps:
            state, target = self.states.get(step.target), step.target
            if state is not None and all(state.fields.get(name) == step.want[name] for name in step.want):
                said = self.words(target.gateway, dict(step.want))
                yield BackstopLimit(target.gateway, target.kind.value, target.id, False, said, note)

    def _limit(self, place: Place, target: Target, amount: str) -> BackstopLimit:
        state = self.states.get(target)
        held = {name: (state.fields.get(name) if state else None) for name in place.fields}
        about = (place.gateway, target.kind.value, target.id, place.alone)
        amounts = {name: wanted for name, wanted in place.fields.items() if amount_of(wanted) is not None}
        if all(held[name] is None for name in amounts):
            return BackstopLimit(*about, "", self._not_yet(place, amount))
        looser = not all(at_most(held[name], wanted) for name, wanted in amounts.items())
        note = f"looser than the {amount} that burndeck sets" if looser else ""
        return BackstopLimit(*about, self.words(place.gateway, held), note)

    def _not_yet(self, place: Place, amount: str) -> str:
        """Why nothing stands there, by what the agent has made of it this month."""
        answers = self.case.answers_of(place.scope, ActionKind.CAP, place.gateway)
        if answers and (said := _answered(answers[-1])):
            return said
        return f"set at {amount} once the alert tier {WARNING} is reached"


def _answered(answer: Answer) -> str:
    match answer.state:
        case ActionState.STANDBY:
            return f"action {answer.id} waits for its approvals"
        case ActionState.PENDING | ActionState.EXECUTING:
            return f"action {answer.id} is under way"
        case ActionState.FAILED:
            return f"action {answer.id} failed: {answer.why}"
        case ActionState.DECLINED if unanswered(answer):
            return f"nobody has answered action {answer.id} in time"
        case ActionState.DECLINED | ActionState.REVERSED | ActionState.REVERSING:
            return f"action {answer.id} was ended by {answer.ended_by or 'a person'}"
    return ""  # what it had set is gone from there


def _said(limits: Iterable[BackstopLimit], why: Iterable[str]) -> Iterator[str]:
    alike: dict[tuple[str, bool, str, str], list[BackstopLimit]] = {}
    for each in limits:
        alike.setdefault((each.gateway, each.alone, each.holds, each.note), []).append(each)
    for (gateway, alone, holds, note), group in alike.items():
        named = ", ".join(each.id for each in group[:_MOST_NAMED])
        if len(group) > _MOST_NAMED:
            named += f" and {len(group) - _MOST_NAMED} more"
        kind = group[0].target
        what = kind if kind == "organization" else f"{kind} {named}"
        each_alone = " each alone" if alone and len(group) > 1 else " alone" if alone else ""
        if holds:
            yield f"{gateway} holds {what}{each_alone}: {holds}" + (f" ({note})" if note else "")
        else:
            yield f"none yet at {gateway} for {what}{each_alone}: {note}"
    if any(each.alone for each in limits):
        yield "no single project of it can pass its limit, nothing native holds them together"
    for reason in why:
        yield f"none: {reason}"
