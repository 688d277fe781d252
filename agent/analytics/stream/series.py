"""One series from its first row to its last, with the arithmetic of the panel."""

from __future__ import annotations

import numpy as np

from agent.analytics.stream.panel import StreamPanel
from agent.analytics.stream.verdict import Floats, Ints, Verdicts


def judge_series(at: Ints, values: Floats) -> Verdicts:
    """Judges rows in their order, each from itself and the rows before it; NaN is a row without a value."""
    panel = StreamPanel(1)
    rows = [panel.step(at[row : row + 1], values[row : row + 1]) for row in range(len(values))]

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(verdicts, name) for verdicts in rows]) if rows else np.zeros(0)

    return Verdicts(
        score=column("score"),
        expected=column("expected"),
        low=column("low"),
        high=column("high"),
        reason=column("reason").astype(np.int8),
        rising=column("rising").astype(np.bool_),
    )
