"""A simulated provider whose audit log comes late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.requests import Request

from fixtures.provider import audit
from fixtures.provider.pagination import Item


@contextmanager
def told_until(at: int) -> Iterator[None]:
    """What has happened from `at` on is not in the log yet."""
    wanted = audit._wanted

    def known(request: Request, entry: Item) -> bool:
        return entry["effective_at"] < at and wanted(request, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "_wanted", known)
        yield
