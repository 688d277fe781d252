"""What gateways reach: keys that they serve, and whether anybody reads their traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope
from agent.domain.known_key import KeyPlace, KnownKey
from agent.reports.audit_finding import AuditFinding

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings_gateways import Gateway
    from agent.settings_schema import Source


def served(key: KnownKey, gateways: Iterable[Gateway]) -> bool:
    """Whether one can act on a key. A webhook keeps no list of keys: it serves scopes, or all of them."""
    if key.gateways:
        return True
    return any(webhook_serves(gateway, key) for gateway in gateways)


def webhook_serves(gateway: Gateway, key: KnownKey) -> bool:
    """Whether a gateway is a webhook that acts on a scope of a key."""
    if gateway.kind != "webhook":
        return False
    newest = key.places[-1] if key.places else KeyPlace()
    scopes = gateway.serves or ("",)
    return any(not scope or newest.within(Scope.parse(scope), key.api_key) for scope in scopes)


def without_source(settings: Settings) -> Iterator[AuditFinding]:
    """Gateways that act and whose traffic nobody reads."""
    for gateway in settings.own_gateways:
        if gateway.kind not in ("litellm", "haproxy"):
            continue
        if not any(_reads(gateway, source) for source in settings.sources):
            yield AuditFinding(
                "gateway_without_source",
                f"gateway:{gateway.name}",
                "nothing reads its traffic, so no cap counts it by key, and no action is seen to work",
                f'Add [[sources]] with kind = "{gateway.kind}" and the same address or log to burndeck.toml.',
            )


def _reads(gateway: Gateway, source: Source) -> bool:
    if source.kind != gateway.kind:
        return False
    if gateway.kind == "haproxy":
        return not gateway.log or source.log == gateway.log
    return source.base_url.rstrip("/") == gateway.base_url.rstrip("/")
