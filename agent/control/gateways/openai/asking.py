"""Calls of the Administration API, with what a failure means for an action."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from agent.control.gateways.base import GatewayError, GoneError
from agent.provider_directory import Listing
from agent.provider_http import HttpError

if TYPE_CHECKING:
    from agent.provider_http import ApiClient

R = TypeVar("R")
_PAGE_CAP = 500
_UNDECIDED = frozenset({408, 429})  # a "not now", whatever their class says
_NO_ADDRESS = (": Invalid URL", ": Unknown request URL")
_NO_RIGHT = (
    "The admin key may not change this: an owner of the organization gives it the scope "
    "api.management.write under Settings > Organization > Admin keys, or makes a new admin key; "
    "then run `burndeck login openai`."
)
_UNKNOWN = "Nobody knows whether it was done; the agent reads the gateway again before it goes on."


class _UnknownAddressError(GatewayError):
    """The API says that it has no such address."""


class Asker:
    """Reads and writes; every failure is a `GatewayError`."""

    def __init__(self, name: str, client: ApiClient) -> None:
        self._name = name
        self._client = client

    async def get(self, path: str, type_: type[R]) -> R:
        """What is there; raises `GoneError` for a 404 by which the API says that it is not."""
        with self._told():
            answer, _ = await self._client.get(path, (), type_)
            return answer

    async def found(self, path: str, type_: type[R], *, unknown: bool = False) -> R | None:
        """What is there; None for a 404 by which the API says that nothing is set.

        `unknown`: also where the API does not know the address itself, as one that is older than we are.
        """
        try:
            return await self.get(path, type_)
        except GoneError:
            return None
        except _UnknownAddressError:
            if unknown:
                return None
            raise

    async def listed(self, path: str, item: type[R], *params: tuple[str, str]) -> list[R]:
        """A list to its end; raises where the end cannot be found, since a part of it would mislead."""
        return [row async for page in self.pages(path, item, *params) for row in page]

    async def pages(self, path: str, item: type[R], *params: tuple[str, str]) -> AsyncIterator[list[R]]:
        """A list page by page, as far as it is wanted; raises where pages come round again."""
        page_type: Any = Listing[item]  # type: ignore[valid-type]
        seen: set[str] = set()
        cursor: list[tuple[str, str]] = []
        while True:
            with self._told():
                page, _ = await self._client.get(path, [*params, *cursor], page_type)
            yield page.data
            if not page.has_more or not page.data:
                return
            last = page.last_id or page.data[-1].id
            if last in seen or len(seen) >= _PAGE_CAP:
                raise GatewayError(
                    f"{self._name}: the list {path} has no end", hint="The provider's pagination is at fault."
                )
            seen.add(last)
            cursor = [("after", last)]

    async def post(self, path: str, body: Any) -> None:
        """Sets something."""
        with self._told():
            await self._client.send("POST", path, dict[str, Any], body)

    async def delete(self, path: str) -> None:
        """Takes something away; done too where it is not there."""
        try:
            with self._told():
                await self._client.send("DELETE", path, dict[str, Any])
        except GoneError:
            pass

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except HttpError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: HttpError) -> GatewayError:
        message = f"{self._name}: {error.message}"
        if error.status == 404 and error.own:  # what stands before the API knows of no target
            if any(said in message for said in _NO_ADDRESS):
                return _UnknownAddressError(message, hint=error.hint, refused=True)
            return GoneError(message, hint="It was deleted or archived, or it never was there.", refused=True)
        refused = 400 <= error.status < 500 and error.status not in _UNDECIDED
        hint = error.hint
        if error.status == 403 and "lacks the scope" not in hint:
            hint = _NO_RIGHT
        elif error.status == 200 or error.status >= 500:
            hint = _UNKNOWN
        return GatewayError(message, hint=hint, refused=refused)
