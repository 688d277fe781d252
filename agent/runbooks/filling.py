"""`{name}` in the values of a runbook: which names there are, and what a run's parameters make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from agent.domain.allocation import Scope
from agent.domain.change import Instant
from agent.domain.duration import Duration
from agent.domain.gateway import Limit
from agent.domain.money import AmountError, parse_credits
from agent.domain.person import name_problem
from agent.domain.runbook import ParameterKind
from agent.errors import BurndeckError
from agent.runbooks.problem import quoted

ALWAYS = ("alert", "incident", "run", "started")
"""Parameters that every run has."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
MOST = 1_000
"""Characters of a parameter's value."""
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|\{")


class MissingParameter(BurndeckError):  # noqa: N818 - it is what is missing that matters
    """A text needs a parameter that has no value; `name` says which."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"the parameter {name!r} has no value",
            hint=f"Give the run one: {name}=VALUE, then retry the step.",
        )


def names_in(text: str) -> tuple[str, ...]:
    """The parameters that a text stands on, each once, in their order."""
    found = (match[1] for match in _PIECE.finditer(text) if match[1] and NAME.fullmatch(match[1]))
    return tuple(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every `{name}` replaced; `{{` and `}}` are braces.

    Raises `MissingParameter` for a name that has no value, or an empty one.
    """

    def piece(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        name = match[1]
        if not name or not NAME.fullmatch(name):
            return match[0]  # `check` has complained of it; what is filled in is never read again
        if not values.get(name):
            raise MissingParameter(name)
        return values[name]

    return _PIECE.sub(piece, text)


def fill_given(
    using: Mapping[str, str], values: Mapping[str, str], parameters: Mapping[str, bool]
) -> dict[str, str]:
    """What a query or condition is asked with; `parameters` says of each whether it must be given.

    One that may be left out is left out where nothing fills it. Raises `MissingParameter` for the others.
    """
    found: dict[str, str] = {}
    for name, text in using.items():
        try:
            found[name] = fill(text, values)
        except MissingParameter:
            if parameters.get(name, True):
                raise
    return found


def brace_problem(text: str) -> str:
    """What is wrong with the braces of a text; nothing where all of them stand for parameters."""
    for match in _PIECE.finditer(text):
        if match[0] == "{":
            return "a { is never closed; write {{ for a brace"
        if match[1] is not None and not NAME.fullmatch(match[1]):
            return f"{{{quoted(match[1])[1:-1]}}} is no parameter's name; write {{{{ for a brace"
    return ""


def check_value(kind: ParameterKind, text: str) -> str:
    """What is wrong with a parameter's value; nothing where it is one of its kind."""
    if len(text) > MOST:
        return f"it has more than {MOST} characters"
    if not text.isprintable():
        return "it has characters that cannot be shown on a line"
    if not text.strip():
        return "it is empty"
    try:
        return next(_problems(kind, text.strip()), "")
    except ValueError as error:
        return str(error)


def _problems(kind: ParameterKind, text: str) -> Iterator[str]:
    """What is wrong, as text or as `ValueError`."""
    match kind:
        case ParameterKind.SCOPE:
            Scope.parse(text)
        case ParameterKind.RATE:
            Limit.parse(text)
        case ParameterKind.CREDITS:
            try:
                parse_credits(text)
            except AmountError:
                yield f"{quoted(text)} is no amount of credits such as 25,000 or 0.5"
        case ParameterKind.DURATION:
            if not Duration.parse(text):
                yield f"{quoted(text)} is no time at all"
        case ParameterKind.INSTANT:
            Instant.parse(text)
        case ParameterKind.NUMBER:
            if not _is_number(text):
                yield f"{quoted(text)} is no number such as 3 or 0.5"
        case ParameterKind.PERSON:
            yield name_problem(text)
        case ParameterKind.MODEL | ParameterKind.ALLOCATION:
            if any(character.isspace() for character in text):
                yield f"{quoted(text)} is no {kind.value}: names have no blanks"


def _is_number(text: str) -> bool:
    try:
        return Decimal(text.replace(",", "").replace("_", "")).is_finite()
    except InvalidOperation:
        return False
