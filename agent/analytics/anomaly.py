"""Days that burnt too much: the guide's z-score, and a robust variant without its blind spots. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import mean, median, stdev

_SEED_DAYS = 30
_SEED_LIMIT = 3
_ROBUST_DAYS = 30
_ROBUST_LIMIT = 3.5
_LEAST_DAYS = 7
_LEAST_SHARE = 0.05  # no team is steadier than this: a median deviation below it is chance
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class OddDay:
    """A day far above a team's usual ones; `centre` and `spread` as the method has them."""

    day: int
    name: str
    credits_nano: int
    centre: float
    spread: float
    score: float


def seed_anomalies(days: Mapping[str, Mapping[int, int]], today: int) -> list[OddDay]:
    """The guide's query, to the letter: z > 3 against mean and sample deviation of the last 30 days.

    Days are numbered. Days without usage do not count, today is judged but not averaged, earlier days are
    judged against averages that hold them, and a team whose days are all alike (deviation 0) is never odd.
    """
    found = []
    for name, known in days.items():
        recent = [nano for day, nano in known.items() if today - _SEED_DAYS <= day <= today - 1]
        if len(recent) < 2:
            continue  # a deviation of one value is NULL
        centre, spread = float(mean(recent)), float(stdev(recent))
        if not spread:
            continue
        for day, nano in known.items():
            score = (nano - centre) / spread
            if score > _SEED_LIMIT:
                found.append(OddDay(day, name, nano, centre, spread, score))
    return sorted(found, key=lambda odd: -odd.score)


def robust_anomalies(days: Mapping[str, Mapping[int, int]], first: int, today: int) -> list[OddDay]:
    """Each day from `first` on against the median of the 30 before it, days without usage as zero."""
    found = [odd for name, known in days.items() if known for odd in _odd_days(name, known, first, today)]
    return sorted(found, key=lambda odd: -odd.score)


def _odd_days(name: str, known: Mapping[int, int], first: int, today: int) -> Iterator[OddDay]:
    born = min(known)
    for day in range(max(first, born + _LEAST_DAYS), today + 1):
        before = [known.get(past, 0) for past in range(max(born, day - _ROBUST_DAYS), day)]
        centre = median(before)
        deviation = _MAD_TO_SIGMA * median(abs(nano - centre) for nano in before)
        spread = max(deviation, _LEAST_SHARE * centre)
        nano = known.get(day, 0)
        if spread > 0 and (nano - centre) / spread > _ROBUST_LIMIT:
            yield OddDay(day, name, nano, centre, spread, (nano - centre) / spread)
