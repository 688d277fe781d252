"""What a run is about: parameters filled from the alert that it answers, and what `{name}` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.domain.allocation import Scope, ScopeKind
from agent.domain.runbook import ParameterKind
from agent.domain.words import instant

if TYPE_CHECKING:
    from agent.domain.alert import Alert, Signal
    from agent.domain.run import Run
    from agent.domain.runbook import Runbook

_LEVELS = frozenset(kind.value for kind in ScopeKind)
_WHOLE = Scope(ScopeKind.ORGANIZATION)


def scope_of(signal: Signal) -> Scope:
    """What of an alert can be acted on: its key, else what it is about, else its team, else the whole."""
    if signal.api_key:
        return Scope(ScopeKind.API_KEY, signal.api_key)
    if signal.scope_kind in _LEVELS and (signal.scope or signal.scope_kind == ScopeKind.ORGANIZATION):
        return Scope(ScopeKind(signal.scope_kind), signal.scope)
    return Scope(ScopeKind.TEAM, signal.team) if signal.team else _WHOLE


def filled_from(runbook: Runbook, alert: Alert | None, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a new run: what was given, else what the alert says, else the runbook's default."""
    known = _known(alert)
    found = {}
    for parameter in runbook.parameters:
        value = given.get(parameter.name) or known.get(parameter.source, "") or parameter.default
        found[parameter.name] = value
    return found


def values_of(run: Run) -> dict[str, str]:
    """What every `{name}` in a step of a run stands for; empty text for what is not known yet."""
    return {
        **run.parameters,
        "alert": "" if run.alert is None else str(run.alert),
        "incident": "" if run.incident is None else str(run.incident),
        "run": "" if run.id is None else str(run.id),
        "started": instant(run.started_at),
    }


def scope_of_run(run: Run) -> Scope | None:
    """What a run is about: the first scope, key or team among its parameters; None for none."""
    return next(iter(scopes_of_run(run)), None)


def scopes_of_run(run: Run) -> tuple[Scope, ...]:
    """Every scope, key and team among the parameters of a run."""
    found = (
        _scope(parameter.kind, run.parameters.get(parameter.name, "")) for parameter in run.runbook.parameters
    )
    return tuple(dict.fromkeys(scope for scope in found if scope is not None))


def _scope(kind: ParameterKind, value: str) -> Scope | None:
    if not value:
        return None
    if kind is ParameterKind.KEY:
        return Scope(ScopeKind.API_KEY, value)
    if kind is ParameterKind.TEAM:
        return Scope(ScopeKind.TEAM, value)
    try:
        return Scope.parse(value) if kind is ParameterKind.SCOPE else None
    except ValueError:
        return None


def _known(alert: Alert | None) -> Mapping[str, str]:
    if alert is None:
        return {}
    signal = alert.signal
    return {
        "alert.id": str(alert.id),
        "alert.scope": str(scope_of(signal)),
        "alert.key": signal.api_key,
        "alert.team": signal.team or (signal.scope if signal.scope_kind == "team" else ""),
        "alert.model": signal.scope if signal.scope_kind == "model" else "",
        "alert.allocation": signal.allocation_id,
        "alert.environment": signal.environment,
        "incident.id": "" if alert.incident is None else str(alert.incident),
    }
