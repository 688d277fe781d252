"""Every key x model judged every minute by the streaming detector, whose state outlives the agent."""

from __future__ import annotations

import json
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.alerts.minutes import CREDITS, MINUTE_S, RING, Minutes

if TYPE_CHECKING:
    from agent.analytics.stream import StreamPanel, Verdicts
    from agent.ledger.burn_store import BurnStore

_NAME = "burn_minutes"
_PAIRS = "pairs"
_SAVE_EVERY_S = 3_600
NEWEST = 3
"""Minutes for which what the detector said of one counts."""


class BurnStream:
    """Feeds the detector with each minute once, as it is first known, and remembers what it said last.

    Rows are those of `Minutes`: a context and service, which is finer than key x model and costs the same.
    A minute is judged as first read: short by what the provider had not counted yet, as every one before it.
    """

    def __init__(self) -> None:
        self._panel: StreamPanel | None = None
        self._until = 0  # end of the newest minute that was judged
        self._saved = 0
        self._scores = deque[NDArray[np.float64]](maxlen=NEWEST)

    def sync(self, store: BurnStore, minutes: Minutes, end: int) -> None:
        """Judges the minutes before `end` that are known and have not been judged; `minutes` is in sync."""
        from agent.analytics.stream import StreamPanel

        if self._panel is None:
            self._load(store, minutes)
        panel = self._panel = self._panel or StreamPanel()
        new = len(minutes.pairs) - panel.series
        if new > 0:
            panel.add(new)
        start = max(self._until, end - RING * MINUTE_S)
        burnt = minutes.window(end, RING)[CREDITS]
        known = minutes.known(end)
        for minute in range(start, end, MINUTE_S):
            column = RING - (end - minute) // MINUTE_S
            if known[column]:
                self._scores.append(_rising(panel.step(minute, burnt[:, column].astype(np.float64))))
        self._until = max(self._until, end)

    def scores(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """How unusual a rise of some rows was in the newest minutes: 0..1, a finding from 0.5 on.

        The highest of them, since the detector gets used to what lasts.
        """
        most = np.zeros(max(int(rows.max(initial=-1)) + 1, *map(len, self._scores), 0))
        for scores in self._scores:
            np.maximum(most[: len(scores)], scores, out=most[: len(scores)])
        found: NDArray[np.float64] = most[rows]
        return found

    def keep(self, store: BurnStore, minutes: Minutes) -> None:
        """Keeps the state in the ledger now and then, so that an agent that starts anew goes on with it."""
        if self._panel is None or self._until - self._saved < _SAVE_EVERY_S:
            return
        pairs = json.dumps(minutes.pairs[: self._panel.series]).encode()
        store.keep_state(_NAME, self._until, chain([(_PAIRS, pairs)], self._panel.to_blocks()))
        self._saved = self._until

    def _load(self, store: BurnStore, minutes: Minutes) -> None:
        from agent.analytics.stream import StreamPanel

        saved = store.state(_NAME)
        if saved is None:
            return
        at, blocks = saved
        pairs = [(int(context), int(service)) for context, service in json.loads(blocks.get(_PAIRS, b"[]"))]
        panel = StreamPanel.from_blocks(blocks)
        if panel is None or panel.series != len(pairs):
            return
        places = {pair: place for place, pair in enumerate(pairs)}
        missing = [pair for pair in minutes.pairs if pair not in places]
        panel.add(len(missing))
        places |= {pair: len(pairs) + number for number, pair in enumerate(missing)}
        minutes.know(pairs)
        panel.keep(np.array([places[pair] for pair in minutes.pairs], dtype=np.int64))
        self._panel, self._until, self._saved = panel, at, at


def _rising(verdicts: Verdicts) -> NDArray[np.float64]:
    return np.where(verdicts.rising, verdicts.score, 0.0)
