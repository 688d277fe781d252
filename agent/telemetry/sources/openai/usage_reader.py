"""Reads usage window by window: the newest minutes with every poll, revisions and history behind them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from agent.telemetry.http import HttpError
from agent.telemetry.sources.openai import windows
from agent.telemetry.sources.openai.kinds import USAGE_KINDS, UsageKind
from agent.telemetry.sources.openai.pages import PaginationError, Tally, read_buckets
from agent.telemetry.sources.openai.windows import Pace, Progress, Window
from agent.telemetry.sources.openai.wire import Bucket, Usage

if TYPE_CHECKING:
    from agent.ledger.rows import BucketRow
    from agent.ledger.writer import LedgerWriter
    from agent.telemetry.http import ApiClient
    from agent.telemetry.sources import Desk
    from agent.telemetry.sources.openai.usage import UsageDecoder

CURSOR = "usage"
_WIDTH_WORDS = {windows.MINUTE: "1m", windows.HOUR: "1h", windows.DAY: "1d"}
_REFUSALS = frozenset({400, 401, 403, 404})  # of one kind alone: it is set aside and the others go on
_SET_ASIDE_S = 3600
_REMEMBERED_ANSWERS = 512

Answer = tuple[UsageKind, list[Bucket[Usage]]]


class UsageReader:
    """Usage of one account. Only whole windows are kept: every kind read to its last page."""

    def __init__(
        self,
        source: str,
        account: str,
        client: ApiClient,
        desk: Desk,
        decoder: UsageDecoder,
        pace: Pace,
        progress: Progress,
    ) -> None:
        self._source = source
        self._account = account
        self._client = client
        self._desk = desk
        self._decoder = decoder
        self._pace = pace
        self.progress = progress
        self.tallies = {kind.path: Tally() for kind in USAGE_KINDS}
        self._set_aside: dict[str, float] = {}  # kind -> when it is asked again
        self._answers: dict[
            tuple[str, Window], tuple[int, ...]
        ] = {}  # hashes of bodies already in the ledger
        self._revisions: list[Window] = []
        self._revising_since = 0

    async def run(self, now: float) -> None:
        """Reads the newest minutes."""
        if not self.progress.revised_at:
            self.progress = dataclasses.replace(self.progress, revised_at=int(now))
        await self._read(windows.live(now, self._pace), now)

    async def backlog(self, now: float) -> bool:
        """Reads one window of revisions or of history; False when there is none left."""
        if self._revisions or self._revision_due(now):
            return await self._revise(now)
        window = next(windows.missing(now, self._pace, self.progress), None)
        if window is None:
            return False
        await self._read(window, now)
        return True

    def forget_answers(self) -> None:
        """Takes the next answers for new, since names or owners changed."""
        self._answers.clear()

    def _revision_due(self, now: float) -> bool:
        return now - self.progress.revised_at >= self._pace.reread / 3

    async def _revise(self, now: float) -> bool:
        if not self._revisions:
            self._revisions = list(windows.revisable(now, self._pace, self.progress))
            self._revising_since = int(now)
        if self._revisions:
            await self._read(self._revisions[0], now)
            self._revisions.pop(0)
        if not self._revisions:
            self.progress = dataclasses.replace(self.progress, revised_at=self._revising_since)
            value = encode_progress(self.progress)
            await self._desk.write(lambda writer: writer.save_cursor(self._source, CURSOR, value))
        return True

    async def _read(self, window: Window, now: float) -> None:
        if window.start >= window.end:
            return
        answers = await self._ask(window, now)
        bodies = {kind.name: tuple(self.tallies[kind.path].bodies) for kind, _ in answers}
        news = [
            answer
            for answer in answers
            if self._answers.get((answer[0].name, window)) != bodies[answer[0].name]
        ]
        progress = self.progress.with_read(window)
        if news or progress != self.progress:
            await self._desk.write(lambda writer: self._write(writer, window, news, progress, int(now)))
        self.progress = progress
        for kind, _ in news:
            self._answers[kind.name, window] = bodies[kind.name]
        while len(self._answers) > _REMEMBERED_ANSWERS:
            del self._answers[next(iter(self._answers))]

    def _write(
        self, writer: LedgerWriter, window: Window, news: Sequence[Answer], progress: Progress, now: int
    ) -> None:
        buckets: dict[str, Sequence[BucketRow]] = {}
        for kind, answer in news:
            buckets[kind.name], outside = self._decoder.rows(kind, answer, window)
            if outside:
                tally = self.tallies[kind.path]
                tally.outside += outside
                tally.note = f"{tally.outside} rows lay outside of the window asked for and were dropped"
        writer.write_usage_window(
            self._account,
            window.start,
            window.end,
            buckets,
            covered=True,
            read_at=now,
            cursor=(self._source, CURSOR, encode_progress(progress)),
        )
        for finding in self._decoder.take_findings():
            writer.finding(finding.kind, finding.subject, finding.detail, now)

    async def _ask(self, window: Window, now: float) -> list[Answer]:
        """Every kind's answer for the window; a kind that is refused alone is set aside for an hour."""
        kinds = [kind for kind in USAGE_KINDS if self._set_aside.get(kind.name, 0) <= now]
        tasks = [asyncio.ensure_future(self._ask_kind(kind, window)) for kind in kinds]
        try:
            replies = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        answers: list[Answer] = []
        refusals: list[HttpError] = []
        for kind, reply in zip(kinds, replies, strict=True):
            if isinstance(reply, PaginationError):
                raise reply
            if isinstance(reply, HttpError):
                refusals.append(reply)
                self._set_aside[kind.name] = now + _SET_ASIDE_S
                self.tallies[kind.path].note = f"set aside: {reply.message}"
            else:
                answers.append((kind, reply))
        if not answers:
            self._set_aside.clear()
            raise refusals[0]
        return answers

    async def _ask_kind(
        self, kind: UsageKind, window: Window
    ) -> list[Bucket[Usage]] | HttpError | PaginationError:
        """A kind's buckets, or why it alone has none to give; raises what concerns the others too."""
        params = [
            ("start_time", str(window.start)),
            ("end_time", str(window.end)),
            ("bucket_width", _WIDTH_WORDS[window.width]),
            *(("group_by", name) for name in kind.group_by),
            ("limit", str((window.end - window.start) // window.width)),
        ]
        try:
            return await read_buckets(self._client, kind.path, params, Usage, self.tallies[kind.path])
        except PaginationError as error:
            return error
        except HttpError as error:
            if error.status in _REFUSALS:
                return error
            raise


def encode_progress(progress: Progress) -> str:
    """Progress as the text of a cursor."""
    return msgspec.json.encode({"covered": progress.covered, "revised_at": progress.revised_at}).decode()


def decode_progress(text: str | None) -> Progress:
    """Progress from the text of a cursor; nothing read yet where there is none."""
    if text is None:
        return Progress()
    return msgspec.json.decode(text, type=Progress)


def notes(tallies: Mapping[str, Tally]) -> list[str]:
    """What is worth a person's eye about endpoints that were read or set aside."""
    return [f"{path}: {tally.note}" for path, tally in tallies.items() if tally.note]
