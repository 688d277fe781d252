"""Recipients that no route reaches, routes that never fit, channels without a use or a secret."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.alerts.duties import recipients_of
from agent.alerts.lint.finding import Case, Finding, Level
from agent.alerts.lint.tiers import known_tiers
from agent.alerts.routes import Facts, destinations
from agent.domain.alert import AlertRule
from agent.domain.allocation import Allocation, ScopeKind
from agent.settings_alerts import Tier
from agent.settings_channels import resolve
from agent.toml_file import Key

_ALWAYS = ("silence_author", "tickets")
"""Parts that burndeck names itself."""
_OF_ACTIONS = ("ops_on_call", "central_finance", "team_lead")
"""Parts that are told of actions, and asked to approve, whatever the tiers name."""
_SOME_TIME = datetime(2026, 1, 7, 12, tzinfo=UTC)


def check_routes(case: Case) -> list[Finding]:
    """Who is told, and by what."""
    return [*_unreached(case), *_never(case), *_unused(case), *_secrets(case)]


def _unreached(case: Case) -> Iterator[Finding]:
    alerts = case.settings.alerts
    for place, tier in enumerate(alerts.tiers):
        told = [name for name in dict.fromkeys((*tier.notify, *tier.escalate_to)) if name not in _ALWAYS]
        for name in told:
            key: Key = ("alerts", "tiers", place, "notify" if name in tier.notify else "escalate_to")
            fix = f'Add [[alerts.routes]] with recipient = "{name}"; see also `burndeck alerts route test`.'
            missed = [each.id for each in case.settings.allocations if not _reached(case, tier, name, each)]
            if tier.action == "block" and missed:
                of = "" if len(missed) == len(case.settings.allocations) else f" of {', '.join(missed[:5])}"
                problem = f"{tier.name} blocks{of} and tells {name}, whom no route reaches"
                yield case.finding(Level.ERROR, key, problem, fix)
            elif not _reached(case, tier, name):
                problem = f"{tier.name} tells {name}, whom no route reaches"
                yield case.finding(Level.WARNING, key, problem, fix)
    if not alerts.routes:
        yield case.finding(
            Level.WARNING,
            ("alerts", "routes"),
            "there are no routes: alerts show in the console, and nobody outside is told",
            "Add [[alerts.channels]] and [[alerts.routes]].",
        )


def _reached(case: Case, tier: Tier, name: str, allocation: Allocation | None = None) -> bool:
    """Whether somebody is told at some hour: of an allocation's budget, or of anything at all."""
    alerts = case.settings.alerts
    facts = Facts(tier.name, AlertRule.BUDGET.value)
    routes = [msgspec.structs.replace(route, hours="") for route in alerts.routes]
    if allocation is None:
        anything: dict[str, Any] = {"rules": (), "teams": (), "allocations": (), "environments": ()}
        routes = [msgspec.structs.replace(route, **anything) for route in routes]
    else:
        scope = allocation.scope
        team = scope.value if scope.kind is ScopeKind.TEAM else ""
        facts = replace(facts, team=team, allocation_id=allocation.id)
    return not destinations(facts, [name], routes, alerts.channels, _SOME_TIME).unreached


def _never(case: Case) -> Iterator[Finding]:
    alerts = case.settings.alerts
    recipients = {*_ALWAYS, *_OF_ACTIONS, *(name for tier in alerts.tiers for name in _parts(tier))}
    known: dict[str, Collection[str]] = {
        "tiers": known_tiers(case),
        "rules": [rule.value for rule in AlertRule],
        "allocations": [allocation.id for allocation in case.settings.allocations],
        "teams": _teams(case),
        "environments": _environments(case),
    }
    for number, route in enumerate(alerts.routes):
        if route.recipient and route.recipient not in recipients:
            yield _unmatched(case, number, "recipient", route.recipient, recipients)
        for key, values in known.items():
            wanted = getattr(route, key)
            for value in wanted:
                if value not in values and not (key in ("teams", "environments") and case.past is None):
                    yield _unmatched(case, number, key, value, values, alone=len(wanted) == 1)


def _unmatched(
    case: Case, number: int, key: str, value: str, known: Collection[str], *, alone: bool = True
) -> Finding:
    what = {"recipient": "tier that tells", "rules": "rule", "allocations": "allocation"}.get(key, key[:-1])
    near = difflib.get_close_matches(value, sorted(known), n=1)
    never = "it never fits" if alone else "that never fits"
    return case.finding(
        Level.WARNING,
        ("alerts", "routes", number, key),
        f"there is no {what} {value!r}: {never}",
        f"Did you mean {near[0]!r}?" if near else "Known: " + (", ".join(sorted(known)[:12]) or "none") + ".",
    )


def _parts(tier: Tier) -> tuple[str, ...]:
    return (*recipients_of(tier), *tier.escalate_to)


def _teams(case: Case) -> set[str]:
    scopes = (allocation.scope for allocation in case.settings.allocations)
    teams = {scope.value for scope in scopes if scope.kind is ScopeKind.TEAM}
    return teams | {place.team for place in case.past.places if place.team} if case.past else teams


def _environments(case: Case) -> set[str]:
    return {place.environment for place in case.past.places if place.environment} if case.past else set()


def _unused(case: Case) -> Iterator[Finding]:
    alerts = case.settings.alerts
    texts = {text for route in alerts.routes for text in route.send}
    texts |= {name for tier in alerts.tiers for name in _parts(tier)}
    used = set()
    for text in texts:
        try:
            used.add(resolve(text, alerts.channels)[0])
        except ValueError:
            continue  # the name of a part, which routes translate
    for number, channel in enumerate(alerts.channels):
        if channel.name not in used:
            yield case.finding(
                Level.WARNING,
                ("alerts", "channels", number, "name"),
                f"no route sends anything to {channel.name}",
                f'Name it in a route: send = ["{channel.name}"], or take it away.',
            )


def _secrets(case: Case) -> Iterator[Finding]:
    for number, channel in enumerate(case.settings.alerts.channels):
        if channel.secret is not None and case.secret_of(channel) is None:
            yield case.finding(
                Level.ERROR,
                ("alerts", "channels", number, "name"),
                f"{channel.name} has no {channel.of_kind.secret.what}: nothing can be sent there",
                f"Run `burndeck login {channel.name}`. Where it is found: {channel.of_kind.secret.where}.",
            )
