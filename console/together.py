"""What becomes of wishes that were signed together: one sentence, once the agent has answered all of them."""

from __future__ import annotations

from agent.domain.words import plural

_MOST = 3


class Together:
    """Counts the answers to wishes of one form, each of which is signed and answered for itself."""

    def __init__(self, count: int, what: str, done: str) -> None:
        self._count = count
        self._what = what  # one of them: `request`
        self._done = done  # `approved`
        self._by = ""
        self._taken = 0
        self._refused: dict[str, list[str]] = {}  # names by reason

    def taken(self, person: str) -> str:
        """One was carried out; what became of all, with the last answer, else nothing."""
        self._taken += 1
        self._by = person
        return self._said()

    def refused(self, name: str, reason: str) -> str:
        """One was refused; what became of all, with the last answer, else nothing."""
        self._refused.setdefault(reason, []).append(name)
        return self._said()

    def _said(self) -> str:
        refused = sum(map(len, self._refused.values()))
        if self._taken + refused < self._count:
            return ""
        if not refused:
            return f"{plural(self._count, self._what)} {self._done} by {self._by}."
        what = f"{self._taken or 'None'} of {plural(self._count, self._what)} {self._done}"
        by = f" by {self._by}" if self._taken else ""
        told = [f"{_named(names)}: {reason}" for reason, names in self._refused.items()]
        more = len(told) - _MOST
        rest = f"; and {more} more, see 6" if more > 0 else ""
        return f"{what}{by}. Refused: {'; '.join(told[:_MOST])}{rest}."


def _named(names: list[str]) -> str:
    """Who they are; of many, the first and how many more."""
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")
