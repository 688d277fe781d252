"""README tells the truth: its key table is the registry's, its examples load, its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings import load_settings
from console.actions import key_table
from console.cli import COMMANDS

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_the_key_table_is_the_registry() -> None:
    between = re.search(r"<!-- keys: .*? -->\n(.*?)<!-- end of keys -->", TEXT, re.DOTALL)

    assert between is not None
    assert between[1].strip() == key_table().strip()


def test_the_example_configuration_loads(tmp_path: Path) -> None:
    for name, block in re.findall(r"```toml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(block)

    settings = load_settings(tmp_path / "burndeck.toml")

    assert [allocation.id for allocation in settings.allocations] == ["org-1234-team-search"]
    assert [path.name for path in settings.registry_files] == ["owners.toml"]
    assert [route.recipient for route in settings.alerts.routes] == ["ops_on_call", "bu_finance"]


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"burndeck ([a-z]+(?:-[a-z]+)*)", TEXT)) - {"is", "needs"})
)
def test_a_named_command_exists(command: str) -> None:
    assert command in COMMANDS


def test_pictures_exist() -> None:
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", TEXT):
        assert (README.parent / picture).is_file(), picture


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(command: str) -> None:
    words = [sys.executable, "-m", "console.cli", command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert "Usage:" in done.stdout
    assert f"burndeck {command}" in done.stdout.partition("\n")[2], "no example"
