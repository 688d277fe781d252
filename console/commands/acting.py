"""What commands that act share: the preview, the question, the signed request, and watching it."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from console.commands.common import F, common_options, print_json, reader_for, settings_for
from console.commands.intents import agentless, intent_data, say_undone, settled
from console.commands.numbers import Whole
from console.commands.preview_text import preview_data, preview_lines, question
from console.commands.times import Seconds
from console.commands.watching import Watched, acted, find_action, say_end, watch

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.control.planning import Plan
    from agent.domain.action import ActionSpec, Needs
    from agent.domain.intent import IntentKind
    from agent.errors import BurndeckError
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class How:
    """How an action is asked for: the options that every acting command has."""

    settings: Settings
    as_json: bool
    reason: str
    incident: int | None
    alert: int | None
    yes: bool
    drill: bool
    dry_run: bool
    wait_s: float
    confirmed: bool  # wait until traffic shows it

    @property
    def now(self) -> float:
        """The time of the ledger's clock."""
        return self.settings.clock().now()


_OPTIONS = (
    click.option("--reason", default="", help="Why; everybody sees it."),
    click.option("--incident", type=Whole(1), help="The incident that it belongs to."),
    click.option("--alert", type=Whole(1), help="The alert that it answers."),
    click.option("--yes", is_flag=True, help="Do not ask; send it."),
    click.option("--drill", is_flag=True, help="Go the whole way, marked as a drill, and change nothing."),
    click.option("--dry-run", is_flag=True, help="Say what it would do, and leave it at that."),
    click.option(
        "--wait", type=Seconds(), default=10.0, show_default=True, help="Seconds to watch what becomes of it."
    ),
    click.option(
        "--confirmed", is_flag=True, help="Watch until traffic shows it, not only the gateway's yes."
    ),
)


_EXIT = """
    Exit code 0 when every gateway has taken it, and also when it waits for approvals: `state` is then
    standby. 1 when it was refused, has failed or is not done yet.
"""


def acting_options(function: F) -> F:
    """Adds what every acting command takes; the function gets it as `how`."""

    @functools.wraps(function)
    def wrapped(config: str | None, db: str | None, as_json: bool, wait: float, **given: Any) -> Any:
        own = {name: given.pop(name) for name in ("reason", "incident", "alert", "yes", "drill")}
        own |= {name: given.pop(name) for name in ("dry_run", "confirmed")}
        own["reason"] = own["reason"].strip()
        how = How(settings_for(config, db), as_json, wait_s=wait, **own)
        return function(how=how, **given)

    wrapped.__doc__ = f"{function.__doc__ or ''}\n{_EXIT}"
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return common_options(wrapped)  # type: ignore[return-value]


def act(
    how: How, spec: ActionSpec, ask: Callable[[Plan], Ask] | None = None, action: int | None = None
) -> None:
    """Shows what an action would do, asks, signs the request, and watches what becomes of it.

    `ask` makes the intent where it is no plain request, `action` is the one that it changes. Exit code 0 when
    it is accepted or waits for approvals, 1 when it was refused, failed or is not accepted in time.
    """
    from agent.control.asking import kind_of, request_of
    from agent.domain.intent import IntentKind

    _answers(how)
    made = planned(how, spec, action)
    if how.dry_run:
        _show(how, made)
        _say_whether(how, kind_of(spec) if action is None else IntentKind.AMEND)
        return
    if not how.reason and ask is None:
        raise click.UsageError("--reason: everybody sees it, so it cannot stay empty.")
    asked = ask(made) if ask else request_of(made, how.reason, incident=how.incident, alert=how.alert)
    _may(how, asked)
    if not how.yes:
        confirm(how, made)
    begun = time.monotonic()
    receipt, result = settled(how.settings, asked.kind, asked.subject, asked.payload, how.wait_s)
    if result is None or result.reason or result.handled_at is None:
        if how.as_json:
            print_json(intent_data(receipt, result) | {"preview": preview_data(made)})
        else:
            say_undone(receipt, result, agentless(how.settings))
        click.get_current_context().exit(1)
    ident = find_action(how.settings, spec) if action is None else action
    left = max(0.0, how.wait_s - (time.monotonic() - begun))
    watched = watch(how.settings, ident, begun, left, _until(how), quiet=how.as_json)
    _end(how, made, receipt.id, watched)


def _answers(how: How) -> None:
    """Refuses an alert or incident that is not known: nobody would find the action by it."""
    with reader_for(how.settings) as reader:
        if how.alert is not None and reader.alert_store().alert(how.alert) is None:
            raise no(f"there is no alert {how.alert}", hint="`burndeck alerts` lists them.")
        asked = {"id": how.incident, "until": int(how.now)}
        if how.incident is not None and reader.one("incident_by_id", asked) is None:
            raise no(f"there is no incident {how.incident}", hint="`burndeck incident` lists them.")


def planned(how: How, spec: ActionSpec, action: int | None = None) -> Plan:
    """The plan of an action; raises `BurndeckError` with what could be done instead.

    Where more than a look was asked for the refusal is put on record: of the request, or of its change where
    `action` is the one that waits.
    """
    from agent.control.asking import kind_of, preview
    from agent.control.refusing import note
    from agent.domain.action import spec_fields
    from agent.domain.intent import IntentKind, Refused

    with reader_for(how.settings) as reader:
        try:
            return preview(reader, how.settings, spec, how.now)
        except Refused as refused:
            problem = no(refused.reason)
    if not how.dry_run:
        kind = kind_of(spec) if action is None else IntentKind.AMEND
        subject = str(spec.scope) if action is None else f"action:{action}"
        payload = {"spec": spec_fields(spec)} | ({"why": how.reason} if how.reason else {})
        note(how.settings, kind, subject, payload, problem.message, how.now)
    raise problem


def no(reason: str, hint: str = "") -> BurndeckError:
    """A refusal that the agent would give too."""
    from agent.control.standing import NotAllowedError

    return NotAllowedError(reason, hint=hint)


def confirm(how: How, made: Plan) -> None:
    """Shows the preview and asks; the graver it is, the more has to be typed."""
    if not _asks(how):
        raise click.UsageError("nobody is there to say yes: look at it with --dry-run, then pass --yes.")
    _show(how, made)
    click.echo()
    if grave(made):
        name = str(made.spec.scope)
        typed = click.prompt(f"{question(made)}\nType {name} to go on", default="", show_default=False)
        if typed.strip() == name:
            return
    elif click.confirm(f"{question(made)}?"):
        return
    raise no("nothing was sent")


def grave(made: Plan) -> bool:
    """Whether a slip would hurt: production, what cannot be undone, and what one person does alone."""
    from agent.domain.action import ActionKind

    spec = made.spec
    if spec.drill:
        return False
    if spec.kind is ActionKind.THROTTLE:
        return False  # it undoes itself, and is what nobody may be slow at
    return spec.kind is ActionKind.REVOKE or spec.emergency or made.production


def _asks(how: How) -> bool:
    return sys.stdin.isatty() and not how.as_json


def _show(how: How, made: Plan) -> None:
    if how.as_json:
        print_json({"preview": preview_data(made)})
    else:
        click.echo("\n".join(preview_lines(made, how.now, missing_approvals(how.settings, made))))


def missing_approvals(settings: Settings, made: Plan) -> Needs:
    """The approvals that nobody in burndeck.toml could give to whoever asks here."""
    from agent.control.roles import missing_people
    from agent.control.standing import standing

    if not made.needs:
        return ()
    person = standing(settings).person
    return missing_people(made.needs, settings.people, (person.name,) if person else ())


def _may(how: How, asked: Ask) -> None:
    """Says before the question what the agent would say after it."""
    from agent.control.refusing import on_record
    from agent.control.standing import signer

    with on_record(how.settings, asked.kind, asked.subject, asked.payload, how.now):
        signer(how.settings, asked.kind, None, None)


def _say_whether(how: How, kind: IntentKind) -> None:
    """Whoever only looks learns too that they may not: the plan alone would read as if they might."""
    from agent.control.roles import may, refusal
    from agent.control.standing import standing

    person = standing(how.settings).person
    if person is not None and not may(person, kind):
        click.secho(refusal(person, kind), fg="yellow", err=True)


def _until(how: How) -> Callable[[Watched], bool]:
    return (lambda seen: seen.entry.state != "accepted" and acted(seen)) if how.confirmed else acted


def _end(how: How, made: Plan, intent: int, watched: Watched | None) -> None:
    if how.as_json:
        state, why = (watched.entry.state, watched.entry.why) if watched else ("done", "")
        known = {"intent": intent, "state": state, "reason": why, "preview": preview_data(made)}
        found = {"action": watched.entry, "states": watched.states} if watched else {"action": None}
        print_json(known | found)
    elif watched:
        say_end(watched, how.wait_s)
        if how.incident is not None and watched.entry.incident not in (None, how.incident):
            own = watched.entry.incident
            click.echo(f"it stands in incident {own}, that of its own hard cap, and not in {how.incident}")
    else:
        click.echo(f"done (intent {intent})")
    fine = watched is None or (
        acted(watched) and watched.entry.state not in ("failed", "declined") and not watched.entry.failed
    )
    click.get_current_context().exit(0 if fine else 1)
