"""What a check of the rules finds, and everything that it may look at."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.toml_file import Key, line_of, shown

if TYPE_CHECKING:
    from agent.ledger.history_store import HistoryStore, Place
    from agent.settings import Settings
    from agent.settings_channels import Channel


_MOST_NAMED = 3
_HOUR_S = 3_600


class Level(enum.StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # somebody would not be told, or could not undo what an alert does
    WARNING = "warning"  # a rule does not do what whoever wrote it meant
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding at a key of burndeck.toml; line is None where the key is not written there.

    What is wrong with several allocations in the same way is one finding, at the first of them.
    """

    level: Level
    file: str
    line: int | None
    key: str
    what: str
    fix: str
    allocations: tuple[str, ...] = ()  # ids; empty where it is not about allocations

    @property
    def problem(self) -> str:
        """What is wrong, and with whom."""
        if not self.allocations:
            return self.what
        if len(self.allocations) == 1:
            return f"{self.allocations[0]}: {self.what}"
        named = ", ".join(self.allocations[:_MOST_NAMED])
        more = ", ..." if len(self.allocations) > _MOST_NAMED else ""
        return f"{len(self.allocations)} allocations ({named}{more}): {self.what}"

    @property
    def place(self) -> str:
        """File and line as editors understand them."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows, for the checks that ask it."""

    history: HistoryStore
    places: tuple[Place, ...]
    at: int

    @property
    def known_to(self) -> int:
        """Up to when anything is known: a ledger that was kept ends before `at`."""
        hour = self.history.newest_hour(self.at)
        return self.at if hour is None else min(self.at, hour + _HOUR_S)


@dataclass(frozen=True, slots=True)
class Case:
    """Settings under check, with the text that they were read from. `past` is None without a ledger."""

    settings: Settings
    text: str = ""
    past: Past | None = None
    secret_of: Callable[[Channel], str | None] = field(default=lambda _: None)
    """Where a channel's secret would be found; None: nowhere."""

    def finding(self, level: Level, key: Key, what: str, fix: str, *, of: str = "") -> Finding:
        """A finding at a key; `of` is the id of the allocation that it is about, as others may be."""
        file = str(self.settings.file) if self.settings.file else "burndeck.toml"
        return Finding(level, file, self._line(key), self._shown(key), what, fix, (of,) if of else ())

    def _line(self, key: Key) -> int | None:
        """The line of a key, else of the one table that it would stand in."""
        written = _written(self.text, key)
        return line_of(self.text, key[:written]) if written >= max(len(key) - 1, 2) else None

    def _shown(self, key: Key) -> str:
        """A key as it is written; a tier that only we ship is called by its name, since nobody counts it."""
        match key:
            case ("alerts", "tiers", int(place), *rest) if _written(self.text, key) < 2:
                return ": ".join([f"tier {self.settings.alerts.tiers[place].name}", *map(str, rest)])
        return shown(key)


def _written(text: str, key: Key) -> int:
    """How many parts of a key stand in a TOML text, from its beginning on."""
    node: Any = tomllib.loads(text)
    for depth, part in enumerate(key):
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(key)


Check = Callable[[Case], "list[Finding]"]
