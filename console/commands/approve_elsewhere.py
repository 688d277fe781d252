"""An approval on a machine without the ledger: a request comes as a line, and a signed token goes back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from console.commands.acting import no
from console.commands.common import print_json
from console.commands.kept_preview import change_lines, kept_lines
from console.commands.tables import when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.control.tokens import RequestText

DRILL_LINE = "drill       nothing is changed, and your word counts for this drill alone"
"""What approvers of a drill are told before they sign."""


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
    token = make_token(request, identity, verdict, note)
    if as_json:
        print_json(
            {"action": request.action, "digest": request.digest, "verdict": verdict.value, "token": token}
        )
        return
    if yes:
        click.echo("\n".join(_exactly(request)), err=True)
    click.echo(token)
    click.echo(
        f"Where the ledger is, by {when(request.until)} of its clock: "
        f"`burndeck approve {request.action}{' --deny' if deny else ''} --token TOKEN`",
        err=True,
    )


def _exactly(request: RequestText) -> Iterator[str]:
    """All that is signed, computed from what is signed, and apart from it what the ledger says of it."""
    from agent.domain.action import parse_spec
    from agent.domain.action_words import endless, plain_words, spec_title

    spec = parse_spec(request.spec)
    yield endless(spec, spec_title(spec))
    yield f"asked for   by {request.requested_by}: {request.reason}"
    if spec.drill:
        yield DRILL_LINE
    yield from change_lines(spec.change)
    if spec.kind.at_gateways:
        for target, want in request.hit:
            yield f"changes     {target}: {plain_words(want)}"
    if spec.gateway:
        yield f"only at     {spec.gateway}"
    yield f"action      {request.action} of ledger {request.ledger}"
    yield f"digest      {request.digest}"
    yield f"as that ledger says, {when(request.at)} by its clock (your signature does not cover it):"
    for target, text in request.words:
        yield f"changes     {target}: {text}"
    yield from kept_lines(spec, request.preview)
