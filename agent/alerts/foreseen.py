"""Planned activity taken out of what is judged and of what is usual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.alerts.memory import WHOLE, BurnMemory
from agent.alerts.minutes import MINUTE_S, RING
from agent.analytics.detector import HOUR_S, Floats, Hours
from agent.domain.planned import Planned
from agent.ledger.alert_store import AlertStore, Called, Whose
from agent.ledger.burn_store import Series
from agent.ledger.kinds import Kind

Ints = NDArray[np.int64]

_NONE = np.zeros(0, dtype=np.int64)
_KINDS = {
    "organization": Kind.TOTAL,
    "billing_group": Kind.BILLING_GROUP,
    "department": Kind.DEPARTMENT,
    "team": Kind.TEAM,
    "project": Kind.PROJECT,
    "model": Kind.MODEL,
    "api_key": Kind.API_KEY,
}


class Foreseen:
    """The planned stretches that bear on an evaluation at `at`."""

    def __init__(self, planned: Sequence[Planned], at: int) -> None:
        self.at = at
        self._planned = [each for each in planned if each.scope_kind in _KINDS and each.start < at]

    def cut(
        self,
        wide: Floats,
        minutes: NDArray[np.float32],
        whose: Sequence[Whose],
        called: Sequence[Called],
    ) -> Floats:
        """Takes what was planned out of the last hour's minutes, in place; the wide sums without it."""
        first = self.at - RING * MINUTE_S
        for each in self._planned:
            if each.end <= first:
                continue
            mine = np.array([_is_of(each, *part) for part in zip(whose, called, strict=True)], dtype=np.bool_)
            start, end = (int(time - first) // MINUTE_S for time in (each.start, each.end + MINUTE_S - 1))
            minutes[:, mine, max(start, 0) : max(end, 0)] = 0.0
            wide = np.where(mine[None, :], 0.0, wide)
        return wide

    def hours(self, store: AlertStore, memory: BurnMemory, series: Sequence[Series], end: int) -> Hours:
        """The hours of some series in which nothing of what is planned is left.

        What lies within a planned scope is unknown in its hours; what holds it among others is less by it.
        """
        hours = memory.hours(store.burn, series, end)
        for each in self._planned:
            columns = _columns(each, hours)
            if not len(columns):
                continue
            within, around, itself = self._related(store, each, series)
            hours.credits[within[:, None], columns] = np.nan
            hours.requests[within[:, None], columns] = np.nan
            if len(around) and itself is not None:
                own = memory.hours(store.burn, [itself], end)
                for whole, part in ((hours.credits, own.credits), (hours.requests, own.requests)):
                    left = whole[around[:, None], columns] - np.nan_to_num(part[:, columns])
                    whole[around[:, None], columns] = np.maximum(left, 0.0)
        return hours

    def _related(
        self, store: AlertStore, planned: Planned, series: Sequence[Series]
    ) -> tuple[Ints, Ints, Series | None]:
        """Places of the series within a planned scope, of those that hold it, and the scope's own series."""
        kind = _KINDS[planned.scope_kind]
        if kind is Kind.TOTAL:
            return np.arange(len(series)), _NONE, WHOLE
        itself = store.burn.series(kind, planned.scope)
        if itself is None:
            return _NONE, _NONE, None
        mine, others = set[Series](), set[Series]()
        for whose in store.contexts().values():
            side = mine if _is_of(planned, whose, None) else others
            side |= {(Kind.API_KEY, whose.api_key_id), (Kind.TEAM, whose.team_id)}
        within = (mine - others) | {itself}
        around = ((mine & others) | {WHOLE}) - within
        return (
            np.flatnonzero([each in within for each in series]),
            np.flatnonzero([each in around for each in series]),
            itself,
        )


def _columns(planned: Planned, hours: Hours) -> NDArray[np.int64]:
    """The columns of the hours that a planned stretch touches."""
    width = hours.credits.shape[1]
    first = (planned.start - hours.start) // HOUR_S
    last = -(-(planned.end - hours.start) // HOUR_S)
    return np.arange(min(max(first, 0), width), min(max(last, 0), width), dtype=np.int64)


def _is_of(planned: Planned, whose: Whose, called: Called | None) -> bool:
    """Whether traffic belongs to a planned scope."""
    match planned.scope_kind:
        case "organization":
            return True
        case "model":
            return called is not None and called.model == planned.scope
        case kind:
            return bool(getattr(whose, kind) == planned.scope)
