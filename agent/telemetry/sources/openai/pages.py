"""Reading a list to its end: page cursors and `after` cursors, never twice around, never without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from agent.provider_directory import Listing
from agent.telemetry.pages import PaginationError, Tally
from agent.telemetry.sources.openai.wire import Bucket, BucketPage

if TYPE_CHECKING:
    from agent.provider_http import ApiClient

R = TypeVar("R")
Params = list[tuple[str, str]]

PAGE_CAP = 2000
"""Pages of one read; a provider that offers more is going round in circles."""


async def read_buckets(
    client: ApiClient, path: str, params: Params, row: type[R], tally: Tally
) -> list[Bucket[R]]:
    """All buckets of a usage or costs query; raises `PaginationError` when the cursor comes round again."""
    page_type: Any = BucketPage[row]  # type: ignore[valid-type]
    buckets: list[Bucket[R]] = []
    seen: set[str] = set()
    tally.bodies.clear()
    cursor: str | None = None
    while True:
        page, body = await _fetch(
            client, path, params + ([("page", cursor)] if cursor else []), page_type, tally
        )
        tally.bodies.append(hash(body))
        tally.rows += sum(len(bucket.rows) for bucket in page.data)
        buckets += page.data
        if not page.has_more or not page.next_page:
            return buckets
        cursor = _next(path, page.next_page, seen, tally)


async def read_listing(
    client: ApiClient, path: str, params: Params, item: type[R], tally: Tally
) -> tuple[list[R], bool]:
    """The items of a directory list, and whether these are all: False when the cursor comes round again."""
    page_type: Any = Listing[item]  # type: ignore[valid-type]
    items: list[R] = []
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page, _ = await _fetch(
            client, path, params + ([("after", cursor)] if cursor else []), page_type, tally
        )
        tally.rows += len(page.data)
        items += page.data
        if not page.has_more or not page.data:
            return items, True
        last = page.last_id or _id_of(page.data[-1])
        try:
            cursor = _next(path, last, seen, tally)
        except PaginationError:
            return items, False


def _id_of(item: Any) -> str:
    """The id of an item, whether it was decoded or left as it came; `last_id` may be null."""
    return str(item.get("id", "") if isinstance(item, dict) else getattr(item, "id", ""))


async def _fetch(client: ApiClient, path: str, params: Params, type_: Any, tally: Tally) -> tuple[Any, bytes]:
    tally.requests += 1
    answer = await client.get(path, params, type_)
    tally.pages += 1
    return answer


def _next(path: str, cursor: str, seen: set[str], tally: Tally) -> str:
    problem = ""
    if cursor in seen:
        problem = "repeated page cursor"
    elif len(seen) >= PAGE_CAP:
        problem = f"more than {PAGE_CAP} pages"
    if problem:
        tally.trouble = f"{problem}: what came is not known to be complete and was not kept"
        raise PaginationError(f"{path}: {tally.trouble}", hint="The provider's pagination is at fault.")
    seen.add(cursor)
    return cursor
