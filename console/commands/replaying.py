"""`burndeck throttle --dry-run --replay 24h`: what a limit would have done to the ledger's own traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from console.commands.common import print_json, reader_for
from console.commands.preview_text import preview_data, preview_lines
from console.commands.tables import amount, percent, table, terminal_width, when

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.control.planning.replay import KeyReplay, Replay
    from agent.domain.action import ActionSpec
    from console.commands.acting import How


def show_replay(how: How, spec: ActionSpec, stretch: int) -> None:
    """Prints the preview where there is one, and the replay of the last `stretch` seconds that are known."""
    from agent.control.gateways.base import UnsupportedError
    from agent.control.planning import books_of
    from agent.control.planning.replay import replay
    from agent.errors import BurndeckError
    from console.commands.acting import planned

    made: Plan | None = None
    problem: UnsupportedError | None = None
    try:
        made = planned(how, spec)
    except UnsupportedError as error:
        problem = error
    with reader_for(how.settings) as reader:
        books = books_of(reader)
        end = books.complete_to(how.now)
        if end is None:
            raise BurndeckError("the ledger has no usage yet", hint="`burndeck ingest FILE` takes some in.")
        found = replay(books, how.settings, spec, end - stretch, end, made)
    if not found.keys and problem:
        raise problem
    if how.as_json:
        preview = preview_data(made) if made else None
        print_json(
            {"preview": preview, "replay": _data(found), "problem": problem.message if problem else ""}
        )
        return
    if made:
        click.echo("\n".join(preview_lines(made, how.now)) + "\n")
    elif problem:
        click.echo(
            f"note        {problem.message}, so this throttle cannot be set: "
            "below is what it would do if each key had the limit for itself\n"
        )
    click.echo("\n".join(_lines(found)))


def _lines(found: Replay) -> Iterator[str]:
    from agent.domain.money import to_credits
    from agent.domain.words import plural

    yield f"replayed {when(found.start)} to {when(found.end)}"
    for way in found.ways:
        yield f"counted     {way}"
    yield f"refused     {found.refused:,} of {found.calls:,} calls, {percent(found.share)}"
    if found.refused:
        yield f"saved       {amount(to_credits(found.saved_nano))} credits"
        yield f"production  {percent(found.production_share)} of the refused calls"
        yield f"worst       {found.worst_refused:,} refused in the minute of {when(found.worst_minute)}"
    for note in found.notes:
        yield f"note        {note}"
    hit = [key for key in found.keys if key.refused]
    if hit:
        columns = (
            "key",
            "team",
            "calls",
            "refused",
            "share",
            "saved",
            "worst minute",
            "refused in it",
            "name",
        )
        yield ""
        yield table(columns, [_row(key) for key in hit], right=(2, 3, 4, 5, 7), most=terminal_width())
    if unhurt := len(found.keys) - len(hit):
        yield f"\n{plural(unhurt, 'key')} would have had nothing refused"


def _row(key: KeyReplay) -> tuple[str, ...]:
    from agent.domain.money import to_credits

    return (
        key.api_key,
        key.team,
        f"{key.calls:,}",
        f"{key.refused:,}",
        percent(key.share),
        amount(to_credits(key.saved_nano)),
        when(key.worst_minute),
        f"{key.worst_refused:,}",
        key.name if key.name != key.api_key else "",
    )


def _data(found: Replay) -> dict[str, Any]:
    from dataclasses import asdict

    from agent.domain.money import to_credits

    keys = [{**asdict(key), "share": key.share, "saved": to_credits(key.saved_nano)} for key in found.keys]
    totals = {
        "calls": found.calls,
        "refused": found.refused,
        "share": found.share,
        "saved": to_credits(found.saved_nano),
        "production_share": found.production_share,
    }
    return {**asdict(found), **totals, "keys": keys}
