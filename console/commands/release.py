"""`burndeck release`, `renew` and `amend`: what was asked for is undone, lasts longer, or is changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from console.commands.acting import How, act, acting_options, no
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.credits import Credits
from console.commands.intents import Done, agentless, intent_data, say_undone, send, settled, wait_option
from console.commands.lifting import ask, asks
from console.commands.numbers import Whole
from console.commands.times import Stretch
from console.commands.watching import say_end, undone, watch

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.control.planning import Plan
    from agent.domain.action import Action, ActionSpec
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_RELEASE = """\b
Examples:
  burndeck release 12 --reason "fixed by the roll-back"
  burndeck release --incident 3
"""


@click.command("release", epilog=_RELEASE)
@common_options
@click.argument("action", type=Whole(1), required=False)
@click.option("--incident", type=Whole(1), help="Every action of this incident.")
@click.option("--reason", default="", help="Why.")
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nothing is asked anyway.")
@wait_option
def release(
    config: str | None,
    db: str | None,
    as_json: bool,
    action: int | None,
    incident: int | None,
    reason: str,
    yes: bool,
    wait: float,
) -> None:
    """Undo an ACTION, or every action of an incident; a request that still waits is withdrawn.

    On a terminal it is shown what is lifted, and asked. What was there before is restored. Of an incident it
    is said of each action that stays why it does; what the agent itself asks for goes on waiting, as nothing
    of it is done. Exit code 0 when all that was done is undone, 1 when not (yet).
    """
    from agent.control.asking import release_of
    from agent.control.undoing import ASKED

    if (action is None) == (incident is None):
        raise click.UsageError("say what is undone: an ACTION, or --incident N.")
    settings = settings_for(config, db)
    asked = release_of(f"action:{action}" if action else f"incident:{incident}", reason.strip())
    idents = [action] if action else _open_actions(settings, incident or 0)
    _warn(settings, idents)
    if asks(yes=yes, as_json=as_json):
        stay = _asked(settings, idents) if incident else []
        ask(settings, [each for each in idents if each not in stay])
    begun = time.monotonic()
    receipt, result = settled(settings, asked.kind, asked.subject, asked.payload, wait)
    done = result is not None and result.handled_at is not None and not result.reason
    left = max(0.0, wait - (time.monotonic() - begun))
    waiting = _asked(settings, idents) if done and incident else []
    stays = _stays(settings, idents, receipt.made_at) if done and incident else {}
    stays |= dict.fromkeys(waiting, ASKED)
    seen = [
        watch(settings, each, begun, 0 if each in stays else left, undone, quiet=as_json or each in stays)
        for each in (idents if done else ())
    ]
    watched = [each for each in seen if each is not None]
    if as_json:
        actions = [
            {"action": each.entry, "states": each.states, "stays": stays.get(each.entry.id)}
            for each in watched
        ]
        print_json(intent_data(receipt, result) | {"actions": actions})
    elif not done:
        say_undone(receipt, result, agentless(settings))
    for each in () if as_json else watched:
        if each.entry.id in waiting:
            continue
        if why := stays.get(each.entry.id):
            click.echo(f"action {each.entry.id} ({each.entry.named}) stays: {why}")
        else:
            say_end(each, wait, of_undo=True)
    if waiting and not as_json:
        click.echo(_wait(waiting))
    meant = [each for each in watched if each.entry.id not in waiting]
    fine = done and all(undone(each) and each.entry.state != "failed" for each in meant)
    click.get_current_context().exit(0 if fine else 1)


@click.command("renew", epilog="Example: burndeck renew 12 --for 1h")
@common_options
@click.argument("action", type=Whole(1))
@click.option(
    "--for",
    "span",
    type=Stretch(),
    help="How long from now on; by default as long as at first, and never longer.",
)
@wait_option
def renew(
    config: str | None, db: str | None, as_json: bool, action: int, span: int | None, wait: float
) -> None:
    """Make an ACTION last longer, from now on."""
    from agent.control.asking import renewal_of

    settings = settings_for(config, db)
    found = the_action(settings, action)
    seconds = found.spec.expires_s if span is None else span
    if not seconds:
        raise click.UsageError("--for: say how long it is to last.")
    asked = renewal_of(found, seconds)
    send(
        settings,
        asked.kind,
        asked.subject,
        asked.payload,
        done=f"action {action} renewed",
        wait_s=wait,
        as_json=as_json,
        look=lambda reader, person: _renewed(reader, settings, action, person),
    )


@click.command("amend", epilog='Example: burndeck amend 12 --credits 3000 --reason "less is enough"')
@click.argument("action", type=Whole(1))
@click.option("--credits", "nano", type=Credits(), help="Another amount, of a cap or a top-up.")
@click.option("--rps", type=Whole(0), help="Another limit, in requests a second.")
@click.option("--rpm", type=Whole(0), help="In requests a minute.")
@click.option("--tpm", type=Whole(0), help="In tokens a minute.")
@click.option("--parallel", type=Whole(0), help="In requests at once.")
@click.option("--for", "span", type=Stretch(), help="Another time after which it undoes itself.")
@click.option("--non-prod/--with-prod", "non_prod", default=None, help="Spare production, or do not.")
@acting_options
def amend(
    how: How, action: int, nano: int | None, span: int | None, non_prod: bool | None, **limits: int | None
) -> None:
    """Change your own request, an ACTION that still waits for approvals.

    Approvals that were given before count no more.
    """
    from agent.control.asking import amendment_of

    found = the_action(how.settings, action)
    spec = _changed(found.spec, nano, span, non_prod, limits)
    if spec == found.spec and not how.reason:
        raise click.UsageError("say what is to be changed.")

    def amendment(made: Plan) -> Ask:
        return amendment_of(found, made, how.reason)

    act(how, spec, amendment, action)


def the_action(settings: Settings, ident: int) -> Action:
    """The action of an id; `BurndeckError` where there is none."""
    with reader_for(settings) as reader:
        found = reader.action_store().action(ident)
    if found is None:
        raise no(f"there is no action {ident}", hint="`burndeck actions` lists them.")
    return found


def _changed(
    spec: ActionSpec,
    nano: int | None,
    span: int | None,
    non_prod: bool | None,
    limits: Mapping[str, int | None],
) -> ActionSpec:
    from agent.domain.gateway import Limit, LimitUnit

    given = [Limit(amount, LimitUnit(unit)) for unit, amount in limits.items() if amount is not None]
    if len(given) > 1:
        raise click.UsageError("give one limit.")
    if given and spec.limit is None:
        raise click.UsageError(f"a {spec.kind.value} has no limit: ask for a throttle of its own.")
    if nano is not None and not spec.amount_nano:
        raise click.UsageError(f"--credits: a {spec.kind.value} has no amount.")
    wanted = {
        "limit": given[0] if given else None,
        "amount_nano": nano,
        "expires_s": span,
        "non_prod": non_prod,
    }
    changes: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    return replace(spec, **changes)


def _open_actions(settings: Settings, incident: int) -> list[int]:
    with reader_for(settings) as reader:
        found = reader.action_store().of_incident(incident)
    return [each.id for each in reversed(found) if each.id is not None and not each.state.ended]


def _warn(settings: Settings, idents: Sequence[int]) -> None:
    """Says before actions are undone where what others have changed meanwhile cannot be seen."""
    from agent.domain.unseen import foreseen, untold

    with reader_for(settings) as reader:
        blind = untold(reader.rows("gateways_seen"))
        found = [reader.action_store().action(ident) for ident in idents] if blind else []
    for action in found:
        if action is not None and (note := foreseen(action, blind)):
            click.secho(f"action {action.id}: {note}", fg="yellow", err=True)


def _asked(settings: Settings, idents: Sequence[int]) -> list[int]:
    """Which of some actions are requests of the agent that go on waiting."""
    from agent.control.lasting import asks_itself

    with reader_for(settings) as reader:
        found = [reader.action_store().action(ident) for ident in idents]
    return [each.id for each in found if each is not None and each.id is not None and asks_itself(each)]


def _wait(asked: Sequence[int]) -> str:
    from agent.control.undoing import still_wait

    these = "it" if len(asked) == 1 else "them"
    return f"{still_wait(len(asked))}: approve or deny {these}, `burndeck approve {asked[0]}` or with --deny"


def _stays(settings: Settings, idents: Sequence[int], since: int) -> dict[int, str]:
    """Why some of an incident's actions outlast its undo, as the agent has just put it on record."""
    from agent.reports.actions import action_detail

    found: dict[int, str] = {}
    with reader_for(settings) as reader:
        for ident in idents:
            detail = action_detail(reader, ident, settings.clock().now())
            if detail is None:
                continue
            for line in detail.timeline:
                if line.kind == "not_released" and line.at >= since:
                    found[ident] = line.text.removeprefix("not released: ")
    return found


def _renewed(reader: LedgerReader, settings: Settings, ident: int, person: str) -> Done | None:
    from agent.reports.actions import action_entry
    from console.commands.tables import when

    entry = action_entry(reader, ident, settings.clock().now())
    if entry is None:
        return None
    return Done(f"action {ident} lasts until {when(entry.expires_at)}, by {person}", {"action": entry})
