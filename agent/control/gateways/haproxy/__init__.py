"""HAProxy: keys are held to a rate or blocked by its maps, at once by its admin socket and for good by file.

What it must have in its configuration stands in `fixtures/gateways/haproxy.cfg`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.gateways.haproxy.dialect import HAProxyDialect

if TYPE_CHECKING:
    from agent.control.gateways.base import Dialect, Link
    from agent.settings import Settings
    from agent.settings_gateways import Gateway

__all__ = ["DIALECT", "open_link"]

DIALECT: Dialect = HAProxyDialect()


def open_link(settings: Settings, gateway: Gateway) -> Link:
    """A connection to the HAProxy of `[[gateways]]`: no secret, but rights to its socket and maps."""
    from agent.control.gateways.haproxy.link import HAProxyLink

    return HAProxyLink(gateway)
