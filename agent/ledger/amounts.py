"""Amounts of rows as rollup columns, and the rule which of them count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.domain.usage import Layer
from agent.ledger.cells import Columns, Ints, distinct
from agent.ledger.coverage import Coverage
from agent.ledger.kinds import Kind
from agent.ledger.names import CONTEXT_KINDS, Names
from agent.ledger.rollups import DAY_CREDITS, Cells

UNITS = ("tokens_input", "tokens_cached", "tokens_output", "quantity_micro")
"""The unit columns that events and buckets share."""

_KEPT_WHEN_COVERED = ("errors", "latency_ms", "latency_count")
_ACCOUNT = CONTEXT_KINDS.index(Kind.ACCOUNT)


def columns_of(
    names: Names, service: Ints, requests: Ints, units: Columns, credits_nano: Ints, priced: NDArray[np.bool_]
) -> Columns:
    """Rollup columns of rows: requests (signed), units, and credits where priced."""
    completion = is_completion(names, service)
    credits_nano = _where(priced, credits_nano)
    return {
        "requests": requests,
        **units,
        "credits_nano": credits_nano,
        "unpriced": _where(~priced, requests),
        "completions": _where(completion, requests),
        "completion_credits_nano": _where(completion, credits_nano),
    }


def is_completion(names: Names, service: Ints) -> NDArray[np.bool_]:
    """For each row: whether its service is a completion."""
    idents, place = distinct(service)
    return np.array([names.is_completion(ident) for ident in idents.tolist()], np.bool_)[place]


def _where(chosen: NDArray[np.bool_], column: Ints) -> Ints:
    """The column, zero where not chosen; the very same array where all are, so that it is summed once."""
    return column if chosen.all() else np.where(chosen, column, 0)


def experience(sign: Ints, latency_ms: Ints, failed: NDArray[np.bool_]) -> Columns:
    """Rollup columns of what callers met: errors and latency (-1: unknown), signed."""
    return {
        "errors": failed * sign,
        "latency_ms": np.maximum(latency_ms, 0) * sign,
        "latency_count": (latency_ms >= 0) * sign,
    }


def accounts_of(names: Names, context: Ints) -> Ints:
    """For each row: the dim id of its account."""
    idents, place = distinct(context)
    accounts: Ints = np.array([names.contexts[ident][_ACCOUNT] for ident in idents.tolist()], np.int64)
    return accounts[place]


def keep_effective_events(cells: Cells, account: Ints, coverage: Coverage) -> None:
    """Of events in metered minutes only errors and latency count, which buckets cannot know."""
    covered = coverage.mask(Layer.METERED, account, cells.at)
    if covered.any():
        for name, column in cells.columns.items():
            if name not in _KEPT_WHEN_COVERED:
                cells.columns[name] = np.where(covered, 0, column)


def keep_billed_days(cells: Cells, account: Ints, coverage: Coverage) -> None:
    """On billed days these rows' credits do not count by day, since the provider's costs do."""
    billed = coverage.mask(Layer.BILLED, account, cells.at)
    if billed.any():
        for name, day in DAY_CREDITS.items():
            cells.columns[day] = np.where(billed, 0, cells.columns[name])
