"""Desks with runbooks, and who sits before the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.person import Role
from tests.console.screens.runbook.world import RunDesk, open_run_desk


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[RunDesk]:
    """Ada, who is on call, before it."""
    with open_run_desk(template, tmp_path, Role.OPERATOR) as made:
        yield made


@pytest.fixture
def finance(template: Path, tmp_path: Path, quick: None, ada: None) -> Iterator[RunDesk]:
    """Ada of finance before it."""
    with open_run_desk(template, tmp_path, Role.FINANCE) as made:
        yield made
