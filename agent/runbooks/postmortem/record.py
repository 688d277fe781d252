"""A run of a runbook with everything that was kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.run import KeptEvidence, Run, RunEvent, SignOff
from agent.errors import BurndeckError, LedgerError

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, its timeline, its evidence and what people have said in it; each part oldest first."""

    run: Run
    events: tuple[RunEvent, ...] = ()
    evidence: tuple[KeptEvidence, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """Runs, the newest last."""

    known: tuple[RunRecord, ...] = ()
    unread: tuple[int, ...] = ()  # those that cannot be read


NO_RUNS = Records()


def record_of(reader: LedgerReader, ident: int) -> RunRecord | None:
    """A run of the ledger with all that was kept of it; None where there is none."""
    from agent.runbooks.own import marked, told
    from agent.runbooks.records import load

    with reader.snapshot():
        store = reader.run_store()
        run = load(store, ident)
        if run is None:
            return None
        foreign = store.foreign(ident)
        events = told(store.events(ident), run, foreign)
        return RunRecord(marked(run, foreign), events, store.evidence(ident), store.sign_offs(ident))


def records_of(reader: LedgerReader, incident: int) -> Records:
    """The runs of an incident that are no drills; where there are drills only, the newest of them."""
    known: list[RunRecord] = []
    unread: list[int] = []
    for ident in sorted(reader.run_store().of_incident(incident)):
        try:
            found = record_of(reader, ident)
        except LedgerError:
            raise
        except (BurndeckError, ValueError, KeyError, TypeError):
            # Another version may have written it; the incident has a postmortem all the same.
            unread.append(ident)
        else:
            known += [] if found is None else [found]
    real = [each for each in known if not each.run.drill]
    return Records(tuple(real or known[-1:]), tuple(unread))
