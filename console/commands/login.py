"""`burndeck login`: the secret of a provider or of an alert channel into the keyring."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from console.commands.common import common_options, print_json, settings_for

if TYPE_CHECKING:
    from agent.secrets import SecretName
    from agent.settings import Settings

_EPILOG = """\b
Examples:
  burndeck login openai
  burndeck login payments-slack
  pass show openai-admin-key | burndeck login openai --stdin
"""


@click.command("login", epilog=_EPILOG)
@click.argument("name", default="openai")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the secret from standard input.")
@common_options
def login(name: str, from_stdin: bool, config: str | None, db: str | None, as_json: bool) -> None:
    """Put the secret of NAME into the keyring, asked for without being shown.

    NAME is a source in [[sources]] or its kind, which has an admin key (the scope api.usage.read is enough to
    read), or a channel in [[alerts.channels]], which has what its kind needs: a webhook's address, a token.
    """
    from agent.errors import ConfigError
    from agent.secrets import Secret, store_secret, where

    wanted, place_to_look = _wanted(name, settings_for(config, db))
    value = (sys.stdin.readline() if from_stdin else _asked(wanted, place_to_look)).strip()
    if not value or not value.isascii() or not value.isprintable() or (" " in value and not wanted.phrase):
        raise ConfigError(f"that is no {wanted.what}", hint=_shape(wanted, place_to_look))
    store_secret(wanted, Secret(value))
    place = where(wanted) or "keyring"
    if as_json:
        print_json({"source": name, "name": wanted.name, "stored": "keyring", "in_use": place})
        return
    click.echo(f"stored in the keyring as {wanted.name}")
    if place != "keyring":
        click.echo(f"note: the agent uses the {place}, which comes before the keyring")


def _wanted(name: str, settings: Settings) -> tuple[SecretName, str]:
    """The secret that is meant, and where a person finds it."""
    from agent.errors import ConfigError
    from agent.secrets import admin_key
    from agent.settings_schema import SOURCE_KINDS

    channels = {channel.name: channel for channel in settings.alerts.channels}
    sources = dict.fromkeys([*(source.name for source in settings.sources), *SOURCE_KINDS])
    channel = channels.get(name)
    if channel is None and name in sources:
        return admin_key(name), ""
    if channel is None:
        raise ConfigError(
            f"there is no source and no channel {name!r}",
            hint=f"Known: {', '.join({**sources, **dict.fromkeys(channels)})}. "
            "Any other is added to [[sources]] or [[alerts.channels]] first.",
        )
    if channel.secret is None:
        raise ConfigError(
            f"the channel {name} needs no secret",
            hint="Set user in its [[alerts.channels]] table if its mail server asks for one.",
        )
    return channel.secret, channel.of_kind.secret.where


def _shape(wanted: SecretName, place_to_look: str) -> str:
    if not place_to_look:
        return "An OpenAI admin key is one word and begins with sk-admin-."
    return f"It is one {'line' if wanted.phrase else 'word'} of printable ASCII; look at {place_to_look}."


def _asked(wanted: SecretName, place_to_look: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(f"there is no terminal to ask in; pass the {wanted.what} with --stdin.")
    if place_to_look:
        click.echo(f"It comes from {place_to_look}.")
    question = f"{wanted.what[:1].upper()}{wanted.what[1:]} for {wanted.owner}"
    answer: str = click.prompt(question, hide_input=True)
    return answer
