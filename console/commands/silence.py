"""`burndeck silence`: what nobody wants to be told for a while, until a time or an amount is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.intents import Done, reason_option, send, wait_option
from console.commands.scopes import say_unknown
from console.commands.tables import amount, table, terminal_width, when
from console.commands.times import Stretch

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.silences import SilenceEntry

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
    """Silence alerts that match every MATCHER.

    A MATCHER is FIELD=PATTERN, such as team=search or api_key=key_*. Fields: rule, tier, scope_kind, scope,
    allocation, team, api_key, environment, cause, alert. Patterns may have * and ?. Signed with your identity
    and carried out by the agent.
    """
    from agent.control import IntentKind
    from agent.domain.allocation import ScopeKind
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
    levels = {kind.value: kind for kind in ScopeKind}
    say_unknown(settings, ((levels[name], text) for name, text in matchers.items() if name in levels))
    payload = {"matchers": matchers, "seconds": seconds, "limit_nano": limit, "reason": reason}
    send(
        settings,
        IntentKind.SILENCE,
        "silence",
        payload,
        done=f"silenced {' '.join(matcher)}",
        wait_s=wait,
        as_json=as_json,
        look=lambda reader, person: _made(reader, person, matchers, settings.clock().now()),
    )


def _made(reader: LedgerReader, person: str, matchers: Mapping[str, str], now: float) -> Done | None:
    """The silence that somebody has just made, with the alerts that it mutes from now on."""
    from dataclasses import replace

    from agent.domain.words import plural
    from agent.reports.alerts import open_alerts
    from agent.reports.silences import matching, silences

    known = silences(reader, now, recent_s=0)
    made = next((each for each in known if each.author == person and each.matchers == matchers), None)
    if made is None:
        return None
    # The agent writes down what is muted when it judges next, which may be some seconds from now.
    made = replace(made, mutes=len(matching(open_alerts(reader, int(now)), matchers)))
    text = (
        f"silence {made.id}: {_matches(made)} until {when(made.ends_at)} or {amount(made.limit)} credits, "
        f"by {person}; mutes {plural(made.mutes, 'alert')} now\n"
        f"  `burndeck silence lift {made.id}` ends it."
    )
    return Done(text, {"silence": made})


@silence.command("lift", epilog='Example: burndeck silence lift 3 --reason "test is over"')
@common_options
@click.argument("ident", metavar="SILENCE", type=int)
@click.option("--reason", default="", help="Why.")
@wait_option
def lift(config: str | None, db: str | None, as_json: bool, ident: int, reason: str, wait: float) -> None:
    """End a silence before its time.

    What it muted and still fires is told again.
    """
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
    """Silences in force and those lately ended.

    Each with what was burnt under it.
    """
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
            _state(entry),
            _matches(entry),
            when(_end(entry)),
            amount(entry.burnt),
            amount(entry.limit),
            entry.author,
            entry.reason,
        )
        for entry in entries
    ]
    columns = ("id", "state", "matches", "ends", "burnt", "limit", "author", "reason")
    click.echo(table(columns, rows, right=(0, 4, 5), most=terminal_width()))


def _matches(entry: SilenceEntry) -> str:
    return " ".join(f"{field}={pattern}" for field, pattern in entry.matchers.items())


def _state(entry: SilenceEntry) -> str:
    if entry.state == "active" or entry.ended_why == "lifted":
        return entry.ended_why or entry.state
    return f"ended: {entry.ended_why or 'time'}"  # the agent writes down an end when it judges next


def _end(entry: SilenceEntry) -> int:
    """When it ended or will; the agent notices an end in time some seconds late."""
    return entry.ends_at if entry.ended_at is None else min(entry.ended_at, entry.ends_at)
