from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes everything, until a test says otherwise."""
    with Receiver() as running:
        yield running
