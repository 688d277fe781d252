"""A run of a runbook with everything that was kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.run import KeptEvidence, Run, RunEvent, SignOff

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, its timeline, its evidence and what people have said in it; each part oldest first."""

    run: Run
    events: tuple[RunEvent, ...] = ()
    evidence: tuple[KeptEvidence, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()


def record_of(reader: LedgerReader, ident: int) -> RunRecord | None:
    """A run of the ledger with all that was kept of it; None where there is none."""
    from agent.runbooks.records import load

    with reader.snapshot():
        store = reader.run_store()
        run = load(store, ident)
        if run is None:
            return None
        return RunRecord(run, store.events(ident), store.evidence(ident), store.sign_offs(ident))


def newest_of_incident(reader: LedgerReader, incident: int) -> RunRecord | None:
    """The run that an incident was handled by: of several the newest that is no drill, else the newest."""
    found = [record_of(reader, ident) for ident in reader.run_store().of_incident(incident)]
    known = sorted((each for each in found if each), key=lambda each: (not each.run.drill, each.run.id or 0))
    return known[-1] if known else None
