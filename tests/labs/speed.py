"""How soon a gateway holds what somebody asks for and refuses a call by it, seen apart from the agent.

The goal is one second for each. A machine that is busy with other things makes a try slow now and then; what
burndeck itself waits for makes every try slow. So there are some tries, and one must meet the goal whole.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tests.labs.acting import Site, until

Tell = Callable[[str], None]
"""Says something to whoever runs the tests."""
GOAL_S = 1.0
TRIES = 8
"""Where ten processes want each processor, HAProxy met the goal by the fourth."""
BUSY = 3.0
"""Processes that want each processor, above which a gateway that computes much cannot be fast."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from what a person does to the gateway's change, and from there to the first refused call."""

    change_s: float
    refusal_s: float

    @property
    def fast(self) -> bool:
        """Whether both meet the goal."""
        return max(self.change_s, self.refusal_s) < GOAL_S

    def __str__(self) -> str:
        change, refusal = (f"{each * 1000:.0f} ms" for each in (self.change_s, self.refusal_s))
        return f"{change} to the change, {refusal} from there to the first refused call"


def hold_goal(tell: Tell, what: str, once: Callable[[], Pace], *, heavy: bool = False) -> None:
    """Tries, and tells how long it took, until a try meets the goal; one of them must.

    `heavy`: the gateway itself needs much of a processor, so a miss on a very busy machine is only told.
    """
    paces: list[Pace] = []
    while len(paces) < TRIES and not any(pace.fast for pace in paces):
        paces.append(once())
        tell(f"{what}: {paces[-1]}")
    wanting = os.getloadavg()[0] / (os.cpu_count() or 1)
    if heavy and not paces[-1].fast and wanting > BUSY:
        tell(f"{what}: proves nothing, since {wanting:.0f} processes want each processor")
        pytest.skip("the machine is too busy to tell how fast this is")
    assert paces[-1].fast, f"{what}, never within {GOAL_S} s each: {'; '.join(map(str, paces))}"


@dataclass
class Moments:
    """What a gateway held after its change, and when that was, by time.monotonic().

    It is not known what was when between two looks: that counts as time that it took.
    """

    intent: float = 0.0  # not there yet
    unchanged: float = 0.0  # the gateway held what it had held
    changed: float = 0.0
    held: Any = None

    def pace(self, refused: float, *, since: float = 0.0) -> Pace:
        """With when a call was refused; counted from the intent where nothing else is given."""
        return Pace(self.changed - (since or self.intent), refused - self.unchanged)


@contextmanager
def clocking(site: Site, held: Callable[[], Any], pause_s: float = 0.002) -> Iterator[Moments]:
    """Looks at the ledger's newest intent and at what a gateway holds, until it holds something else."""
    connection = sqlite3.connect(f"file:{site.ledger}?mode=ro", uri=True, check_same_thread=False)
    newest = connection.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()[0]
    moments, stop, before = Moments(), threading.Event(), held()

    def look() -> None:
        looked = time.monotonic()
        while not moments.changed and not stop.wait(pause_s):
            with suppress(OSError, sqlite3.OperationalError):  # busy: the next look is near
                begun = time.monotonic()
                asked = connection.execute("SELECT max(id) FROM intent").fetchone()[0] or 0
                moments.held = held()
                changed = moments.held != before
                if not moments.intent and (changed or asked > newest):
                    moments.intent = looked
                if changed:
                    moments.unchanged, moments.changed = looked, time.monotonic()
                looked = begun

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield moments
        until(lambda: moments.changed, "a change at the gateway", 10)
    finally:
        stop.set()
        thread.join()
        connection.close()
