"""A signed webhook as a gateway: whatever automation listens there does what it is told, and calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.gateways.webhook.dialect import DIALECT

if TYPE_CHECKING:
    from agent.control.gateways.webhook.link import WebhookLink
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

__all__ = ["DIALECT", "open_link"]


def open_link(settings: Settings, gateway: Gateway) -> WebhookLink:
    """A connection to the receiver; raises `ConfigError` when there is no secret to sign with."""
    from agent.control.gateways.webhook.link import connect

    return connect(settings, gateway)
