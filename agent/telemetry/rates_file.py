"""Price lists: the built-in one and a person's own, read into rates of nano-credits per million units."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import msgspec

from agent.domain.money import NANO
from agent.domain.usage import MICRO, Meter
from agent.toml_file import decode_toml, read_text

BUILT_IN = Path(__file__).with_name("prices.toml")

PRICE_PER: dict[Meter, int] = {
    Meter.TOKENS_INPUT: MICRO,
    Meter.TOKENS_INPUT_CACHED: MICRO,
    Meter.TOKENS_OUTPUT: MICRO,
    Meter.CHARACTERS: MICRO,
    Meter.WEB_SEARCH_CALLS: 1_000,
    Meter.FILE_SEARCH_CALLS: 1_000,
    Meter.SECONDS: 60,
    Meter.STORAGE_GIB_HOURS: 24,
}
"""How many units a listed price is for, as providers list it; one where a meter is not named."""


@dataclass(frozen=True, slots=True)
class Period:
    """Rates from a day on, until the next period begins. Nano-credits per million units."""

    since: int | None  # UTC epoch seconds; None: from the beginning
    nano_per_million: Mapping[Meter, int]


@dataclass(frozen=True, slots=True)
class PriceList:
    """One price file: periods by model, of the services without a model, and factors by service tier."""

    models: Mapping[str, tuple[Period, ...]]
    services: tuple[Period, ...]
    tiers: Mapping[str, Decimal]


class _Meters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    since: datetime.date | None = None
    tokens_input: Decimal | None = None
    tokens_input_cached: Decimal | None = None
    tokens_output: Decimal | None = None
    embedding_calls: Decimal | None = None
    fine_tune_hours: Decimal | None = None
    file_uploads: Decimal | None = None
    images: Decimal | None = None
    characters: Decimal | None = None
    seconds: Decimal | None = None
    web_search_calls: Decimal | None = None
    file_search_calls: Decimal | None = None
    storage_gib_hours: Decimal | None = None
    sessions: Decimal | None = None

    def __post_init__(self) -> None:
        for meter, price in self.prices().items():
            if not price.is_finite() or price < 0:
                raise ValueError(f"{meter.value}: a price is a number, zero or more")

    def prices(self) -> dict[Meter, Decimal]:
        listed = {meter: getattr(self, meter.value) for meter in Meter}
        return {meter: price for meter, price in listed.items() if price is not None}


class _Model(_Meters, frozen=True, kw_only=True):
    name: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name or not self.prices():
            raise ValueError("name: a model needs a name and at least one price")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    currency: str = "USD"
    tiers: dict[str, Decimal] = {}
    services: _Meters = _Meters()
    models: tuple[_Model, ...] = ()

    def __post_init__(self) -> None:
        if self.currency not in ("USD", "credits"):
            raise ValueError("currency: prices are in 'USD' or in 'credits'")
        if any(not factor.is_finite() or factor < 0 for factor in self.tiers.values()):
            raise ValueError("tiers: a factor is a number, zero or more")


def read_prices(path: Path, usd_per_credit: Decimal) -> PriceList:
    """The prices of a file in nano-credits; raises `ConfigError` naming file, line and key."""
    file = decode_toml(read_text(path, "price"), str(path), _File)
    credits_per_unit = 1 / usd_per_credit if file.currency == "USD" else Decimal(1)
    models: dict[str, list[Period]] = {}
    for model in file.models:
        models.setdefault(model.name, []).append(_period(model, credits_per_unit))
    return PriceList(
        models={name: _in_order(periods) for name, periods in models.items()},
        services=(_period(file.services, credits_per_unit),) if file.services.prices() else (),
        tiers=file.tiers,
    )


def _period(meters: _Meters, credits_per_unit: Decimal) -> Period:
    since = None if meters.since is None else calendar.timegm(meters.since.timetuple())
    return Period(
        since, {meter: _rate(meter, price * credits_per_unit) for meter, price in meters.prices().items()}
    )


def _rate(meter: Meter, price: Decimal) -> int:
    """Nano-credits per million units of a listed price in credits, rounded half-even."""
    exact = price * NANO * MICRO / PRICE_PER.get(meter, 1)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _in_order(periods: list[Period]) -> tuple[Period, ...]:
    return tuple(sorted(periods, key=lambda period: -1 if period.since is None else period.since))
