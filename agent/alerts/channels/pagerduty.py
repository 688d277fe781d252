"""PagerDuty: Events API v2. One incident an episode, kept together by the dedup key."""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING, Any

from agent.alerts.channels.base import Message, Receipt
from agent.alerts.channels.sending import Sender, encoded
from agent.alerts.channels.words import cut, facts, headline
from agent.domain.alert import CRITICAL, HARD_CAP, INFO, WARNING
from agent.domain.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

MOST_KEY = 255
MOST_SUMMARY = 1_024
_MOST_DETAIL = 1_000
_SEVERITIES = ("info", "warning", "error", "critical")
_OF_TIER = {INFO: "info", WARNING: "warning", CRITICAL: "error", HARD_CAP: "critical"}
_MOMENTARY = frozenset({NoticeKind.DRILL, NoticeKind.SILENCE_ENDED, NoticeKind.RUNBOOK})
_GRAVE = (CRITICAL, HARD_CAP)
"""What is said once and leaves nothing to do: it is resolved at once."""


def open_channel(table: Table, secret: Secret) -> PagerDuty:
    """The channel of a table; `secret` is the integration key."""
    return PagerDuty(table, secret)


class PagerDuty:
    """One service's integration."""

    def __init__(self, table: Table, secret: Secret) -> None:
        self._key = secret.reveal()
        self._url = f"{table.base_url}/v2/enqueue"
        self._sender = Sender(table.name, self._url, timeout_s=table.timeout, secrets=(self._key,))

    async def deliver(self, message: Message) -> Receipt:
        """Sends the event; a drill's is resolved at once, so that nobody is left with it."""
        for event in render(message):
            await self._sender.send("POST", self._url, body=encoded({"routing_key": self._key, **event}))
        return Receipt(dedup_key(message.notice))

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()


def render(message: Message) -> list[dict[str, Any]]:
    """The events of a message in their order, within PagerDuty's limits and without the routing key."""
    notice = message.notice
    key = dedup_key(notice)
    if notice.kind is NoticeKind.RESOLVED:
        return [{"event_action": "resolve", "dedup_key": key}]
    if notice.kind is NoticeKind.ACKNOWLEDGED:
        return [{"event_action": "acknowledge", "dedup_key": key}]
    trigger: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": key,
        "client": "burndeck",
        "payload": {
            "summary": cut(headline(notice), MOST_SUMMARY),
            "source": notice.api_key or notice.scope or notice.allocation_id or "burndeck",
            "severity": severity(notice),
            "timestamp": datetime.datetime.fromtimestamp(notice.at, datetime.UTC).isoformat(),
            "component": notice.scope,
            "group": notice.allocation_id or notice.team,
            "class": notice.rule,
            "custom_details": _details(message),
        },
    }
    if message.console_url:
        trigger["client_url"] = message.console_url
        trigger["links"] = [{"href": message.console_url, "text": "burndeck"}]
    if notice.kind in _MOMENTARY or (notice.kind is NoticeKind.ACTION and notice.tier not in _GRAVE):
        return [trigger, {"event_action": "resolve", "dedup_key": key}]
    return [trigger]


def dedup_key(notice: Notice) -> str:
    """The episode's key; one that is too long ends in a hash of the whole."""
    key = notice.dedup_key
    if len(key) <= MOST_KEY:
        return key
    return f"{key[: MOST_KEY - 33]}-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def severity(notice: Notice) -> str:
    """PagerDuty's word: the tier's, or the notice's own where that is milder; a drill never alarms."""
    if notice.kind in _MOMENTARY or (notice.kind is NoticeKind.ACTION and notice.tier not in _GRAVE):
        return "info"
    tier = _OF_TIER.get(notice.tier, "warning")
    own = notice.severity if notice.severity in _SEVERITIES else tier
    return min(tier, own, key=_SEVERITIES.index)


def _details(message: Message) -> dict[str, str]:
    details: dict[str, str] = {"Drill": "yes"} if message.notice.drill else {}
    for fact in facts(message):
        name = fact.name
        while name in details:  # suggestions are several
            stem, _, number = name.partition(" ")
            name = f"{stem} {int(number or 1) + 1}"
        details[name] = cut(fact.text, _MOST_DETAIL)
    return details
