"""A rise in burn taken apart into its factors, which add up to it exactly.

Credits of a window are, for each kind of traffic (model, tier, operation):

    requests of its operation x its share of them
      x (input tokens a request x price of input at its cached share
         + output tokens a request x price of output + units a request x their price)

Each factor gets its Shapley value: what changing it alone does, averaged over every order in which the
factors could have changed. That treats no factor as the first, and it leaves no unexplained remainder.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial

from agent.analytics.shares import split_exactly


class Factor(enum.StrEnum):
    """What can move a burn; the comment says what is compared."""

    REQUESTS = "requests"  # requests of each operation
    MODEL_MIX = "model_mix"  # how they are spread over models and tiers
    INPUT_TOKENS = "input_tokens"  # input tokens a request, cached or not
    OUTPUT_TOKENS = "output_tokens"  # output tokens a request
    CACHE_SHARE = "cache_share"  # cached part of the input
    UNITS = "units"  # images, seconds, ... a request
    PRICE = "price"  # what a token or unit costs


FACTORS = tuple(Factor)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Sums of one kind of traffic over a window, priced rows only. Usual counts may be fractions."""

    operation: str
    requests: float
    tokens_input: float  # including cached
    tokens_cached: float
    tokens_output: float
    units: float
    credits_nano: int


@dataclass(frozen=True, slots=True)
class Prices:
    """Relative prices of a kind of traffic. What it really cost decides their level; see `_Shape`."""

    input: float = 1.0
    cached: float = 1.0
    output: float = 1.0
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class _Shape:
    """The factors of one kind of traffic on one side (now or usual)."""

    share: float  # of its operation's requests
    input: float  # tokens a request
    output: float
    units: float
    cached: float  # share of input
    prices: Prices
    level: float  # what it really cost over what the prices say

    def per_request(self) -> float:
        prices = self.prices
        tokens = self.input * ((1 - self.cached) * prices.input + self.cached * prices.cached)
        return self.level * (tokens + self.output * prices.output + self.units * prices.unit)


Kinds = Mapping[str, Traffic]
"""Traffic by kind; the key is any name that is the same on both sides."""


def decompose(now: Kinds, usual: Kinds, prices: Mapping[str, tuple[Prices, Prices]]) -> dict[Factor, int]:
    """Nano-credits that each factor adds to `now` over `usual`; their sum is the difference, exactly.

    `prices` gives the relative prices of a kind (now, usual); kinds without any count each token alike.
    """
    rise = sum(each.credits_nano for each in now.values()) - sum(each.credits_nano for each in usual.values())
    values = [0.0] * len(FACTORS)
    operations = {each.operation for each in (*now.values(), *usual.values())}
    for operation in sorted(operations):
        game = _Operation(_of(now, operation), _of(usual, operation), prices)
        for place, value in enumerate(_shapley(game)):
            values[place] += value
    return dict(zip(FACTORS, split_exactly(rise, values), strict=True))


def _of(kinds: Kinds, operation: str) -> dict[str, Traffic]:
    return {name: _countable(each) for name, each in kinds.items() if each.operation == operation}


def _countable(traffic: Traffic) -> Traffic:
    """Traffic that costs without requests, as storage does, has its units as requests."""
    if traffic.requests > 0 or not traffic.credits_nano:
        return traffic
    return replace(traffic, requests=traffic.units or 1.0)


class _Operation:
    """One operation's burn with any of the factors as they are now and the others as usual."""

    def __init__(self, now: Kinds, usual: Kinds, prices: Mapping[str, tuple[Prices, Prices]]) -> None:
        self.requests = (_requests(usual.values()), _requests(now.values()))
        same = (Prices(), Prices())
        self.pairs = []
        for name in sorted({*now, *usual}):
            price_now, price_usual = prices.get(name, same)
            before = _shape(usual.get(name), self.requests[0], price_usual)
            after = _shape(now.get(name), self.requests[1], price_now)
            # A kind that is on one side only did not change in itself: all of it is a matter of the mix.
            there = before or after
            if there is None:
                continue
            before = before or _absent(there)
            after = after or _absent(there)
            self.pairs.append((before, after))
        if not self.requests[0] or not self.requests[1]:
            # An operation that begins or ends has the same mix before and after: only its requests changed.
            whole = 1 if self.requests[1] else 0
            self.pairs = [(pair[whole], pair[whole]) for pair in self.pairs]

    def burn(self, changed: frozenset[Factor]) -> float:
        """Credits with these factors as now, the others as usual."""

        def side(factor: Factor) -> int:
            return 1 if factor in changed else 0

        total = 0.0
        for pair in self.pairs:
            priced = pair[side(Factor.PRICE)]
            shape = _Shape(
                share=pair[side(Factor.MODEL_MIX)].share,
                input=pair[side(Factor.INPUT_TOKENS)].input,
                output=pair[side(Factor.OUTPUT_TOKENS)].output,
                units=pair[side(Factor.UNITS)].units,
                cached=pair[side(Factor.CACHE_SHARE)].cached,
                prices=priced.prices,
                level=priced.level,
            )
            total += shape.share * shape.per_request()
        return self.requests[side(Factor.REQUESTS)] * total


def _requests(traffic: Iterable[Traffic]) -> float:
    return sum(each.requests for each in traffic)


def _shape(traffic: Traffic | None, requests: float, prices: Prices) -> _Shape | None:
    if traffic is None or traffic.requests <= 0 or requests <= 0:
        return None
    cached = traffic.tokens_cached / traffic.tokens_input if traffic.tokens_input else 0.0
    shape = _Shape(
        share=traffic.requests / requests,
        input=traffic.tokens_input / traffic.requests,
        output=traffic.tokens_output / traffic.requests,
        units=traffic.units / traffic.requests,
        cached=cached,
        prices=prices,
        level=1.0,
    )
    listed = shape.per_request()
    real = traffic.credits_nano / traffic.requests
    if listed <= 0 and real:
        # Credits without any unit that explains them: let the request itself be the unit.
        return _Shape(shape.share, 0.0, 0.0, 1.0, 0.0, Prices(), real)
    return _Shape(
        shape.share, shape.input, shape.output, shape.units, cached, prices, real / listed if listed else 0.0
    )


def _absent(there: _Shape) -> _Shape:
    return _Shape(0.0, there.input, there.output, there.units, there.cached, there.prices, there.level)


def _shapley(game: _Operation) -> Sequence[float]:
    """The Shapley value of each factor."""
    moving = _moving(game)
    burns: dict[frozenset[Factor], float] = {}
    for size in range(len(moving) + 1):
        for chosen in combinations(moving, size):
            burns[frozenset(chosen)] = game.burn(frozenset(chosen))
    values = dict.fromkeys(FACTORS, 0.0)
    for factor in moving:
        for others, burn in burns.items():
            if factor in others:
                continue
            orders = (
                factorial(len(others)) * factorial(len(moving) - len(others) - 1) / factorial(len(moving))
            )
            values[factor] += orders * (burns[others | {factor}] - burn)
    return list(values.values())


def _moving(game: _Operation) -> list[Factor]:
    """Factors that differ at all: the others are worth nothing, and each one left out halves the work."""
    moving = [Factor.REQUESTS] if game.requests[0] != game.requests[1] else []
    fields = {
        Factor.MODEL_MIX: "share",
        Factor.INPUT_TOKENS: "input",
        Factor.OUTPUT_TOKENS: "output",
        Factor.CACHE_SHARE: "cached",
        Factor.UNITS: "units",
    }
    for factor, field in fields.items():
        if any(getattr(before, field) != getattr(after, field) for before, after in game.pairs):
            moving.append(factor)
    if any((before.prices, before.level) != (after.prices, after.level) for before, after in game.pairs):
        moving.append(Factor.PRICE)
    return moving
