"""Reads costs by the day: the trailing days again and again, the past once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agent.telemetry.http import HttpError
from agent.telemetry.sources.openai.pages import Tally, read_buckets
from agent.telemetry.sources.openai.windows import DAY, floor
from agent.telemetry.sources.openai.wire import Bucket, Cost

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.telemetry.http import ApiClient
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
    """Days in [since, until) have been read, the last time at `read_at`; 0: never."""

    since: int = 0
    until: int = 0
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
        """Reads some older days; False when the history is complete."""
        end = self._progress.since
        if not end or end <= self._horizon(now):
            return False
        await self._read(max(end - _DAYS_AT_ONCE * DAY, self._horizon(now)), end, now, last=False)
        return True

    def _horizon(self, now: float) -> int:
        return floor(now - self._history_s, DAY)

    async def _read(self, start: int, end: int, now: float, *, last: bool) -> None:
        buckets = await self._ask(start, end)
        progress = CostProgress(
            min(start, self._progress.since or start),
            max(end, self._progress.until),
            # Only with the last piece of a run is everything looked at again.
            int(now) if last else self._progress.read_at,
        )
        await self._desk.write(lambda writer: self._write(writer, buckets, start, end, now, progress))
        self._progress = progress

    def _write(
        self,
        writer: LedgerWriter,
        buckets: list[Bucket[Cost]],
        start: int,
        end: int,
        now: float,
        progress: CostProgress,
    ) -> None:
        rows, outside = self._decoder.rows(buckets, start, end)
        if outside:
            self.tally.outside += outside
            self.tally.note = f"{self.tally.outside} rows lay outside of the days asked for and were dropped"
        writer.write_costs(
            self._account,
            start,
            end,
            rows,
            final_before=floor(now - _FINAL_AFTER_S, DAY),
            read_at=int(now),
            cursor=(self._source, CURSOR, msgspec.json.encode(progress).decode()),
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
                return await read_buckets(self._client, PATH, params, Cost, self.tally)
            except HttpError as error:
                if error.status != 400 or self._grouping + 1 == len(_GROUPINGS):
                    raise
                self._grouping += 1
                self.tally.note = f"not by {grouping[-1]}, which was refused: {error.message}"


def decode_cost_progress(text: str | None) -> CostProgress:
    """Progress from the text of a cursor; nothing read yet where there is none."""
    return CostProgress() if text is None else msgspec.json.decode(text, type=CostProgress)
