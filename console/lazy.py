"""Command groups that import a command when it is run, so that `--version` and `--help` stay fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, and its line in the overview."""

    module: str
    line: str
    attribute: str = ""  # by default the command's name


class LazyGroup(click.Group):
    """A group of commands that are imported one by one. A subclass names them in `LAZY`."""

    LAZY: ClassVar[Mapping[str, Lazy]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.LAZY)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.LAZY.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(entry.module), entry.attribute or cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in self.LAZY.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in self.LAZY and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, self.LAZY, n=1)
            ctx.fail(f"no command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)
