from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.errors import ConfigError
from agent.settings import load_settings
from console.cli import burndeck


def test_the_written_file_loads(tmp_path: Path) -> None:
    file = tmp_path / "burndeck.toml"

    result = CliRunner().invoke(burndeck, ["init", str(file)])

    assert result.exit_code == 0
    assert load_settings(file).sources


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "burndeck.toml"
    file.write_text("mine")

    with pytest.raises(ConfigError, match="is there already"):
        CliRunner().invoke(burndeck, ["init", str(file)], catch_exceptions=False)
    assert file.read_text() == "mine"

    CliRunner().invoke(burndeck, ["init", str(file), "--force"], catch_exceptions=False)
    assert "[organization]" in file.read_text()


def test_a_dash_prints_it() -> None:
    assert "[[sources]]" in CliRunner().invoke(burndeck, ["init", "-"]).stdout
