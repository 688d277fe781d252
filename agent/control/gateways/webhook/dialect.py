"""What the receiver of a webhook can be told: to hold a scope to a rate, or to let nothing of it pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.control.gateways.base import Hit, UnsupportedError, cannot
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import ScopeKind
from agent.domain.gateway import Fields, GatewayKey, Limit, LimitUnit, Offer, Target, TargetKind, TargetState

if TYPE_CHECKING:
    from agent.settings_gateways import Gateway

MAX_RPS = "max_rps"  # None: no limit
BLOCKED = "blocked"  # None and false: not blocked
SPARED = "/non-prod"
"""Behind a target's id where production is spared."""

_KINDS = {
    ScopeKind.API_KEY: TargetKind.KEY,
    ScopeKind.TEAM: TargetKind.TEAM,
    ScopeKind.PROJECT: TargetKind.PROJECT,
    ScopeKind.ORGANIZATION: TargetKind.ORGANIZATION,
}
_NOTE = "accepted, confirmed only when it calls back"


class WebhookDialect:
    """Plans one target for each scope; which calls that is, the receiver knows."""

    offers: Mapping[ActionKind, Offer] = {
        ActionKind.THROTTLE: Offer(units=(LimitUnit.RPS,), effect_s=60, note=_NOTE),
        ActionKind.BLOCK: Offer(effect_s=60, note=_NOTE),
    }

    def targets(self, gateway: Gateway, spec: ActionSpec, hit: Hit) -> Sequence[Target]:
        """The scope itself."""
        if spec.kind not in self.offers:
            raise cannot(gateway.name, spec, self.offers)
        if gateway.serves and str(spec.scope) not in gateway.serves:
            raise UnsupportedError(
                f"{gateway.name} does not act on {spec.scope}", hint=f"It serves {', '.join(gateway.serves)}."
            )
        kind = _KINDS.get(spec.scope.kind)
        if kind is None:
            raise UnsupportedError(
                f"{gateway.name} does not know what belongs to {spec.scope}",
                hint="Act on its teams, projects or keys one by one.",
            )
        if spec.models:
            raise UnsupportedError(
                f"{gateway.name} tells no models apart",
                hint="Leave the models out: it holds all of the calls.",
            )
        ident = spec.scope.value or kind.value
        return [Target(gateway.name, kind, ident + (SPARED if spec.non_prod else ""))]

    def wanted(self, spec: ActionSpec, state: TargetState) -> Fields:
        """The one field to set; a throttle never loosens one that holds already."""
        if spec.kind is ActionKind.BLOCK:
            return {BLOCKED: True}
        if spec.kind is not ActionKind.THROTTLE or spec.limit is None:
            raise cannot("a webhook", spec, self.offers)
        if spec.limit.unit is not LimitUnit.RPS:
            raise _by_the_second(spec.limit)
        now = state.fields.get(MAX_RPS)
        return {MAX_RPS: spec.limit.amount if now is None else min(now, spec.limit.amount)}

    def words(self, fields: Fields) -> str:
        """What the receiver was told last."""
        parts = []
        if BLOCKED in fields:
            parts.append("blocked" if fields[BLOCKED] else "not blocked")
        if MAX_RPS in fields:
            parts.append("no limit" if fields[MAX_RPS] is None else f"{fields[MAX_RPS]} rps")
        return ", ".join(parts) or "nothing told yet"

    def reaches(self, target: Target, key: GatewayKey) -> bool:
        """Whether a key is of the scope, as far as we know; what is not known of it counts as hit."""
        scope, _ = scope_of(target)
        match target.kind:
            case TargetKind.KEY:
                return scope in (key.id, key.api_key)
            case TargetKind.TEAM:
                return key.team in ("", scope)
            case TargetKind.PROJECT:
                return key.project in ("", scope)
        return True


def _by_the_second(limit: Limit) -> UnsupportedError:
    """That a limit cannot be told, with what is exactly as much where whole calls a second can say it."""
    what = f"a webhook tells no {limit.unit.value}"
    if limit.per_minute is None:
        return UnsupportedError(what, hint="Use rps.")
    if limit.per_minute % 60 == 0:
        return UnsupportedError(what, hint=f"Use rps: {limit.per_minute // 60} rps.")
    exact = Decimal(limit.per_minute) / 60
    rounded = exact.quantize(Decimal("0.0001")).normalize()
    about = "" if exact == rounded else "about "
    below = limit.per_minute // 60
    nearest = f"{below} rps is the nearest below it" if below else "1 rps, the least, is more than that"
    return UnsupportedError(
        f"{what}, and {limit} are {about}{rounded:f} rps, which whole calls a second cannot say",
        hint=f"{nearest[0].upper()}{nearest[1:]}; a block lets nothing pass.",
    )


DIALECT = WebhookDialect()


def scope_of(target: Target) -> tuple[str, bool]:
    """Name of a target's scope, and whether production is spared."""
    name = target.id.removesuffix(SPARED)
    return name, name != target.id
