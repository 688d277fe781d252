"""What the screens ask the ledger, as questions for the live link. Reports are imported in its thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from console.live import Question
from console.view import DAY_S, View

if TYPE_CHECKING:
    from agent.control import Outcome
    from agent.ledger.kinds import Kind
    from agent.ledger.reader import LedgerReader
    from agent.reports.action_badge import ActionBadge
    from agent.reports.alert_badge import AlertBadge
    from agent.reports.alert_board import AlertBoard
    from agent.reports.alert_report import AlertDetail
    from agent.reports.burn_report import BurnReport
    from agent.reports.status import Status
    from agent.reports.triage_report import TriageDetail, TriageReport
    from agent.runbooks.view import RunBadge
    from agent.settings import Settings

BURN, TRIAGE, DETAIL, ALERTS, ALERT, BADGE = (
    *("burn", "triage", "triage/detail"),
    *("alerts", "alerts/detail", "badge"),
)
"""Topics: the screen's name, then what of it; the badge is every screen's."""


class Watch(NamedTuple):
    """What every screen is told of: alerts that fire, what became of a person's wishes, what acts now."""

    badge: AlertBadge
    outcomes: tuple[Outcome, ...]
    acting: ActionBadge | None = None
    runs: RunBadge | None = None  # None: none is open
    forged: bool = False  # somebody else than the agent has written into the ledger


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


def alerts_question(view: View) -> Question:
    """All alerts at the view's instant."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> AlertBoard:
        from agent.reports.alert_board import alert_board

        return alert_board(reader, settings, now, at=view.at)

    return Question(ALERTS, ask, (view.asked(),))


def alert_question(ident: int, view: View) -> Question:
    """One alert with everything around it, at the view's instant."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> AlertDetail | None:
        from agent.reports.alert_detail import alert_detail

        return alert_detail(reader, settings, ident, now, at=view.at)

    return Question(ALERT, ask, (ident, view.at))


def watch_question(waiting: Iterable[int]) -> Question:
    """What fires now, and what became of the intents that wait for the agent."""
    idents = tuple(sorted(waiting))

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Watch:
        from agent.reports.action_badge import action_badge
        from agent.reports.alert_badge import alert_badge

        said = _outcomes(reader, idents)
        acting = action_badge(reader, now)
        return Watch(alert_badge(reader), said, acting, _runs(reader), _forged(reader))

    return Question(BADGE, ask, idents)


def _runs(reader: LedgerReader) -> RunBadge | None:
    """Runs in progress; where there are none, nothing of runbooks is imported."""
    if not reader.rows("runs_open"):
        return None
    from agent.runbooks.view import run_badge

    return run_badge(reader)


def _forged(reader: LedgerReader) -> bool:
    """Whether the agent has found so; where it never did, nothing of proofs is imported."""
    if not reader.rows("proof_finding"):
        return False
    from agent.ledger.proving import kept_finding

    return not kept_finding(reader).intact


def _outcomes(reader: LedgerReader, idents: tuple[int, ...]) -> tuple[Outcome, ...]:
    """Of intents that the agent has looked at."""
    if not idents:
        return ()
    from agent.control import IntentState, outcome

    found = (outcome(reader, ident) for ident in idents)
    return tuple(each for each in found if each is not None and each.state is not IntentState.NEW)


def read_status_now(reader: LedgerReader, settings: Settings, now: float) -> Status:
    """The status line of screens that show what is so now."""
    return _status(reader, settings, now, None)


def _status(reader: LedgerReader, settings: Settings, now: float, at: float | None) -> Status:
    """The same status line as on Burn: where the data ends, also while an instant before it is looked at."""
    from agent.reports.layers import truth
    from agent.reports.moment import moment
    from agent.reports.status_line import read_status

    when = moment(reader, now, at)
    return read_status(reader, settings, when, truth(reader, when.at - DAY_S, when.at))
