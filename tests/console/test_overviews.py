"""The lists of commands that `--help` prints, of every group there is."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from console.cli import burndeck

WIDTH = 80


def groups(command: click.Command, name: str) -> Iterator[tuple[str, click.Group]]:
    """A command and all below it that have commands of their own."""
    if not isinstance(command, click.Group):
        return
    yield name, command
    context = click.Context(command, info_name=name)
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        assert found is not None
        yield from groups(found, f"{name} {below}")


GROUPS = dict(groups(burndeck, "burndeck"))


@pytest.mark.parametrize("name", GROUPS)
def test_each_command_has_one_line_that_is_not_cut_and_fits(name: str) -> None:
    group = GROUPS[name]
    context = click.Context(group, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    names = group.list_commands(context)

    listed = group.get_help(context).partition("Commands:\n")[2].partition("\n\n")[0].splitlines()

    assert [line.split()[0] for line in listed] == names
    assert [line for line in listed if line.rstrip().endswith("...") or len(line) > WIDTH] == []


def test_the_groups_are_all_there() -> None:
    assert {"burndeck", "burndeck agent", "burndeck incident", "burndeck alerts route"} <= GROUPS.keys()
