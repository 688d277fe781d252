"""Thresholds that the ledger's own past says can never be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.alerts.lint.finding import Case, Finding, Level, Past
from agent.domain.money import to_credits
from agent.settings_rules import Drift
from agent.toml_file import Key

_DAY_S = 86_400
_HOURS_LOOKED_AT_D = 30
_FAR = 10  # an allocation so many times what burns has no tier that can fire


def check_floors(case: Case) -> list[Finding]:
    """Floors above the whole burn, shares above all of it, and rules whose history is missing."""
    found = [*_shares(case)]
    if case.past is not None:
        found += [*_above_everything(case, case.past), *_far_allocations(case, case.past)]
        found += [*_without_history(case, case.past), *_unknown_models(case, case.past)]
    return found


def _floored(case: Case) -> Iterator[tuple[Key, Any]]:
    """Every rule that has floors, with its key."""
    alerts = case.settings.alerts
    yield ("alerts", "spike"), alerts.spike
    for name in alerts.rules.__struct_fields__:
        rule = getattr(alerts.rules, name)
        if getattr(rule, "enabled", True):
            yield ("alerts", "rules", name), rule


def _shares(case: Case) -> Iterator[Finding]:
    """Shares above one. A truth layer may well be more than twice another, so a drift's are none."""
    for key, rule in _floored(case):
        value = None if isinstance(rule, Drift) else getattr(rule, "above", None)
        if value is not None and value > 1:
            yield case.finding(
                Level.WARNING,
                (*key, "above"),
                f"{value:f} is more than all of it, so the rule never fires",
                "Write a share between 0 and 1.",
            )


def _above_everything(case: Case, past: Past) -> Iterator[Finding]:
    end = past.known_to
    extent = past.history.extent(end - _HOURS_LOOKED_AT_D * _DAY_S, end)
    busiest = to_credits(extent.busiest_hour_nano)
    if extent.first_hour is None:
        return
    for key, rule in _floored(case):
        floor = getattr(rule, "min_credits_per_hour", None)
        if floor is not None and floor > busiest:
            yield case.finding(
                Level.WARNING,
                (*key, "min_credits_per_hour"),
                f"the floor of {floor:f} credits an hour lies above everything that burns: the busiest hour "
                f"of {_HOURS_LOOKED_AT_D} days had {busiest:,.2f}",
                f"Set it to about {busiest / 20:,.2f}, a twentieth of the busiest hour.",
            )


def _far_allocations(case: Case, past: Past) -> Iterator[Finding]:
    end = past.known_to
    today = end // _DAY_S * _DAY_S
    days = [today - back * _DAY_S for back in range(1, _HOURS_LOOKED_AT_D + 1)]
    lowest = min((tier.at for tier in case.settings.alerts.tiers if tier.of == "month"), default=None)
    first = past.history.extent(days[-1], end).first_hour
    if first is None or first > days[-2]:
        return  # less than a month is known
    for number, allocation in enumerate(case.settings.allocations):
        burnt = past.history.burnt(allocation.scope, days)
        if lowest is not None and 0 < burnt * _FAR < lowest * allocation.monthly_nano:
            yield case.finding(
                Level.NOTE,
                ("allocations", number, "monthly_credits"),
                f"{allocation.id} has {to_credits(allocation.monthly_nano):,.0f} credits a month and burnt "
                f"{to_credits(burnt):,.0f} in 30 days: its lowest tier fires at more than {_FAR} times that",
                "Lower it, if it is to warn of anything.",
            )


def _without_history(case: Case, past: Past) -> Iterator[Finding]:
    rule = case.settings.alerts.rules.day_forecast
    forecast = [
        (place, tier) for place, tier in enumerate(case.settings.alerts.tiers) if tier.of == "day_forecast"
    ]
    if not forecast or not rule.enabled:
        return
    end = past.known_to
    extent = past.history.extent(end - rule.min_days * _DAY_S - 3_600, end)
    known = 0 if extent.first_hour is None else (end - extent.first_hour) // _DAY_S
    if known < rule.min_days:
        place, tier = forecast[0]
        yield case.finding(
            Level.NOTE,
            ("alerts", "tiers", place, "of"),
            f"{tier.name} asks for a forecast of the day, for which the ledger must know {rule.min_days} "
            f"days; it knows {known}",
            "It begins by itself once there is enough history.",
        )


def _unknown_models(case: Case, past: Past) -> Iterator[Finding]:
    listed = past.history.rates(past.at)
    for number, allocation in enumerate(case.settings.allocations):
        unknown = [model for model in allocation.approved_models if model not in listed] if listed else []
        if unknown:
            yield case.finding(
                Level.WARNING,
                ("allocations", number, "approved_models"),
                f"the rate card has no price of {', '.join(unknown)}, so no suggestion can name it",
                "Check the name, or price it in the file that [rates] names.",
            )
