"""Credits as money, at the conversion rate of each billing group."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_money
from agent.ledger.kinds import Kind
from agent.reports.figure import Figure
from agent.reports.layers import Truth

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

CURRENCY = "USD"  # conversion rates are given in it
_CENT_FRACTION = Decimal("0.000001")


class Conversion:
    """Turns nano-credits by billing group (dim id) into money."""

    def __init__(self, reader: LedgerReader, settings: Settings) -> None:
        names = [group.id for group in settings.billing_groups]
        rows = reader.rows("dim_ids", {"kind": int(Kind.BILLING_GROUP), "names": names})
        self._rates = {row["id"]: settings.usd_per_credit(row["value"]) for row in rows}
        self._default = settings.usd_per_credit()

    @property
    def uniform(self) -> bool:
        """Whether every billing group has the organization's rate, so that no split is needed."""
        return all(rate == self._default for rate in self._rates.values())

    def money(self, by_group: Mapping[int, int]) -> Decimal:
        """The worth of nano-credits by billing group, to the sixth decimal of the currency."""
        worth = (to_money(nano, self._rates.get(group, self._default)) for group, nano in by_group.items())
        return sum(worth, Decimal(0)).quantize(_CENT_FRACTION)

    def figure(self, truth: Truth, by_group: Mapping[int, int]) -> Figure:
        """The worth as a figure."""
        return truth.figure(self.money(by_group), CURRENCY)

    def per_hour(self, truth: Truth, by_group: Mapping[int, int], seconds: int) -> Figure:
        """The worth of what burnt in so many seconds, an hour."""
        return truth.figure((self.money(by_group) * 3600 / seconds).quantize(_CENT_FRACTION), f"{CURRENCY}/h")
