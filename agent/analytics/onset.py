"""Has one key just begun to burn more? Evidence from single minutes, long before windows of five fill up.

A minute holds few requests, and what they cost differs a lot, so that burn alone says little. Much more can
be told from parts of it: requests of a kind that was never seen before, more requests than chance explains,
dearer ones than chance explains, or a cached share of input that falls. Each is tested for itself, as exactly
as few counts allow; what a rise must come to in credits is the same for all. Minutes that the provider may
still revise are lower bounds: counts only grow, and a rise that shows already is one.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOWS_M = (1, 2, 3)
"""Minutes of the windows that are tested, shortest first."""

GAP = 4
"""The newest minutes, which are no measure of what was before."""

LEAST_BASE = 25
"""Known minutes before these without which nothing is judged."""

LEAST_RARE = 3
"""Requests of rare kinds: two are an accident."""

_SURE = 5.0  # standard deviations: some ten thousand minutes of some ten keys, and no false one among them
_IMPROBABLE = 1e-7  # the same for an hour's requests of rare kinds, which may come all at once
_RARE = 20.0  # requests an hour up to which a kind is rare
_LEAST_EQUAL = 2.0  # of which one must not make up nearly all
_LEAST_REQUESTS = 5.0
_SUPPORT = 2.0  # standard deviations of burn that must support what is told from something else
_SIZE_VARIANCE = 1.0  # of one request's cost, relative to its mean, unless the minutes say more
_INPUT_VARIANCE = 2.0  # of one request's input: now and then one holds a whole document
_DRIFT = 0.1  # relative: a level wanders that far within the hour
_SHARE_NOISE = 0.02
_SHARE_LOST = 0.08
_LEAST_SHARE = 0.2
_QUANTILE, _QUANTILE_SIGMA = 0.9, 1.2816
_BURST = 1.3  # an hour may burn that much more than the largest one before, and all at once

# What a rise must be, relative to what is usual, for each kind of evidence.
_RISE_BURN, _RISE_COUNT, _RISE_PRICE, _RISE_CACHE = 0.8, 0.6, 0.5, 0.3
_RISE_UNKNOWN = 2.0  # without days to compare with, when every morning is a rise


@dataclass(frozen=True, slots=True)
class Recent:
    """A key's last minutes by kind of request (rows); the newest is the last column."""

    requests: Floats
    tokens_input: Floats
    tokens_cached: Floats
    credits: Floats
    known: NDArray[np.bool_]  # by minute


@dataclass(frozen=True, slots=True)
class Before:
    """The same kinds in the same hours of earlier days and weeks; zeros where nothing is known."""

    requests: Floats  # a minute
    credits: Floats  # a minute
    largest: Floats  # credits of the largest of these hours
    minutes: float  # how many minutes these hours are; 0: no history yet
    memory: float  # minutes in which none of the kinds unknown to these hours was seen either


class Sign(enum.StrEnum):
    """What a rise was told from."""

    RARE = "rare"  # requests of kinds that are rare or new
    CALLS = "calls"  # the number of requests
    REQUESTS = "requests"  # the number of requests, each at its usual cost
    BURN = "burn"
    COST = "cost"  # of a request
    INPUT = "input"  # tokens of a request
    CACHE = "cache"  # the cached share of input


@dataclass(frozen=True, slots=True)
class Onset:
    """A rise in the newest minutes. Credits are of the window."""

    minutes: int
    credits: float
    expected: float
    deviations: float
    sure: bool
    sign: Sign  # what told it

    @property
    def excess(self) -> float:
        """Credits above what is expected."""
        return self.credits - self.expected


def onset(recent: Recent, before: Before, least_per_minute: float, sensitivity: float = 1.0) -> Onset | None:
    """The strongest rise of the shortest window that shows one beyond doubt, else the largest doubtful one.

    `least_per_minute` is the floor in credits; below it nothing is found. None where there is no rise or too
    little is known.
    """
    base = _base(recent, before)
    if base is None:
        return None
    best: Onset | None = None
    for minutes in WINDOWS_M:
        found = _Window(recent, before, base, minutes, sensitivity).judge(least_per_minute)
        if found is not None and found.sure:
            return found
        if found is not None and (best is None or found.deviations > best.deviations):
            best = found
    return best


@dataclass(frozen=True, slots=True)
class _Base:
    """What is usual a minute, by kind of request, and how noisy it is."""

    requests: Floats
    credits: Floats
    cost: Floats  # of one request; 0 where none was seen
    input: Floats  # tokens of one request
    rare: NDArray[np.bool_]
    dispersion: float  # of counts at their cost, over that of chance; 1 is chance
    dispersion_calls: float  # of counts alone
    size_variance: float


def _base(recent: Recent, before: Before) -> _Base | None:
    columns = np.flatnonzero(recent.known[:-GAP])
    if len(columns) < LEAST_BASE:
        return None
    count = float(len(columns))
    requests, burnt = recent.requests[:, columns], recent.credits[:, columns]
    seen = requests.sum(axis=1) + before.requests * before.minutes
    spent = burnt.sum(axis=1) + before.credits * before.minutes
    cost = _ratio(spent, seen)
    # Where the last quarter of an hour already burns more than the whole hour, that is the level.
    lately = float(burnt[:, -15:].sum()) / min(15.0, count)
    level = max(1.0, lately / max(float(burnt.sum()) / count, 1e-12)) if burnt.any() else 1.0
    dispersion, size_variance = _noise(requests, burnt, cost)
    return _Base(
        requests=np.maximum(requests.mean(axis=1) * level, before.requests),
        credits=np.maximum(burnt.mean(axis=1) * level, before.credits),
        cost=cost,
        input=_ratio(recent.tokens_input[:, columns].sum(axis=1), requests.sum(axis=1)),
        rare=60.0 * seen / (count + before.minutes) < _RARE,
        dispersion=dispersion,
        dispersion_calls=_dispersion(requests.sum(axis=0), float(requests.sum()) / count),
        size_variance=size_variance,
    )


def _noise(requests: Floats, burnt: Floats, cost: Floats) -> tuple[float, float]:
    """How much counts vary beyond chance, and how much the cost of a request varies; robust."""
    counted = cost @ requests  # by minute, each request at its usual cost
    unit = cost**2 @ requests
    dispersion = _dispersion(counted, float(unit.mean()))
    busy = unit > 0
    off = (burnt.sum(axis=0) - counted)[busy] ** 2 / unit[busy]
    size_variance = max(_SIZE_VARIANCE, float(off.mean())) if busy.sum() >= LEAST_BASE / 2 else 2.0
    return dispersion, size_variance


def _dispersion(counted: Floats, by_chance: float) -> float:
    """How much more sums by minute vary than they would by chance; from their upper tail, and robust."""
    high = float(np.quantile(counted, _QUANTILE) - np.median(counted)) / _QUANTILE_SIGMA
    return max(1.0, high**2 / by_chance) if by_chance > 0 else 1.0


def _ratio(sums: Floats, counts: Floats) -> Floats:
    """Sums a request; 0 where there were none."""
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


class _Window:
    """The last minutes against the base."""

    def __init__(self, recent: Recent, before: Before, base: _Base, minutes: int, sensitivity: float) -> None:
        self._recent, self._before, self._base = recent, before, base
        self._minutes, self._sensitivity = minutes, sensitivity
        self._requests = recent.requests[:, -minutes:].sum(axis=1)
        self._credits = recent.credits[:, -minutes:].sum(axis=1)
        self._usual = base.credits * minutes
        self._usual_requests = base.requests * minutes
        # What is rare comes in bursts: an hour's worth of it at once.
        self._by_chance = np.where(base.rare, 60.0 * base.requests, self._usual_requests)

    def judge(self, least_per_minute: float) -> Onset | None:
        burnt, usual = float(self._credits.sum()), float(self._usual.sum())
        excess = self._excess()
        least = least_per_minute * self._minutes
        if excess < least:
            return None
        rise = excess / max(usual, 1e-12) * self._sensitivity
        lowest = 0.0 if self._before.minutes else _RISE_UNKNOWN
        told = [(each, sign) for each, needed, sign in self._evidence(least) if rise >= max(needed, lowest)]
        strongest, sign = max(told, default=(0.0, Sign.BURN))
        if strongest <= 0:
            return None
        sure = strongest >= _SURE / self._sensitivity
        return Onset(self._minutes, burnt, burnt - excess, strongest, sure, sign)

    def _excess(self) -> float:
        """Credits above usual; what the hour usually burns may come at once, as jobs by the clock do."""
        above = self._credits - self._usual
        allowed = _BURST * self._before.largest - 2 * 60 * self._recent.credits[:, :-GAP].mean(axis=1)
        spent = self._recent.credits.sum(axis=1)
        news = np.maximum(spent - np.maximum(allowed, 0.0), 0.0)
        return float(np.where((allowed > 0) & (above > 0), np.minimum(above, news), above).sum())

    def _evidence(self, least: float) -> list[tuple[float, float, Sign]]:
        """Deviations by kind of evidence, with the relative rise that each asks for."""
        return [
            (self._never_seen(least), _RISE_BURN, Sign.RARE),
            (self._more_calls(), _RISE_COUNT, Sign.CALLS),
            (self._more_requests(), _RISE_COUNT, Sign.REQUESTS),
            (self._more_burn(), _RISE_BURN, Sign.BURN),
            (self._dearer_requests(), _RISE_PRICE, Sign.COST),
            (self._longer_input(), _RISE_PRICE, Sign.INPUT),
            (self._lost_cache(), _RISE_CACHE, Sign.CACHE),
        ]

    def _never_seen(self, least: float) -> float:
        """Kinds of requests that are rare or new, and now come several at once."""
        rare = self._base.rare & (self._requests > 0)
        return max(self._rare_ones(kinds, least) for kinds in (rare & (self._base.cost == 0), rare))

    def _rare_ones(self, rare: NDArray[np.bool_], least: float) -> float:
        count = float(self._requests[rare].sum())
        burnt = self._credits[rare]
        if count < LEAST_RARE or burnt.sum() - self._usual[rare].sum() < least:
            return 0.0
        if burnt.sum() ** 2 < _LEAST_EQUAL * (burnt**2 / self._requests[rare]).sum():
            return 0.0
        mean = 60.0 * float(self._base.requests[rare].sum()) + 60.0 / self._before.memory
        return _SURE * math.log(_poisson_tail(count, mean)) / math.log(_IMPROBABLE)

    def _more_calls(self) -> float:
        """Requests of any cost: many cheap ones tell sooner that a client runs away than the few dear ones.

        What they burn must be more than usual too, if not beyond doubt.
        """
        if max(self._more_requests(), self._more_burn()) < _SUPPORT:
            return 0.0
        usual = float(self._usual_requests.sum())
        return _deviation(float(self._requests.sum()), usual, self._base.dispersion_calls * usual)

    def _longer_input(self) -> float:
        """Input a request, each kind against its own; supported by the burn as above."""
        sent, before = self._recent.tokens_input, self._base.input
        comparable = (before > 0) & (self._requests > 0)
        requests = self._requests[comparable]
        count = float(requests.sum())
        if count < 2 * _LEAST_REQUESTS or max(self._dearer_requests(), self._more_burn()) < _SUPPORT:
            return 0.0
        now = float((sent[comparable, -self._minutes :].sum(axis=1) / before[comparable]).sum())
        return _deviation(now, count, _INPUT_VARIANCE * count)

    def _more_requests(self) -> float:
        """Each request at its usual cost: what it costs now does not matter, only how many there are."""
        cost, usual = self._base.cost, self._usual_requests
        variance = self._base.dispersion * float(cost**2 @ self._by_chance)
        return _deviation(float(cost @ self._requests), float(cost @ usual), variance)

    def _more_burn(self) -> float:
        if self._equal_requests() < _LEAST_REQUESTS:
            return 0.0
        base = self._base
        size = base.dispersion + base.size_variance
        variance = size * float(base.cost**2 @ self._by_chance)
        return _deviation(float(self._credits.sum()), float(self._usual.sum()), variance)

    def _dearer_requests(self) -> float:
        """The requests that there are, against what as many would usually cost."""
        known = self._base.cost > 0
        cost, requests = self._base.cost[known], self._requests[known]
        if self._equal_requests() < _LEAST_REQUESTS:
            return 0.0
        variance = self._base.size_variance * float(cost**2 @ requests)
        return _deviation(float(self._credits[known].sum()), float(cost @ requests), variance)

    def _lost_cache(self) -> float:
        """A cached share of input below what it was, against how much it usually varies."""
        sent, kept = self._recent.tokens_input, self._recent.tokens_cached
        before, kept_before = sent[:, :-GAP], kept[:, :-GAP]
        worst = 0.0
        for row in np.flatnonzero(self._credits >= 0.3 * self._credits.sum()):
            total, now = float(before[row].sum()), float(sent[row, -self._minutes :].sum())
            if total <= 0 or now <= 0 or self._requests[row] < _LEAST_REQUESTS:
                continue
            usual = float(kept_before[row].sum()) / total
            lost = usual - float(kept[row, -self._minutes :].sum()) / now
            if usual < _LEAST_SHARE or lost < _SHARE_LOST:
                continue
            busy = before[row] > 0
            off = kept_before[row, busy] / before[row, busy] - usual
            by_token = float((off**2 * before[row, busy]).mean())
            worst = max(worst, lost / math.sqrt(by_token / now + _SHARE_NOISE**2))
        return worst

    def _equal_requests(self) -> float:
        """On how many requests of one cost the burn would be as sure as it is."""
        squares = np.divide(
            self._credits**2, self._requests, out=np.zeros_like(self._credits), where=self._requests > 0
        )
        return float(self._credits.sum()) ** 2 / max(float(squares.sum()), 1e-12)


def _deviation(value: float, usual: float, variance: float) -> float:
    """Standard deviations as a normal value would have them: sums of few costs have a long upper tail.

    They are distributed about as gamma, whose cube root is about normal (Wilson and Hilferty). What is usual
    counts as one request at least, below which this no longer holds.
    """
    if usual <= 0:
        return 0.0
    one = variance / usual
    if usual < one:
        usual, variance = one, one**2
    ninth = (variance / usual**2 + _DRIFT**2) / 9
    return (math.cbrt(value / usual) - (1 - ninth)) / math.sqrt(ninth)


def _poisson_tail(count: float, mean: float) -> float:
    """The probability of at least `count` where `mean` are expected; an upper bound, and close to it."""
    if count <= mean:
        return 1.0
    first = math.exp(-mean + count * math.log(mean) - math.lgamma(count + 1))
    return max(min(1.0, first / (1 - mean / (count + 1))), 1e-300)
