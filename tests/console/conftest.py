"""Who is at the machine of a test, and the ledger of screens that act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import textual.app
import textual.pilot

from agent.control.identity import VARIABLE, write_identity
from console import live as live_link
from tests.console import parsed_once
from tests.console.acting_world import make_ledger
from tests.console.harness import ADA
from tests.console.idle import idle


@pytest.fixture(scope="session", autouse=True)
def _told_when_idle() -> None:
    """Pilots ask the loop whether it is idle; nothing but tests of the console runs one."""
    textual.app.wait_for_idle = idle
    textual.pilot.wait_for_idle = idle


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Styles are parsed once a process."""
    with pytest.MonkeyPatch.context() as patch:
        parsed_once.share(patch)
        yield


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


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of the small organization and the spike; tests take copies."""
    return make_ledger(tmp_path_factory.mktemp("acting") / "ledger.sqlite")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person does not wait for half a second between answers here."""
    monkeypatch.setattr(live_link, "BETWEEN_S", 0.05)
