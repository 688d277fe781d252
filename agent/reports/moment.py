"""Which instant a report is about: the end of the newest complete minute, or where time travel went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.watermark import known_until

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

MINUTE = 60
HOUR = 3_600
DAY = 86_400
_LIVE_S = 3_600  # data older than this is history
NOTHING = (
    "The ledger has no usage yet. Start the agent (burndeck agent start) "
    "or take files in (burndeck ingest FILE)."
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant of a report."""

    at: int  # end of the newest minute in the report
    now: int  # the clock
    as_of: int | None  # end of the newest complete minute in the ledger; None: no data
    live: bool  # `at` follows the data, and the data is fresh

    @property
    def age_s(self) -> int | None:
        """How old the newest data is."""
        return None if self.as_of is None else max(0, self.now - self.as_of)


def moment(reader: LedgerReader, now: float, at: float | None = None) -> Moment:
    """Where the data ends, or `at` where that is earlier."""
    end = _data_end(reader, int(now))
    if end is None:
        return Moment(int(now) // MINUTE * MINUTE, int(now), None, live=False)
    if at is not None and int(at) // MINUTE * MINUTE < end:
        return Moment(int(at) // MINUTE * MINUTE, int(now), end, live=False)
    return Moment(end, int(now), end, live=at is None and now - end <= _LIVE_S)


def _data_end(reader: LedgerReader, now: int) -> int | None:
    """The instant up to which amounts are complete, as alerts judge it, or where older data ends."""
    last_minute = now // MINUTE * MINUTE
    newest = reader.one("newest_data")
    event = None if newest is None or newest["event"] is None else int(newest["event"])
    known = known_until([int(row["end"]) for row in reader.rows("metered_ends")], event, now)
    if known is not None:
        return known
    if newest is None or newest["day"] is None:
        return None
    end = int(newest["day"]) + DAY if newest["hour"] is None else int(newest["hour"]) + HOUR
    return min(end, last_minute)
