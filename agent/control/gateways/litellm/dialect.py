"""How actions are said in LiteLLM's words: pure, without a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from agent.control.gateways.base import Hit, UnsupportedError, cannot
from agent.control.gateways.litellm.fields import COUNTS, DELETED, MODEL_LIMITS
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import ScopeKind
from agent.domain.gateway import Fields, GatewayKey, LimitUnit, Offer, Target, TargetKind, TargetState
from agent.domain.money import to_money

if TYPE_CHECKING:
    from agent.settings_gateways import Gateway

TEAM_LABEL = "team_id"
"""Label of a key that holds the proxy's id of its team; `team` is the name that people gave it."""

_FIELD = {
    LimitUnit.RPM: "rpm_limit",
    LimitUnit.TPM: "tpm_limit",
    LimitUnit.PARALLEL: "max_parallel_requests",
}
_BY_MODEL = {LimitUnit.RPM: "model_rpm_limit", LimitUnit.TPM: "model_tpm_limit"}
_WORDS = {
    **{field: unit.value for unit, field in _FIELD.items()},
    **{field: unit.value for unit, field in _BY_MODEL.items()},
}
_ALL_MODELS = ("all-proxy-models", "all-team-models")
_MONTHS = ("1mo", "30d")  # a budget that starts anew with the month, or as good as


@dataclass(frozen=True, slots=True)
class LiteLLMDialect:
    """Virtual keys and teams of a LiteLLM proxy, which counts money in USD."""

    usd_per_credit: Decimal | None = None
    offers: ClassVar[Mapping[ActionKind, Offer]] = {
        ActionKind.THROTTLE: Offer(
            units=tuple(_FIELD),
            note="a fixed window of one minute that the first call opens, not smoothed; of several keys each "
            "has the limit for itself, a whole team shares it; a tighter limit that is there stays",
        ),
        ActionKind.BLOCK: Offer(
            note="callers get 401; another instance of the proxy may take up to a minute to hear of it"
        ),
        ActionKind.MODELS: Offer(note="callers of any other model get 403"),
        ActionKind.CAP: Offer(
            note="counted by the proxy in USD, checked before each call, so one call may go over it; a key "
            "without a budget period so far has all that it ever spent counted until the month ends"
        ),
        ActionKind.REVOKE: Offer(
            reversible=False,
            note="a deleted key never comes back; callers get 401; another instance of the proxy may take "
            "up to a minute to hear of it; whoever still needs a key needs a new one first",
        ),
    }

    def targets(self, gateway: Gateway, spec: ActionSpec, hit: Hit) -> Sequence[Target]:
        """The team where all of it is hit, else every key."""
        if spec.kind not in self.offers:
            raise cannot("LiteLLM", spec, self.offers)
        _limit_field(spec)
        team = _whole_team(spec, hit)
        if team:
            return [Target(gateway.name, TargetKind.TEAM, team)]
        if spec.kind is ActionKind.CAP and len(hit.keys) > 1:
            raise UnsupportedError(
                f"LiteLLM cannot hold {len(hit.keys)} keys to one amount together",
                hint="Cap one key, or a team with all of its keys.",
            )
        return [Target(gateway.name, TargetKind.KEY, key.id) for key in hit.keys]

    def wanted(self, spec: ActionSpec, state: TargetState) -> Fields:
        """The proxy's own fields. A throttle never loosens a limit that is there."""
        fields = state.fields
        match spec.kind:
            case ActionKind.THROTTLE:
                return _throttled(spec, state)
            case ActionKind.BLOCK:
                return {"blocked": True}
            case ActionKind.MODELS:
                return {"models": _allowed(spec.models, fields.get("models") or [])}
            case ActionKind.CAP:
                return self._capped(spec, fields)
            case ActionKind.REVOKE:
                return {DELETED: True}
        raise cannot("LiteLLM", spec, self.offers)

    def _capped(self, spec: ActionSpec, fields: Fields) -> Fields:
        if self.usd_per_credit is None:
            raise UnsupportedError(
                "LiteLLM caps in USD, and nobody said what a credit is worth",
                hint="Set usd_per_credit in [organization].",
            )
        usd = to_money(spec.amount_nano, self.usd_per_credit)
        capped = {"max_budget": f"{usd.normalize():f}"}
        return capped if fields.get("budget_duration") in _MONTHS else {**capped, "budget_duration": "1mo"}

    def words(self, fields: Fields) -> str:
        """`blocked`, `60 rpm, 5 rpm of gpt-4o, at most 12.5 USD a month`, `deleted`, or `no limit`."""
        if fields.get(DELETED) or fields.keys() == {DELETED}:
            return "deleted" if fields[DELETED] else "in use"
        parts = ["blocked"] if fields.get("blocked") else []
        parts += [f"{fields[name]} {_WORDS[name]}" for name in COUNTS if fields.get(name) is not None]
        for name in MODEL_LIMITS:
            limits = fields.get(name) or {}
            parts += [f"{limits[model]} {_WORDS[name]} of {model}" for model in sorted(limits)]
        if fields.get("models"):
            parts.append("only " + ", ".join(fields["models"]))
        if fields.get("max_budget") is not None:
            period = fields.get("budget_duration")
            often = " a month" if period in _MONTHS else f" every {period}" if period else " in all"
            parts.append(f"at most {fields['max_budget']} USD{often}")
        return ", ".join(parts) or "no limit"

    def reaches(self, target: Target, key: GatewayKey) -> bool:
        """A key is reached by itself and by its team."""
        if target.kind is TargetKind.TEAM:
            return key.labels.get(TEAM_LABEL) == target.id
        return target.kind is TargetKind.KEY and key.id == target.id


def _whole_team(spec: ActionSpec, hit: Hit) -> str:
    """The proxy's id of the team that is hit whole; empty where single keys are."""
    # A key of production that is made tomorrow would be hit too, and limits by model count by key there.
    # A team is never deleted.
    if spec.kind is ActionKind.REVOKE or spec.scope.kind is not ScopeKind.TEAM or spec.non_prod:
        return ""
    if spec.kind is ActionKind.THROTTLE and spec.models:
        return ""
    teams = {key.labels.get(TEAM_LABEL, "") for key in hit.keys}
    spared = {key.labels.get(TEAM_LABEL, "") for key in hit.others}
    return "" if len(teams) != 1 or teams & spared else teams.pop()


def _limit_field(spec: ActionSpec) -> str:
    """The field that holds the limit of a throttle, empty for other actions; raises `UnsupportedError`."""
    if spec.kind is not ActionKind.THROTTLE or spec.limit is None:
        return ""
    if spec.limit.unit is LimitUnit.RPS:
        raise UnsupportedError(
            "LiteLLM counts requests by the minute, not by the second",
            hint=f"Use {spec.limit.per_minute} rpm: as many a minute, though all may come in one second.",
        )
    fields = _BY_MODEL if spec.models else _FIELD
    if spec.limit.unit not in fields:
        raise UnsupportedError(
            "LiteLLM has no limit of requests at once by model",
            hint="Use rpm or tpm for these models, or parallel for the whole key.",
        )
    return fields[spec.limit.unit]


def _throttled(spec: ActionSpec, state: TargetState) -> Fields:
    field, limit = _limit_field(spec), spec.limit
    if limit is None:
        raise UnsupportedError("a throttle needs a limit", hint="Say one such as 60 rpm.")
    if not spec.models:
        return {field: _tighter(limit.amount, state.fields.get(field))}
    if state.target.kind is not TargetKind.KEY:
        raise UnsupportedError(
            "LiteLLM limits models by key, not by team",
            hint="Throttle the keys of the team for these models.",
        )
    if field not in state.fields:
        raise UnsupportedError(
            f"the key's {field} there is something else than numbers",
            hint="Set it right in the key's metadata, or throttle the whole key.",
        )
    there: Mapping[str, int] = state.fields[field] or {}
    held = {model: _tighter(limit.amount, there.get(model)) for model in spec.models}
    return {field: {**there, **held}}


def _tighter(amount: int, there: Any) -> int:
    return amount if there is None else min(amount, int(there))


def _allowed(models: Sequence[str], there: Sequence[str]) -> list[str]:
    """The models that stay allowed, of those that are; an empty list would allow every model there is."""
    unlimited = not there or any(model in _ALL_MODELS or "*" in model for model in there)
    kept = [model for model in dict.fromkeys(models) if unlimited or model in there]
    if not kept:
        raise UnsupportedError(
            f"none of {', '.join(models)} is allowed there now (only {', '.join(there)})",
            hint="Block it: no model stays allowed.",
        )
    return kept
