"""Reads usage window by window: the newest minutes with every poll, revisions and history behind them."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from agent.errors import SourceError
from agent.provider_http import HttpError
from agent.telemetry.pages import PaginationError, Tally
from agent.telemetry.postponed import Postponed
from agent.telemetry.sources.openai import windows
from agent.telemetry.sources.openai.kinds import USAGE_KINDS, UsageKind
from agent.telemetry.sources.openai.pages import read_buckets
from agent.telemetry.sources.openai.windows import Pace, Progress, Stretch, Window
from agent.telemetry.sources.openai.wire import Bucket, Usage
from agent.together import together

if TYPE_CHECKING:
    from agent.ledger.rows import BucketRow
    from agent.ledger.writer import LedgerWriter
    from agent.provider_http import ApiClient
    from agent.telemetry.sources import Desk
    from agent.telemetry.sources.openai.usage import UsageDecoder

CURSOR = "usage"
_LEAD, *_OTHERS = USAGE_KINDS  # what the leading kind is read for is covered; the others may lag behind
_WIDTH_WORDS = {windows.MINUTE: "1m", windows.HOUR: "1h", windows.DAY: "1d"}
_REFUSALS = frozenset({400, 403, 404})  # of one kind alone: it is set aside and the others go on
_SET_ASIDE_S = 3600
_REMEMBERED_ANSWERS = 512

Answers = Mapping[UsageKind, list[Bucket[Usage]]]


class UsageReader:
    """Usage of one account. A kind's buckets are kept when it was read to its last page."""

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
        self._postponed: defaultdict[str, Postponed] = defaultdict(Postponed)  # by kind; holes only of others
        self._answers: dict[
            tuple[str, Window], tuple[int, ...]
        ] = {}  # hashes of bodies already in the ledger
        self._again = False
        self._revisions: list[Window] = []
        self._revising_since = 0

    async def run(self, now: float) -> None:
        """Reads the newest minutes."""
        if not self.progress.revised_at:
            self.progress = dataclasses.replace(self.progress, revised_at=int(now))
        await self._read(windows.live(now, self._pace), self._asked(now), now)

    async def backlog(self, now: float) -> bool:
        """Reads one window of revisions, of history or of what a kind lacks; False when none is left."""
        if self._again:
            self._again = False
            await self.run(now)
            return True
        if self._revisions or self._revision_due(now):
            return await self._revise(now)
        seen = self.progress.with_read(self._postponed[_LEAD.name].at(now))
        window = next(windows.missing(now, self._pace, seen), None)
        if window is not None:
            await self._piece(window, self._asked(now), _LEAD.name, now)
            return True
        return await self._fill_hole(now)

    @property
    def waiting(self) -> int:
        """Stretches of the past that failed or were not answered, and are tried again hours later."""
        return sum(map(len, self._postponed.values()))

    def forget_answers(self) -> None:
        """Takes the next answers for new and reads the newest minutes again: names or owners changed."""
        self._answers.clear()
        self._again = True

    def _asked(self, now: float) -> list[UsageKind]:
        """The kinds that are not set aside; never longer than an hour, whatever happened to the clock."""
        return [
            kind for kind in USAGE_KINDS if not 0 < self._set_aside.get(kind.name, now) - now <= _SET_ASIDE_S
        ]

    def _revision_due(self, now: float) -> bool:
        since = now - self.progress.revised_at
        return since < 0 or since >= self._pace.reread / 3

    async def _revise(self, now: float) -> bool:
        if not self._revisions:
            self._revisions = list(windows.revisable(now, self._pace, self.progress))
            self._revising_since = int(now)
        if self._revisions:
            await self._piece(self._revisions[0], self._asked(now), _LEAD.name, now)
            self._revisions.pop(0)
        if not self._revisions:
            self.progress = dataclasses.replace(self.progress, revised_at=self._revising_since)
            value = encode_progress(self.progress)
            await self._desk.write(lambda writer: writer.save_cursor(self._source, CURSOR, value))
        return True

    async def _fill_hole(self, now: float) -> bool:
        """Reads one window of a kind alone that was refused, or not answered, when the others were read."""
        for kind in self._asked(now):
            left = windows.cut(self.progress.holes.get(kind.name, ()), self._postponed[kind.name].at(now))
            window = next(windows.holes(now, self._pace, left), None)
            if window is not None:
                await self._piece(window, [kind], kind.name, now)
                return True
        return False

    async def _piece(self, window: Window, kinds: Sequence[UsageKind], chief: str, now: float) -> None:
        """Reads a window of the past. What `chief` has no answer for, now or time after time, waits."""
        stretch = (window.start, window.end)
        try:
            found = await self._read(window, kinds, now)
        except Exception as error:
            if isinstance(error, HttpError) and error.concerns_all:
                raise
            if self._postponed[chief].failed(stretch, now):
                # Not to be revised but read anew, once it can be.
                self.progress = self.progress.without(stretch)
                if window in self._revisions:
                    self._revisions.remove(window)
            raise
        for gap in windows.subtract(stretch, found.get(chief, ())):
            self._postponed[chief].unanswered(gap, now)

    async def _read(
        self, window: Window, kinds: Sequence[UsageKind], now: float
    ) -> dict[str, tuple[Stretch, ...]]:
        """Reads a window of `kinds` and keeps it; what of it each kind's answer contained."""
        if window.start >= window.end:
            return {}
        answers = await self._ask(window, kinds, now)
        found = {kind.name: self._contained(kind, buckets, window) for kind, buckets in answers.items()}
        bodies = {kind.name: tuple(self.tallies[kind.path].bodies) for kind in answers}
        news = {
            kind: buckets
            for kind, buckets in answers.items()
            if self._answers.get((kind.name, window)) != bodies[kind.name]
        }
        lead = found.get(_LEAD.name, ())
        # Read without the leading kind, a kind fills its own hole; with it, it is asked for or set aside.
        others = {kind.name: found.get(kind.name, ()) for kind in _OTHERS if lead or kind in answers}
        progress = self.progress.with_read(lead, others)
        if news or progress != self.progress:
            await self._desk.write(
                lambda writer: self._write(writer, window, news, found, progress, int(now))
            )
        self.progress = progress
        for kind in news:
            self._answers[kind.name, window] = bodies[kind.name]
        while len(self._answers) > _REMEMBERED_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return found

    def _contained(
        self, kind: UsageKind, buckets: Sequence[Bucket[Usage]], window: Window
    ) -> tuple[Stretch, ...]:
        """The stretches of the window that the answer has buckets for, be they empty."""
        starts = {bucket.start_time for bucket in buckets if window.has(bucket.start_time)}
        self.tallies[kind.path].absent += (window.end - window.start) // window.width - len(starts)
        return windows.merge((start, start + window.width) for start in starts)

    def _write(
        self,
        writer: LedgerWriter,
        window: Window,
        news: Answers,
        found: Mapping[str, Sequence[Stretch]],
        progress: Progress,
        now: int,
    ) -> None:
        """Writes stretch by stretch what the answers contained; usually that is the window, in one write."""
        lead = found.get(_LEAD.name, ())
        stretches: dict[Stretch, dict[str, Sequence[BucketRow]]] = {stretch: {} for stretch in lead}
        for kind, answer in news.items():
            rows, outside = self._decoder.rows(kind, answer, window)
            self.tallies[kind.path].outside += outside
            for start, end in found[kind.name]:
                part = (
                    rows if len(found[kind.name]) == 1 else [row for row in rows if start <= row.start < end]
                )
                stretches.setdefault((start, end), {})[kind.name] = part
        cursor = (self._source, CURSOR, encode_progress(progress))
        for index, ((start, end), buckets) in enumerate(stretches.items(), 1):
            writer.write_usage_window(
                self._account,
                start,
                end,
                buckets,
                covered=(start, end) in lead,
                read_at=now,
                cursor=cursor if index == len(stretches) else None,
            )
        writer.findings(
            [(each.kind, each.subject, each.detail) for each in self._decoder.take_findings()], now
        )

    async def _ask(self, window: Window, kinds: Sequence[UsageKind], now: float) -> Answers:
        """Every kind's answer for the window; a kind that is refused alone is set aside for an hour."""
        replies = await together(*(self._ask_kind(kind, window) for kind in kinds))
        answers: dict[UsageKind, list[Bucket[Usage]]] = {}
        for kind, reply in zip(kinds, replies, strict=True):
            tally = self.tallies[kind.path]
            if isinstance(reply, list):
                answers[kind] = reply
                tally.trouble = ""
            elif kind is _LEAD:
                raise reply
            else:
                self._set_aside[kind.name] = now + _SET_ASIDE_S
                tally.trouble = f"set aside for an hour, its usage is missing until then: {reply.message}"
        return answers

    async def _ask_kind(self, kind: UsageKind, window: Window) -> list[Bucket[Usage]] | SourceError:
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
            if error.status in _REFUSALS and kind is not _LEAD:
                return error
            raise


def encode_progress(progress: Progress) -> str:
    """Progress as the text of a cursor."""
    return msgspec.json.encode(progress).decode()


def decode_progress(text: str | None) -> Progress:
    """Progress from the text of a cursor; nothing read yet where there is none."""
    if text is None:
        return Progress()
    return msgspec.json.decode(text, type=Progress)
