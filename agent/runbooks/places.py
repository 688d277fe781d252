"""Where in its file a field of a runbook stands."""

from __future__ import annotations

from functools import cached_property

from agent.domain.runbook import Runbook, Step
from agent.runbooks.blocks import Block, Layout, layout
from agent.runbooks.problem import Problems


class Places:
    """Lines of a runbook's fields, found again in its text with the first question for one."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook

    def of(self, step: Step, *key: str | int) -> int:
        """The line of a step's field; of its heading without one."""
        block = self._blocks.get(step.line)
        if block is None or not key:
            return step.line
        if key[:2] == ("ask", 0) and not block.has("ask"):  # a single question stands at the top level
            key = key[2:]
        return block.line_of(*key)

    def front(self, *key: str | int) -> int:
        """The line of a field of the front matter."""
        return self._parts.front.line_of(*key) if self._parts.front else 1

    @cached_property
    def _parts(self) -> Layout:
        return layout(self._runbook.text, Problems())

    @cached_property
    def _blocks(self) -> dict[int, Block | None]:
        return {each.line: each.block for each in self._parts.sections}
