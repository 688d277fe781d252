from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.runs.drills import beginning


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a company before anything happens."""
    return beginning(tmp_path_factory.mktemp("company") / "ledger.sqlite")
