"""`burndeck incident`: what an incident wants of people before it is over."""

from __future__ import annotations

from typing import TextIO

import click

from console.commands.common import common_options, settings_for
from console.commands.intents import send, wait_option

_EPILOG = """\b
Examples:
  burndeck incident assess 3 --critical --note "checkout answers with errors"
  burndeck incident postmortem 3 --file postmortem.md
"""


@click.group("incident", epilog=_EPILOG)
def incident() -> None:
    """Say how critical an incident is, and sign its postmortem.

    `burndeck alerts incidents` lists incidents, `burndeck release --incident N` undoes what was done in one.
    """


@incident.command("assess", epilog='Example: burndeck incident assess 3 --not-critical --note "batch only"')
@common_options
@click.argument("ident", metavar="INCIDENT", type=click.IntRange(1))
@click.option("--critical/--not-critical", default=None, help="Whether production is affected.")
@click.option("--note", default="", help="What you saw.")
@wait_option
def assess(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    critical: bool | None,
    note: str,
    wait: float,
) -> None:
    """Say whether an INCIDENT affects production: engineering or a lead does.

    A top-up follows only where it does; requests for one end where it does not.
    """
    from agent.control import IntentKind

    if critical is None:
        raise click.UsageError("say --critical or --not-critical.")
    send(
        settings_for(config, db),
        IntentKind.ASSESS,
        f"incident:{ident}",
        {"critical": critical} | ({"note": note.strip()} if note.strip() else {}),
        done=f"incident {ident}: production is {'' if critical else 'not '}affected, said",
        wait_s=wait,
        as_json=as_json,
    )


@incident.command("postmortem", epilog="Example: burndeck incident postmortem 3 --file postmortem.md")
@common_options
@click.argument("ident", metavar="INCIDENT", type=click.IntRange(1))
@click.option("--file", "file", type=click.File(encoding="utf-8"), help="Its text; - for standard input.")
@click.option("--text", help="Its text, in a line.")
@wait_option
def postmortem(
    config: str | None,
    db: str | None,
    as_json: bool,
    ident: int,
    file: TextIO | None,
    text: str | None,
    wait: float,
) -> None:
    """Sign what was learnt of an INCIDENT in which the glass was broken.

    It stays open until somebody has.
    """
    from agent.control import IntentKind

    if (file is None) == (text is None):
        raise click.UsageError("give the text once: --file FILE or --text TEXT.")
    try:
        said = (file.read() if file else text or "").strip()
    except UnicodeDecodeError:
        raise click.UsageError("--file: it is no UTF-8 text.") from None
    if not said:
        raise click.UsageError("a postmortem says something.")
    send(
        settings_for(config, db),
        IntentKind.POSTMORTEM,
        f"incident:{ident}",
        {"text": said},
        done=f"postmortem of incident {ident} signed",
        wait_s=wait,
        as_json=as_json,
    )
