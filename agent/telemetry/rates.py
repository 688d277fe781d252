"""The rate card: what a service's units cost in nano-credits, exactly, or None where nobody knows.

A model without a price is counted and shown as unpriced; it is never guessed from another model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from agent.domain.model_name import listed_name
from agent.domain.money import MAX_NANO, NanoCredits
from agent.domain.usage import MICRO, QUANTITY_METER, Meter, Operation, Service, Units
from agent.ledger.rows import RateRow
from agent.telemetry.rates_file import BUILT_IN, Period, PriceList, read_prices

if TYPE_CHECKING:
    from agent.settings import Settings

_WITHOUT_MODEL = frozenset(
    {
        Operation.WEB_SEARCH,
        Operation.FILE_SEARCH,
        Operation.VECTOR_STORE,
        Operation.CODE_INTERPRETER,
        Operation.FILE_UPLOAD,
    }
)


@dataclass(frozen=True, slots=True)
class ServiceRates:
    """Rates of one service from a moment on, in nano-credits per million units; None: no rate known."""

    since: int | None
    input: int | None
    cached: int | None
    output: int | None
    quantity: int | None

    def price(self, units: Units) -> NanoCredits | None:
        """Nano-credits of the units, rounded half-even once, at the end.

        A quantity with a rate is a price in itself (an image may carry tokens that cost nothing more);
        otherwise every kind of token that was used needs a rate. None also past the ledger's range.
        """
        fresh, cached, output = (
            units.tokens_input - units.tokens_cached,
            units.tokens_cached,
            units.tokens_output,
        )
        by_tokens = fresh * (self.input or 0) + cached * (self.cached or 0) + output * (self.output or 0)
        tokens_priced = not (
            (fresh and self.input is None)
            or (cached and self.cached is None)
            or (output and self.output is None)
        )
        if units.quantity_micro and self.quantity is not None:
            amount = units.quantity_micro * self.quantity + (by_tokens * MICRO if tokens_priced else 0)
        elif tokens_priced and (fresh or cached or output or not units.quantity_micro):
            amount = by_tokens * MICRO
        else:
            return None
        nano = _half_even(amount, MICRO * MICRO)
        return NanoCredits(nano) if nano <= MAX_NANO else None


@dataclass(slots=True)
class RateCard:
    """Rates by model, service and tier with the days from which they hold."""

    models: Mapping[str, tuple[Period, ...]]
    services: tuple[Period, ...]
    tiers: Mapping[str, Decimal]
    _known: dict[Service, tuple[ServiceRates, ...]] = field(default_factory=dict)

    def price(self, service: Service, at: int, units: Units) -> NanoCredits | None:
        """Nano-credits that `units` cost at `at` (UTC epoch seconds), or None: unpriced."""
        current = in_force(self.rates_of(service), at)
        return current.price(units) if current else None

    def rates_of(self, service: Service) -> tuple[ServiceRates, ...]:
        """Every period of a service's rates, oldest first; empty where nobody knows a price."""
        known = self._known.get(service)
        if known is None:
            known = self._known[service] = self._find(service)
        return known

    def rows(self) -> Iterator[RateRow]:
        """The whole card, as the ledger keeps it beside the rows that it priced."""
        for model, periods in self.models.items():
            for tier, factor in self.tiers.items():
                for period in periods:
                    for meter, rate in period.nano_per_million.items():
                        yield RateRow(model, tier, meter.value, period.since or 0, _times(rate, factor))
        for period in self.services:
            for meter, rate in period.nano_per_million.items():
                yield RateRow("", "standard", meter.value, period.since or 0, rate)

    def _find(self, service: Service) -> tuple[ServiceRates, ...]:
        if service.operation in _WITHOUT_MODEL:
            return tuple(_service_rates(period, service.operation, Decimal(1)) for period in self.services)
        model = listed_name(service.model, self.models)
        factor = self.tiers.get(service.tier)
        if model is None or factor is None:
            return ()
        return tuple(_service_rates(period, service.operation, factor) for period in self.models[model])


def load_rate_card(settings: Settings) -> RateCard:
    """The built-in prices with the person's own over them; raises `ConfigError` naming file, line and key."""
    usd_per_credit = settings.organization.usd_per_credit
    lists = [read_prices(path, usd_per_credit) for path in (BUILT_IN, *settings.rate_files)]
    return merged(lists)


def merged(lists: list[PriceList]) -> RateCard:
    """One card of several price lists; from the day that a later list prices a model, it alone does."""
    models: dict[str, tuple[Period, ...]] = {}
    services: tuple[Period, ...] = ()
    tiers: dict[str, Decimal] = {}
    for prices in lists:
        for model, periods in prices.models.items():
            models[model] = _over(models.get(model, ()), periods)
        services = _services_over(services, prices.services)
        tiers |= prices.tiers
    return RateCard(models, services, tiers)


def in_force(periods: tuple[ServiceRates, ...], at: int) -> ServiceRates | None:
    """The rates that hold at `at` (UTC epoch seconds) among a service's periods, oldest first."""
    current = None
    for rates in periods:
        if rates.since is None or rates.since <= at:
            current = rates
    return current


def _over(below: tuple[Period, ...], above: tuple[Period, ...]) -> tuple[Period, ...]:
    first = above[0].since
    kept = () if first is None else tuple(p for p in below if p.since is None or p.since < first)
    return (*kept, *above)


def _services_over(below: tuple[Period, ...], above: tuple[Period, ...]) -> tuple[Period, ...]:
    """Services are listed meter by meter, so that pricing one anew keeps the others."""
    base = below[-1].nano_per_million if below else {}
    whole = tuple(Period(p.since, {**base, **p.nano_per_million}) for p in above)
    return _over(below, whole) if whole else below


def _service_rates(period: Period, operation: Operation, factor: Decimal) -> ServiceRates:
    rates = {name: _times(rate, factor) for name, rate in period.nano_per_million.items()}
    meter = QUANTITY_METER.get(operation)
    if operation is Operation.FINE_TUNE:
        # Tokens of a training run do not cost what tokens of a completion cost.
        return ServiceRates(period.since, None, None, None, rates.get(Meter.FINE_TUNE_HOURS))
    input_rate = rates.get(Meter.TOKENS_INPUT)
    return ServiceRates(
        since=period.since,
        input=input_rate,
        # Without a price of its own, cached input costs what input costs.
        cached=rates.get(Meter.TOKENS_INPUT_CACHED, input_rate),
        output=rates.get(Meter.TOKENS_OUTPUT),
        quantity=rates.get(meter) if meter else None,
    )


def _times(rate: int, factor: Decimal) -> int:
    return int((rate * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, ties to the even one; both arguments are not negative."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
