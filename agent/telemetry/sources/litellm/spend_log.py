"""The proxy's log of spend, asked for by time and page by page, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from agent.errors import SourceError
from agent.litellm.keys import Json, stamp_of
from agent.telemetry.pages import PaginationError, Tally

if TYPE_CHECKING:
    from agent.litellm.client import Proxy

PATH = "spend/logs/v2"
_PAGE = 500
_READINGS = 3


class SpendLog:
    """Reads the log of one proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.tally = Tally()

    async def count(self, start: int, end: int) -> int:
        """How many calls began in [start, end]; -1 for more than the proxy counts."""
        answer = await self._page(start, end, 1, 1)
        return -1 if answer.get("total_is_capped") else int(answer["total"])

    async def rows(self, start: int, end: int) -> AsyncIterator[list[Json]]:
        """All calls that began in [start, end], some at a time. Raises `PaginationError`, `HttpError`.

        Of many the proxy counts the first ten thousand only, so then each half is asked for by itself.
        """
        first = await self._page(start, end, 1, _PAGE)
        if first.get("total_is_capped") and end - start > 1:
            middle = (start + end) // 2
            for low, high in ((start, middle), (middle, end)):
                async for rows in self.rows(low, high):
                    yield rows
            return
        seen: set[str] = set()
        for reading in range(1, _READINGS + 1):
            answer, number = first, 1
            while True:
                news = [row for row in answer["data"] if str(row.get("request_id")) not in seen]
                seen.update(str(row.get("request_id")) for row in news)
                if news:
                    yield news
                if number >= int(answer["total_pages"]):
                    break
                number += 1
                answer = await self._page(start, end, number, _PAGE)
            # Pages are sorted by time alone: of calls at one instant some may be on no page, others on two.
            if len(seen) >= int(first["total"]):
                return
            if reading < _READINGS:
                first = await self._page(start, end, 1, _PAGE)
        span = f"from {stamp_of(start)} to {stamp_of(end)}"
        raise PaginationError(
            f"{PATH}: of {first['total']} rows {span} only {len(seen)} came",
            hint="They are read again with the next round.",
        )

    async def _page(self, start: int, end: int, number: int, size: int) -> Json:
        answer = await self._proxy.get(
            PATH,
            start_date=stamp_of(start),
            end_date=stamp_of(end),
            sort_by="startTime",
            sort_order="asc",
            page=number,
            page_size=size,
        )
        self.tally.requests += 1
        if not isinstance(answer, dict) or not {"data", "total", "total_pages"} <= answer.keys():
            raise SourceError(
                f"{PATH}: the answer is no page of a log of spend",
                hint="Check base_url, and that the proxy's version is 1.80 or newer.",
            )
        self.tally.pages += 1
        self.tally.rows += len(answer["data"]) if size > 1 else 0
        return answer
