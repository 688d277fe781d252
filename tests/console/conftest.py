"""Who is at the machine of a test: somebody whom burndeck.toml knows, or nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.control.identity import VARIABLE, write_identity
from tests.console.harness import ADA


@pytest.fixture
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada's identity is in a file here; the fixed settings know her."""
    file = tmp_path / "identity"
    write_identity(ADA, file)
    monkeypatch.setenv(VARIABLE, str(file))


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no identity here."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nobody"))
