"""`burndeck changes`: releases and whatever else was changed around the burn."""

from __future__ import annotations

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.tables import table, terminal_width, when
from console.commands.times import Stretch

_EPILOG = """\b
Examples:
  burndeck changes --since 1d --team search
  burndeck changes --ahead 7d --json

A pipeline tells of a deploy by a signed POST /changes (Standard Webhooks) where [changes] has webhook = true
and [acting] listens; only the title is needed, and the same id counts once:

\b
  ID=deploy-$CI_JOB_ID; AT=$(date +%s)
  BODY='{"id": "'$ID'", "service": "search-api", "title": "2.4.1", "team": "search"}'
  KEY=$(printf %s "${CHANGES_WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
  SIGN="openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary"
  SIGNED=$(printf %s "$ID.$AT.$BODY" | $SIGN | openssl base64 -A)
  curl -d "$BODY" -H "webhook-id: $ID" -H "webhook-timestamp: $AT" -H "webhook-signature: v1,$SIGNED" \\
    http://127.0.0.1:8787/changes
"""


@click.command("changes", epilog=_EPILOG)
@common_options
@click.option("--since", type=Stretch(), default="7d", show_default=True, help="How far back.")
@click.option("--ahead", type=Stretch(), help="Also what the calendars have planned for so long.")
@click.option("--team", help="Leave out what is known to be about another team only.")
def changes(
    config: str | None, db: str | None, as_json: bool, since: int, ahead: int | None, team: str | None
) -> None:
    """List releases, and changes of keys, projects, limits and people, newest first.

    They come from [[releases]] and the calendars of [changes] in burndeck.toml, from signed webhooks of
    pipelines, and from the provider's audit log.
    """
    from agent.ledger.kinds import Kind
    from agent.reports.changes import changes as entries_of

    settings = settings_for(config, db)
    now = settings.clock().now()
    with reader_for(settings) as reader:
        entries = entries_of(
            reader,
            settings,
            now,
            since_s=since,
            until=None if ahead is None else int(now) + ahead,
            within=None if team is None else (Kind.TEAM, team),
        )
    if as_json:
        print_json({"changes": entries})
        return
    if not entries:
        click.echo("nothing was changed in that time, as far as burndeck was told")
        return
    rows = [
        (
            when(each.at) + (" planned" if each.at > now else ""),
            each.kind,
            f"{each.scope_kind.replace('api_key', 'key')}:{each.scope}" if each.scope else "",
            each.actor,
            each.source,
            each.title,
        )
        for each in entries
    ]
    click.echo(table(("when", "kind", "about", "who", "source", "what"), rows, most=terminal_width()))
