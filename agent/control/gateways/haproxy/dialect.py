"""What HAProxy can be told, and how people read what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.control.gateways.base import Hit, UnsupportedError
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.gateway import Fields, GatewayKey, LimitUnit, Offer, Target, TargetKind, TargetState

if TYPE_CHECKING:
    from agent.settings_gateways import Gateway

RPS, RPM, BLOCKED, DRIFT = "rps", "rpm", "blocked", "drift"
LIMITS = (RPS, RPM)

_OFFERS = MappingProxyType(
    {
        ActionKind.THROTTLE: Offer(
            units=(LimitUnit.RPS, LimitUnit.RPM),
            effect_s=1,
            note="a sliding second (rps) or minute (rpm) by key; only admitted calls count, and what came "
            "in it before counts too, so a busy key may get nothing until that has passed",
        ),
        ActionKind.BLOCK: Offer(effect_s=1, note="403 for every call of the key, whatever its model"),
    }
)
_INSTEAD = {
    ActionKind.MODELS: "HAProxy knows keys, not models: throttle or block the key.",
    ActionKind.CAP: "HAProxy knows no amounts: throttle the key, and set the cap at the provider.",
    ActionKind.REVOKE: "Block the key here, and take its line out of keys.map.",
}


class HAProxyDialect:
    """Keys one by one: each has at most one entry in each map."""

    offers: Mapping[ActionKind, Offer] = _OFFERS

    def targets(self, gateway: Gateway, spec: ActionSpec, hit: Hit) -> Sequence[Target]:
        """Every key that is hit, each for itself."""
        _check(spec)
        return [Target(gateway.name, TargetKind.KEY, name) for name in sorted({key.id for key in hit.keys})]

    def wanted(self, spec: ActionSpec, state: TargetState) -> Fields:
        """The entry to set; the other limit of the key stays, and the tighter one counts."""
        _check(spec)
        if spec.kind is ActionKind.BLOCK:
            return {BLOCKED: True}
        if spec.limit is None or spec.limit.unit not in _OFFERS[ActionKind.THROTTLE].units:
            raise UnsupportedError(
                f"HAProxy counts requests, not {spec.limit.unit.value if spec.limit else 'nothing'}",
                hint="Say the limit in requests: rps for a second, rpm for a minute.",
            )
        return {spec.limit.unit.value: spec.limit.amount}

    def words(self, fields: Fields) -> str:
        """`blocked`, `2 rps and 60 rpm` or `no limit`, and whether a reload would change it."""
        limits = [f"{fields[unit]} {unit}" for unit in LIMITS if fields.get(unit) is not None]
        said = "blocked" if fields.get(BLOCKED) else " and ".join(limits) or "no limit"
        return f"{said}, until a reload: its map files say otherwise" if fields.get(DRIFT) else said

    def reaches(self, target: Target, key: GatewayKey) -> bool:
        """Whether it is that key."""
        return target.kind is TargetKind.KEY and target.id == key.id


def _check(spec: ActionSpec) -> None:
    if spec.kind not in _OFFERS:
        raise UnsupportedError(
            f"HAProxy cannot do {spec.kind.value}",
            hint=_INSTEAD.get(spec.kind, "Throttle or block the key."),
        )
    if spec.models:
        raise UnsupportedError(
            "HAProxy holds keys, not single models", hint="Leave the models out: the whole key is then held."
        )
