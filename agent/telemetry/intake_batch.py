"""Records to columns: attributed, priced, checked, ready for the ledger."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.domain.money import NANO, AmountError, to_nano
from agent.domain.usage import MICRO, QUANTITY_METER, Operation, Pattern, Service
from agent.ledger.rows import EventBatch
from agent.telemetry.decode import (
    MOST_CREDITS,
    MOST_QUANTITY,
    MOST_TOKENS,
    BadRow,
    Lines,
    Part,
    Rows,
    UnitsField,
)
from agent.telemetry.rates_columns import price_columns
from agent.telemetry.series import Series
from agent.telemetry.timestamps import epochs

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.rates import RateCard

_TOO_DEAR = f"units_consumed: would cost more than {MOST_CREDITS} credits"
_MOST_SERIES = 200_000  # kept between batches; bounds the memory where every row names another user


@dataclass(slots=True)
class _Columns:
    """Rows of the batch so far; lists of one length, apart from the sparse `given` and `bad`."""

    stamps: list[str | int | float] = field(default_factory=list)
    request_id: list[str] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    tokens_input: list[int] = field(default_factory=list)
    tokens_output: list[int] = field(default_factory=list)
    tokens_cached: list[int] = field(default_factory=list)
    quantity_micro: list[int] = field(default_factory=list)
    latency: list[float | None] = field(default_factory=list)
    error_code: list[str | None] = field(default_factory=list)
    first: list[int] = field(default_factory=list)  # place of the first record of every part
    rows: list[Lines | Rows] = field(default_factory=list)  # where the records of every part stood
    given: dict[int, int] = field(default_factory=dict)  # place -> nano-credits that the row carries
    bad: dict[int, str] = field(default_factory=dict)  # place -> reason

    def bad_row(self, place: int, reason: str) -> BadRow:
        """A refused row, with where it stood."""
        part = bisect_right(self.first, place) - 1
        line, raw = self.rows[part].origin(place - self.first[part])
        return BadRow.of(line, reason, raw)


class BatchBuilder:
    """Collects decoded records and builds event batches of them; refuses rows later than `latest`."""

    def __init__(
        self, rates: RateCard, attributor: Attributor, account: str, pattern: Pattern, latest: int
    ) -> None:
        self._rates = rates
        self._latest = latest
        self._new_series = partial(Series, attributor, account, pattern)
        self._series = self._new_series()
        self._rows = _Columns()

    def __len__(self) -> int:
        return len(self._rows.request_id)

    def add(self, part: Part) -> None:
        """Take in the records of a part; its bad rows are the caller's."""
        if not part.records:
            return
        rows = self._rows
        first = len(self)
        number = self._series
        # Attribute by attribute: tuples of whole records would cost half as much again.
        series = [
            number[
                each.model_name,
                each.operation_type,
                each.endpoint,
                each.service_tier,
                each.account,
                each.api_key_id,
                each.user_id,
                bytes(each.usage_labels),
            ]
            for each in part.records
        ]
        rows.first.append(first)
        rows.rows.append(part.rows)
        rows.series += series
        rows.stamps += [each.timestamp for each in part.records]
        rows.request_id += [each.request_id for each in part.records]
        rows.error_code += [each.error_code or None for each in part.records]
        rows.latency += [each.response_latency_ms for each in part.records]
        self._add_units([each.units_consumed for each in part.records], series, first)
        amounts = [each.credits_consumed for each in part.records]
        if amounts.count(None) < len(amounts):
            self._add_amounts(amounts, first)

    def build(self) -> tuple[EventBatch, list[BadRow]]:
        """The batch of all rows added since the last call, and the rows that were refused."""
        rows, self._rows = self._rows, _Columns()
        at, bad = epochs(rows.stamps)
        series = _ints(rows.series)
        batch = EventBatch(
            at=at,
            request_id=rows.request_id,
            dimensions=self._series.dimensions,
            context=self._series.contexts()[series],
            services=self._series.services,
            service=self._series.service_numbers()[series],
            tokens_input=_ints(rows.tokens_input),
            tokens_cached=_ints(rows.tokens_cached),
            tokens_output=_ints(rows.tokens_output),
            quantity_micro=_ints(rows.quantity_micro),
            credits_nano=np.zeros(len(at), np.int64),
            priced=np.zeros(len(at), np.bool_),
            latency_ms=_latency(rows.latency),
            error_code=rows.error_code,
        )
        if rows.given:
            places = list(rows.given)
            batch.credits_nano[places] = list(rows.given.values())
            batch.priced[places] = True
        bad |= rows.bad | self._series.refused(series)
        for place in np.flatnonzero(at > self._latest).tolist():
            bad[place] = "timestamp: lies in the future"
        for place in np.flatnonzero(batch.tokens_cached > batch.tokens_input).tolist():
            bad[place] = "units_consumed.cached: more than input, which includes it"
        refused = [rows.bad_row(place, bad[place]) for place in sorted(bad)]
        batch = _without(batch, bad) if bad else batch
        self._price(batch)
        too_dear = np.flatnonzero(batch.credits_nano > MOST_CREDITS * NANO)
        if len(too_dear):
            before = np.delete(np.arange(len(rows.series)), list(bad))[too_dear]
            refused += [rows.bad_row(place, _TOO_DEAR) for place in before.tolist()]
            batch = _without(batch, too_dear.tolist())
        if len(self._series) > _MOST_SERIES:
            self._series = self._new_series()
        return batch, refused

    def _add_units(self, units: Sequence[UnitsField | int | float], series: list[int], first: int) -> None:
        rows = self._rows
        detailed: Sequence[Any] = units  # of `UnitsField`, all of them, in the end
        if set(map(type, units)) != {UnitsField}:
            detailed = [
                each if isinstance(each, UnitsField) else self._from_number(each, number, first + place)
                for place, (each, number) in enumerate(zip(units, series, strict=True))
            ]
        rows.tokens_input += [each.input for each in detailed]
        rows.tokens_output += [each.output for each in detailed]
        rows.tokens_cached += [each.cached for each in detailed]
        quantity = [each.quantity for each in detailed]
        if any(quantity):
            rows.quantity_micro += [round(each * MICRO) for each in quantity]
        else:
            rows.quantity_micro += [0] * len(quantity)

    def _from_number(self, number: float, series: int, place: int) -> UnitsField:
        """Units given as one number: tokens of the input, or the operation's own unit."""
        service = self._series.service(series)
        quantity = service is not None and self._counts_quantity(service)
        most = MOST_QUANTITY if quantity else MOST_TOKENS
        if not 0 <= number <= most:
            self._rows.bad[place] = f"units_consumed: {number} is not between 0 and {most}"
        elif quantity:
            return UnitsField(quantity=number)
        elif number != int(number):
            self._rows.bad[place] = f"units_consumed: {number} tokens, which is no whole number"
        else:
            return UnitsField(input=int(number))
        return UnitsField()

    def _counts_quantity(self, service: Service) -> bool:
        """Whether one number means the operation's own unit; for embeddings, where their calls are priced."""
        if service.operation is Operation.EMBEDDING:
            return any(rates.quantity is not None for rates in self._rates.rates_of(service))
        return service.operation in QUANTITY_METER

    def _add_amounts(self, amounts: Sequence[Decimal | None], first: int) -> None:
        for place, amount in enumerate(amounts, start=first):
            if amount is None:
                continue
            try:
                self._rows.given[place] = to_nano(amount)
            except AmountError as error:
                self._rows.bad[place] = f"credits_consumed: {error}"
            else:
                if not 0 <= amount <= MOST_CREDITS:
                    self._rows.bad[place] = f"credits_consumed: {amount} is not between 0 and {MOST_CREDITS}"

    def _price(self, batch: EventBatch) -> None:
        """Prices the rows that carry no amount of their own."""
        if batch.priced.all():
            return
        units = (batch.tokens_input, batch.tokens_cached, batch.tokens_output, batch.quantity_micro)
        nano, priced = price_columns(self._rates, batch.at, batch.services, batch.service, units)
        batch.credits_nano = np.where(batch.priced, batch.credits_nano, nano)
        batch.priced |= priced


def _ints(values: list[int]) -> NDArray[np.int64]:
    return np.fromiter(values, np.int64, len(values))


def _latency(values: list[float | None]) -> NDArray[np.int64]:
    """Whole milliseconds; -1 where nobody measured."""
    try:
        measured = np.fromiter(values, np.float64, len(values))
    except TypeError:
        measured = np.array(values, np.float64)  # several times slower; None becomes not-a-number
    return np.where(np.isnan(measured), -1, np.rint(measured)).astype(np.int64)


def _without(batch: EventBatch, bad: Iterable[int]) -> EventBatch:
    """The batch without the rows at some places."""
    good = np.ones(len(batch), np.bool_)
    good[list(bad)] = False
    places = np.flatnonzero(good).tolist()
    rows = (name for name in batch.__slots__ if name not in ("dimensions", "services"))
    kept: dict[str, Any] = {}
    for name in rows:
        column = getattr(batch, name)
        kept[name] = column[good] if isinstance(column, np.ndarray) else [column[place] for place in places]
    return replace(batch, **kept)
