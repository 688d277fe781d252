"""`burndeck identity`: the key pair with which a person signs, and whom burndeck.toml knows."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import click

from agent.domain.person import Person, public_key_text
from agent.errors import BurndeckError, ConfigError
from console.commands.common import common_options, print_json, settings_for
from console.commands.tables import table

if TYPE_CHECKING:
    from agent.control.identity import Identity


@click.group(
    "identity",
    epilog="""\b
Examples:
  burndeck identity create >> burndeck.toml
  burndeck identity show
  burndeck identity titles
""",
)
def identity() -> None:
    """The key pair with which you sign what you want done, and the people whom burndeck.toml knows."""


@identity.command(epilog="Example: burndeck identity create --name ada >> burndeck.toml")
@click.option("--name", help="Who you are in burndeck.toml; by default your user name here.")
@click.option("--force", is_flag=True, help="Replace the identity that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def create(name: str | None, force: bool, as_json: bool) -> None:
    """Make your key pair.

    It prints the [[people]] table for burndeck.toml. The private key goes into the keyring, on a machine
    without one into a file that only you can read; it is never printed.
    """
    from agent.control.identity import new_identity, store_identity

    if force:
        _warn()
    elif place := _place_of_present():
        raise ConfigError(
            f"there is an identity already ({place})",
            hint="`burndeck identity show` tells more; --force replaces it for good.",
        )
    made = store_identity(new_identity(_user_name() if name is None else name))
    if as_json:
        print_json(_as_data(made, None) | {"block": made.config_block()})
        return
    click.echo("\n" + made.config_block(), nl=False)  # a file to append to may end without a line end
    click.echo(f"The private key is kept here: {made.place}.", err=True)
    click.echo(
        "Give the table above to whoever keeps burndeck.toml, and start the agent again afterwards.", err=True
    )


def _warn() -> None:
    """Says what is lost with a key that is replaced, and asks where somebody is there to be asked.

    One that cannot be used, such as one that others could read, is no loss.
    """
    try:
        place = _place_of_present()
    except ConfigError:
        return
    if place is None:
        return
    click.secho(
        f"This replaces the private key in {place} for good: nothing can be signed with it any more. Until "
        "burndeck.toml has the new one and the agent is started again, you are nobody there.",
        fg="yellow",
        err=True,
    )
    if sys.stdin.isatty() and not click.confirm("replace it?", err=True):
        raise BurndeckError("nothing was made", hint="The key that was there is in force.")


@identity.command(epilog="Example: burndeck identity show --json")
@common_options
def show(config: str | None, db: str | None, as_json: bool) -> None:
    """Who you are here, and what you may do.

    What you may do stands in burndeck.toml. Exit code 1 when there is no identity, or when burndeck.toml
    does not know it.
    """
    from agent.control.identity import CREATE_HINT
    from agent.control.standing import standing

    settings = settings_for(config, db)
    found = standing(settings)
    if found.identity is None:
        raise BurndeckError("there is no identity here", hint=CREATE_HINT)
    if as_json:
        print_json(_as_data(found.identity, found.person))
    else:
        click.echo(f"name        {found.person.name if found.person else found.identity.name}")
        click.echo(f"public key  {public_key_text(found.identity.public_key)}")
        click.echo(f"kept in     {found.identity.place}")
        if found.person:
            click.echo(f"roles       {_roles(found.person)}")
            click.echo(f"scopes      {_scopes(found.person)}")
        else:
            click.echo(f"\n{settings.file or 'burndeck.toml'} does not know it. Add, with the right roles:\n")
            click.echo(found.identity.config_block(), nl=False)
    click.get_current_context().exit(0 if found.person else 1)


@identity.command("list", epilog="Example: burndeck identity list --json")
@common_options
def list_(config: str | None, db: str | None, as_json: bool) -> None:
    """The people whom burndeck.toml knows."""
    people = settings_for(config, db).people
    if as_json:
        print_json({"people": [_person(person) for person in people]})
    elif people:
        rows = [
            (person.name, _roles(person), _scopes(person), public_key_text(person.public_key))
            for person in people
        ]
        click.echo(table(("name", "roles", "scopes", "public key"), rows))
    else:
        click.echo("burndeck.toml knows nobody: `burndeck identity create` prints the table to add")


@identity.command(epilog="Example: burndeck identity titles --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def titles(as_json: bool) -> None:
    """Titles for `roles` of [[people]], and what each may do.

    A title stands for one or more roles, and never for both finance and engineering.
    """
    from agent.domain.title import TITLES

    if as_json:
        print_json({"titles": TITLES})
        return
    rows = [(each.name, each.words, ", ".join(each.roles), each.does) for each in TITLES]
    click.echo(table(("title", "who", "roles", "does"), rows))


def _roles(person: Person) -> str:
    """`engineering, admin (ai-platform-owner)`."""
    roles = ", ".join(person.roles) or "none"
    return f"{roles} ({', '.join(person.titles)})" if person.titles else roles


def _place_of_present() -> str | None:
    from agent.control.identity import find_identity

    found = find_identity()
    return found.place if found else None


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("this machine has no name for you; give one with --name.") from None


def _scopes(person: Person) -> str:
    return ", ".join(map(str, person.scopes)) or "everything"


def _person(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "public_key": public_key_text(person.public_key),
        "roles": list(person.roles),
        "titles": list(person.titles),
        "scopes": [str(scope) for scope in person.scopes],
    }


def _as_data(found: Identity, person: Person | None) -> dict[str, object]:
    mine: dict[str, object] = {
        "name": found.name,
        "public_key": public_key_text(found.public_key),
        "place": found.place,
        "known": person is not None,
    }
    return mine | (_person(person) if person else {"roles": [], "scopes": []})
