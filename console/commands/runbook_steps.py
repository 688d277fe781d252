"""`burndeck runbook answer|go|skip|retry|reopen|overrule|set|sign`: what a person does about a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from console.commands.common import reader_for, settings_for
from console.commands.intents import reason_option
from console.commands.named_values import named_values
from console.commands.numbers import Whole
from console.commands.runs import carry_out, moving, run_error, step_option, the_run, the_step

if TYPE_CHECKING:
    from agent.settings import Settings

_AT = "The step; by default the one that the run is at."


@click.command("answer", epilog='Example: burndeck runbook answer 3 non-prod --reason "batch only"')
@moving
@click.argument("text")
@click.option("--reason", default="", help="Why; where the incident keeps the answer it is kept too.")
def answer(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, text: str, reason: str
) -> None:
    """Decide in a RUN, or write the note that it asks for: TEXT is the answer, or the note."""
    _step(config, db, as_json, ident, wait, "answer", "answered", answer=text.strip(), reason=reason.strip())


@click.command("go", epilog="Example: burndeck runbook go 3")
@moving
def go(config: str | None, db: str | None, as_json: bool, ident: int, wait: float) -> None:
    """Send the message of the step that a RUN is at."""
    _step(config, db, as_json, ident, wait, "go", "sent")


@click.command("skip", epilog='Example: burndeck runbook skip 3 --reason "there is nobody to tell"')
@moving
@step_option(_AT)
@click.option("--reason", default="", help="Why; only an optional step goes without.")
def skip(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, seq: int | None, reason: str
) -> None:
    """Go on without a step of a RUN."""
    _step(config, db, as_json, ident, wait, "skip", "skipped", seq, reason=reason.strip())


@click.command("retry", epilog="Example: burndeck runbook retry 3")
@moving
@step_option(_AT)
@click.option("--reason", default="", help="What is different now.")
def retry(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, seq: int | None, reason: str
) -> None:
    """Try a step of a RUN again that has failed."""
    _step(config, db, as_json, ident, wait, "retry", "tried again", seq, reason=reason.strip())


@click.command("reopen", epilog='Example: burndeck runbook reopen 3 --step 4 --reason "it came back"')
@moving
@click.option("--step", "seq", type=Whole(1), required=True, help="The step to go back to.")
@click.option("--reason", default="", help="Why.")
def reopen(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, seq: int, reason: str
) -> None:
    """Go back to a step of a RUN; one that is over is open again."""
    _step(config, db, as_json, ident, wait, "reopen", f"step {seq} reopened", seq, reason=reason.strip())


@click.command(
    "overrule", epilog='Example: burndeck runbook overrule 3 --reason "the owner has confirmed it"'
)
@moving
@step_option(_AT)
@click.option("--met/--not-met", default=True, show_default=True, help="What you say it is.")
@reason_option("Why the finding does not count; everybody sees it.")
def overrule(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    wait: float,
    seq: int | None,
    met: bool,
    reason: str,
) -> None:
    """Decide otherwise than a check or a wait of a RUN has found, or before it has found anything."""
    _step(config, db, as_json, ident, wait, "overrule", "overruled", seq, met=met, reason=reason)


@click.command("set", epilog="Example: burndeck runbook set 3 key=key_9Fte limit='5 rps'")
@moving
@click.argument("given", metavar="NAME=VALUE...", nargs=-1, required=True)
def set_(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, given: tuple[str, ...]
) -> None:
    """Give parameters of a RUN other values; what was done with the earlier ones stays."""
    values = named_values(given)
    _warn_of_strangers(settings_for(config, db), ident, values)
    _step(config, db, as_json, ident, wait, "set", f"{', '.join(values)} set", parameters=values)


@click.command(
    "sign", epilog='Example: burndeck runbook sign 3 --deny --reason "the figures of March are open"'
)
@moving
@click.option("--deny", is_flag=True, help="Say no.")
@click.option("--reason", "--note", "reason", default="", help="What you want to say to it.")
def sign(
    config: str | None, db: str | None, as_json: bool, ident: int, wait: float, deny: bool, reason: str
) -> None:
    """Agree to a RUN so far, where it asks for somebody of your role: never who holds or started it.

    An approval of an action is given by `burndeck approve`.
    """
    settings = settings_for(config, db)
    current = the_run(settings, ident).current
    if current is not None and "approve" in current.can:
        raise run_error(
            f"step {current.declared.seq} waits for the approval of an action",
            "`burndeck approve` lists what waits, and gives it.",
        )
    word = "denied" if deny else "signed"
    _step(config, db, as_json, ident, wait, "sign", word, approve=not deny, reason=reason.strip())


def _warn_of_strangers(settings: Settings, ident: int, values: dict[str, str]) -> None:
    """Names the keys that nobody has heard of: they may be new, or mistyped."""
    from agent.domain.runbook import ParameterKind
    from agent.ledger.key_store import KeyStore
    from agent.reports.find_scope import meant_key

    declared = {each.name: each.kind for each in the_run(settings, ident).run.runbook.parameters}
    keys = {name: text for name, text in values.items() if declared.get(name) is ParameterKind.KEY}
    if not keys:
        return
    with reader_for(settings) as reader:
        known = {each.api_key for each in KeyStore(reader.rows).known()}
        for name, text in keys.items():
            if text not in known:
                near = meant_key(reader, settings, text)
                click.secho(f"{name}: no key {text} is known here{near}", fg="yellow", err=True)


def _step(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    wait: float,
    do: str,
    done: str,
    seq: int | None = None,
    **said: Any,
) -> None:
    """Sends one thing that is done about a step, and says where the run stands."""
    from agent.runbooks.asks import step_of

    settings = settings_for(config, db)
    view = the_run(settings, ident)
    at = the_step(view, do, seq)
    ask = step_of(view.run, at, do, **{name: value for name, value in said.items() if value != ""})
    carry_out(settings, ident, [ask], done=done, wait_s=wait, as_json=as_json)
