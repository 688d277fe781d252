"""Puts a message into the outbox, once for everybody whom a route names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.alerts.routes import Destination, Facts, Told, destinations, everywhere

if TYPE_CHECKING:
    from agent.domain.notice import Notice
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


class Post:
    """Addresses messages by the settings in force. Must be used inside the writer's transaction."""

    def __init__(self, writer: LedgerWriter, settings: Settings) -> None:
        self._writer = writer
        self._settings = settings

    def put_everywhere(self, notice: Notice) -> tuple[str, ...]:
        """Puts a message for every destination that any route names."""
        alerts = self._settings.alerts
        places = everywhere(alerts.routes, alerts.channels)
        labels = tuple(dict.fromkeys(place.label for place in places))
        self._writer.outbox.put(replace(notice, notify=labels), places, notice.at)
        return labels

    def unreached(self, notice: Notice, recipients: Sequence[str]) -> tuple[str, ...]:
        """The recipients to whom no route leads."""
        return self._told(notice, recipients).unreached

    def put(
        self, notice: Notice, recipients: Sequence[str], author: str = "", but: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Puts a message for some recipients; returns the destinations as people write them.

        Whoever was told that an episode began is told that it is taken or over, whatever the hour.
        `author` is told too, where it is an address itself; `but` none of these destinations.
        """
        whom = (*recipients, author) if "@" in author else tuple(recipients)
        told = [each for each in self._told(notice, whom).destinations if each.label not in but]
        places = {(place.channel, place.target): place for place in told}
        if notice.kind.follows:
            for channel, target in self._writer.outbox.told(notice.alert):
                places.setdefault((channel, target), Destination(channel, target, "was told before"))
        labels = tuple(dict.fromkeys(place.label for place in places.values()))
        self._writer.outbox.put(replace(notice, notify=labels), tuple(places.values()), notice.at)
        return labels

    def _told(self, notice: Notice, recipients: Sequence[str]) -> Told:
        alerts = self._settings.alerts
        local = datetime.fromtimestamp(notice.at, ZoneInfo(self._settings.organization.time_zone))
        return destinations(Facts.of(notice), recipients, alerts.routes, alerts.channels, local)
