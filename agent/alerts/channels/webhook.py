"""The signed webhook for automation: the guide's JSON body, Standard Webhooks and CloudEvents headers."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.sending import Sender
from agent.domain.money import to_credits
from agent.domain.notice import Notice, NoticeKind
from agent.errors import ConfigError
from agent.webhooks import EVENT, exact, signature_headers, signers_of

if TYPE_CHECKING:
    from standardwebhooks import Webhook as Signer

    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

_NOTHING: dict[str, Any] = {"type": "none", "params": {}}
_ACTS = frozenset({NoticeKind.FIRED, NoticeKind.REPEATED, NoticeKind.ESCALATED, NoticeKind.UNMUTED})
"""Messages that an automation engine may act on. All others carry another event and no action: an engine that
knows nothing but the guide's keys must not throttle because of a drill or of an alert that is over."""


def open_channel(table: Table, secret: Secret) -> Webhook:
    """The channel of a table; `secret` is the signing secret, or two with a comma while it is changed."""
    return Webhook(table, secret)


class Webhook:
    """One receiver."""

    def __init__(self, table: Table, secret: Secret) -> None:
        self._url = table.url
        self._signers = _signers(table.name, secret)
        # The standard has every failure but 410 tried again: a receiver's mistake is mended within days.
        self._sender = Sender(table.name, self._url, timeout_s=table.timeout, permanent=frozenset())

    async def deliver(self, message: Message) -> Receipt:
        """Posts the message, signed at this moment."""
        body = render(message.notice)
        # The receiver compares the time with its own clock, so it is the real one.
        signed = signature_headers(self._signers, message.notice.id, time.time(), body)
        headers = {**signed, **event_headers(message)}
        await self._sender.send("POST", self._url, body=body, headers=headers)
        return Receipt()

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()


def render(notice: Notice) -> bytes:
    """The body: the guide's keys in the guide's order, then ours. The same bytes at every attempt."""
    guide = {
        "event": event(notice),
        "severity": notice.tier,
        "allocation_id": notice.allocation_id,
        "threshold": _number(notice.threshold),
        "current_usage": exact(to_credits(notice.current_nano)),
        "monthly_allocation": exact(to_credits(notice.monthly_nano)),
        "action": dict(notice.action) if notice.kind in _ACTS and notice.action else _NOTHING,
        "notify": list(notice.notify),
    }
    return msgspec.json.encode(guide | _ours(notice))


def event(notice: Notice) -> str:
    """`spend.alert`; with what it is instead where nobody should act on it, as in `spend.alert.drill`."""
    return EVENT if notice.kind in _ACTS else f"{EVENT}.{notice.kind.value}"


def event_headers(message: Message) -> dict[str, str]:
    """CloudEvents 1.0 in binary mode: its attributes are headers and the body stays as it is."""
    notice = message.notice
    when = datetime.datetime.fromtimestamp(notice.at, datetime.UTC)
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": notice.id,
        "ce-source": f"burndeck/{message.organization}" if message.organization else "burndeck",
        "ce-type": event(notice),
        "ce-time": when.isoformat().replace("+00:00", "Z"),
        "ce-subject": notice.allocation_id or notice.dedup_key,
    }
    # As the HTTP binding has it: what is not printable ASCII, and blanks, quotes and per cent signs.
    safe = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
    return {name: quote(value, safe=safe) for name, value in attributes.items() if value}


def _ours(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "drill": notice.drill,
        "rule": notice.rule,
        "urgency": notice.severity,
        "state": notice.state,
        "summary": notice.summary,
        "why": notice.why,
        "dedup_key": notice.dedup_key,
        "period": notice.period,
        "alert": notice.alert,
        "incident": notice.incident,
        "scope_kind": notice.scope_kind,
        "scope": notice.scope,
        "team": notice.team,
        "api_key": notice.api_key,
        "environment": notice.environment,
        "cause": notice.cause,
        "expected_usage": exact(to_credits(notice.expected_nano)),
        "unit": notice.unit,
        "layer": notice.layer,
        "data_at": notice.data_at,
        "data_age_s": max(notice.at - notice.data_at, 0) if notice.data_at else None,
        "binding_cap": notice.binding_cap,
        "runway_s": notice.runway_s,
        "suggestions": [dict(each) for each in notice.suggestions],
        "acknowledge_by": notice.acknowledge_by,
        "acknowledge": notice.acknowledge,
        "next_command": notice.next_command,
        "at": notice.at,
    }


def _number(text: str) -> int | msgspec.Raw | None:
    """An exact decimal written as text; None where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return exact(value) if value.is_finite() else None


def _signers(name: str, secret: Secret) -> list[Signer]:
    try:
        return signers_of(name, secret)
    except ConfigError as error:
        raise DeliveryFailed(error.message, hint=error.hint, slow=True) from None
