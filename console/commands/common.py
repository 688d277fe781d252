"""What every command shares: options, the settings and ledger they name, JSON and errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agent.domain.usage import Layer
from agent.ledger.kinds import Kind

if TYPE_CHECKING:
    from agent.errors import BurndeckError
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def given_before(name: str, otherwise: Any = None) -> Callable[[], Any]:
    """Default of an option: what was given for it before the command, as in `burndeck --db F burn`."""

    def default() -> Any:
        context = click.get_current_context().parent
        while context is not None:
            value = context.params.get(name, otherwise)
            if value is not otherwise:
                return value
            context = context.parent
        return otherwise

    return default


def _file_option(name: str, text: str) -> Callable[[F], F]:
    return click.option(f"--{name}", type=click.Path(dir_okay=False), default=given_before(name), help=text)


def common_options(function: F) -> F:
    """Adds `--config`, `--db` and `--json` (parameters `config`, `db`, `as_json`)."""
    function = click.option(
        "--json",
        "as_json",
        is_flag=True,
        flag_value=True,
        default=given_before("as_json", False),
        help="Print one JSON document.",
    )(function)
    function = _file_option("db", "Ledger file to use.")(function)
    return _file_option("config", "burndeck.toml to use.")(function)


def settings_for(config: str | None, db: str | None) -> Settings:
    """The settings named on the command line; raises `ConfigError` with file, line and key."""
    from agent.settings import load_settings

    settings = load_settings(Path(config) if config else None)
    return settings.with_ledger(Path(db)) if db else settings


def reader_for(settings: Settings) -> LedgerReader:
    """A reader on the ledger; raises `LedgerError` with a way out when there is none."""
    from agent.ledger import open_reader

    return open_reader(settings.ledger_path)


def jsonable(value: Any) -> Any:
    """Plain JSON data: dataclasses to objects, Decimal to text (never float), enums to their value."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Layer):
        return value.word
    if isinstance(value, Kind):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    return value


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(jsonable(value), ensure_ascii=False, indent=2))


def show_error(error: BurndeckError, *, as_json: bool) -> None:
    """An error on purpose: what happened and what to do next, on stderr (and as JSON on stdout)."""
    if as_json:
        print_json({"error": error.message, "hint": error.hint})
    click.secho(f"error: {error.message}", fg="red", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
