"""Tiers that stand in the wrong place, tell nobody, or can never fire."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from agent.alerts.lint.finding import Case, Finding, Level
from agent.domain.alert import TIERS, tier_rank


def check_tiers(case: Case) -> list[Finding]:
    """Order, caps, recipients and escalation of the tiers, and the tiers that rules name."""
    return [*_order(case), *_beyond_caps(case), *_telling(case), *_named_by_rules(case)]


def known_tiers(case: Case) -> set[str]:
    """Names that an alert may have as its tier."""
    return {tier.name for tier in case.settings.alerts.tiers} | set(TIERS)


def _order(case: Case) -> Iterator[Finding]:
    monthly = [(place, tier) for place, tier in enumerate(case.settings.alerts.tiers) if tier.of == "month"]
    for (_, lower), (place, tier) in pairwise(monthly):
        if tier_rank(tier.name) < tier_rank(lower.name):
            yield case.finding(
                Level.ERROR,
                ("alerts", "tiers", place, "name"),
                f"{tier.name} fires at {tier.at:f} of a month, after {lower.name} at {lower.at:f}: "
                "the milder mutes nothing and the graver comes first",
                f"Give {tier.name} a lower share than {lower.name}, or swap their names.",
            )


def _beyond_caps(case: Case) -> Iterator[Finding]:
    allocations = case.settings.allocations
    for place, tier in enumerate(case.settings.alerts.tiers):
        if tier.of != "month" or not allocations:
            continue
        late = [each for each in allocations if tier.at > each.hard_cap]
        if tier.action == "block" and late:
            names = ", ".join(f"{each.id} ({each.hard_cap:f})" for each in late[:3])
            yield case.finding(
                Level.WARNING,
                ("alerts", "tiers", place, "at"),
                f"{tier.name} blocks at {tier.at:f}, beyond the hard cap of {names}",
                "Let the tier fire at the hard cap at the latest, or raise the cap.",
            )
        elif late and len(late) == len(allocations):
            yield case.finding(
                Level.WARNING,
                ("alerts", "tiers", place, "at"),
                f"{tier.name} at {tier.at:f} lies beyond every hard cap, so it never fires before one",
                "Give it a share below the hard caps.",
            )
    lowest = min((tier.at for tier in case.settings.alerts.tiers if tier.of == "month"), default=None)
    for number, allocation in enumerate(allocations):
        if lowest is None or lowest >= allocation.hard_cap or allocation.soft_cap >= allocation.hard_cap:
            yield case.finding(
                Level.WARNING,
                ("allocations", number, "soft_cap"),
                f"there is no step before its hard cap of {allocation.hard_cap:f}",
                "Set a soft_cap and a tier below it, so that somebody hears of it in time.",
                of=allocation.id,
            )


def _telling(case: Case) -> Iterator[Finding]:
    for place, tier in enumerate(case.settings.alerts.tiers):
        if not tier.notify:
            yield case.finding(
                Level.WARNING,
                ("alerts", "tiers", place, "notify"),
                f"{tier.name} tells nobody: it shows in the console only",
                'Name who is told, as in notify = ["team_lead"].',
            )
        if tier.escalate_to and tier.acknowledge_within is None:
            yield case.finding(
                Level.WARNING,
                ("alerts", "tiers", place, "escalate_to"),
                f"{tier.name} never escalates, since nothing says by when it must be acknowledged",
                'Set acknowledge_within, as in "15m".',
            )


def _named_by_rules(case: Case) -> Iterator[Finding]:
    rules = case.settings.alerts.rules
    for name in rules.__struct_fields__:
        tier = getattr(getattr(rules, name), "tier", None)
        if tier is not None and tier not in known_tiers(case):
            yield case.finding(
                Level.ERROR,
                ("alerts", "rules", name, "tier"),
                f"the rule {name} raises the tier {tier!r}, which there is not",
                f"Known: {', '.join(sorted(known_tiers(case), key=tier_rank))}.",
            )
