"""OpenAI by its Administration API: rate limits by project and model, spend limits, allowed models, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.gateways.openai.dialect import DIALECT, priced

if TYPE_CHECKING:
    from agent.control.gateways.openai.link import OpenAILink
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

__all__ = ["DIALECT", "open_link", "priced"]


def open_link(settings: Settings, gateway: Gateway) -> OpenAILink:
    """A connection by the admin key of the gateway's source; raises `ConfigError` when there is none."""
    from agent.control.gateways.openai.link import connect

    return connect(settings, gateway)
