"""The house rules that import-linter cannot see: what a start really loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    *("textual", "rich", "numpy", "httpx", "sqlite_utils", "keyring", "starlette", "uvicorn", "croniter"),
    "cryptography",
)


def loaded_after(code: str) -> set[str]:
    """Top-level modules that are loaded after `code` ran in a fresh interpreter."""
    script = f"import sys\n{code}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import console.cli", id="the command"),
        pytest.param("import agent.settings, agent.ledger; agent.ledger.open_reader", id="the read path"),
        pytest.param("import agent.reports.burn", id="the burn report"),
        pytest.param("import agent.control", id="intents, before one is signed"),
    ],
)
def test_a_start_loads_nothing_heavy(code: str) -> None:
    assert loaded_after(code).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "module",
    ["agent.daemon", "console.commands.ingest", "console.commands.burn", "console.commands.triage"],
)
def test_neither_agent_nor_commands_load_a_terminal_library(module: str) -> None:
    assert loaded_after(f"import {module}").isdisjoint({"textual", "rich"})


def test_the_console_is_ready_to_draw_without_numbers_and_network_libraries() -> None:
    loaded = loaded_after("import console.app, console.screens.burn")

    assert loaded.isdisjoint({"numpy", "httpx", "sqlite_utils", "keyring", "starlette", "croniter"})
