"""Proof that rows of runs are the agent's own: one record in the audit log's chain for each change of a run.

It holds a digest of the run, of each step, of the timeline and of what people signed. What is written anew is
noted anew only where it read as noted before: a row by another hand is never made good by what follows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.domain.canonical import canonical
from agent.ledger.control_store import ControlStore
from agent.ledger.store import Store

RUN = "run.kept"
"""Kind of the audit records that hold such a proof; lists leave them out."""
_LENGTH = 32  # hexadecimal digits of a digest: nobody finds a second text for 128 bits


@dataclass(frozen=True, slots=True)
class RunSeal:
    """What the agent has noted of a run. Digests of rows as they are kept."""

    row: str
    steps: Mapping[str, str]  # by number, as text
    events: str  # of the whole timeline, each line on top of those before
    signed: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        """As the audit log has it."""
        return {"row": self.row, "steps": dict(self.steps), "events": self.events, "signed": [*self.signed]}

    def grown(self, before: RunSeal, after: RunSeal) -> RunSeal:
        """This seal, once rows that read like `before` were made to read like `after`."""
        steps = {
            seq: after.steps.get(seq, was) if before.steps.get(seq) == was else was
            for seq, was in self.steps.items()
        }
        return replace(
            self,
            row=after.row if self.row == before.row else self.row,
            steps=steps,
            events=after.events if self.events == before.events else self.events,
        )


@dataclass(frozen=True, slots=True)
class Foreign:
    """What of a run was written, changed or taken away by somebody else than the agent."""

    row: bool = False
    steps: tuple[int, ...] = ()
    events: bool = False
    signed: bool = False

    def __bool__(self) -> bool:
        return self.row or bool(self.steps) or self.events or self.signed

    @property
    def words(self) -> str:
        """Which parts, such as `the run, step 3 and the timeline`."""
        steps = [f"step {seq}" for seq in self.steps]
        parts = [("the run", self.row), ("the timeline", self.events), ("what was signed", self.signed)]
        found = [*steps, *(name for name, is_so in parts if is_so)]
        return " and ".join(filter(None, (", ".join(found[:-1]), found[-1]))) if found else ""


OWN = Foreign()


def digest_of(row: object) -> str:
    """The digest of a row; of what the agent never writes one that nothing matches."""
    try:
        text = canonical(row)
    except (ValueError, TypeError):
        return ""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_LENGTH]


def timeline_digest(lines: Iterable[object], onto: str = "") -> str:
    """The digest of a timeline, or of lines behind one."""
    for line in lines:
        onto = digest_of([onto, line])
    return onto


def compared(noted: RunSeal, found: RunSeal) -> Foreign:
    """Where a run reads otherwise than it was noted."""
    numbers = noted.steps.keys() | found.steps.keys()
    steps = [
        int(seq) for seq in numbers if not found.steps.get(seq) or noted.steps.get(seq) != found.steps[seq]
    ]
    return Foreign(
        noted.row != found.row,
        tuple(sorted(steps)),
        noted.events != found.events,
        sorted(noted.signed) != sorted(found.signed),
    )


class RunSeals(Store):
    """What the agent has noted of its runs."""

    def noted(self, run: int) -> RunSeal | None:
        """What was noted last; None where nothing is, or somebody has changed it."""
        record = ControlStore(self._conn, self._lock, self._transaction).newest(RUN, f"run:{run}")
        if record is None:
            return None
        found = json.loads(record.detail)
        return RunSeal(found["row"], found["steps"], found["events"], tuple(found["signed"]))

    def note(self, run: int, seal: RunSeal, at: int) -> None:
        """Notes how a run reads now, in the transaction under way."""
        ControlStore(self._conn, self._lock, self._transaction).audit(
            at, "agent", RUN, f"run:{run}", seal.fields()
        )

    def begun(self) -> bool:
        """Whether any run was ever noted: from then on all of them are."""
        return bool(self._all("run_seals_begun"))
