"""What the Administration API can be told, planned without a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from agent.control.gateways.base import Hit, UnsupportedError, cannot
from agent.control.gateways.openai import names, scopes
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import ScopeKind
from agent.domain.gateway import Fields, GatewayKey, Limit, LimitUnit, Offer, Target, TargetKind, TargetState
from agent.domain.model_name import listed_name
from agent.domain.money import NANO

if TYPE_CHECKING:
    from agent.settings_gateways import Gateway

_FIELDS = {LimitUnit.RPM: names.RPM, LimitUnit.TPM: names.TPM}
_NOTHING = {"mode": "allow_list", "model_ids": []}
_OFFERS: Mapping[ActionKind, Offer] = {
    ActionKind.THROTTLE: Offer(
        units=(LimitUnit.RPM, LimitUnit.TPM),
        effect_s=60,
        holds_batches=False,
        note="holds a project's calls to a model, whichever key sends them; every model has the whole limit "
        "for itself, and batches have a limit of their own; a key alone cannot be throttled, only blocked",
    ),
    ActionKind.BLOCK: Offer(
        effect_s=60,
        missed=scopes.HELP,
        note="takes a whole project its models, or makes a single key read-only, until it is undone; that a "
        "read-only key is refused by models is expected, not promised by the provider",
    ),
    ActionKind.MODELS: Offer(effect_s=60, note="for a whole project, whichever key calls"),
    ActionKind.TOOLS: Offer(effect_s=60, note="hosted tools, for a whole project, whichever key calls"),
    ActionKind.CAP: Offer(
        effect_s=180,
        note="the provider's own spend limit of a calendar month (UTC), in whole cents; it counts what was "
        "spent before, and stops some minutes late",
    ),
    ActionKind.REVOKE: Offer(effect_s=60, reversible=False, note="a deleted key never comes back"),
}


@dataclass(frozen=True, slots=True)
class OpenAIDialect:
    """Plans; spend limits only where it knows what a credit costs."""

    usd_per_credit: Decimal | None = None

    @property
    def offers(self) -> Mapping[ActionKind, Offer]:
        """The kinds of action that it can do."""
        return _OFFERS

    def targets(self, gateway: Gateway, spec: ActionSpec, hit: Hit) -> Sequence[Target]:
        """Projects with their models for a throttle; keys to delete or block them; else whole projects."""
        if spec.kind not in _OFFERS:
            raise cannot(gateway.name, spec, _OFFERS)
        if spec.kind is ActionKind.CAP and spec.scope.kind is ScopeKind.ORGANIZATION and not hit.others:
            return [names.of_organization(gateway.name)]
        projects = sorted({key.project for key in hit.keys if key.project})
        if not projects:
            raise UnsupportedError(
                f"{gateway.name} knows no key of {spec.scope}",
                hint="`burndeck agent status` says when the agent last read the gateway's keys.",
            )
        if spec.kind is ActionKind.REVOKE:
            return [names.of_key(gateway.name, key.project, key.id) for key in hit.keys if key.project]
        if spec.kind is ActionKind.THROTTLE:
            return _models(gateway.name, projects, spec, hit)
        if spec.kind is ActionKind.BLOCK:
            return _blocked(gateway.name, projects, spec, hit)
        return _whole_projects(gateway.name, projects, spec, hit)

    def wanted(self, spec: ActionSpec, state: TargetState) -> Fields:
        """The fields to set; a throttle or a list of models never loosens what holds already."""
        match spec.kind:
            case ActionKind.THROTTLE:
                assert spec.limit is not None
                return _held(spec.limit, state.fields)
            case ActionKind.BLOCK if state.target.kind is TargetKind.KEY_SCOPES:
                return {names.SCOPES: scopes.blocked(state.fields[names.SCOPES])}
            case ActionKind.BLOCK:
                return {names.MODELS: _NOTHING}
            case ActionKind.MODELS:
                return {names.MODELS: _narrowed(spec.models, state.fields.get(names.MODELS))}
            case ActionKind.TOOLS:
                return {names.TOOLS: _kept_on(spec.models, state.fields.get(names.TOOLS))}
            case ActionKind.CAP:
                return {names.SPEND: self._cents(spec.amount_nano)}
            case ActionKind.REVOKE:
                return {names.DELETED: True}
        raise cannot("openai", spec, _OFFERS)

    def words(self, fields: Fields) -> str:
        """What these fields hold a target to."""
        parts = [_WORDS[name](value) for name, value in fields.items() if name in _WORDS]
        return ", ".join(part for part in parts if part) or "nothing known"

    def reaches(self, target: Target, key: GatewayKey) -> bool:
        """A project's limits bear on all of its keys, also on those that were not meant."""
        if target.kind in (TargetKind.KEY, TargetKind.KEY_SCOPES):
            return target.id == f"{key.project}/{key.id}"
        return target.kind is TargetKind.ORGANIZATION or names.project_of(target) == key.project

    def _cents(self, nano: int) -> int:
        if self.usd_per_credit is None:
            raise UnsupportedError(
                "a spend limit is set in dollars, and nobody said what a credit costs",
                hint="Set usd_per_credit of the organization or billing group in burndeck.toml.",
            )
        cents = Fraction(nano) * Fraction(self.usd_per_credit) * 100 // NANO
        if cents < 1:
            raise UnsupportedError(
                "the amount is less than a cent, the least spend limit that openai takes",
                hint="A block of the project stops all of its spend.",
            )
        return cents


DIALECT = OpenAIDialect()


def priced(usd_per_credit: Decimal) -> OpenAIDialect:
    """The dialect that can set spend limits, at so many dollars a credit."""
    return OpenAIDialect(usd_per_credit)


def _models(gateway: str, projects: Sequence[str], spec: ActionSpec, hit: Hit) -> list[Target]:
    known: dict[str, set[str]] = {project: set() for project in projects}
    for target in hit.known:
        if target.kind is TargetKind.PROJECT_MODEL and names.project_of(target) in known:
            known[names.project_of(target)].add(names.within_project(target))
    found: list[Target] = []
    for project, models in known.items():
        chosen = {listed_name(model, models) for model in spec.models} - {None} if spec.models else models
        found += [names.of_model(gateway, project, str(model)) for model in sorted(map(str, chosen))]
    if found:
        return found
    if any(known.values()):
        listed = ", ".join(sorted(set().union(*known.values()))[:12])
        raise UnsupportedError(
            f"no project of {spec.scope} has a rate limit for {', '.join(spec.models)}",
            hint=f"Known: {listed}.",
        )
    raise UnsupportedError(
        f"the rate limits of {', '.join(projects)} are not known yet",
        hint="The agent reads them with the gateway's next inventory; `burndeck agent status` says when.",
    )


def _blocked(gateway: str, projects: Sequence[str], spec: ActionSpec, hit: Hit) -> list[Target]:
    """Projects of which every key is meant as a whole; of the others, the keys that are, one by one.

    A key that is meant by itself is also left its project, where its scopes are known.
    """
    shared = {key.project for key in hit.others} & set(projects)
    alone = set(projects) if spec.scope.kind is ScopeKind.API_KEY else shared
    keys = scopes.keys_alone(gateway, hit, sorted(alone))
    by_key = {names.project_of(target) for target in keys}
    whole = [names.of_project(gateway, each) for each in projects if each not in shared | by_key]
    if not keys and not whole:
        raise scopes.nobody_knows(gateway, hit.keys)
    return [*whole, *keys]


def _whole_projects(gateway: str, projects: Sequence[str], spec: ActionSpec, hit: Hit) -> list[Target]:
    """The projects, provided that no key is hit that is not meant."""
    shared = sorted({key.project for key in hit.others} & set(projects))
    if shared:
        raise UnsupportedError(
            f"openai {_WHOLE[spec.kind]} only, and {', '.join(shared)} has other keys too",
            hint=_NEAREST[spec.kind].format(project=shared[0]),
        )
    if spec.kind is ActionKind.CAP and len(projects) > 1:
        raise UnsupportedError(
            f"{spec.scope} has {len(projects)} projects here, and openai has no spend limit over several",
            hint="Cap each project by itself, with its part of the amount.",
        )
    return [names.of_project(gateway, project) for project in projects]


_WHOLE = {
    ActionKind.BLOCK: "blocks a whole project",
    ActionKind.MODELS: "allows models to a whole project",
    ActionKind.TOOLS: "allows hosted tools to a whole project",
    ActionKind.CAP: "caps a whole project",
}
_NEAREST = {
    ActionKind.MODELS: "Throttle the unwanted models of {project}, or act on project:{project} as a whole.",
    ActionKind.TOOLS: "Act on project:{project} as a whole.",
    ActionKind.CAP: "Cap project:{project} as a whole.",
}


def _held(limit: Limit, fields: Fields) -> Fields:
    name = _FIELDS.get(limit.unit)
    if name is None:
        rpm = limit.per_minute
        hint = f"Use rpm: {max(rpm, 1)} rpm." if rpm is not None else "Use rpm or tpm."
        raise UnsupportedError(f"openai limits by the minute and has no {limit.unit.value}", hint=hint)
    if limit.amount < 1:
        raise UnsupportedError(
            f"openai takes no limit of {limit}",
            hint=f"1 {limit.unit.value} is the least; a block lets nothing pass.",
        )
    now = fields.get(name)
    return {name: limit.amount if now is None else min(limit.amount, now)}


def _narrowed(wanted: Sequence[str], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Only these models, and of them only those that were allowed before."""
    allowed = set(wanted)
    if before is not None:
        listed = set(before["model_ids"])
        allowed = allowed & listed if before["mode"] == "allow_list" else allowed - listed
    if not allowed:
        raise UnsupportedError(
            f"{', '.join(sorted(wanted))}: not allowed there now, so that nothing would be left",
            hint="A block lets nothing pass; or name a model that is allowed.",
        )
    return {"mode": "allow_list", "model_ids": sorted(allowed)}


def _kept_on(wanted: Sequence[str], before: Mapping[str, bool] | None) -> dict[str, bool]:
    """Every hosted tool that is not named is off; none that was off comes on."""
    if not before:
        raise UnsupportedError(
            "the provider does not say which hosted tools there are",
            hint="`burndeck doctor` says when the gateway was last read.",
        )
    if unknown := set(wanted) - before.keys():
        raise UnsupportedError(
            f"there is no hosted tool {', '.join(sorted(unknown))}", hint=f"Known: {', '.join(before)}."
        )
    return {name: on and name in wanted for name, on in before.items()}


def _dollars(cents: int | None) -> str:
    return "no spend limit" if cents is None else f"spend limit {Decimal(cents) / 100:,.2f} USD a month"


def _permitted(rule: Mapping[str, Any] | None) -> str:
    if rule is None:
        return "every model"
    listed = ", ".join(rule["model_ids"])
    if rule["mode"] == "allow_list":
        return f"only {listed}" if listed else "blocked: no model allowed"
    return f"every model but {listed}" if listed else "every model"


def _tools(tools: Mapping[str, bool] | None) -> str:
    off = sorted(name for name, on in (tools or {}).items() if not on)
    if off:
        return f"tools off: {', '.join(off)}"
    return "every hosted tool" if tools else ""


_WORDS: Mapping[str, Callable[[Any], str]] = {
    names.RPM: lambda rate: f"{rate} rpm",
    names.TPM: lambda rate: f"{rate} tpm",
    names.SPEND: _dollars,
    names.MODELS: _permitted,
    names.TOOLS: _tools,
    names.SCOPES: scopes.words,
    names.DELETED: lambda gone: "deleted" if gone else "in use",
}
