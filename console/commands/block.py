"""`burndeck block`, `allow-models`, `revoke`, `off-board`: nothing passes, not everything, or never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.acting import How, act, acting_options
from console.commands.scopes import Reach, ReachType, reach_of
from console.commands.times import Stretch

if TYPE_CHECKING:
    from agent.control.planning import PlannedKey
    from agent.domain.action import ActionKind

_BLOCK = """\b
Examples:
  burndeck block team:search --non-prod --for 1h --reason "retry storm, alert 12"
  burndeck block api_key:key_x --reason "leaked" --yes
"""
_MODELS = """\b
Examples:
  burndeck allow-models team:search --only gpt-5-mini --for 4h --reason "the large model is not needed"
"""

_TOOLS = """\b
Examples:
  burndeck allow-tools project:proj_x --only file_search --reason "web search loops, alert 12"
"""


@click.command("block", epilog=_BLOCK)
@click.argument("scope", type=ReachType(), required=False)
@click.option("--scope", "option", type=ReachType(), help="The same as SCOPE, for scripts.")
@click.option("--non-prod", is_flag=True, help="Spare production.")
@click.option("--for", "span", type=Stretch(), help="How long; by default [acting] block_expires.")
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def block(
    how: How, scope: Reach | None, option: Reach | None, non_prod: bool, span: int | None, gateway: str
) -> None:
    """Let nothing of SCOPE pass, for a while.

    SCOPE is organization, team:NAME, project:NAME, api_key:NAME, non-prod and so on; a key or a project is
    called by its id or by its name. Blocking production
    takes the approval of finance and of engineering. `--for 0s` lasts until somebody releases it.
    """
    from agent.domain.action import ActionKind, ActionSpec

    where = reach_of(how.settings, scope, option, non_prod=non_prod)
    seconds = how.settings.acting.block_expires if span is None else span
    act(
        how,
        ActionSpec(
            ActionKind.BLOCK,
            where.scope,
            non_prod=where.non_prod,
            expires_s=_not_too_long(int(seconds)),
            gateway=gateway,
            drill=how.drill,
        ),
    )


@click.command("allow-models", epilog=_MODELS)
@click.argument("scope", type=ReachType(), required=False)
@click.option("--scope", "option", type=ReachType(), help="The same as SCOPE, for scripts.")
@click.option("--only", "models", multiple=True, required=True, help="A model that stays; may be repeated.")
@click.option("--non-prod", is_flag=True, help="Spare production.")
@click.option("--for", "span", type=Stretch(), help="How long; by default until it is released.")
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def allow_models(
    how: How,
    scope: Reach | None,
    option: Reach | None,
    models: tuple[str, ...],
    non_prod: bool,
    span: int | None,
    gateway: str,
) -> None:
    """Let only some models of SCOPE pass."""
    from agent.domain.action import ActionKind

    where = reach_of(how.settings, scope, option, non_prod=non_prod)
    _keep_to(how, ActionKind.MODELS, where, models, span, gateway)


@click.command(
    "allow-tools", epilog="Example: burndeck allow-tools project:proj_x --only file_search --reason CHG-7"
)
@click.argument("scope", type=ReachType(), required=False)
@click.option("--scope", "option", type=ReachType(), help="The same as SCOPE, for scripts.")
@click.option("--only", "tools", multiple=True, help="A hosted tool that stays; may be repeated.")
@click.option("--none", "nothing", is_flag=True, help="No hosted tool stays.")
@click.option("--non-prod", is_flag=True, help="Spare production.")
@click.option("--for", "span", type=Stretch(), help="How long; by default until it is released.")
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def allow_tools(
    how: How,
    scope: Reach | None,
    option: Reach | None,
    tools: tuple[str, ...],
    nothing: bool,
    non_prod: bool,
    span: int | None,
    gateway: str,
) -> None:
    """Let SCOPE use only some of the provider's hosted tools, such as web_search."""
    from agent.domain.action import ActionKind

    if bool(tools) == nothing:
        raise click.UsageError("say which tools stay (--only), or that none does (--none)")
    where = reach_of(how.settings, scope, option, non_prod=non_prod)
    _keep_to(how, ActionKind.TOOLS, where, tools, span, gateway)


def _keep_to(
    how: How, kind: ActionKind, where: Reach, names: tuple[str, ...], span: int | None, gateway: str
) -> None:
    """Asks for what leaves only these models or tools."""
    from agent.domain.action import ActionSpec

    spec = ActionSpec(
        kind,
        where.scope,
        non_prod=where.non_prod,
        models=tuple(dict.fromkeys(names)),
        expires_s=_not_too_long(span or 0),
        gateway=gateway,
        drill=how.drill,
    )
    act(how, spec)


@click.command("revoke", epilog='Example: burndeck revoke api_key:key_x --reason "leaked, INC-7"')
@click.argument("key", type=ReachType())
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def revoke(how: How, key: Reach, gateway: str) -> None:
    """Delete a KEY, for ever.

    It takes the approval of finance and of engineering. A block can be undone: see `burndeck block`.
    """
    from agent.domain.action import ActionKind, ActionSpec
    from agent.domain.allocation import ScopeKind

    if key.scope.kind is not ScopeKind.API_KEY or key.non_prod:
        raise click.UsageError("name one key, as api_key:NAME; many are deleted one by one.")
    named = reach_of(how.settings, key, None)
    act(how, ActionSpec(ActionKind.REVOKE, named.scope, gateway=gateway, drill=how.drill))


@click.command("off-board", epilog='Example: burndeck off-board search --reason "dissolved, HR-31"')
@click.argument("team")
@click.option("--gateway", default="", help="Only at this gateway.")
@acting_options
def off_board(how: How, team: str, gateway: str) -> None:
    """Block all keys of a TEAM in one action, until somebody releases it.

    All of its keys are listed first.
    """
    from agent.domain.action import ActionKind, ActionSpec
    from agent.domain.allocation import Scope, ScopeKind

    team_of = Reach(Scope(ScopeKind.TEAM, team.removeprefix("team:")))
    scope = reach_of(how.settings, team_of, None).scope
    spec = ActionSpec(ActionKind.BLOCK, scope, gateway=gateway, drill=how.drill)
    if not how.as_json:
        from console.commands.acting import planned

        click.echo("\n".join([f"keys of {scope.value}:", *map(_key, planned(how, spec).keys), ""]))
    act(how, spec)


def _key(key: PlannedKey) -> str:
    from agent.domain.money import to_credits
    from console.commands.tables import amount

    name = key.name if key.name != key.api_key else ""
    where = key.environment or "environment unknown"
    burn = f"{amount(to_credits(key.burn_nano))} credits/min"
    return f"  {key.api_key:<28}  {name:<24}  {where:<20}  {burn}"


def _not_too_long(span: int) -> int:
    from agent.domain.action import LONGEST_S

    if span > LONGEST_S:
        raise click.UsageError("--for: 31 days at most; renew it then, or leave it out.")
    return span
