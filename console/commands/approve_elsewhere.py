"""An approval on a machine without the ledger: a request comes as a line, and a signed token goes back."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import click

from console.commands.acting import no
from console.commands.common import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.control.tokens import RequestText


def answer_elsewhere(line: str, *, deny: bool, note: str, yes: bool, as_json: bool) -> None:
    """Shows the exact change of a request, asks, and prints the token. It needs the identity alone."""
    from agent.control.identity import the_identity
    from agent.control.tokens import make_token, read_request
    from agent.domain.action import Verdict

    piped = line.strip() == "-"
    request = read_request(sys.stdin.read() if piped else line)
    identity = the_identity()
    if identity.name == request.requested_by:
        raise no(f"{identity.name} asked for it, so somebody else approves it")
    verdict = Verdict.DENIED if deny else Verdict.APPROVED
    if not yes:
        if as_json or piped or not sys.stdin.isatty():
            raise click.UsageError(
                "nobody is there to say yes: pass --yes once somebody has read the request."
            )
        click.echo("\n".join(_exactly(request)), err=True)
        if not click.confirm(f"\nsign it as {verdict.value} by {identity.name}?", err=True):
            raise no("nothing was signed")
    # The wall clock: this machine knows no ledger, and so no clock of one.
    token = make_token(request, identity, verdict, note, int(time.time()))
    if as_json:
        print_json(
            {"action": request.action, "digest": request.digest, "verdict": verdict.value, "token": token}
        )
        return
    if yes:
        click.echo("\n".join(_exactly(request)), err=True)
    click.echo(token)
    click.echo(
        f"Where the ledger is, within four hours: `burndeck approve {request.action}"
        f"{' --deny' if deny else ''} --token TOKEN`",
        err=True,
    )


def _exactly(request: RequestText) -> Iterator[str]:
    """All that is signed, computed from what is signed: the title that came along is not shown."""
    from agent.domain.action import parse_spec
    from agent.domain.action_words import spec_title

    spec = parse_spec(request.spec)
    yield spec_title(spec)
    yield f"asked for   by {request.requested_by}: {request.reason}"
    for name, value in sorted(spec.change.items()):
        yield f"sets        {name}: {json.dumps(value, ensure_ascii=False)}"
    for target, want in request.hit:
        yield f"changes     {target}: {json.dumps(want, ensure_ascii=False, sort_keys=True)}"
    if spec.gateway:
        yield f"only at     {spec.gateway}"
    yield f"action      {request.action} of ledger {request.ledger}"
    yield f"digest      {request.digest}"
