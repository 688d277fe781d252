"""Each rule of alerts with tighter limits, in words and as the command that tries them on the past."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from agent.analytics.pace import PaceStep
from agent.domain.alert import CRITICAL, WARNING, AlertRule
from agent.domain.duration import Duration

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings_alerts import Alerts, Tier

_SHARE = Decimal("0.10")
_LOWERED = (WARNING, CRITICAL)  # a cap is what was agreed on: what leads to it may be told of sooner


@dataclass(frozen=True, slots=True)
class Tighter:
    """A rule that tells earlier."""

    settings: Settings
    words: str
    command: str


def tighter(settings: Settings, rule: AlertRule) -> Tighter | None:
    """The settings with one rule that tells earlier.

    None where it has no limits, or none that can be any tighter.
    """
    try:
        if rule in _BY_ALERTS:
            words, alerts, sets = _BY_ALERTS[rule](settings.alerts)
        else:
            words, change = _BY_LIMITS[rule]
            alerts, sets = _limited(settings.alerts, rule, change(getattr(settings.alerts.rules, rule.value)))
    except ValueError:  # of limits that do not go together any more
        return None
    if not sets:
        return None
    tried = " ".join(f"--set {shlex.quote(each)}" for each in sets)
    return Tighter(
        dataclasses.replace(settings, alerts=alerts), words, f"burndeck alerts test {rule} {tried}"
    )


Tightened = tuple[str, "Alerts", list[str]]


def _budget(alerts: Alerts) -> Tightened:
    words = "budget tiers of warning and critical at a tenth of the month's credits less"
    return _lower_shares(alerts, words, lambda each: each.name in _LOWERED and each.of == "month")


def _day_forecast(alerts: Alerts) -> Tightened:
    words = "day_forecast at a tenth of the day's forecast less"
    return _lower_shares(alerts, words, lambda each: each.of == "day_forecast")


def _lower_shares(alerts: Alerts, words: str, chosen: Callable[[Tier], bool]) -> Tightened:
    """The alerts with the shares of some tiers lowered, and in words also where that is less than a tenth."""
    if any(_less(each.at) > each.at - _SHARE for each in alerts.tiers if chosen(each)):
        words += ", though never below half of what it was"
    return words, *_tiers(alerts, "at", chosen, _less)


def _last_month(alerts: Alerts) -> Tightened:
    words = "last_month at half as far above the month before"
    return words, *_tiers(alerts, "over_last_month", lambda each: each.over_last_month is not None, _half)


def _burn_spike(alerts: Alerts) -> Tightened:
    twice = alerts.spike.sensitivity * 2
    spike = msgspec.structs.replace(alerts.spike, sensitivity=twice)
    changed = msgspec.structs.replace(alerts, spike=spike)
    return "burn_spike twice as sensitive", changed, [f"alerts.spike.sensitivity={twice:f}"]


def _tiers(
    alerts: Alerts, field: str, chosen: Callable[[Tier], bool], lowered: Callable[[Decimal], Decimal]
) -> tuple[Alerts, list[str]]:
    """The alerts with one field of some tiers lowered."""
    values = {each.name: lowered(getattr(each, field)) for each in alerts.tiers if chosen(each)}
    tiers = tuple(
        msgspec.structs.replace(each, **{field: values[each.name]}) if chosen(each) else each
        for each in alerts.tiers
    )
    sets = [f"alerts.tiers.{name}.{field}={value:f}" for name, value in values.items()]
    return msgspec.structs.replace(alerts, tiers=tiers), sets


def _less(share: Decimal) -> Decimal:
    """A tenth less. Of a share that is hardly more than that little or nothing would be left."""
    return max(share - _SHARE, _half(share))


def _half(value: Decimal) -> Decimal:
    return value / 2


def _limited(alerts: Alerts, rule: AlertRule, values: Mapping[str, Any]) -> tuple[Alerts, list[str]]:
    """The alerts with some limits of one rule."""
    section = msgspec.structs.replace(getattr(alerts.rules, rule.value), **values)
    rules = msgspec.structs.replace(alerts.rules, **{rule.value: section})
    sets = [f"alerts.rules.{rule.value}.{name}={_written(value)}" for name, value in values.items()]
    return msgspec.structs.replace(alerts, rules=rules), sets


def _written(value: object) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _halves(*names: str) -> Callable[[Any], Mapping[str, Any]]:
    """Some limits of a section, halved."""

    def halved(section: Any) -> Mapping[str, Any]:
        values = {name: getattr(section, name) for name in names}
        return {
            name: type(each)(each / 2 if isinstance(each, Decimal) else each // 2)
            for name, each in values.items()
        }

    return halved


def _pace(section: Any) -> Mapping[str, Any]:
    steps = [PaceStep.parse(each) for each in section.pages]
    return {"pages": tuple(str(dataclasses.replace(each, times=each.times / 2)) for each in steps)}


def _runway(section: Any) -> Mapping[str, Any]:
    return {name: Duration(getattr(section, name) * 2) for name in ("critical", "warning")}


def _rate_of_change(section: Any) -> Mapping[str, Any]:
    return {"factor": 1 + (section.factor - 1) / 2, "min_share": section.min_share / 2}


_BY_ALERTS: Mapping[AlertRule, Callable[[Alerts], Tightened]] = {
    AlertRule.BURN_SPIKE: _burn_spike,
    AlertRule.BUDGET: _budget,
    AlertRule.DAY_FORECAST: _day_forecast,
    AlertRule.LAST_MONTH: _last_month,
}
_BY_LIMITS: Mapping[AlertRule, tuple[str, Callable[[Any], Mapping[str, Any]]]] = {
    AlertRule.PACE: ("pace with pages at half the burn", _pace),
    AlertRule.RUNWAY: ("runway with twice the time", _runway),
    AlertRule.RATE_OF_CHANGE: ("rate_of_change from half the rise on", _rate_of_change),
    AlertRule.NEW_BURNER: ("new_burner from half the burn on", _halves("min_credits_per_hour", "min_share")),
    AlertRule.UNTAGGED: ("untagged from half the share on", _halves("above")),
    AlertRule.ERRORS: ("errors from half the failed calls on", _halves("above", "min_requests")),
    AlertRule.CACHE: ("cache from half the loss on", _halves("drop")),
    AlertRule.DRIFT: ("drift from half the difference on", _halves("above")),
    AlertRule.SILENT_DATA: ("silent_data after half the time", _halves("after")),
}
