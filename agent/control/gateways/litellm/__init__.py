"""LiteLLM: limits and blocks of its virtual keys and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.gateways.litellm.dialect import LiteLLMDialect

if TYPE_CHECKING:
    from decimal import Decimal

    from agent.control.gateways.base import Link
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

DIALECT = LiteLLMDialect()


def priced(usd_per_credit: Decimal) -> LiteLLMDialect:
    """The dialect for a scope whose credits are worth so many dollars: what a cap needs."""
    return LiteLLMDialect(usd_per_credit)


def open_link(settings: Settings, gateway: Gateway) -> Link:
    """A connection to the proxy; raises `ConfigError` when there is no master key for it."""
    from agent.control.gateways.litellm.link import LiteLLMLink
    from agent.litellm.client import Proxy
    from agent.secrets import find_secret

    secret = find_secret(gateway.secret or gateway.name).secret
    proxy = Proxy(gateway.base_url, secret, owner=gateway.name, timeout_s=float(gateway.timeout))
    return LiteLLMLink(gateway.name, proxy)
