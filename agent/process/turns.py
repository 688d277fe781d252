"""Whose turn it is where caps call for more than one look may take: the writer has other work too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.control.proposal import Proposal

MOST_AT_ONCE = 10
"""So much of what may wait is planned in one look: each takes some hundredths of a second."""
TRY_AGAIN_S = 60
"""What could not be planned is planned again after so long, or as soon as it is about other keys."""
_FIRST = Decimal("Infinity")
_NEVER = -1

What = tuple[object, ...]


@dataclass
class Turns:
    """Remembers what was tried in vain. Whatever is called for gets its turn, however much else there is."""

    left: bool = False  # something new is to have its turn in the next look, which is to come soon
    _vain: dict[What, int] = field(default_factory=dict)  # and when it was tried last

    def take(self, proposals: Sequence[Proposal], now: int) -> list[Proposal]:
        """Those of this look: all that may not wait and is new, and some of the rest.

        First comes what was never tried, then what was tried longest ago; of these what is most used.
        """
        called = {what_of(each) for each in proposals}
        self._vain = {what: at for what, at in self._vain.items() if what in called or _rests(at, now)}
        at_once: list[Proposal] = []
        tried: list[Proposal] = []
        waiting: list[Proposal] = []
        for each in proposals:
            at = self._vain.get(what_of(each))
            if each.tells or (each.waits is None and at is None):
                at_once.append(each)
            elif at is None or not _rests(at, now):
                (tried if each.waits is None else waiting).append(each)
        self.left = sum(what_of(each) not in self._vain for each in waiting) > MOST_AT_ONCE
        return [*at_once, *self._some(tried), *self._some(waiting)]

    def in_vain(self, proposal: Proposal, now: int) -> None:
        """Nothing came of it: it is not tried again at once."""
        self._vain[what_of(proposal)] = now

    def _some(self, proposals: Iterable[Proposal]) -> list[Proposal]:
        return sorted(proposals, key=self._place)[:MOST_AT_ONCE]

    def _place(self, proposal: Proposal) -> tuple[int, Decimal]:
        used = _FIRST if proposal.waits is None else proposal.waits
        return self._vain.get(what_of(proposal), _NEVER), -used


def _rests(at: int, now: int) -> bool:
    return 0 <= now - at < TRY_AGAIN_S


def what_of(proposal: Proposal) -> What:
    """What tells one proposal from another, look after look. The rest of a day gets shorter with each."""
    spec = replace(proposal.spec, expires_s=0)
    return proposal.alert, spec.text(), proposal.only, proposal.renew, proposal.release
