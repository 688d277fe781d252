"""`burndeck alerts ack` and `burndeck alerts plan`: signed decisions about an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, settings_for
from console.commands.intents import reason_option, send, wait_option
from console.commands.times import Instant, Stretch

if TYPE_CHECKING:
    from agent.domain.allocation import Scope
    from agent.settings import Settings


@click.command("ack", epilog='Example: burndeck alerts ack 12 --note "rolling back the release"')
@common_options
@click.argument("alert", type=int)
@click.option("--note", default="", help="What you are doing about it; kept in the timeline.")
@wait_option
def ack(config: str | None, db: str | None, as_json: bool, alert: int, note: str, wait: float) -> None:
    """Take an alert: it is not repeated and does not escalate any more.

    Signed with your identity (`burndeck identity create`) and carried out by the agent. Exit code 1 when it
    is refused or no agent answers.
    """
    from agent.control import IntentKind

    settings = settings_for(config, db)
    payload = {"note": note}
    send(
        settings,
        IntentKind.ACKNOWLEDGE,
        f"alert:{alert}",
        payload,
        done=f"alert {alert} acknowledged",
        wait_s=wait,
        as_json=as_json,
    )


@click.command("plan", epilog='Example: burndeck alerts plan alert:12 --for 6h --reason "re-index"')
@common_options
@click.argument("subject")
@click.option("--from", "start", type=Instant(), help="When it began or begins (UTC); by default now.")
@click.option("--for", "span", type=Stretch(), default="6h", show_default=True, help="How long it lasts.")
@reason_option("What it is; everybody sees it.")
@wait_option
def plan(
    config: str | None,
    db: str | None,
    as_json: bool,
    subject: str,
    start: float | None,
    span: int,
    reason: str,
    wait: float,
) -> None:
    """Say that a rise was planned, of an alert (`alert:12`, or just 12) or a scope (`team:search`).

    It is not told, its hours are not learnt as usual, and the forecast leaves them out. For an alert it
    begins when the alert did.
    """
    from agent.control import IntentKind
    from agent.errors import BurndeckError
    from agent.reports.alerts import alert_of
    from console.commands.common import reader_for

    if span <= 0:
        raise click.UsageError("--for: must be more than nothing")
    settings = settings_for(config, db)
    now = settings.clock().now()
    if subject.isdecimal():
        subject = f"alert:{subject}"
    if not subject.startswith("alert:"):
        _check_known(settings, _scope(subject))
    elif start is None:
        with reader_for(settings) as reader:
            entry = alert_of(reader, subject.removeprefix("alert:"), now)
        if entry is None:
            raise BurndeckError(f"there is no {subject}", hint="`burndeck alerts` lists them.")
        start = float(entry.started_at)
    begin = int(now if start is None else start)
    payload = {"start": begin, "end": max(begin, int(now)) + span, "reason": reason}
    done = f"{subject} marked as planned"
    send(
        settings,
        IntentKind.PLANNED_ACTIVITY,
        subject,
        payload,
        done=done,
        wait_s=wait,
        as_json=as_json,
    )


def _scope(subject: str) -> Scope:
    from agent.domain.allocation import Scope
    from agent.errors import ConfigError

    try:
        return Scope.parse(subject)
    except ValueError as error:
        raise ConfigError(str(error), hint="Or name an alert: `burndeck alerts plan alert:12`.") from None


def _check_known(settings: Settings, scope: Scope) -> None:
    """A slip of the pen must not be a plan that explains nothing: raises `ConfigError` with near names."""
    from agent.ledger.kinds import SCOPE_KINDS
    from console.commands.common import reader_for

    with reader_for(settings) as reader:
        seen = [row["value"] for row in reader.rows("dims_of_kind", {"kind": int(SCOPE_KINDS[scope.kind])})]
    if not scope.value or not seen:
        return
    known = {*seen, *(each.scope.value for each in settings.allocations if each.scope.kind is scope.kind)}
    if scope.value in known:
        return
    import difflib

    from agent.errors import ConfigError

    near = difflib.get_close_matches(scope.value, sorted(known), n=3)
    raise ConfigError(
        f"neither the ledger nor burndeck.toml knows {scope}",
        hint=f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(known)[:5])}.",
    )
