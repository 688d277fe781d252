"""What the Allocations screen asks the ledger; reports are imported in the thread of the live link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.live import Question
from console.questions import read_status_now
from console.screens.actions.asking import action_detail_of

if TYPE_CHECKING:
    from agent.domain.allocation import Scope
    from agent.ledger.reader import LedgerReader
    from agent.reports.action_report import ActionDetail
    from agent.reports.allocation_tree import AllocationTree
    from agent.reports.cap_explain import CapExplain
    from agent.reports.status import Status
    from agent.settings import Settings

ALLOCATIONS, EXPLAIN, DECIDE = "allocations", "allocations/explain", "allocations/decide"
MOST_KEYS = 5
"""So many keys of an allocation are explained."""


@dataclass(frozen=True, slots=True)
class AllocationBoard:
    """Everything on the Allocations screen."""

    tree: AllocationTree
    status: Status


@dataclass(frozen=True, slots=True)
class Explained:
    """Which cap binds the keys of an allocation."""

    scope: Scope
    keys: int  # that burn in it
    explained: tuple[CapExplain, ...]  # of some of them, the one that burns most first
    backstop: str = ""  # the provider's own limit behind its cap, or why there is none


def allocations_question() -> Question:
    """The tree as it holds now."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> AllocationBoard:
        from agent.reports.allocation_tree import allocation_tree

        return AllocationBoard(allocation_tree(reader, settings, now), read_status_now(reader, settings, now))

    return Question(ALLOCATIONS, ask)


def explain_question(scope: Scope) -> Question:
    """Which cap binds the keys of a scope."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Explained:
        from agent.allocations import settings_now
        from agent.control.backstops import backstops
        from agent.control.words import gateway_words
        from agent.reports.cap_explain import cap_explain, dearest_first

        newest = {
            whose.api_key: whose
            for _, whose in sorted(reader.alert_store().contexts().items())
            if whose.api_key
        }
        mine = (key for key, whose in reversed(newest.items()) if whose.within(scope))
        keys, words = dearest_first(reader, mine, now), gateway_words(settings)
        some = tuple(cap_explain(reader, settings, key, now, words=words) for key in keys[:MOST_KEYS])
        current = settings_now(settings, reader.action_store(), now)
        mine_id = [each.id for each in current.allocations if each.scope == scope]
        behind = backstops(reader, current, now, mine_id).values()
        return Explained(scope, len(keys), some, "; ".join(each.sentence for each in behind))

    return Question(EXPLAIN, ask, (scope,))


def decide_question(action: int, *, approve: bool) -> Question:
    """A change that waits, in full, to be approved or denied."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> ActionDetail | None:
        return action_detail_of(reader, settings, action, now)

    return Question(DECIDE, ask, (action, approve))
