"""What the Incident screen asks the ledger; reports are imported in the thread of the live link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.live import Question
from console.view import View

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.incident_board import IncidentBoard
    from agent.reports.incident_view import IncidentView
    from agent.settings import Settings

INCIDENTS, INCIDENT = "incident", "incident/detail"


def incidents_question(view: View) -> Question:
    """The incidents of the view's instant."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> IncidentBoard:
        from agent.reports.incident_board import incident_board

        return incident_board(reader, settings, now, at=view.at)

    return Question(INCIDENTS, ask, (view.asked(),))


def incident_question(ident: int, view: View) -> Question:
    """One incident as a whole, at the view's instant."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> IncidentView | None:
        from agent.reports.incident_view import incident_view

        return incident_view(reader, settings, ident, now, at=view.at)

    return Question(INCIDENT, ask, (ident, view.at))
