"""`burndeck init`: a commented burndeck.toml to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from agent.errors import ConfigError
from agent.paths import CONFIG_NAME


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default=CONFIG_NAME)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def init(file: str, force: bool, as_json: bool) -> None:
    """Write a commented burndeck.toml (FILE; - prints it).

    Example: burndeck init && burndeck login openai && burndeck agent start
    """
    from agent.settings_sample import sample_config

    if file == "-":
        click.echo(sample_config(), nl=False)
        return
    path = Path(file)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(sample_config())
    except FileExistsError:
        raise ConfigError(f"{path} is there already", hint="Use --force to overwrite it.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    if as_json:
        from console.commands.common import print_json

        print_json({"written": path})
    else:
        click.echo(f"Wrote {path}. Next: burndeck login openai, then burndeck agent start.")
