"""`burndeck throttle`: hold a scope to a rate, or say what that would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.acting import How, act, acting_options
from console.commands.numbers import Whole
from console.commands.scopes import Reach, ReachType, reach_of
from console.commands.times import Stretch

if TYPE_CHECKING:
    from agent.domain.gateway import Limit

_EPILOG = """\b
Examples:
  burndeck throttle team:search --rps 10 --non-prod --for 1h --reason "retry storm, alert 12"
  burndeck throttle api_key:key_x --rpm 60 --alert 12 --reason "loop in the batch job" --yes
  burndeck throttle --dry-run --rpm 2 --scope non-prod --replay 24h
"""


@click.command("throttle", epilog=_EPILOG)
@click.argument("scope", type=ReachType(), required=False)
@click.option("--scope", "option", type=ReachType(), help="The same as SCOPE, for scripts.")
@click.option("--rps", type=Whole(0), help="Requests a second.")
@click.option("--rpm", type=Whole(0), help="Requests a minute.")
@click.option("--tpm", type=Whole(0), help="Tokens a minute.")
@click.option("--parallel", type=Whole(0), help="Requests at once.")
@click.option("--non-prod", is_flag=True, help="Spare production.")
@click.option("--model", "models", multiple=True, help="Hold only this model; may be given several times.")
@click.option("--for", "span", type=Stretch(), help="How long; by default [acting] throttle_expires.")
@click.option("--gateway", default="", help="Only at this gateway.")
@click.option("--replay", type=Stretch(), help="With --dry-run: try it on this much of the ledger's traffic.")
@acting_options
def throttle(
    how: How,
    scope: Reach | None,
    option: Reach | None,
    rps: int | None,
    rpm: int | None,
    tpm: int | None,
    parallel: int | None,
    non_prod: bool,
    models: tuple[str, ...],
    span: int | None,
    gateway: str,
    replay: int | None,
) -> None:
    """Hold SCOPE to a rate, for a while.

    SCOPE is organization, billing_group:NAME, department:NAME, team:NAME, project:NAME, api_key:NAME or
    non-prod; with /non-prod behind it production is spared. A key or a project is called by its id or by
    its name. It undoes itself when its time is up, unless it is renewed.
    """
    from agent.domain.action import ActionKind, ActionSpec

    where = reach_of(how.settings, scope, option, non_prod=non_prod)
    spec = ActionSpec(
        ActionKind.THROTTLE,
        where.scope,
        non_prod=where.non_prod,
        limit=_limit(rps=rps, rpm=rpm, tpm=tpm, parallel=parallel),
        models=tuple(dict.fromkeys(models)),
        expires_s=int(how.settings.acting.throttle_expires if span is None else _positive(span)),
        gateway=gateway,
        drill=how.drill,
    )
    if replay is None:
        act(how, spec)
    elif not how.dry_run:
        raise click.UsageError("--replay: only with --dry-run; it sends nothing.")
    else:
        from console.commands.replaying import show_replay

        show_replay(how, spec, _positive(replay))


def _limit(**given: int | None) -> Limit:
    """The one limit that was given, by its unit."""
    from agent.domain.gateway import Limit, LimitUnit

    found = [Limit(amount, LimitUnit(unit)) for unit, amount in given.items() if amount is not None]
    if len(found) != 1:
        raise click.UsageError("give one limit: --rps, --rpm, --tpm or --parallel.")
    return found[0]


def _positive(span: int) -> int:
    from agent.domain.action import LONGEST_S

    if not 0 < span <= LONGEST_S:
        raise click.UsageError("--for, --replay: more than nothing, and 31 days at most.")
    return span
