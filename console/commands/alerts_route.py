"""`burndeck alerts route`: who is told of what, tried before it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agent.domain.alert import AlertRule
from console.commands.common import common_options, print_json, settings_for
from console.commands.tables import table
from console.commands.times import Instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.alerts.delivery import Delivery
    from agent.alerts.drill import RouteTest
    from agent.alerts.routes import Facts, Told
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck alerts route test
  burndeck alerts route test --tier warning --team payments --at 2026-09-20T03:00
  burndeck alerts route test --tier hard_cap --allocation org-1234-bg-payments --send
"""


@click.group("route")
def route() -> None:
    """Who is told of what."""


@route.command("test", epilog=_EPILOG)
@click.option("--tier", default="critical", show_default=True, help="Tier of the alert.")
@click.option(
    "--rule", type=click.Choice([rule.value for rule in AlertRule]), default="budget", show_default=True
)
@click.option("--team", default="", help="Whose burn it is; by default the allocation's.")
@click.option("--allocation", default="", help="Id of an allocation.")
@click.option("--environment", default="", help="Where it burns; by default several or unknown ones.")
@click.option("--at", type=Instant(), help="When it fires (UTC); by default now.")
@click.option("--send", is_flag=True, help="Send a message, marked as a drill, to whoever is told at once.")
@common_options
def test(
    tier: str,
    rule: str,
    team: str,
    allocation: str,
    environment: str,
    at: float | None,
    send: bool,
    config: str | None,
    db: str | None,
    as_json: bool,
) -> None:
    """Show who gets what and why, and recipients whom nobody reaches.

    Changes nothing, with --send neither, and needs no agent. Exit code 1 when somebody is not reached or a
    channel has no secret yet, 3 when a message was not taken.
    """
    from agent.alerts.drill import try_routes

    settings = settings_for(config, db)
    known = settings.alerts.tier(tier)
    if known is None:
        names = ", ".join(each.name for each in settings.alerts.tiers)
        raise click.UsageError(f"there is no tier {tier!r}; known: {names}")
    clock = settings.clock()
    facts = _facts(settings, tier, rule, team, allocation, environment)
    found = try_routes(settings, known, facts, clock.now() if at is None else at)
    sent = _sent(settings, found) if send else []
    mute = _without_secret(settings, found)
    if as_json:
        print_json({**_plain(found, sent, send=send), "without_secret": mute})
    else:
        _show(settings, found, sent, mute)
    failed = any(not delivery.ok for delivery in sent)
    click.get_current_context().exit(3 if failed else 0 if found.reaches_all and not mute else 1)


def _facts(settings: Settings, tier: str, rule: str, team: str, allocation: str, environment: str) -> Facts:
    from agent.alerts.routes import Facts
    from agent.domain.allocation import ScopeKind

    known = {each.id: each for each in settings.allocations}
    if allocation and allocation not in known:
        names = ", ".join(known) or "none"
        raise click.UsageError(f"there is no allocation {allocation!r}; known: {names}")
    scope = known[allocation].scope if allocation else None
    if not team and scope is not None and scope.kind is ScopeKind.TEAM:
        team = scope.value
    return Facts(tier, rule, team, allocation, environment)


def _sent(settings: Settings, found: RouteTest) -> list[Delivery]:
    import asyncio

    from agent.alerts.delivery import send_now
    from agent.alerts.drill import drill_notice

    clock = settings.clock()
    notice = drill_notice(settings, found, clock.now())
    return asyncio.run(send_now(settings, notice, found.told.destinations, clock))


def _without_secret(settings: Settings, found: RouteTest) -> list[str]:
    """Names of the channels that cannot send yet, of those that somebody is to be told by."""
    from agent.secrets import where

    names = {place.channel for place in (*found.told.destinations, *found.escalated.destinations)}
    return [
        channel.name
        for channel in settings.alerts.channels
        if channel.name in names and channel.secret is not None and where(channel.secret) is None
    ]


def _show(settings: Settings, found: RouteTest, sent: list[Delivery], mute: Sequence[str]) -> None:
    what = " ".join(text for text in (found.facts.rule, found.facts.allocation_id, found.facts.team) if text)
    click.echo(f"{found.facts.tier}: {what}, {found.local_time:%a %Y-%m-%d %H:%M %Z}")
    click.echo("")
    _show_told(settings, found.told, mute, "is told at once")
    if found.escalation_s is not None and (found.escalated.destinations or found.escalated.unreached):
        from agent.domain.words import duration

        click.echo("")
        later = duration(found.escalation_s)
        _show_told(settings, found.escalated, mute, f"unacknowledged after {later}", f", told after {later}")
    if not settings.alerts.routes:
        click.echo("")
        click.echo(
            "nobody outside is told: burndeck.toml has no [[alerts.routes]]; alerts show in the console"
        )
    for delivery in sent:
        mark = "delivered" if delivery.ok else "NOT TAKEN"
        click.echo(f"{mark}  {delivery.destination.label}  {delivery.detail}".rstrip())
        if delivery.hint:
            click.echo(f"{'':11}-> {delivery.hint}")


def _show_told(settings: Settings, told: Told, mute: Sequence[str], title: str, note: str = "") -> None:
    kinds = {channel.name: channel.kind for channel in settings.alerts.channels}
    rows = [
        (
            f"{place.label} (no secret yet: burndeck login {place.channel})"
            if place.channel in mute
            else place.label,
            place.channel,
            kinds.get(place.channel, ""),
            place.because,
        )
        for place in told.destinations
    ]
    if rows:
        click.echo(table((title, "channel", "kind", "because"), rows))
    for recipient in told.unreached:
        click.secho(f"nobody reaches {recipient}{note}", fg="yellow")


def _plain(found: RouteTest, sent: list[Delivery], *, send: bool) -> dict[str, Any]:
    escalation = None
    if found.escalation_s is not None:
        escalation = {
            "after_s": found.escalation_s,
            "destinations": found.escalated.destinations,
            "unreached": found.escalated.unreached,
        }
    return {
        "facts": found.facts,
        "local_time": found.local_time.isoformat(),
        "destinations": found.told.destinations,
        "unreached": found.told.unreached,
        "escalation": escalation,
        "sent": sent if send else None,
    }
