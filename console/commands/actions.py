"""`burndeck actions`: what is in force, what waits for whom, and everything about one action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from console.commands.acting import no
from console.commands.common import common_options, jsonable, print_json, reader_for, settings_for
from console.commands.numbers import Whole
from console.commands.tables import amount, percent, table, terminal_width, when
from console.commands.times import Stretch

if TYPE_CHECKING:
    from agent.reports.actions import ActionDetail, ActionEntry

_EPILOG = """\b
Examples:
  burndeck actions
  burndeck actions --since 30d --json
  burndeck actions show 12
"""


@click.group("actions", invoke_without_command=True, epilog=_EPILOG)
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back ended ones go.")
@click.option("--open", "only_open", is_flag=True, help="Leave ended ones out.")
@click.pass_context
def actions(
    ctx: click.Context, config: str | None, db: str | None, as_json: bool, since: int, only_open: bool
) -> None:
    """What was changed, open actions first: state, effect, and when each undoes itself."""
    if ctx.invoked_subcommand is not None:
        return
    from agent.reports.actions import actions as entries_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        found = entries_of(reader, settings.clock().now(), since)
    if only_open:
        found = [entry for entry in found if entry.open]
    if as_json:
        print_json({"actions": found})
    elif found:
        columns = ("id", "state", "what", "by", "asked for", "targets", "ends in", "approvals", "effect")
        click.echo(table(columns, [_row(entry) for entry in found], right=(0, 5), most=terminal_width()))
    else:
        click.echo("no actions")


@actions.command(
    "show", short_help="Everything about one action.", epilog="Example: burndeck actions show 12 --json"
)
@common_options
@click.argument("ident", metavar="ACTION", type=Whole(1))
def show(config: str | None, db: str | None, as_json: bool, ident: int) -> None:
    """One ACTION: every target before and after, approvals, what was foreseen, and what happened."""
    from agent.control.words import gateway_words
    from agent.reports.actions import action_detail

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        detail = action_detail(reader, ident, settings.clock().now(), gateway_words(settings))
    if detail is None:
        raise no(f"there is no action {ident}", hint="`burndeck actions` lists them.")
    if as_json:
        print_json({name: value for name, value in jsonable(detail).items() if name != "action"})
    else:
        click.echo("\n\n".join("\n".join(part) for part in map(list, _parts(detail)) if part))


def approvals_words(entry: ActionEntry) -> str:
    """`1 of 2, waits for finance`, and nothing where none is needed."""
    if entry.waits_for:
        given, needed = len(entry.given), len(entry.given) + len(entry.waits_for)
        waits = " and ".join(" or ".join(roles) for roles in entry.waits_for)
        return f"{given} of {needed}, waits for {waits}"
    return ", ".join(each.person for each in entry.given)


def _row(entry: ActionEntry) -> tuple[str, ...]:
    from agent.domain.words import duration
    from agent.reports.action_report import NOT_WRITTEN

    return (
        str(entry.id),
        NOT_WRITTEN if entry.unwritten else entry.state,
        entry.named,
        entry.requested_by,
        when(entry.requested_at),
        f"{entry.targets}" + (f" ({entry.failed} failed)" if entry.failed else ""),
        "-" if entry.expires_in_s is None or entry.unwritten else duration(entry.expires_in_s),
        approvals_words(entry) if not entry.foreign else "not proved",
        entry.warning or entry.effect or entry.why,
    )


def _parts(detail: ActionDetail) -> Iterator[Iterator[str]]:
    yield _head(detail.entry)
    yield _steps(detail)
    yield _approvals(detail)
    yield _foreseen(detail)
    yield (f"{when(line.at)}  {line.kind:<11}  {line.actor:<8}  {line.text}" for line in detail.timeline)
    yield (f"{command.text:<36}  {command.purpose}" for command in detail.commands)


def _head(entry: ActionEntry) -> Iterator[str]:
    from agent.domain.words import duration
    from agent.reports.action_report import NOT_WRITTEN

    yield f"action {entry.id}: {entry.state}" + (f", {NOT_WRITTEN}" if entry.unwritten else "")
    if entry.foreign:
        yield f"{entry.warning}; `burndeck audit verify` says more"
    yield entry.named_fully
    yield f"asked for   by {entry.requested_by}, {when(entry.requested_at)}: {entry.reason}"
    for name, at in (
        ("begun", entry.begun_at),
        ("accepted", entry.accepted_at),
        ("confirmed", entry.confirmed_at),
    ):
        if at is not None:
            yield f"{name:<10}  {when(at)}"
    if entry.reach:
        yield f"reach       {entry.reach}"
    if entry.effect:
        yield f"effect      {entry.effect}"
    if entry.expires_in_s is not None and not entry.unwritten:
        yield f"ends        by itself in {duration(entry.expires_in_s)}, {when(entry.expires_at)}"
    if entry.ended_at is not None:
        by = f" by {entry.ended_by}" if entry.ended_by else ""
        yield f"ended       {when(entry.ended_at)}{by}" + (f": {entry.why}" if entry.why else "")
    elif entry.why:
        yield f"why         {entry.why}"
    if entry.incident is not None or entry.alert is not None:
        known = (("incident", entry.incident), ("alert", entry.alert))
        yield "answers     " + ", ".join(f"{name} {ident}" for name, ident in known if ident is not None)


def _mark(foreign: bool) -> str:
    from agent.domain.audit import NOT_OURS

    return f"{NOT_OURS}: " if foreign else ""


def _steps(detail: ActionDetail) -> Iterator[str]:
    for step in detail.steps:
        error = f": {step.error}" if step.error else ""
        yield f"{_mark(step.foreign)}{step.state:<8}  {step.named}: {step.before} -> {step.after}{error}"


def _approvals(detail: ActionDetail) -> Iterator[str]:
    for each in detail.approvals:
        note = f": {each.note}" if each.note else ""
        void = f" (counts no more: {each.void})" if each.void else ""
        mark, at = _mark(each.foreign), when(each.at)
        yield f"{mark}{each.verdict:<8}  by {each.person} for {each.role}, {at}{note}{void}"
    entry = detail.entry
    if entry.waits_for:
        waits = " and ".join(" or ".join(roles) for roles in entry.waits_for)
        yield f"waits for {waits} until {when(entry.approve_by)}"


def _foreseen(detail: ActionDetail) -> Iterator[str]:
    from decimal import Decimal

    from agent.domain.action_words import keys_told, unasked
    from agent.domain.money import to_credits
    from agent.domain.words import plural

    seen = detail.preview
    if not seen.get("key_count"):
        return
    burn, saved = (to_credits(int(seen.get(name, 0))) for name in ("burn_nano", "saved_nano"))
    share = percent(Decimal(str(seen.get("production_share", "0"))))
    teams = ", ".join(seen.get("teams", ())) or "-"
    others = keys_told(seen, "bystanders")
    hit = plural(detail.entry.keys, "key") + (f", {unasked(others)}," if others else "")
    yield f"foreseen    {hit} of {teams}, production {share}"
    yield f"            saves {amount(saved)} of {amount(burn)} credits/min"
    refused, requests = (int(seen.get(name, 0)) for name in ("refused", "requests"))
    yield f"            would have refused {refused:,} of {requests:,} requests of the hour before"
    for note in seen.get("notes", ()):
        yield f"            {note}"
