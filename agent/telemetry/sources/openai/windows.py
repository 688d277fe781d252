"""Which stretches of usage to read next. Pure interval arithmetic; times are UTC epoch seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Stretch = tuple[int, int]
"""Seconds [start, end)."""

MINUTE = 60
HOUR = 3600
DAY = 86400

FRESH_S = 10 * MINUTE
"""Read again with every poll: a minute's usage goes on growing for about that long."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch to read whole, in buckets of `width` seconds."""

    start: int
    end: int
    width: int

    def has(self, start: int) -> bool:
        """Whether a bucket is one of those to ask for: inside, and on the grid."""
        return self.start <= start and start + self.width <= self.end and start % self.width == 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How far back usage is read, in seconds."""

    settle: float  # a minute is read from that long after its end
    detail: float  # hours that ended longer ago are read as hours, not as minutes
    reread: float  # usage may be revised that long
    history: float  # how far back the first start reads

    def end(self, now: float) -> int:
        """End of the newest minute that may be read."""
        return floor(now - self.settle, MINUTE)

    def horizon(self, now: float) -> int:
        """Start of the oldest hour that is wanted."""
        return floor(now - self.history, HOUR)

    def detail_from(self, now: float) -> int:
        """Minutes are read from here on, hours before."""
        return floor(self.end(now) - self.detail, HOUR)


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been read: disjoint, sorted stretches, and until when revisions have been looked for."""

    covered: tuple[Stretch, ...] = ()  # read of the kind that leads
    revised_at: int = field(default=0)  # 0: never
    holes: dict[str, tuple[Stretch, ...]] = field(default_factory=dict)  # kind -> covered, but not read of it

    def with_read(
        self, stretches: Iterable[Stretch], others: Mapping[str, Iterable[Stretch]] | None = None
    ) -> Progress:
        """The progress after the leading kind was read for `stretches`, the others for theirs."""
        read = tuple(stretches)
        holes = dict(self.holes)
        for kind, stretches_of_kind in (others or {}).items():
            holes[kind] = cut((*holes.get(kind, ()), *read), stretches_of_kind)
        return Progress(merge([*self.covered, *read]), self.revised_at, _filled(holes))

    def without(self, stretch: Stretch) -> Progress:
        """The progress as if `stretch` had never been read."""
        holes = {kind: cut(parts, [stretch]) for kind, parts in self.holes.items()}
        return Progress(cut(self.covered, [stretch]), self.revised_at, _filled(holes))

    @property
    def covered_to(self) -> int | None:
        """End of the newest stretch read; None before the first."""
        return self.covered[-1][1] if self.covered else None


def _filled(holes: Mapping[str, tuple[Stretch, ...]]) -> dict[str, tuple[Stretch, ...]]:
    return {kind: parts for kind, parts in holes.items() if parts}


def live(now: float, pace: Pace) -> Window:
    """The newest minutes, read with every poll; never a part of an hour that is kept as an hour."""
    end = pace.end(now)
    return Window(max(end - FRESH_S, pace.detail_from(now), pace.horizon(now)), end, MINUTE)


def missing(now: float, pace: Pace, progress: Progress) -> Iterator[Window]:
    """What was never read, newest first: minutes by the hour, hours by the day."""
    for start, end in reversed(subtract((pace.horizon(now), pace.end(now)), progress.covered)):
        yield from _windows(start, end, pace.detail_from(now))


def holes(now: float, pace: Pace, stretches: Iterable[Stretch]) -> Iterator[Window]:
    """What one kind still lacks, newest first, as far back as usage is wanted."""
    for start, end in reversed(list(stretches)):
        low = max(start, pace.horizon(now))
        if low < end:
            yield from _windows(low, end, pace.detail_from(now))


def revisable(now: float, pace: Pace, progress: Progress) -> Iterator[Window]:
    """What was read before it could have been final, newest first, without what `live` reads."""
    revised_at = min(progress.revised_at, now)  # later than now: the clock was set back
    since = floor(revised_at - pace.reread, HOUR)  # whole hours: unchanged answers are told apart
    until = live(now, pace).start
    for start, end in reversed(progress.covered):
        low, high = max(start, since, pace.horizon(now)), min(end, until)
        if low < high:
            yield from _windows(low, high, pace.detail_from(now))


def _windows(start: int, end: int, detail_from: int) -> Iterator[Window]:
    """[start, end) cut at whole hours and days, newest first; its older part grows to whole hours."""
    high = end
    while high > max(start, detail_from):
        low = max(start, detail_from, floor(high - 1, HOUR))
        yield Window(low, high, MINUTE)
        high = low
    if start >= detail_from:
        return
    low_end, high = floor(start, HOUR), -floor(-min(end, detail_from), HOUR)
    while high > low_end:
        low = max(low_end, floor(high - 1, DAY))
        yield Window(low, high, HOUR)
        high = low


def floor(at: float, step: int) -> int:
    """The start of the step that `at` lies in."""
    return int(at // step) * step


def merge(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same points as disjoint, sorted stretches."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def subtract(target: Stretch, covered: Iterable[Stretch]) -> list[Stretch]:
    """The parts of `target` that no stretch of the sorted `covered` contains."""
    start, target_end = target
    gaps = []
    for low, high in covered:
        if low > start:
            gaps.append((start, min(low, target_end)))
        start = max(start, high)
        if start >= target_end:
            break
    if start < target_end:
        gaps.append((start, target_end))
    return [(low, high) for low, high in gaps if low < high]


def cut(stretches: Iterable[Stretch], parts: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The points of `stretches` that are in none of `parts`, as disjoint, sorted stretches."""
    away = merge(parts)
    return tuple(gap for stretch in merge(stretches) for gap in subtract(stretch, away))
