"""What an action hits, as people type it: `team:search`, `non-prod`, `team:search/non-prod`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from agent.domain.allocation import Scope, ScopeKind
from console.commands.common import reader_for

if TYPE_CHECKING:
    from agent.settings import Settings

_NON_PROD = "non-prod"


class Reach(NamedTuple):
    """A scope, and whether production in it is spared."""

    scope: Scope
    non_prod: bool = False


class ReachType(click.ParamType[Reach]):
    """`organization`, `team:search`, `api_key:key_x`, `non-prod`, `team:search/non-prod`."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reach:
        if isinstance(value, Reach):
            return value
        text = str(value).strip()
        if text == _NON_PROD:
            return Reach(Scope(ScopeKind.ORGANIZATION), non_prod=True)
        spared = text.endswith(f"/{_NON_PROD}")
        try:
            return Reach(Scope.parse(text.removesuffix(f"/{_NON_PROD}")), spared)
        except ValueError:
            kinds = ", ".join(
                f"{kind.value}:NAME" for kind in ScopeKind if kind is not ScopeKind.ORGANIZATION
            )
            self.fail(f"{text!r} is none of organization, {kinds}, {_NON_PROD}", param, ctx)


def say_unknown(settings: Settings, named: Iterable[tuple[ScopeKind, str]]) -> None:
    """A note of each name that nothing in the ledger has, on stderr: it may be meant for later."""
    from agent.reports.find_scope import unknown

    with reader_for(settings) as reader:
        for kind, pattern in named:
            if told := unknown(reader, settings, kind, pattern):
                click.echo(f"note: {told}", err=True)


def reach_of(
    settings: Settings, given: Reach | None, option: Reach | None, *, non_prod: bool = False
) -> Reach:
    """The one scope that was named, as argument or by --scope, by the id that the ledger knows it by.

    Raises `ConfigError` for a name of several, or of none, with what it may have meant.
    """
    if (given is None) == (option is None):
        raise click.UsageError("say what is hit, once: a SCOPE such as team:search, or --scope.")
    found = given or option
    assert found is not None
    from agent.reports.find_scope import find_scope

    with reader_for(settings) as reader:
        scope = find_scope(reader, settings, found.scope)
    return Reach(scope, found.non_prod or non_prod)
