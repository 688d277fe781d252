"""`burndeck alerts show` and `burndeck alerts incidents`: why it fired, what it costs, who was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from console.commands.alerts import AT_HELP
from console.commands.common import common_options, given_before, print_json, reader_for, settings_for
from console.commands.tables import amount, table, terminal_width, when
from console.commands.times import Instant, Stretch

if TYPE_CHECKING:
    from agent.reports.alert_report import AlertDetail
    from agent.reports.figure import Figure


@click.command("show", epilog="Example: burndeck alerts show 12 --json")
@common_options
@click.argument("alert", type=int)
@click.option("--at", type=Instant(), default=given_before("at"), help=AT_HELP)
def show(config: str | None, db: str | None, as_json: bool, alert: int, at: float | None) -> None:
    """One alert: why it fired, its series, its incident and timeline, who was told, what to do next.

    Exit code 1 when there is no such alert.
    """
    from agent.errors import BurndeckError
    from agent.reports.alert_detail import alert_detail
    from agent.runbooks.suggested import runbook_commands

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        detail = alert_detail(reader, settings, alert, settings.clock().now(), at=at)
        if detail is not None and at is None:
            commands = (*runbook_commands(reader, settings, [detail.entry]), *detail.commands)
            detail = replace(detail, commands=commands)
    if detail is None:
        raise BurndeckError(f"there is no alert {alert}", hint="`burndeck alerts` lists them.")
    if as_json:
        print_json(detail)
    else:
        click.echo("\n\n".join("\n".join(part) for part in map(list, _parts(detail, at)) if part))


@click.command("incidents", epilog="Example: burndeck alerts incidents --since 30d")
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back closed ones go.")
def incidents(config: str | None, db: str | None, as_json: bool, since: int) -> None:
    """Open and recent incidents: what belongs together, its first cause, and what it has cost so far."""
    from agent.reports.alerts import incidents as entries_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        entries = entries_of(reader, settings.clock().now(), since)
    if as_json:
        print_json({"incidents": entries})
        return
    if not entries:
        click.echo("no incidents")
        return
    rows = [
        (
            entry.id,
            "closed" if entry.closed_at else "open",
            entry.tier,
            when(entry.opened_at),
            when(entry.closed_at),
            amount(entry.above),
            entry.alerts,
            entry.group,
            entry.title,
        )
        for entry in entries
    ]
    columns = ("id", "state", "tier", "opened", "closed", "above expected", "alerts", "group", "title")
    click.echo(table(columns, rows, right=(0, 5, 6), most=terminal_width()))


def _parts(detail: AlertDetail, at: float | None) -> Iterator[Iterator[str]]:
    yield _head(detail)
    yield _evidence(detail)
    yield _caps(detail)
    yield _suggestions(detail)
    yield _incident(detail)
    yield _deliveries(detail, at)
    yield (f"{command.text:<44}  {command.purpose}" for command in detail.commands)


def _head(detail: AlertDetail) -> Iterator[str]:
    entry = detail.entry
    yield f"alert {entry.id}: {entry.tier}, {entry.state}{_muted(entry.muted_by)}"
    yield entry.summary
    yield f"now         {_figure(detail.current)}, expected {_figure(detail.expected)}"
    if entry.unit != "credits" and detail.above.value:
        yield f"above       {_figure(detail.above)} since it started"
    yield f"since       {when(entry.started_at)}, fired {when(entry.fired_at)}"
    if entry.escalated_at is not None:
        yield f"escalated   {when(entry.escalated_at)}"
    if entry.acknowledged_by:
        yield f"taken       by {entry.acknowledged_by}, {when(entry.acknowledged_at)}"
    elif entry.escalated_at is None and entry.acknowledge_by is not None:
        yield f"escalates   {when(entry.acknowledge_by)} unless somebody acknowledges it"
    if entry.resolved_at is not None:
        yield f"resolved    {when(entry.resolved_at)}"


def _muted(by: str) -> str:
    return f", muted by {by.replace(':', ' ')}" if by else ""


def _figure(figure: Figure) -> str:
    tag = f" [{figure.tag}]" if figure.tag else ""
    return f"{amount(figure.value)} {figure.unit}{tag}"


def _evidence(detail: AlertDetail) -> Iterator[str]:
    if detail.sentence != detail.entry.summary:
        yield f"why         {detail.sentence}"
    width = max((len(each.name) for each in detail.evidence), default=0)
    for each in detail.evidence:
        yield f"{each.name:<{width}}  {each.value}"


def _caps(detail: AlertDetail) -> Iterator[str]:
    for budget in detail.budgets:
        used, monthly = amount(budget.used.value), amount(budget.monthly.value)
        yield f"{budget.allocation_id}: {used} of {monthly} credits, {budget.state}"
    if detail.runway:
        yield detail.runway.in_full


def _suggestions(detail: AlertDetail) -> Iterator[str]:
    for each in detail.suggestions:
        yield f"saves {amount(each.low)} to {amount(each.high)} credits a month: {each.text}"


def _incident(detail: AlertDetail) -> Iterator[str]:
    incident = detail.incident
    if incident is None:
        return
    state = "closed" if incident.closed_at else "open"
    cost = f"{amount(incident.above)} credits above expected; " if incident.above else ""
    yield f"incident {incident.id} ({state}, {incident.tier}): {cost}began with: {incident.title}"
    for line in detail.timeline:
        yield f"  {when(line.at)}  {line.kind:<13}  {line.actor:<8}  {line.text}"


def _deliveries(detail: AlertDetail, at: float | None) -> Iterator[str]:
    told_at = detail.entry.told_at
    if not detail.deliveries and detail.entry.told and told_at is not None and (at is None or told_at <= at):
        yield "nobody outside was told: no route leads to a channel"
    for each in detail.deliveries:
        where = each.target or each.channel
        state = when(each.sent_at) if each.state == "sent" else each.error or each.state
        yield f"told {where:<28}  {each.kind:<12}  {each.state:<8}  {state}"
