"""Parameters of queries and conditions: text turned into what it means, or an error that names it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NoReturn

from agent.domain.allocation import Scope, ScopeKind
from agent.domain.duration import Duration
from agent.domain.money import AmountError, to_nano
from agent.errors import ConfigError
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.reports.find_scope import find_called, find_scope

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_CALLED = {"model": Kind.MODEL, "environment": Kind.ENVIRONMENT, "endpoint": Kind.ENDPOINT}
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")
_LONGEST_S = 400 * 86_400


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the organization, or of what it calls, that something is asked about."""

    kind: Kind
    value: str
    scope: Scope | None  # None: a model, an environment, or what nobody owns: no cap is of these

    @property
    def whole(self) -> bool:
        """Whether it is the organization."""
        return self.kind is Kind.TOTAL

    @property
    def within(self) -> tuple[Kind, str] | None:
        """What reports keep of the organization; None for all of it."""
        return None if self.whole else (self.kind, self.value)

    def __str__(self) -> str:
        if self.scope is not None:
            return str(self.scope)
        return f"{self.kind.name.lower()}:{self.value}" if self.value else "what nobody owns"


WHOLE = Part(Kind.TOTAL, "", Scope(ScopeKind.ORGANIZATION))


def part(context: Context, given: Given, name: str = "scope", *, required: bool = False) -> Part:
    """The part that `team:search`, `key:NAME`, `model:gpt-5`, ... names; the organization for none."""
    text = given.get(name, "").strip()
    if not text:
        return missing(name, "a scope such as team:search") if required else WHOLE
    kind, _, value = text.partition(":")
    if kind in _CALLED:
        try:
            return Part(_CALLED[kind], find_called(context.reader, _CALLED[kind], value.strip()), None)
        except ConfigError as error:
            raise ConfigError(f"parameter {name}: {error.message}", hint=error.hint) from None
    if kind == "team" and not value.strip():
        return Part(Kind.TEAM, "", None)
    scope = found_scope(context, text, name)
    return Part(SCOPE_KINDS[scope.kind], scope.value, scope)


def scope_of(context: Context, given: Given, name: str = "scope") -> Scope:
    """The scope that must be given: one that an allocation can be for."""
    found = part(context, given, name, required=True)
    if found.scope is None:
        bad(name, given[name], "an organization, billing_group, department, team, project or key")
    return found.scope


def found_scope(context: Context, text: str, name: str) -> Scope:
    """The scope of a text, its name turned into an id."""
    kind, colon, value = text.partition(":")
    try:
        scope = Scope.parse(f"api_key:{value}" if (kind.strip(), colon) == ("key", ":") else text)
        return find_scope(context.reader, context.settings, scope)
    except ValueError as error:
        raise ConfigError(f"parameter {name}: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"parameter {name}: {error.message}", hint=error.hint) from None


def key_of(context: Context, given: Given, name: str = "key") -> str:
    """The id of a key that is named by its id or its name; as it was said where nobody knows it."""
    text = given.get(name, "").strip().removeprefix("api_key:").removeprefix("key:")
    if not text:
        missing(name, "the id or name of a key")
    from agent.reports.cap_explain import find_keys

    found = find_keys(context.reader, text)
    if len(found) > 1:
        raise ConfigError(f"parameter {name}: {len(found)} keys are called {text!r}", hint=", ".join(found))
    return found[0] if found else text


def seconds(given: Given, name: str, default: str) -> int:
    """A stretch of time such as 15m."""
    text = given.get(name, "").strip() or default
    try:
        found = Duration.parse(text)
    except ValueError:
        bad(name, text, "a stretch of time such as 90s, 15m, 6h or 4d")
    if not 0 < found <= _LONGEST_S:
        bad(name, text, "more than nothing, and 400 days at most")
    return int(found)


def number(given: Given, name: str, default: str) -> Decimal:
    """A number that is zero or more, exactly."""
    text = given.get(name, "").strip() or default
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        bad(name, text, "a number")
    if not found.is_finite() or found < 0:
        bad(name, text, "a number that is zero or more")
    return found


def count(given: Given, name: str, default: str, most: int) -> int:
    """A whole number from 1 on."""
    found = number(given, name, default)
    if found != found.to_integral_value() or not 1 <= found <= most:
        bad(name, given.get(name, default), f"a whole number from 1 to {most}")
    return int(found)


def nano(given: Given, name: str, default: str = "") -> int:
    """Credits such as 25,000, in nano-credits."""
    text = given.get(name, "").strip() or default
    if not text:
        missing(name, "credits such as 25,000")
    try:
        found = int(to_nano(text.replace(",", "").removesuffix("credits").strip()))
    except AmountError:
        bad(name, text, "credits such as 25,000")
    if found < 0:
        bad(name, text, "credits, zero or more")
    return found


def flag(given: Given, name: str) -> bool:
    """Yes or no; nothing is no."""
    text = given.get(name, "").strip().lower()
    if text not in (*_YES, *_NO):
        bad(name, text, "yes or no")
    return text in _YES


def choice(given: Given, name: str, known: tuple[str, ...]) -> str:
    """One of some words; the first one for none."""
    text = given.get(name, "").strip().lower() or known[0]
    if text not in known:
        bad(name, text, f"one of {', '.join(known)}")
    return text


def ident(given: Given, name: str) -> int | None:
    """The number of an alert or incident; None where the run is about none."""
    text = given.get(name, "").strip()
    if text and not (text.isdecimal() and len(text) < 19):
        bad(name, text, "a number")
    return int(text) if text else None


def missing(name: str, what: str) -> NoReturn:
    """Raises the error of a parameter that must be given."""
    raise ConfigError(f"parameter {name}: nothing was given", hint=f"Give {what}.")


def bad(name: str, text: str, what: str) -> NoReturn:
    """Raises the error of a parameter with a value that makes no sense."""
    raise ConfigError(f"parameter {name}: {text[:80]!r} is not {what}", hint=f"Give {what}.")
