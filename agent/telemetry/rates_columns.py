"""The rate card over columns: the same nano-credits as `RateCard.price`, for a batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.domain.usage import MICRO, Service, Units
from agent.telemetry.rates import ServiceRates

if TYPE_CHECKING:
    from agent.telemetry.rates import RateCard

Ints = NDArray[np.int64]
_SAFE = 2**62  # leaves room for the last addition
_NOBODY_KNOWS = ServiceRates(None, None, None, None, None)


def price_columns(
    card: RateCard, at: Ints, services: Sequence[Service], service: Ints, units: tuple[Ints, Ints, Ints, Ints]
) -> tuple[Ints, NDArray[np.bool_]]:
    """Nano-credits (0 where not priced) and whether priced, a row each.

    `service` indexes `services`; `units` are tokens_input, tokens_cached, tokens_output, quantity_micro.
    """
    rates, rate = _rates_in_force(card, at, services, service)
    tokens_input, tokens_cached, tokens_output, quantity = units
    tokens = (tokens_input - tokens_cached, tokens_cached, tokens_output)
    if _may_overflow(rates, tokens):
        by_one = np.ones(len(at), np.bool_)
        credits_nano, priced = np.zeros(len(at), np.int64), np.zeros(len(at), np.bool_)
    else:
        by_one = quantity > 0
        credits_nano, priced = _by_tokens(rates, rate, tokens)
    _price_one_by_one(np.flatnonzero(by_one), rates, rate, units, credits_nano, priced)
    return credits_nano, priced


def _rates_in_force(
    card: RateCard, at: Ints, services: Sequence[Service], service: Ints
) -> tuple[list[ServiceRates], Ints]:
    """The rates that the batch needs, and for each row which of them holds."""
    rates = [_NOBODY_KNOWS]
    first = np.zeros(len(services), np.int64)
    changing: list[tuple[int, tuple[ServiceRates, ...]]] = []
    for number in np.unique(service).tolist():
        periods = card.rates_of(services[number])
        if len(periods) == 1 and periods[0].since is None:
            first[number] = len(rates)
            rates.append(periods[0])
        elif periods:
            changing.append((number, periods))
    rate = first[service]
    for number, periods in changing:
        places = np.flatnonzero(service == number)
        since = np.array([-_SAFE if period.since is None else period.since for period in periods])
        period = np.searchsorted(since, at[places], side="right")  # 0: before the first
        rate[places] = np.where(period == 0, 0, len(rates) + period - 1)
        rates += periods
    return rates, rate


def _by_tokens(
    rates: list[ServiceRates], rate: Ints, tokens: tuple[Ints, Ints, Ints]
) -> tuple[Ints, NDArray[np.bool_]]:
    """Rates are split into whole nano-credits a token and millionths of one, so that nothing overflows."""
    whole, rest = np.zeros(len(rate), np.int64), np.zeros(len(rate), np.int64)
    priced = rate > 0
    for name, count in zip(("input", "cached", "output"), tokens, strict=True):
        values = [getattr(each, name) for each in rates]
        known = np.array([value is not None for value in values])
        table = np.array([divmod(value or 0, MICRO) for value in values], np.int64)
        whole += count * table[rate, 0]
        rest += count * table[rate, 1]
        if not known[1:].all():
            priced &= known[rate] | (count == 0)
    carry, rest = np.divmod(rest, MICRO)
    whole += carry
    whole += (2 * rest > MICRO) | ((2 * rest == MICRO) & (whole % 2 == 1))
    return np.where(priced, whole, 0), priced


def _may_overflow(rates: list[ServiceRates], tokens: tuple[Ints, Ints, Ints]) -> bool:
    most = max((int(count.max()) for count in tokens if len(count)), default=0)
    highest = max(max(each.input or 0, each.cached or 0, each.output or 0) for each in rates)
    return 3 * most * max(highest // MICRO + 1, MICRO) >= _SAFE


def _price_one_by_one(
    places: Ints,
    rates: list[ServiceRates],
    rate: Ints,
    units: tuple[Ints, Ints, Ints, Ints],
    credits_nano: Ints,
    priced: NDArray[np.bool_],
) -> None:
    """Quantities and huge counts, in Python's integers; equal rows are priced once."""
    if not len(places):
        return
    known: dict[tuple[int, ...], int | None] = {}
    rows = zip(rate[places].tolist(), *(column[places].tolist() for column in units), strict=True)
    for place, row in zip(places.tolist(), rows, strict=True):
        if row not in known:
            known[row] = rates[row[0]].price(Units(*row[1:])) if row[0] else None
        amount = known[row]
        # Beyond what a column holds there is no usage; such a row is refused for its amount.
        credits_nano[place], priced[place] = min(amount or 0, _SAFE), amount is not None
