"""Reads costs by the day: the trailing days again and again, the past once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agent.provider_http import HttpError
from agent.telemetry.pages import Tally
from agent.telemetry.postponed import Postponed
from agent.telemetry.sources.openai.pages import read_buckets
from agent.telemetry.sources.openai.windows import DAY, Stretch, Window, floor, merge, subtract
from agent.telemetry.sources.openai.wire import Bucket, Cost

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.provider_http import ApiClient
    from agent.telemetry.sources import Desk
    from agent.telemetry.sources.openai.costs import CostDecoder

PATH = "organization/costs"
CURSOR = "costs"
_GROUPINGS = (
    ("line_item", "project_id", "api_key_id"),
    ("line_item", "project_id"),
    ("line_item",),
)
_DAYS_AT_ONCE = 5
# A day's costs go on growing for hours after midnight; earlier they would hide metered usage that is larger.
_FINAL_AFTER_S = 6 * 3600


class CostProgress(msgspec.Struct, frozen=True):
    """Which days have been read, and when all that may still change was read last; 0: never."""

    days: tuple[Stretch, ...] = ()
    read_at: int = 0


class CostReader:
    """Costs of one account, by project, line item and key, or as finely as the provider allows."""

    def __init__(
        self,
        source: str,
        account: str,
        client: ApiClient,
        desk: Desk,
        decoder: CostDecoder,
        *,
        reread_s: int,
        history_s: int,
        progress: CostProgress,
    ) -> None:
        self._source = source
        self._account = account
        self._client = client
        self._desk = desk
        self._decoder = decoder
        self._reread_s = reread_s
        self._history_s = history_s
        self._progress = progress
        self._grouping = 0
        self._coarser = ""  # why costs come without a dimension
        self._postponed = Postponed()
        self.tally = Tally()

    async def run(self, now: float) -> None:
        """Reads the days that may still change, today among them."""
        read_before = self._progress.read_at or now
        end = floor(now, DAY) + DAY
        start = max(floor(min(now, read_before) - self._reread_s, DAY), self._horizon(now))
        while end > start:
            low = max(start, end - _DAYS_AT_ONCE * DAY)
            await self._read(low, end, now, last=low == start)
            end = low

    async def backlog(self, now: float) -> bool:
        """Reads some older days; False when none is left that can be read."""
        past = (self._horizon(now), floor(now, DAY) + DAY)
        gaps = subtract(past, merge((*self._progress.days, *self._postponed.at(now))))
        if not gaps:
            return False
        start, end = gaps[-1]
        start = max(start, end - _DAYS_AT_ONCE * DAY)
        try:
            found = await self._read(start, end, now, last=False)
        except Exception as error:
            if not (isinstance(error, HttpError) and error.concerns_all):
                self._postponed.failed((start, end), now)
            raise
        for gap in subtract((start, end), found):
            self._postponed.unanswered(gap, now)
        return True

    @property
    def waiting(self) -> int:
        """Stretches of days that failed or were not answered, and are tried again hours later."""
        return len(self._postponed)

    def _horizon(self, now: float) -> int:
        return floor(now - self._history_s, DAY)

    async def _read(self, start: int, end: int, now: float, *, last: bool) -> tuple[Stretch, ...]:
        """Reads days and keeps those that the answer contained, be they empty; these are returned."""
        buckets = await self._ask(start, end)
        asked = Window(start, end, DAY)
        days = {bucket.start_time for bucket in buckets if asked.has(bucket.start_time)}
        self.tally.absent += (end - start) // DAY - len(days)
        found = merge((day, day + DAY) for day in days)
        progress = CostProgress(
            merge((*self._progress.days, *found)),
            # Only with the last piece of a run is everything looked at again.
            int(now) if last else self._progress.read_at,
        )
        await self._desk.write(lambda writer: self._write(writer, buckets, found, now, progress))
        self._progress = progress
        return found

    def _write(
        self,
        writer: LedgerWriter,
        buckets: list[Bucket[Cost]],
        found: tuple[Stretch, ...],
        now: float,
        progress: CostProgress,
    ) -> None:
        rows, outside = self._decoder.rows(buckets, found)
        self.tally.outside += outside
        cursor = (self._source, CURSOR, msgspec.json.encode(progress).decode())
        for index, (start, end) in enumerate(found, 1):
            writer.write_costs(
                self._account,
                start,
                end,
                [row for row in rows if start <= row.day < end],
                final_before=floor(now - _FINAL_AFTER_S, DAY),
                read_at=int(now),
                cursor=cursor if index == len(found) else None,
            )

    async def _ask(self, start: int, end: int) -> list[Bucket[Cost]]:
        """The days' costs; a grouping that the provider refuses is replaced by a coarser one from then on."""
        while True:
            grouping = _GROUPINGS[self._grouping]
            params = [
                ("start_time", str(start)),
                ("end_time", str(end)),
                ("bucket_width", "1d"),
                *(("group_by", name) for name in grouping),
                ("limit", str((end - start) // DAY)),
            ]
            try:
                buckets = await read_buckets(self._client, PATH, params, Cost, self.tally)
            except HttpError as error:
                if error.status != 400 or self._grouping + 1 == len(_GROUPINGS):
                    raise
                self._grouping += 1
                self._coarser = f"not by {grouping[-1]}, which was refused: {error.message}"
            else:
                self.tally.trouble = self._coarser
                return buckets


def decode_cost_progress(text: str | None) -> CostProgress:
    """Progress from the text of a cursor; nothing read yet where there is none."""
    return CostProgress() if text is None else msgspec.json.decode(text, type=CostProgress)
