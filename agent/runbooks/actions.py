"""What action steps may say: every action with its parameters, and what their values must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from agent.domain.allocation import Scope
from agent.domain.duration import Duration
from agent.domain.gateway import Limit
from agent.domain.runbook import ParameterKind
from agent.runbooks.filling import check_value, fill, names_in

Ways = tuple[tuple[str, ...], ...]
SINCE_ALERT = "alert"
"""The window of a question that begins with the alert of the run."""
_SCOPE = ("scope", "allocation")


@dataclass(frozen=True, slots=True)
class ActionWords:
    """An action as a step asks for it."""

    needs: Ways  # parameters that must be there; of each group one is enough
    may: tuple[str, ...] = ()  # that may be there too
    undo: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """All of them."""
        return (*(name for group in self.needs for name in group), *self.may)


ACTIONS: Mapping[str, ActionWords] = {
    "throttle": ActionWords((_SCOPE, ("limit",)), ("for", "non-prod", "models", "gateway")),
    "block": ActionWords((_SCOPE,), ("for", "non-prod", "gateway")),
    "models": ActionWords((_SCOPE, ("models",)), ("for", "non-prod", "gateway")),
    "tools": ActionWords((_SCOPE,), ("models", "for", "non-prod", "gateway")),
    "cap": ActionWords((_SCOPE, ("amount",)), ("gateway",)),
    "revoke": ActionWords((_SCOPE,), ("gateway",), undo=False),
    "top-up": ActionWords((_SCOPE, ("amount",)), ("emergency",)),
    "allocate": ActionWords((("allocation",), ("monthly",))),
    "release": ActionWords(()),
}


def value_problems(using: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Values that nothing can read, with their parameter; what a run fills in is not looked at."""
    for name, text in using.items():
        reading = _READINGS.get(name)
        names = names_in(text)
        if reading is None or (names and (name != "scope" or text.startswith("{"))):
            continue
        try:
            reading(fill(text, dict.fromkeys(names, "x")))
        except ValueError as error:
            yield name, str(error)


def _credits(text: str) -> None:
    if problem := check_value(ParameterKind.CREDITS, text):
        raise ValueError(problem)


def _window(text: str) -> None:
    if text.strip() != SINCE_ALERT:
        Duration.parse(text)


def _yes_or_no(text: str) -> None:
    if text.strip().lower() not in ("yes", "y", "true", "no", "n", "false"):
        raise ValueError(f"{text[:40]!r} is neither yes nor no")


_READINGS: Mapping[str, Callable[[str], object]] = {
    "scope": Scope.parse,
    "limit": Limit.parse,
    "for": Duration.parse,
    "window": _window,
    "before": Duration.parse,
    "runway": Duration.parse,
    "than": Duration.parse,
    "amount": _credits,
    "monthly": _credits,
    "credits": _credits,
    "non-prod": _yes_or_no,
    "emergency": _yes_or_no,
}
"""Parameters that mean the same wherever they stand, by what reads their value."""
