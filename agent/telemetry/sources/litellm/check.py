"""A day of the ledger against the proxy's own sum of it: what the log of spend lost would show here."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits, to_nano
from agent.domain.usage import Layer
from agent.telemetry.pages import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.ledger.writer import LedgerWriter
    from agent.litellm.client import Proxy
    from agent.telemetry.sources import Desk
    from agent.telemetry.sources.litellm.progress import Progress

PATH = "user/daily/activity"
CURSOR = "checked_day"
KIND = "gateway_drift"
_DAY_S = 86_400
_AFTER_S = 7_200  # a day is compared when this much of the next has passed: long calls end late
_TOLERATED = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Compared:
    """A day's credits in the ledger and at the proxy."""

    ledger_nano: int
    proxy_nano: int

    @property
    def apart(self) -> bool:
        """Whether they differ by more than a hundredth."""
        most = max(self.ledger_nano, self.proxy_nano)
        return abs(self.ledger_nano - self.proxy_nano) > most * _TOLERATED

    @property
    def detail(self) -> str:
        """The two figures in words."""
        here, there = to_credits(self.ledger_nano).normalize(), to_credits(self.proxy_nano).normalize()
        return f"the ledger has {here:f} credits of it, the proxy's own sum is {there:f}"


class DayCheck:
    """Compares each day once, when it is over and has been read whole."""

    def __init__(
        self,
        source: str,
        account: str,
        proxy: Proxy,
        desk: Desk,
        usd_per_credit: Decimal,
        progress: Callable[[], Progress],
    ) -> None:
        self._source = source
        self._account = account
        self._proxy = proxy
        self._desk = desk
        self._usd_per_credit = usd_per_credit
        self._progress = progress
        self.tally = Tally()

    async def run(self, now: float) -> None:
        """Compares yesterday, unless that was done, or not all of it has been read."""
        day = (int(now) - _AFTER_S) // _DAY_S * _DAY_S - _DAY_S
        checked = await self._desk.write(lambda writer: writer.cursor(self._source, CURSOR))
        if checked == str(day) or self._progress().read.gaps(day, day + _DAY_S):
            return
        compared = await self.compare(day)

        def write(writer: LedgerWriter) -> None:
            with writer.transaction():
                if compared.apart:
                    subject = f"{self._source}:{_date(day)}"
                    writer.findings([(KIND, subject, compared.detail)], int(now))
                writer.save_cursor(self._source, CURSOR, str(day))

        await self._desk.write(write)

    async def backlog(self, now: float) -> bool:
        """Days before yesterday are not compared."""
        return False

    async def compare(self, day: int) -> Compared:
        """The two sums of the UTC day that begins at `day`."""
        usd = Decimal(0)
        number, last = 1, 1
        while number <= last:
            # Pages are of the proxy's rows and not of days: one day may stand on several.
            page = await self._proxy.get(
                PATH, start_date=_date(day), end_date=_date(day), page=number, page_size=1000
            )
            self.tally.requests += 1
            self.tally.pages += 1
            usd += sum((Decimal(row["metrics"]["spend"]) for row in page["results"]), Decimal(0))
            last = int(page["metadata"]["total_pages"])
            number += 1
        ledger = await self._desk.write(lambda writer: _ledger_nano(writer, self._account, day))
        return Compared(ledger, to_nano(usd / self._usd_per_credit))


def _ledger_nano(writer: LedgerWriter, account: str, day: int) -> int:
    ids = {each.id for each in writer.rules.accounts() if each.name == account}
    days = writer.rules.layer_days(day, day + _DAY_S)
    return sum(each.credits_nano for each in days if each.account in ids and each.layer == Layer.ESTIMATED)


def _date(day: int) -> str:
    return datetime.datetime.fromtimestamp(day, datetime.UTC).date().isoformat()
