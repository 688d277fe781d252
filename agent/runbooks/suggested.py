"""The runbook that an alert is answered with, as a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.reports.alert_report import Command
from agent.runbooks.library import library

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.alert_list import AlertEntry
    from agent.settings import Settings


def runbook_commands(
    reader: LedgerReader, settings: Settings, alerts: Sequence[AlertEntry]
) -> tuple[Command, ...]:
    """How the newest open run of these alerts goes on, else how one begins for the first that is live."""
    store = reader.run_store()
    runs = [run for alert in alerts for run in store.of_alert(alert.id, ended=False)]
    if runs:
        return (Command(f"burndeck runbook resume {max(runs)}", "goes on with the run that answers it"),)
    live = [alert for alert in alerts if alert.live]
    if not live:
        return ()
    known = library(settings)
    for alert in live:
        if fitting := known.answering(alert.rule, alert.tier, alert.cause):
            start = f"burndeck runbook start {fitting[0].id} --alert {alert.id}"
            return (Command(start, f"{fitting[0].title}: step by step"),)
    return ()
