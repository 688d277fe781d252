"""What is wrong with the text of a runbook, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.domain.runbook import Runbook
from agent.domain.words import plural
from agent.errors import BurndeckError

_MOST_NAMES = 14  # that a sentence can list


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is wrong with a runbook."""

    line: int  # of the file, from 1
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class RunbookError(BurndeckError):
    """A text is no runbook; `problems` has all that is wrong with it, by line."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem], source: str = "", runbook: Runbook | None = None) -> None:
        self.problems = tuple(sorted(problems))
        self.source = source
        self.runbook = runbook  # as far as it could be read
        first, *others = self.problems
        more = f" (and {plural(len(others), 'further problem')})" if others else ""
        super().__init__(
            f"{source or 'runbook'}:{first.line}: {first.message}{more}",
            hint="`burndeck runbook check FILE` lists all that is wrong with it.",
        )


class Problems:
    """A list of problems that is being written; past `MOST` it takes no more, since nobody reads them."""

    MOST = 200

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, line: int, message: str) -> None:
        """Notes a problem."""
        if len(self._found) < self.MOST:
            self._found.append(Problem(line, message))

    @property
    def all(self) -> tuple[Problem, ...]:
        """By line; each once."""
        return tuple(sorted(set(self._found)))


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'kind'?` for the nearest known name, else which there are."""
    import difflib

    names = sorted(map(str, known))
    found = difflib.get_close_matches(name, names, n=1)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; known are {', '.join(names)}" if 0 < len(names) <= _MOST_NAMES else ""


def quoted(text: str, most: int = 40) -> str:
    """A name of somebody else's in quotes, cut where it is too long for a line."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")
