"""What the screens ask the ledger, as questions for the live link. Reports are imported in its thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.live import Question
from console.view import DAY_S, View

if TYPE_CHECKING:
    from agent.ledger.kinds import Kind
    from agent.ledger.reader import LedgerReader
    from agent.reports.burn_report import BurnReport
    from agent.reports.status import Status
    from agent.reports.triage_report import TriageDetail, TriageReport
    from agent.settings import Settings

BURN, TRIAGE, DETAIL = "burn", "triage", "triage/detail"
"""Topics: the screen's name, then what of it."""


def burn_question(view: View) -> Question:
    """The burn report at the view's instant."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> BurnReport:
        from agent.reports.burn import burn

        return burn(reader, settings, now, at=view.at)

    return Question(BURN, ask, (view.asked(),))


def triage_question(view: View, within: tuple[Kind, str] | None) -> Question:
    """The triage report of the view's window, and the status line beside it."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> tuple[TriageReport, Status]:
        from agent.reports.triage import triage

        with reader.snapshot():
            report = triage(reader, settings, now, window_s=view.window_s, at=view.at, within=within)
            return report, _status(reader, settings, now, view.at)

    return Question(TRIAGE, ask, (view.asked(), within))


def detail_question(report: TriageReport, kind: Kind, value: str) -> Question:
    """One row of a triage report taken apart."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> TriageDetail:
        from agent.reports.triage import detail

        return detail(reader, settings, report, kind, value)

    return Question(DETAIL, ask, (kind, value))


def _status(reader: LedgerReader, settings: Settings, now: float, at: float | None) -> Status:
    """The same status line as on Burn: where the data ends, also while an instant before it is looked at."""
    from agent.reports.layers import truth
    from agent.reports.moment import moment
    from agent.reports.status_line import read_status

    when = moment(reader, now, at)
    return read_status(reader, settings, when, truth(reader, when.at - DAY_S, when.at))
