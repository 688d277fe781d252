"""What must be heard at once: which alerts are new since the last look, and how a desktop is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.reports.alert_badge import AlertBadge, FiringAlert

QUIET = "BURNDECK_QUIET"
"""Set to anything but 0, it keeps the terminal from ringing."""

BELL = "\a"
_LONGEST = 200


class Alarm:
    """Remembers what fires. What fires at the first look is known: it does not ring."""

    def __init__(self) -> None:
        self.badge: AlertBadge | None = None
        self.shown: FiringAlert | None = None  # on the bar at the top of every screen
        self.more = 0  # others that are new with it
        self._known: frozenset[tuple[int, str]] | None = None

    def hear(self, badge: AlertBadge) -> FiringAlert | None:
        """Takes what fires now; returns the gravest alert that is new and urgent, if there is one."""
        self.badge = badge
        now = frozenset((alert.id, alert.tier) for alert in badge.firing)
        before, self._known = self._known, now
        if self.shown is not None and (self.shown.id, self.shown.tier) not in now:
            self.dismiss()  # somebody has taken it, or it is over
        if before is None:
            return None
        new = [alert for alert in badge.firing if alert.urgent and (alert.id, alert.tier) not in before]
        if not new:
            return None
        self.shown, self.more = new[0], len(new) - 1
        return new[0]

    def dismiss(self) -> bool:
        """Takes the bar away; False where there is none."""
        there, self.shown, self.more = self.shown is not None, None, 0
        return there


def is_quiet(environ: Mapping[str, str]) -> bool:
    """Whether the person wants no bell."""
    return environ.get(QUIET, "") not in ("", "0")


def rings(alert: FiringAlert) -> str:
    """What makes a terminal ring and a desktop tell of an alert (OSC 9); names cannot end it early."""
    text = f"burndeck: {alert.tier.replace('_', ' ')}: {alert.summary}"
    plain = "".join(letter for letter in text if letter.isprintable())
    return f"\x1b]9;{plain[:_LONGEST]}{BELL}{BELL}"  # the first ends the message, the second rings
