"""What stands over a screen until somebody answers it or leaves it."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

R = TypeVar("R")


class Modal(ModalScreen[R]):
    """Ends once. Textual would take the screen below away for a second end.

    Keys that come in one piece all reach it before the first of them has ended it.
    """

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Ends with a result, unless it has ended."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
