"""What gateways hold, in the words of each: for reports, which know no gateway."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.control.gateways.base import dialect_of
from agent.domain.action_words import plain_words
from agent.domain.gateway import Fields
from agent.domain.money import to_credits

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


def allocation_words(fields: Fields) -> str:
    """What becomes of an allocation: `500 credits more until 1 Dec 00:00`, `60,000 credits a month`."""
    said = []
    for name, value in sorted(fields.items()):
        if value in (None, False, "") or name == "from":
            continue
        if name == "top_up_nano":
            said.append(f"{_credits(value)} more")
        elif name == "until":
            said.append(f"until {_moment(value)}")
        elif name == "monthly_nano":
            said.append(f"{_credits(value)} a month")
        elif name.endswith("_nano"):
            said.append(f"{name.removesuffix('_nano')} {_credits(value)}")
        else:
            said.append(name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}")
    return ", ".join(said) or "nothing"


def _credits(nano: object) -> str:
    return f"{to_credits(nano):,.0f} credits" if isinstance(nano, int) else str(nano)


def _moment(at: object) -> str:
    if not isinstance(at, int):
        return str(at)
    when = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return f"{when.day} {when:%b %H:%M} UTC"
