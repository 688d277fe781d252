"""`burndeck audit list` and `verify`: who did what, and the proof that nobody rewrote it."""

from __future__ import annotations

import json

import click

from agent.errors import ConfigError
from console.commands.common import common_options, jsonable, print_json, reader_for, settings_for
from console.commands.numbers import Whole
from console.commands.tables import table, when
from console.commands.times import Stretch

_WHY = ("reason", "note", "why")  # what people want to read first
_MOST = 120
_VERIFY = """\b
Examples:
  burndeck audit verify
  burndeck audit verify --noted 812:9f2c...   (a head that it printed before)
"""


@click.command("list", epilog="Example: burndeck audit list --since 30d --json")
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back.")
@click.option("--most", type=Whole(min=1), default=1_000, show_default=True, help="At most so many.")
def list_(config: str | None, db: str | None, as_json: bool, since: int, most: int) -> None:
    """What was done, newest first."""
    from agent.control.audit import listed

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        records = listed(reader, int(settings.clock().now()) - since, most=most)
    if as_json:
        shown = ("seq", "at", "actor", "kind", "subject")
        print_json(
            {
                "records": [
                    {name: getattr(record, name) for name in shown} | {"detail": _detail(record.detail)}
                    for record in records
                ]
            }
        )
    elif records:
        rows = [
            (record.seq, when(record.at), record.actor, record.kind, record.subject, _short(record.detail))
            for record in records
        ]
        click.echo(table(("row", "when", "who", "what", "about", "detail"), rows, right=(0,)))
    else:
        click.echo("nothing was done in that time")


@click.command("verify", epilog=_VERIFY)
@common_options
@click.option(
    "--noted", metavar="HEAD", help="A head that was printed earlier; the log must lead through it."
)
def verify(config: str | None, db: str | None, as_json: bool, noted: str | None) -> None:
    """Prove that nobody rewrote the log, nor the rows that it proves.

    Exit code 1 when a row was changed, removed, added or reordered, also of actions, their steps and
    approvals, of changes of allocations and of runs, which the log proves. The head that is printed, noted
    elsewhere, later also proves that the whole log was not written anew.
    """
    from agent.control.audit import LIMITS
    from agent.domain.audit import ADVICE, NOT_OURS, ChainHead
    from agent.ledger.proving import prove

    try:
        head = ChainHead.parse(noted) if noted else None
    except ValueError as error:
        raise ConfigError(str(error), hint="Give one that `burndeck audit verify` printed.") from None
    with reader_for(settings_for(config, db)) as reader:
        proof = prove(reader, noted=head)
    verdict = proof.chain
    if as_json:
        print_json(
            {
                "intact": verdict.intact,
                "rows": verdict.rows,
                "head": str(verdict.head) if verdict.head else None,
                "broken_at": verdict.broken_at,
                "problem": verdict.problem,
                "not_as_written": [row.words for row in proof.foreign],
                "foreign": jsonable(proof.foreign),
                "limits": LIMITS,
            }
        )
    elif verdict.intact:
        click.echo(f"intact: {verdict.rows} rows\nhead {verdict.head}\n{LIMITS}")
    else:
        click.echo(f"BROKEN at row {verdict.broken_at}: {verdict.problem}")
        click.echo(f"{verdict.rows} rows before it are intact")
    if not as_json:
        for row in proof.foreign:
            click.echo(f"{NOT_OURS}: {row.words}")
        if not proof.intact:
            click.echo("\n".join(ADVICE))
    click.get_current_context().exit(0 if proof.intact else 1)


def _detail(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _short(text: str) -> str:
    """The detail for people: why it was done comes first; what only programs compare is left out."""
    detail = _detail(text)
    if isinstance(detail, dict):
        payload = detail.get("payload")
        # Where it was refused, the reason that counts is the agent's.
        flat = {**(payload if isinstance(payload, dict) else {}), **detail}
        flat = {key: value for key, value in flat.items() if key not in ("payload", "body_sha256")}
        order = sorted(flat, key=lambda key: _WHY.index(key) if key in _WHY else len(_WHY))
        text = json.dumps({key: flat[key] for key in order}, ensure_ascii=False)
    return text if len(text) <= _MOST else text[: _MOST - 3] + "..."
