"""What gateways hold, in the words of each: for reports, which know no gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.control.allocation_words import allocation_words
from agent.control.gateways.base import dialect_of
from agent.domain.action_words import plain_words
from agent.domain.gateway import Fields

if TYPE_CHECKING:
    from agent.settings import Settings


def gateway_words(settings: Settings) -> Callable[[str, Fields], str]:
    """Says what fields mean at a gateway of burndeck.toml or of an allocation; of any other, as they are."""
    from agent.control.pool import GATEWAY

    def words(gateway: str, fields: Fields) -> str:
        if gateway == GATEWAY:
            return allocation_words(fields)
        known = settings.gateway(gateway)
        return plain_words(fields) if known is None else dialect_of(known.kind).words(fields)

    return words
