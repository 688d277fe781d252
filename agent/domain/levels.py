"""The levels of the hierarchy: who answers, what is controlled there, what is done at its caps."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.allocation import ScopeKind


@dataclass(frozen=True, slots=True)
class Level:
    """One row of the guide's table of levels."""

    name: str
    owner: str
    control: str
    policies: str
    enforcement: str
    scopes: tuple[ScopeKind, ...]  # that it stands for


LEVELS = (
    Level(
        "Organization",
        "Central Finance / Cloud Finance",
        "Credit Pool & Allocation Rules",
        "Pool size, rollover policy, default hard cap",
        "Hard cap (stop new allocations), global alerts",
        (ScopeKind.ORGANIZATION,),
    ),
    Level(
        "Billing Group",
        "Business Unit Finance",
        "Monthly Allocation",
        "Allocate credits per BU, define conversion rate to USD",
        "Soft caps, automated scaling suggestions",
        (ScopeKind.BILLING_GROUP,),
    ),
    Level(
        "Department / Team",
        "Team Lead / Engineering Manager",
        "Sub-Allocation & Tagging",
        "Tag enforcement, model whitelists, environment rules",
        "Rate-limiting, alerting, short-term throttles",
        (ScopeKind.DEPARTMENT, ScopeKind.TEAM),
    ),
    Level(
        "Project / Application",
        "Product Manager / App Owner",
        "Project Budget",
        "Monthly project credits, cost per feature SLAs",
        "Soft cap alerts, automated key rotation",
        (ScopeKind.PROJECT,),
    ),
    Level(
        "API Key / User",
        "Dev Owner",
        "Daily Limits & Tokens",
        "Per-key request limits, environment isolation",
        "Immediate throttle / block",
        (ScopeKind.API_KEY,),
    ),
)
"""Widest first; every kind of scope is in exactly one."""


def level_of(kind: ScopeKind) -> Level:
    """The level that a kind of scope belongs to."""
    return next(level for level in LEVELS if kind in level.scopes)
