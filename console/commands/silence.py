"""`burndeck silence`: what nobody wants to be told for a while, until a time or an amount is reached."""

from __future__ import annotations

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.intents import reason_option, send, wait_option
from console.commands.tables import amount, table, when
from console.commands.times import Stretch

_EPILOG = """\b
Examples:
  burndeck silence add team=search --for 4h --credits 5000 --reason "load test, CHG-118"
  burndeck silence add alert=12 --reason "known, fix is rolling out"
  burndeck silence list
  burndeck silence lift 3
"""


@click.group("silence", epilog=_EPILOG)
def silence() -> None:
    """Silences end at a time or at an amount burnt, whichever comes first, and announce their end.

    A hard cap is never silenced.
    """


@silence.command("add", epilog='Example: burndeck silence add team=search --for 4h --reason "load test"')
@common_options
@click.argument("matcher", nargs=-1, required=True)
@click.option("--for", "span", type=Stretch(), help="How long; by default [alerts.silence] default.")
@click.option("--credits", "credits_", help="Ends when what it mutes has burnt this much.")
@reason_option("Why; everybody sees it.")
@wait_option
def add(
    config: str | None,
    db: str | None,
    as_json: bool,
    matcher: tuple[str, ...],
    span: int | None,
    credits_: str | None,
    reason: str,
    wait: float,
) -> None:
    """Silence alerts that match every MATCHER, such as team=search or api_key=key_*.

    Fields: rule, tier, scope_kind, scope, allocation, team, api_key, environment, cause, alert. Patterns may
    have * and ?. Signed with your identity and carried out by the agent.
    """
    from agent.control import IntentKind
    from agent.domain.money import AmountError, to_nano
    from agent.domain.silence import parse_matchers
    from agent.errors import ConfigError

    settings = settings_for(config, db)
    rules = settings.alerts.silence
    try:
        matchers = parse_matchers(matcher)
        limit = int(to_nano(credits_ if credits_ is not None else rules.max_credits))
    except (ValueError, AmountError) as error:
        raise ConfigError(str(error), hint="`burndeck silence add --help` has examples.") from None
    seconds = int(rules.default if span is None else span)
    if not 0 < seconds <= rules.longest:
        raise click.UsageError(f"--for: more than nothing, and no longer than {rules.longest}")
    if limit <= 0:
        raise click.UsageError("--credits: must be more than nothing")
    payload = {"matchers": matchers, "seconds": seconds, "limit_nano": limit, "reason": reason}
    send(
        settings,
        IntentKind.SILENCE,
        "silence",
        payload,
        done=f"silenced {' '.join(matcher)}",
        wait_s=wait,
        as_json=as_json,
    )


@silence.command("lift", epilog='Example: burndeck silence lift 3 --reason "test is over"')
@common_options
@click.argument("ident", metavar="SILENCE", type=int)
@click.option("--reason", default="", help="Why.")
@wait_option
def lift(config: str | None, db: str | None, as_json: bool, ident: int, reason: str, wait: float) -> None:
    """End a silence before its time: what it muted and still fires is told again."""
    from agent.control import IntentKind

    settings = settings_for(config, db)
    payload = {"reason": reason}
    send(
        settings,
        IntentKind.UNSILENCE,
        f"silence:{ident}",
        payload,
        done=f"silence {ident} lifted",
        wait_s=wait,
        as_json=as_json,
    )


@silence.command("list", epilog="Example: burndeck silence list --json")
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back ended ones go.")
def list_(config: str | None, db: str | None, as_json: bool, since: int) -> None:
    """Silences in force and those that ended lately, with what was burnt under each."""
    from agent.reports.silences import silences

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        entries = silences(reader, settings.clock().now(), recent_s=since)
    if as_json:
        print_json({"silences": entries})
        return
    if not entries:
        click.echo("no silences")
        return
    rows = [
        (
            str(entry.id),
            entry.state,
            " ".join(f"{field}={pattern}" for field, pattern in entry.matchers.items()),
            when(entry.ends_at),
            amount(entry.burnt),
            amount(entry.limit),
            entry.author,
            entry.reason,
        )
        for entry in entries
    ]
    columns = ("id", "state", "matches", "ends", "burnt", "limit", "author", "reason")
    click.echo(table(columns, rows, right=(0, 4, 5)))
