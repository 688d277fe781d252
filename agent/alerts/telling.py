"""One way to tell: a message into the outbox, a line in the timeline, a record in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.alerts import routes
from agent.alerts.notices import Facts, notice_of
from agent.alerts.post import Post
from agent.domain.incident import TimelineEntry
from agent.domain.person import AGENT

if TYPE_CHECKING:
    from agent.alerts.duties import Due
    from agent.domain.alert import Alert
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


@dataclass(frozen=True)
class Teller:
    """Tells within the writer's transaction, at one instant."""

    writer: LedgerWriter
    settings: Settings
    now: int

    def tell(self, due: Due, facts: Facts) -> None:
        """Puts the message for everybody whom a route names, and notes that it was told."""
        alert, kind = due.alert, due.kind.value
        tier = self.settings.alerts.policy(alert.signal.tier)
        told = Post(self.writer, self.settings).put(notice_of(due, tier, facts, self.now), due.recipients)
        if told:
            self.note(alert, "told", f"{kind}: {', '.join(told)} ({due.why})")
        detail = {"kind": kind, "told": list(told), "tier": alert.signal.tier}
        self.writer.control.audit(self.now, AGENT, f"alert.{kind}", f"alert:{alert.id}", detail)

    def waits(self, due: Due) -> bool:
        """Whether nobody is reached now, but somebody will be at another hour: then it is told then."""
        alerts, signal = self.settings.alerts, due.alert.signal
        facts = routes.Facts(
            signal.tier, signal.rule.value, signal.team, signal.allocation_id, signal.environment
        )
        local = datetime.fromtimestamp(self.now, ZoneInfo(self.settings.organization.time_zone))
        told = routes.destinations(facts, due.recipients, alerts.routes, alerts.channels, local)
        return not told.destinations and routes.reached_later(facts, due.recipients, alerts.routes)

    def note(self, alert: Alert, kind: str, text: str, actor: str = AGENT) -> None:
        """Adds a line to the timeline of the alert's incident."""
        if alert.incident is not None:
            entry = TimelineEntry(alert.incident, self.now, kind, actor, text, alert.id)
            self.writer.incidents.add_timeline([entry])
