"""`burndeck login`: a provider's admin key into the keyring."""

from __future__ import annotations

import sys

import click

from console.commands.common import print_json


@click.command(
    epilog="""\b
Examples:
  burndeck login openai
  pass show openai-admin-key | burndeck login openai --stdin
"""
)
@click.argument("source", default="openai")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def login(source: str, from_stdin: bool, as_json: bool) -> None:
    """Put the admin key of SOURCE (a name in [[sources]], or its kind) into the keyring.

    The key is asked for without being shown. An admin key with the scope api.usage.read is enough to read.
    """
    from agent.errors import ConfigError
    from agent.secrets import Secret, secret_name, store_secret, where

    value = sys.stdin.readline() if from_stdin else _asked(source)
    value = value.strip()
    if not value or any(character.isspace() for character in value):
        raise ConfigError(
            "that is no admin key", hint="An OpenAI admin key is one word and begins with sk-admin-."
        )
    store_secret(source, Secret(value))
    place = where(source) or "keyring"
    if as_json:
        print_json({"source": source, "name": secret_name(source), "stored": "keyring", "in_use": place})
        return
    click.echo(f"stored in the keyring as {secret_name(source)}")
    if place != "keyring":
        click.echo(f"note: the agent uses the {place}, which comes before the keyring")


def _asked(source: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask in; pass the key with --stdin.")
    answer: str = click.prompt(f"Admin key for {source}", hide_input=True)
    return answer
