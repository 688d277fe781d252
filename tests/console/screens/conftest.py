"""A ledger for screens that act, made once, and quick answers from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import live as live_link
from tests.console.acting_world import make_ledger


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of the small organization and the spike; tests take copies."""
    return make_ledger(tmp_path_factory.mktemp("acting") / "ledger.sqlite")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person does not wait for half a second between answers here."""
    monkeypatch.setattr(live_link, "BETWEEN_S", 0.05)
