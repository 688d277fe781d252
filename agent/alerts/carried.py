"""What was said of a hard cap counts on, or is asked again, when the cap is reached once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.alert import HARD_CAP, Alert
from agent.domain.assessment import BEFORE, CRITICALITY, last_said
from agent.domain.incident import TimelineEntry
from agent.domain.person import AGENT
from agent.domain.words import instant

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter


def carry_assessment(writer: LedgerWriter, alert: Alert, incident: int, now: int) -> None:
    """Brings the last word on a cap from the incident that it was reached in before, in the same period.

    That production is affected counts on: it only lets people ask for a top-up, which takes two others all
    the same. That it is not affected would keep everybody from credits and from the emergency buffer by what
    was so before, so it is shown, and somebody has to say it again.
    """
    before = alert.incident
    if before is None or alert.signal.tier != HARD_CAP or writer.incidents.tier(before) != HARD_CAP:
        return
    rows = writer.actions.duties([before, incident])
    said = last_said(before, [row for row in rows if row["incident"] == before])
    if said is None or any(row["incident"] == incident and row["kind"] == CRITICALITY for row in rows):
        return
    writer.actions.save_duty(incident, BEFORE, answer=said.kept, person=said.person, at=said.at)
    by = f"as assessed in incident {said.incident} by {said.person} at {instant(said.at)}"
    if said.critical:
        writer.actions.save_duty(incident, CRITICALITY, answer=said.answer, person=said.person, at=said.at)
        text = f"production is affected, {by}; `burndeck incident assess {incident}` changes it"
    else:
        text = (
            f"production was not affected, {by}: whether that holds has to be said again, "
            f"`burndeck incident assess {incident} --not-critical`"
        )
    writer.incidents.add_timeline([TimelineEntry(incident, now, "note", AGENT, text)])
