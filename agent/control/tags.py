"""Keys without the labels that every key must have: blocked, or proposed for it, by policy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agent.control.proposal import Proposal
from agent.domain.action import Action, ActionKind, ActionSpec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.domain.known_key import KnownKey
    from agent.ledger.key_store import Declared
    from agent.settings import Settings

REASON = "the key has no "
"""How the reason of every such block begins: its labels follow."""
QUIET_S = 86_400
"""So long after somebody declined or undid such a block, or it failed, the agent does not ask again."""


MOST_AT_ONCE = 20
"""More keys than that never lose their labels at once: a registry file did. Then a person is asked."""


def decide(
    books: Books,
    settings: Settings,
    open_actions: Sequence[Action],
    now: float,
    declared: Declared | None = None,
) -> list[Proposal]:
    """What is to become of keys without labels: new blocks, blocks to renew, and blocks to release.

    A key is found at the first look after the directory or a gateway names it, before it ever burns.
    `declared`: what the owners registry says of keys now; without it, what it said when they burnt.
    """
    policy = settings.acting.untagged_keys
    mine = {action.spec.scope.value: action for action in open_actions if _of_tags(action)}
    if policy == "report" and not mine:
        return []
    keys = {key.api_key: key for key in books.keys.known(declared)}
    found = list(_blocks_that_are(mine.values(), keys, settings, int(now)))
    if policy != "report":
        taken = {action.spec.scope.value for action in open_actions if _blocks_a_key(action)}
        taken |= books.keys.blocks_ended(int(now) - QUIET_S)
        found += _new_blocks(keys.values(), taken, settings)
    return found


def _new_blocks(keys: Iterable[KnownKey], taken: Collection[str], settings: Settings) -> Iterator[Proposal]:
    acting = settings.acting
    # Only a gateway can block it; a key that is blocked already needs nothing.
    lacking = [
        key for key in keys if key.gateways and not key.blocked and key.missing(acting.required_labels)
    ]
    automatic = acting.untagged_keys == "block" and acting.automatic and len(lacking) <= MOST_AT_ONCE
    new = [key for key in lacking if key.api_key not in taken]
    waiting = len(lacking) - len(new)
    for key in new[: max(0, MOST_AT_ONCE - waiting)]:
        reason = _reason(key.missing(acting.required_labels))
        yield Proposal(_spec(key.api_key, settings), reason, automatic)


def _blocks_that_are(
    actions: Iterable[Action], keys: dict[str, KnownKey], settings: Settings, now: int
) -> Iterator[Proposal]:
    """A block ends by itself unless it is renewed, also where the policy has changed to report."""
    acting = settings.acting
    for action in actions:
        key = keys.get(action.spec.scope.value)
        missing = key.missing(acting.required_labels) if key is not None else ()
        if not missing:
            yield Proposal(action.spec, "the key has its labels now", True, release=action.id)
        elif acting.untagged_keys != "report" and _ends_soon(action, now):
            yield Proposal(action.spec, _reason(missing), True, renew=action.id)


def _ends_soon(action: Action, now: int) -> bool:
    return (
        action.state.active
        and action.expires_at is not None
        and 2 * (action.expires_at - now) <= action.spec.expires_s
    )


def _of_tags(action: Action) -> bool:
    """Whether the agent began it for missing labels."""
    return _blocks_a_key(action) and action.requested_by == AGENT and action.reason.startswith(REASON)


def _blocks_a_key(action: Action) -> bool:
    spec = action.spec
    return spec.kind is ActionKind.BLOCK and spec.scope.kind is ScopeKind.API_KEY and not spec.drill


def _spec(api_key: str, settings: Settings) -> ActionSpec:
    expires = int(settings.acting.block_expires)
    return ActionSpec(ActionKind.BLOCK, Scope(ScopeKind.API_KEY, api_key), expires_s=expires)


def _reason(missing: Sequence[str]) -> str:
    return REASON + " and no ".join(missing)
