from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.agent.alerts.rules.build import Flow, Ledger

Make = Callable[..., Ledger]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Make]:
    """Makes ledgers, and closes them."""
    made: list[Ledger] = []

    def make(flows: Sequence[Flow], **about: Any) -> Ledger:
        made.append(Ledger(tmp_path / f"{len(made)}.sqlite", flows, **about))
        return made[-1]

    yield make
    for each in made:
        each.close()
