"""`burndeck approve`: a second person's word on exactly one change, here or from another machine."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from console.commands.acting import no
from console.commands.actions import approvals_words
from console.commands.approve_elsewhere import answer_elsewhere
from console.commands.approve_several import decide_each
from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.decision import decision, detail_of, exactly
from console.commands.intents import agentless, answered, intent_data, say_undone, settled, wait_option
from console.commands.numbers import Whole
from console.commands.tables import table, terminal_width, when
from console.commands.watching import acted, say_end, watch

if TYPE_CHECKING:
    from agent.control import IntentReceipt, Outcome
    from agent.control.asking import Ask
    from agent.domain.action import Action
    from agent.domain.person import Person
    from agent.reports.actions import ActionDetail, ActionEntry
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck approve                               what waits, and what of it you may approve
  burndeck approve 12 --note "seen with Bo"
  burndeck approve 12 13 14                      all of them shown, one question, a word on each
  burndeck approve 12 --deny --note "too wide"
  burndeck approve 12 --export                   a line for another machine, where
  burndeck approve --request LINE                shows the change and prints a token; here again
  burndeck approve 12 --token TOKEN
"""

_AGAIN = "`burndeck approve ACTION --export` begins anew; the token is needed whole, on one line."


@click.command("approve", epilog=_EPILOG)
@common_options
@click.argument("actions", metavar="[ACTION]...", type=Whole(1), nargs=-1)
@click.option("--deny", is_flag=True, help="Say no: one no is enough.")
@click.option("--note", "--reason", "note", default="", help="What you want to be read beside your word.")
@click.option("--yes", is_flag=True, help="Do not ask; sign it.")
@click.option("--export", is_flag=True, help="Print the request as a line for another machine.")
@click.option("--request", "line", help="A line from --export, on another machine; - for standard input.")
@click.option("--token", help="What --request printed there.")
@wait_option
def approve(
    config: str | None,
    db: str | None,
    as_json: bool,
    actions: tuple[int, ...],
    deny: bool,
    note: str,
    yes: bool,
    export: bool,
    line: str | None,
    token: str | None,
    wait: float,
) -> None:
    """Approve each ACTION that waits, or list what waits.

    An approval is bound to the exact change that is shown. Whoever asked for it may not approve it, and
    nobody approves twice. Of several each is signed for itself: where one is refused the others count, and
    --json prints a list. Exit code 0 when all count, 1 when one was refused.
    """
    if line is not None:
        if actions or export or token:
            raise click.UsageError("--request: it says itself what it is about.")
        answer_elsewhere(line, deny=deny, note=note.strip(), yes=yes, as_json=as_json)
        return
    settings = settings_for(config, db)
    if not actions:
        if deny or export or token or note:
            raise click.UsageError("say which ACTION; `burndeck approve` alone lists what waits.")
        _list(settings, as_json=as_json)
        return
    action, *others = dict.fromkeys(actions)
    if others:
        if export or token:
            raise click.UsageError(f"{'--export' if export else '--token'}: it is about one ACTION.")
        numbers = (action, *others)
        decide_each(settings, numbers, deny=deny, note=note.strip(), yes=yes, wait_s=wait, as_json=as_json)
        return
    detail = detail_of(settings, action)
    if export:
        _export(settings, detail.action, as_json=as_json)
        return
    asked = decision(settings, detail, deny=deny, note=note.strip(), token=token)
    if not yes and token is None:
        _confirm(detail, deny=deny, as_json=as_json)
    _decide(settings, asked, action, wait, as_json=as_json)


def _decide(settings: Settings, asked: Ask, action: int, wait: float, *, as_json: bool) -> None:
    begun = time.monotonic()
    receipt, result = _settled(settings, asked, action, wait)
    done = result is not None and result.handled_at is not None and not result.reason
    left = max(0.0, wait - (time.monotonic() - begun))
    watched = watch(settings, action, begun, left, acted, quiet=as_json) if done else None
    if as_json:
        known = intent_data(receipt, result)
        if watched:
            known |= {"state": watched.entry.state, "action": watched.entry, "states": watched.states}
        print_json(known)
    elif watched is None:
        say_undone(receipt, result, agentless(settings))
    else:
        say_end(watched, wait)
    click.get_current_context().exit(0 if done else 1)


def _settled(
    settings: Settings, asked: Ask, action: int, wait: float
) -> tuple[IntentReceipt, Outcome | None]:
    """A word of one's own, or one that a token brings: where nobody here may say it, the token by itself."""
    from agent.control.standing import standing

    token = asked.payload.get("token")
    if token is None or standing(settings).may(asked.kind):
        return settled(settings, asked.kind, asked.subject, asked.payload, wait)
    from agent.control.carrying import carry
    from agent.domain.intent import Refused

    try:
        receipt = carry(settings, str(token), action, asked.kind, settings.clock().now())
    except Refused as refused:
        raise no(refused.reason, hint=_AGAIN) from None
    return receipt, answered(settings, receipt.id, wait)


def _list(settings: Settings, *, as_json: bool) -> None:
    from agent.control.identity import CREATE_HINT
    from agent.control.standing import standing
    from agent.reports.actions import actions as entries_of

    here = standing(settings)
    person = here.person
    with reader_for(settings) as reader:
        waiting = [each for each in entries_of(reader, settings.clock().now(), 0) if each.waits_for]
    rows = [(entry, _mine(entry, person)) for entry in waiting]
    if as_json:
        print_json({"waiting": [{"action": entry, "yours": mine} for entry, mine in rows]})
        return
    if not rows:
        click.echo("nothing waits for approval")
        return
    lines = [
        (str(e.id), e.named, e.requested_by, when(e.approve_by), approvals_words(e), mine) for e, mine in rows
    ]
    columns = ("id", "what", "by", "until", "approvals", "yours")
    click.echo(table(columns, lines, right=(0,), most=terminal_width()))
    if here.identity is None:
        click.echo(f"\nNobody is known here. {CREATE_HINT}", err=True)
    elif person is None:
        where = settings.file or "burndeck.toml"
        click.echo(
            f"\n{where} does not know {here.identity.name}. `burndeck identity show` prints what to add.",
            err=True,
        )


def _mine(entry: ActionEntry, person: Person | None) -> str:
    """Whether somebody may approve it, and in which role; else why not."""
    if person is None:
        return "no: nobody is known here"
    if person.name == entry.requested_by:
        return "no: you asked for it"
    if any(each.person == person.name for each in entry.given):
        return "no: you have approved it"
    roles = sorted(
        {role.value for role in person.roles} & {role for each in entry.waits_for for role in each}
    )
    needed = " and ".join(" or ".join(each) for each in entry.waits_for)
    return f"yes, for {roles[0]}" if roles else f"no: it takes {needed}"


def _export(settings: Settings, action: Action, *, as_json: bool) -> None:
    from agent.control.tokens import counts_until, request_text
    from agent.domain.action_words import spec_title

    with reader_for(settings) as reader:
        ledger = str(reader.rows("ledger_name")[0][0])
    now = int(settings.clock().now())
    line = request_text(action, ledger, spec_title(action.spec), now)
    if as_json:
        print_json({"action": action.id, "digest": action.digest, "request": line})
    else:
        until = counts_until(now, action.approve_by)
        click.echo(line)
        click.echo(
            "On the other machine: `burndeck approve --request LINE`. What comes back counts until "
            f"{when(until)} by this ledger's clock, where it is {when(now)} now.",
            err=True,
        )


def _confirm(detail: ActionDetail, *, deny: bool, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("nobody is there to say yes: look at it first, then pass --yes.")
    click.echo("\n".join(exactly(detail)))
    word = "deny" if deny else "approve"
    if not click.confirm(f"\n{word} {detail.decided}?"):
        raise no("nothing was signed")
