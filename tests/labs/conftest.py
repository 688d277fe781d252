"""One proxy for all tests that need it: it takes half a minute to start. And what tests have measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.labs.litellm import litellm_lab
from tests.labs.speed import Tell

__all__ = ["litellm_lab"]
_TOLD = "told"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Says something that stands below all tests at the end: what runs them side by side cannot print."""
    return lambda text: record_property(_TOLD, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have told, in a failed one too."""
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    ended = [each for each in reports if getattr(each, "when", "") == "call"]
    told = [text for each in ended for name, text in each.user_properties if name == _TOLD]
    if told:
        terminalreporter.section("measured")
        for text in told:
            terminalreporter.write_line(text)
