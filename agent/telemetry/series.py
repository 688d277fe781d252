"""Series: what rows say of service, key and labels, resolved once and numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.domain.usage import Dimensions, Operation, Pattern, Service
from agent.telemetry.decode import RowError, labels_of
from agent.telemetry.operations import endpoint_of, operation_of, tier_of

if TYPE_CHECKING:
    from agent.telemetry.attribution import Attributor

Ints = NDArray[np.int64]
T = TypeVar("T", Dimensions, Service)
Said = tuple[str, str, str | None, str | None, str | None, str | None, str | None, bytes]
"""Model, operation, endpoint, tier, account, key, user and labels (JSON), as a row says them."""


class Series(dict[Said, int]):
    """A number for everything that rows say; `series[said]` resolves what is new.

    `dimensions` and `services` hold each distinct one once; `contexts` and `service_numbers` tell which of
    them a number stands for. What makes no sense gets a number too, and a reason in `refused`.
    """

    def __init__(self, attributor: Attributor, account: str, pattern: Pattern) -> None:
        super().__init__()
        self.dimensions: list[Dimensions] = []
        self.services: list[Service] = []
        self._attributor = attributor
        self._account = account
        self._pattern = pattern
        self._numbers: dict[Dimensions | Service, int] = {}
        self._context: list[int] = []  # by series
        self._service: list[int] = []  # by series
        self._reasons: dict[int, str] = {}  # by series

    def __missing__(self, said: Said) -> int:
        number = self[said] = len(self._context)
        model, operation, endpoint, tier, account, key, user, labels = said
        try:
            service = _service_of(model, operation, endpoint, tier)
            dimensions = self._attributor.resolve(
                account or self._account,
                key or "",
                user or "",
                labels=labels_of(labels),
                pattern=self._pattern,
            )
        except RowError as error:
            self._reasons[number] = str(error)
            self._context.append(0)
            self._service.append(0)
        else:
            self._context.append(self._number(dimensions, self.dimensions))
            self._service.append(self._number(service, self.services))
        return number

    def contexts(self) -> Ints:
        """By series: its place in `dimensions`."""
        return np.array(self._context, np.int64)

    def service_numbers(self) -> Ints:
        """By series: its place in `services`."""
        return np.array(self._service, np.int64)

    def service(self, number: int) -> Service | None:
        """The service of a series; None where it makes no sense."""
        return None if number in self._reasons else self.services[self._service[number]]

    def refused(self, series: Ints) -> dict[int, str]:
        """The reason by place, for the places whose series makes no sense."""
        if not self._reasons:
            return {}
        places = np.flatnonzero(np.isin(series, list(self._reasons))).tolist()
        return {place: self._reasons[int(series[place])] for place in places}

    def _number(self, value: T, values: list[T]) -> int:
        number = self._numbers.setdefault(value, len(values))
        if number == len(values):
            values.append(value)
        return number


def _service_of(model: str, operation: str, endpoint: str | None, tier: str | None) -> Service:
    known = operation_of(operation)
    if known is None:
        names = ", ".join(each.value for each in Operation)
        raise RowError(f"operation_type: {operation!r} is none of {names}")
    return Service(model, known, endpoint or endpoint_of(known), tier_of(tier or ""))
