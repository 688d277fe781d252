"""What a named report is asked: of which ledger, as of when, and the days that this means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.words import instant
from agent.reports.moment import DAY, HOUR, moment
from agent.reports.table import Cell, Table

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
    newest: bool  # nothing in the ledger is later than `at`

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
        when = moment(reader, now, at)
        newest = when.as_of is None or when.at >= when.as_of
        return cls(reader, settings, name, title, when.at, newest)

    @property
    def until(self) -> int:
        """End of what is read: in the past, the full hour before, so that nothing later counts."""
        return self.at if self.newest else self.at // HOUR * HOUR

    @property
    def today(self) -> int:
        """Start of the UTC day of the instant; an instant at midnight still belongs to the day that ends."""
        return (self.until - 1) // DAY * DAY

    def hours(self, days: int) -> dict[str, int]:
        """The last days to the hour: whole UTC days between two stretches of hours, as queries take them."""
        start = (self.at - days * DAY) // HOUR * HOUR
        end = -(-self.until // HOUR) * HOUR
        return {
            "start": start,
            "first_day": min(-(-start // DAY) * DAY, end),
            "last_day": max(end // DAY * DAY, -(-start // DAY) * DAY),
            "end": end,
        }

    def whole_days(self, days: int) -> dict[str, int]:
        """The last whole UTC days and today; in the past today is read by the hour."""
        tomorrow = self.today + DAY
        return {
            "start": self.today - (days - 1) * DAY,
            "last_day": tomorrow if self.newest else self.until // DAY * DAY,
            "end": tomorrow if self.newest else self.until,
        }

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
        when = "" if start is None else f"{instant(start)} to {instant(self.until)}"
        return Table(
            name=self.name,
            title=self.title,
            columns=tuple(columns),
            rows=tuple(tuple(row) for row in rows),
            note="; ".join(part for part in (when, note) if part),
            finding=finding,
        )
