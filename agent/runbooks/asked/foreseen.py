"""Where the month of each allocation ends, by the guide's formula over its own days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from agent.analytics.forecast import MonthEnd, month_end
from agent.analytics.month import Month, day_number, month_of
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.reports.cells import read_names
from agent.reports.forecasts import HISTORY_DAYS
from agent.reports.layers import covered_days
from agent.reports.moment import DAY, moment
from agent.reports.rolled import Rolled

if TYPE_CHECKING:
    from agent.runbooks.asking import Context


def month_ends(context: Context, allocations: Iterable[Allocation]) -> Mapping[str, int]:
    """Nano-credits of this month by allocation, as projected; those without a whole day are left out."""
    reader = context.reader
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return {}
        foreseen = Foreseen(context, when.at, when.as_of)
        ends = {each.id: foreseen.end(each.scope) for each in allocations}
    return {ident: end.projected for ident, end in ends.items() if end is not None}


class Foreseen:
    """Days of scopes, read once a level."""

    def __init__(self, context: Context, at: int, as_of: int) -> None:
        self._context = context
        self._at = at
        self._names = read_names(context.reader)
        self._rolled = Rolled(context.reader, self._names, as_of)
        self._zone = context.settings.organization.time_zone
        self.month: Month = month_of(max(at - 1, 0), self._zone)
        self._first = (self.month.today_start - HISTORY_DAYS * DAY) // DAY * DAY
        self._days: dict[Kind, dict[int, dict[int, int]]] = {}

    def days(self, scope: Scope) -> dict[int, int]:
        """Nano-credits by number of the local day, before today; a day of others without any is zero."""
        kind = SCOPE_KINDS[scope.kind]
        ident = self._ident(kind, scope)
        known = dict.fromkeys(self._known(), 0)
        known |= {} if ident is None else self._of(kind).get(ident, {})
        first = min(known, default=0)
        # The ledger's first day began somewhere inside of it: it would pull averages down.
        whole = {day: nano for day, nano in known.items() if day != first} if len(known) > 1 else known
        return {day_number(day + DAY // 2, self._zone): nano for day, nano in whole.items()}

    def used(self, scope: Scope) -> int:
        """Nano-credits of the month so far."""
        kind = SCOPE_KINDS[scope.kind]
        ident = self._ident(kind, scope)
        sums = self._rolled.credits(kind, self.month.start, self._at, days=True)
        return 0 if ident is None else sums.get(ident, 0)

    def end(self, scope: Scope) -> MonthEnd | None:
        """Where the month of a scope ends; None without one whole day."""
        month, releases = self.month, self._releases(scope)
        left = (month.today_end - self._at) / (month.today_end - month.today_start)
        return month_end(
            self.days(scope),
            month.today,
            self.used(scope),
            month.days_left,
            releases,
            max(0.0, min(1.0, left)),
        )

    def _releases(self, scope: Scope) -> int:
        """Nano-credits that planned releases of a scope add in the days of this month after today."""
        month = self.month
        mine = (
            release
            for release in self._context.settings.releases
            if scope.kind is ScopeKind.ORGANIZATION
            or (scope.kind is ScopeKind.TEAM and release.team == scope.value)
        )
        return sum(
            release.credits_nano_per_day * -(-(month.end - release.day) // DAY)
            for release in mine
            if month.today_end <= release.day < month.end
        )

    def _known(self) -> set[int]:
        """UTC days before today of which the burn is known."""
        covered = covered_days(self._context.reader, self._first, self.month.today_start)
        return covered | set(self._of(Kind.TOTAL).get(0, {}))

    def _of(self, kind: Kind) -> dict[int, dict[int, int]]:
        if kind not in self._days:
            self._days[kind] = self._rolled.days(kind, self._first, self.month.today_start)
        return self._days[kind]

    def _ident(self, kind: Kind, scope: Scope) -> int | None:
        if kind is Kind.TOTAL:
            return 0
        row = self._context.reader.one("dim_ids", {"kind": int(kind), "names": [scope.value]})
        return None if row is None else int(row["id"])
