"""What a named report is asked: of which ledger, as of when, and the days that this means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.reports.moment import DAY, HOUR, moment
from agent.reports.table import Cell, Table
from agent.reports.words import instant

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """One question."""

    reader: LedgerReader
    settings: Settings
    name: str
    title: str
    at: int

    @classmethod
    def at_moment(
        cls,
        reader: LedgerReader,
        settings: Settings,
        name: str,
        title: str,
        now: float,
        at: float | None,
    ) -> Ask:
        """The question as of the newest data, or of an earlier instant."""
        return cls(reader, settings, name, title, moment(reader, now, at).at)

    @property
    def today(self) -> int:
        """Start of the UTC day of the instant; an instant at midnight still belongs to the day that ends."""
        return (self.at - 1) // DAY * DAY

    def hours(self, days: int) -> dict[str, int]:
        """The last days to the hour: whole UTC days between two stretches of hours, as queries take them."""
        start = (self.at - days * DAY) // HOUR * HOUR
        end = -(-self.at // HOUR) * HOUR
        return {
            "start": start,
            "first_day": min(-(-start // DAY) * DAY, end),
            "last_day": max(end // DAY * DAY, -(-start // DAY) * DAY),
            "end": end,
        }

    def whole_days(self, days: int) -> dict[str, int]:
        """The last whole UTC days and today."""
        return {"start": self.today - (days - 1) * DAY, "end": self.today + DAY}

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        start: int | None = None,
        note: str = "",
        finding: bool = False,
    ) -> Table:
        """The answer; its note begins with the stretch of time that it is about."""
        when = "" if start is None else f"{instant(start)} to {instant(self.at)}"
        return Table(
            name=self.name,
            title=self.title,
            columns=tuple(columns),
            rows=tuple(tuple(row) for row in rows),
            note="; ".join(part for part in (when, note) if part),
            finding=finding,
        )
