"""What an action step asks for, as the change that control plans: one for consoles and the agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.domain.action import LONGEST_S, ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope
from agent.domain.duration import Duration
from agent.domain.gateway import Limit
from agent.domain.money import AmountError, to_nano
from agent.errors import ConfigError
from agent.runbooks.about import values_of
from agent.runbooks.actions import ACTIONS
from agent.runbooks.filling import fill

if TYPE_CHECKING:
    from agent.domain.run import Run
    from agent.domain.runbook import Step
    from agent.settings import Settings

RELEASE = "release"
"""The action step that makes nothing: it undoes what the run has made."""
KINDS: Mapping[str, ActionKind] = {
    **{kind.value: kind for kind in ActionKind if kind is not ActionKind.TOP_UP},
    "top-up": ActionKind.TOP_UP,
}
"""What an action step may be called, but for `release`."""
USING = tuple(dict.fromkeys(name for words in ACTIONS.values() for name in words.parameters))
"""Parameters of action steps."""


def spec_of(settings: Settings, run: Run, step: Step, changed: Mapping[str, str] | None = None) -> ActionSpec:
    """The change that a step asks for; `changed` has what a person typed instead.

    `settings` has the allocations in force. Raises `ConfigError` naming the parameter that is missing or bad.
    """
    values = values_of(run)
    typed = dict(changed or {})
    using = {name: fill(text, values) for name, text in step.using.items() if name not in typed} | typed
    kind = KINDS[step.action]
    allocation = _allocation(settings, using)
    scope = allocation.scope if allocation is not None and not using.get("scope") else _scope(using, step)
    try:
        return ActionSpec(
            kind,
            scope,
            non_prod=_yes(using, "non-prod"),
            limit=_limit(using) if kind is ActionKind.THROTTLE else None,
            models=_names(using) if kind in _WITH_MODELS else (),
            amount_nano=_amount(using, "amount") if kind in _WITH_AMOUNT else 0,
            expires_s=_expires(settings, kind, using),
            change=_change(using, allocation) if kind is ActionKind.ALLOCATE else {},
            gateway=using.get("gateway", ""),
            drill=run.drill,
            emergency=kind is ActionKind.TOP_UP and _yes(using, "emergency"),
        )
    except ValueError as error:
        raise ConfigError(f"step {step.seq}: {error}") from None


_WITH_MODELS = (ActionKind.MODELS, ActionKind.TOOLS, ActionKind.THROTTLE)
_WITH_AMOUNT = (ActionKind.CAP, ActionKind.TOP_UP)


def _scope(using: Mapping[str, str], step: Step) -> Scope:
    text = using.get("scope", "")
    if not text:
        raise ConfigError(
            f"step {step.seq}: scope: it is not known yet", hint="Say which, such as team:search."
        )
    try:
        return Scope.parse(text)
    except ValueError as error:
        raise ConfigError(f"step {step.seq}: {error}") from None


def _allocation(settings: Settings, using: Mapping[str, str]) -> Allocation | None:
    ident = using.get("allocation", "")
    if not ident:
        return None
    found = next((each for each in settings.allocations if ident in (each.id, str(each.scope))), None)
    if found is None:
        known = ", ".join(each.id for each in settings.allocations) or "none"
        raise ConfigError(f"allocation: there is no {ident}", hint=f"Known: {known}.")
    return found


def _limit(using: Mapping[str, str]) -> Limit:
    return Limit.parse(using.get("limit", ""))


def _names(using: Mapping[str, str]) -> tuple[str, ...]:
    found = (name.strip() for name in using.get("models", "").split(","))
    return tuple(dict.fromkeys(name for name in found if name))


def _amount(using: Mapping[str, str], name: str) -> int:
    text = using.get(name, "").replace(",", "").replace("_", "").strip()
    try:
        return int(to_nano(text))
    except AmountError:
        raise ValueError(f"{name}: {text or 'nothing'} is no amount of credits") from None


def _expires(settings: Settings, kind: ActionKind, using: Mapping[str, str]) -> int:
    text = using.get("for", "")
    if text:
        span = int(Duration.parse(text))
        if not 0 < span <= LONGEST_S:
            raise ValueError("for: more than nothing, and no longer than 31d")
        return span
    usual = {
        ActionKind.THROTTLE: settings.acting.throttle_expires,
        ActionKind.BLOCK: settings.acting.block_expires,
    }
    return int(usual.get(kind, 0))


def _change(using: Mapping[str, str], allocation: Allocation | None) -> dict[str, Any]:
    if allocation is None:
        raise ValueError("allocation: say which")
    return {"id": allocation.id, "monthly_nano": _amount(using, "monthly")}


def _yes(using: Mapping[str, str], name: str) -> bool:
    text = using.get(name, "").strip().lower()
    if text in ("yes", "y", "true"):
        return True
    if text in ("", "no", "n", "false"):
        return False
    raise ConfigError(f"{name}: {text!r} is neither yes nor no")
