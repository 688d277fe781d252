"""Reads the provider's audit log into the feed of changes; what it cannot read costs no usage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from agent.provider_http import HttpError
from agent.telemetry.pages import Tally
from agent.telemetry.sources.openai.audit import changes_in
from agent.telemetry.sources.openai.pages import read_listing

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.provider_http import ApiClient
    from agent.telemetry.sources import Desk

PATH = "organization/audit_logs"
CURSOR = "audit_log"
LATE_S = 3_600
"""Entries may appear later than they happened: so much is read again, and counts once by its ids."""
_ENTRIES_A_PAGE = "100"
_EVENTS = tuple(
    f"{subject}.{verb}"
    for subject, verbs in {
        "api_key": "created updated deleted",
        "service_account": "created updated deleted",
        "project": "created updated archived deleted",
        "rate_limit": "updated deleted",
        "user": "added updated deleted",
        "invite": "sent accepted deleted",
        "organization": "updated",
        "role.assignment": "created deleted",
        "checkpoint.permission": "created deleted",
        "external_key": "registered removed",
        "ip_allowlist": "created updated deleted",
        "tenant.admin_api_key": "created updated deleted",
        "tenant.billing": "alerts.updated overage_limit.updated",
        "tenant.usage_limit": "workspace.updated group.updated user.updated increase_request.resolved",
    }.items()
    for verb in verbs.split()
)
"""What is asked for: not the logins, which are most of a log and change nothing."""
_OFF = (400, 403, 404, 405, 501)
"""Answers that no later question would change: the key may not, or the provider has no such log."""
_log = logging.getLogger(__name__)


class AuditReader:
    """The audit log of one account. Where the key may not read it, it is left alone from then on."""

    def __init__(
        self, source: str, client: ApiClient, desk: Desk, *, wanted: bool, history_s: int, cursor: str | None
    ) -> None:
        self._source = source
        self._client = client
        self._desk = desk
        self._history_s = history_s
        self._read_to = _read_to(cursor)
        self._on = wanted
        self._filter = True
        self.tally = Tally()

    async def run(self, now: float) -> None:
        """Reads what is new, and the last hour again."""
        if not self._on:
            return
        start = int(now) - self._history_s
        if self._read_to is not None:
            # Never later than the clock: one that was set back would otherwise miss what comes.
            start = max(start, min(self._read_to, int(now)) - LATE_S)
        self.tally.trouble = ""
        try:
            entries, complete = await self._entries(start)
        except HttpError as error:
            if error.status not in _OFF:
                raise
            await self._switch_off(error, now)
            return
        found, refused = changes_in(self._source, entries)
        read_to = int(now)

        def write(writer: LedgerWriter) -> None:
            with writer.transaction():
                writer.changes.add(found)
                if refused:
                    writer.quarantine(refused, read_to)
                if complete:  # else its pages go round in circles, which the tally says
                    writer.save_cursor(self._source, CURSOR, str(read_to))

        await self._desk.write(write)
        if complete:
            self._read_to = read_to

    async def backlog(self, now: float) -> bool:
        """The first run has read the past."""
        return False

    async def _entries(self, start: int) -> tuple[list[dict[str, Any]], bool]:
        """The entries since `start`; all kinds of them where the provider knows not all that we name."""
        while True:
            params = [("limit", _ENTRIES_A_PAGE), ("effective_at[gte]", str(start))]
            if self._filter:
                params += [("event_types[]", name) for name in _EVENTS]
            try:
                return await read_listing(self._client, PATH, params, dict, self.tally)
            except HttpError as error:
                if error.status != 400 or not self._filter:
                    raise
                self._filter = False

    async def _switch_off(self, error: HttpError, now: float) -> None:
        self._on = False
        self.tally.trouble = "not read until the agent starts again: " + error.message
        _log.warning("%s: the audit log is not read: %s", self._source, error.message)
        finding = ("audit_log_unread", self._source, f"{error.message}. {error.hint}".strip())
        await self._desk.write(lambda writer: writer.findings([finding], int(now)))


def _read_to(cursor: str | None) -> int | None:
    """Up to when the log is known; None before the first reading, also where the cursor makes no sense."""
    try:
        return None if cursor is None else msgspec.convert(cursor, int, strict=False)
    except msgspec.ValidationError:
        return None
