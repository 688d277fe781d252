"""`burndeck login`: the secret of a provider, gateway or alert channel into the keyring."""

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
  burndeck login litellm
  burndeck login payments-slack
  pass show openai-admin-key | burndeck login openai --stdin
"""

_WHERE = {
    "master key": "general_settings.master_key of the proxy's configuration",
    "webhook secret": "the automation engine: both sides sign with it",
}


@click.command("login", epilog=_EPILOG)
@click.argument("name", default="openai")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the secret from standard input.")
@common_options
def login(name: str, from_stdin: bool, config: str | None, db: str | None, as_json: bool) -> None:
    """Put the secret of NAME into the keyring, asked for without being shown.

    NAME is a source in [[sources]] or its kind, which has an admin key (the scope api.usage.read is enough to
    read; a litellm proxy has its master key), a gateway in [[gateways]], `changes` for what pipelines
    post where [changes] has a webhook, or a channel in [[alerts.channels]],
    which has what its kind needs: a webhook's address, a token.
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

    channels = {channel.name: channel for channel in settings.alerts.channels}
    secrets = _secrets(settings)
    channel = channels.get(name)
    if channel is None and (found := secrets.get(name)):
        return found, _WHERE.get(found.what, "")
    if channel is None:
        known = dict.fromkeys([*secrets, *channels])
        raise ConfigError(
            f"there is no source, gateway or channel {name!r} that has a secret",
            hint=f"Known: {', '.join(known)}. "
            "Any other is added to [[sources]], [[gateways]] or [[alerts.channels]] first.",
        )
    if channel.secret is None:
        raise ConfigError(
            f"the channel {name} needs no secret",
            hint="Set user in its [[alerts.channels]] table if its mail server asks for one.",
        )
    return channel.secret, channel.of_kind.secret.where


def _secrets(settings: Settings) -> dict[str, SecretName]:
    """The secrets of sources and gateways by name, and of the kinds that need none to be configured."""
    from agent.secrets import admin_key, master_key
    from agent.settings_changes import CHANGES_SECRET

    found = {"openai": admin_key("openai"), "litellm": master_key("litellm")}
    for source in settings.sources:
        if source.has_secret:
            found[source.name] = (master_key if source.kind == "litellm" else admin_key)(source.name)
    found |= {gateway.name: gateway.secret for gateway in settings.gateways if gateway.secret}
    return found | ({"changes": CHANGES_SECRET} if settings.changes.webhook else {})


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
