"""One series from its first row to its last, with the arithmetic of the panel."""

from __future__ import annotations

import math

import numpy as np

from agent.analytics.stream.judge import Judged, judge
from agent.analytics.stream.ops import SCALARS
from agent.analytics.stream.state import single_state
from agent.analytics.stream.verdict import Floats, Ints, Verdicts


def judge_series(at: Ints, values: Floats) -> Verdicts:
    """Judges rows in their order, each from itself and the rows before it; NaN is a row without a value."""
    state = single_state()
    rows = [
        judge(SCALARS, state, float(moment), value if math.isfinite(value) else 0.0, math.isfinite(value))
        for moment, value in zip(at.tolist(), values.tolist(), strict=True)
    ]
    table = np.array(rows, np.float64).reshape(-1, len(Judged._fields))
    score, expected, low, high, reason, rising = table.T
    return Verdicts(score, expected, low, high, reason.astype(np.int8), rising > 0)
