"""Which scopes keys have, by the organization's audit log: no other answer of the API tells them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.gateways.base import GatewayError
from agent.control.gateways.openai.scopes import as_field

if TYPE_CHECKING:
    from agent.control.gateways.openai.asking import Asker
    from agent.control.gateways.openai.wire import KeyEvent

_logger = logging.getLogger(__name__)
_LOG = "organization/audit_logs"
_KINDS = (("event_types[]", "api_key.created"), ("event_types[]", "api_key.updated"))
_PAGE = ("limit", "100")
_PAGES = 20
"""So far back is the whole log read, once; that of a single key is read as far."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest event that tells the scopes of a key."""

    event: str
    at: int
    scopes: Any


@dataclass(frozen=True, slots=True)
class Told:
    """What we have set, and the newest event from before: until the log moves on, it is behind us."""

    scopes: Any
    before: str


class KeyLog:
    """Scopes by key. The log may come late: what was set on this connection counts until it has come."""

    def __init__(self, ask: Asker, assumed: Any) -> None:
        self._ask = ask
        self._assumed = assumed
        self._known: dict[str, Known] = {}
        self._told: dict[str, Told] = {}
        self._newest = ""
        self.heard = False  # the log answered when it was read last
        self.refused = False  # it may not be read, or is not kept: what others do is told by nobody

    async def refresh(self) -> None:
        """Reads what is new for all keys; the first time, as far back as the log is read.

        A log that does not answer takes nothing else away: until it does, nothing is assumed of a key.
        """
        self.heard = False
        try:
            await self._catch_up()
        except GatewayError as error:
            _logger.warning("the audit log cannot be read: %s", error.message)
        else:
            self.heard = True

    async def _catch_up(self) -> None:
        newest = ""
        seen: set[str] = set()
        pages = 0
        async for page in self._pages():
            newest = newest or (page[0].id if page else "")
            self._learn(page, seen)
            pages += 1
            if pages >= _PAGES or any(event.id == self._newest for event in page):
                break
        self._newest = newest or self._newest

    async def look(self, key: str) -> None:
        """Reads what is new for one key."""
        seen: set[str] = set()
        pages = 0
        async for page in self._pages(("resource_ids[]", key)):
            self._learn(page, seen)
            pages += 1
            if key in seen or pages >= _PAGES:
                return

    def scopes(self, key: str) -> Any:
        """Of a key, as far as it is known by anything but an assumption; else None."""
        known, told = self._known.get(key), self._told.get(key)
        if told is not None and told.before == (known.event if known else ""):
            return told.scopes
        return known.scopes if known else None

    def assumed(self, key: str) -> Any:
        """Likewise, and else what settings say of keys that the log does not tell of."""
        found = self.scopes(key)
        return self._assumed if found is None and self.heard else found

    def late(self, key: str) -> bool:
        """Whether something that we set on an earlier connection may still be missing."""
        return key not in self._told

    def told_at(self, key: str) -> int | None:
        """When the newest event was that tells the scopes of a key, by the provider's clock."""
        known = self._known.get(key)
        return known.at if known else None

    def tell(self, key: str, scopes: Any) -> None:
        """They were set just now."""
        known = self._known.get(key)
        self._told[key] = Told(scopes, known.event if known else "")

    async def _pages(self, *more: tuple[str, str]) -> Any:
        from agent.control.gateways.openai.wire import KeyEvent

        try:
            async for page in self._ask.pages(_LOG, KeyEvent, _PAGE, *_KINDS, *more):
                self.refused = False
                yield page
        except GatewayError as error:
            if not error.refused:
                raise
            self.refused = True  # such a log tells of no key

    def _learn(self, page: list[KeyEvent], seen: set[str]) -> None:
        """`seen`: keys of which this reading has had the newest event already."""
        for event in page:
            key, scopes = event.key, event.scopes
            if scopes is None or not key or key in seen:
                continue
            seen.add(key)
            known = self._known.get(key)
            if known is None or event.effective_at >= known.at:
                self._known[key] = Known(event.id, event.effective_at, as_field(scopes))
