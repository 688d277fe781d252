"""The drills of the shipped runbooks: which scenario each is played on, and what is answered.

The simulated provider stops whole projects only, and holds batches by a limit of their own: what it cannot do
is skipped, as a person would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.domain.runbook import Runbook
from agent.runbooks.library import library
from agent.settings import Settings
from console.runs.answers import answers_of
from console.runs.drill import Drill, Report, run_drill
from console.runs.drive import StepEnd
from console.runs.rehearsal import rehearsal
from fixtures.organization import Key, build_organization
from fixtures.scenario import load_scenario

_KEYS = build_organization(1).keys
_WHOLE_PROJECTS = "the provider stops whole projects only"


def _struck(scenario: str) -> Key:
    """Whom a scenario strikes."""
    key = load_scenario(scenario).key(build_organization(1))
    assert key is not None
    return key


@dataclass(frozen=True)
class Plan:
    """How a runbook is drilled."""

    scenario: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    without_alert: bool = False


PLANS: Mapping[str, Plan] = {
    "cost-spike": Plan(
        "retry-storm", {"answers": {"how-hard": "key"}, "act": {"throttle-key": {"limit": "4 rpm"}}}
    ),
    "hard-cap-override": Plan("retry-storm"),
    "throttle-non-prod": Plan(
        "runaway-batch",
        {
            "skip": {"throttle": _WHOLE_PROJECTS, "fell": "nothing was throttled"},
            "answers": {"keep": "release"},
        },
    ),
    "leaked-key": Plan(
        "leaked-key",
        {
            "answers": {
                "still-calls": "around",
                "rotate": _KEYS[0].id,
                "gone": "deleted",
                "leaver": "no",
            },
        },
    ),
    "model-regression": Plan(
        "dearer-model",
        {
            "answers": {"which": "gpt-4o-mini, gpt-4.1-mini"},
            "act": {"downgrade": {"scope": f"project:{_struck('dearer-model').project.id}"}},
        },
    ),
    "runaway-batch": Plan(
        "runaway-batch", {"answers": {"decide": "model", "which": "gpt-4o-mini, gpt-4.1-mini, gpt-4o"}}
    ),
    "provider-outage-retry-storm": Plan("retry-storm", {"act": {"hold-key": {"limit": "4 rpm"}}}),
    "data-gap": Plan("quiet-day"),
    "weekly-burn-review": Plan("quiet-day"),
    "month-end-close": Plan(
        "quiet-day",
        {
            "overrule": dict.fromkeys(
                ("fresh", "agree", "priced", "attributed"), "it is young: it knows 30 days"
            )
        },
    ),
    "key-rotation": Plan(
        "quiet-day",
        {
            "set": {"key": _KEYS[1].id},
            "answers": {"issue": _KEYS[0].id, "agreed": "yes"},
            "overrule": {"silent": "its owner has moved", "revoke": "its owner has moved"},
        },
    ),
    "first-90-days": Plan("quiet-day"),
}
"""Runbook -> plan."""


def shipped(ident: str) -> Runbook:
    """A runbook that burndeck ships."""
    found = library(Settings()).find(ident)
    assert found is not None, ident
    return found


def beginning(path: Path) -> Path:
    """The ledger of a company of seed 1 before anything happens, for many drills."""
    with rehearsal(load_scenario("quiet-day"), 1) as ground:
        ground.reader.copy_to(path)
    return path


def drilled(
    ident: str, ledger: Path, *, act: bool = False, postmortem: Path | None = None
) -> tuple[Report, list[str | StepEnd]]:
    """A drill by its plan, and what it told on its way."""
    plan, runbook = PLANS[ident], shipped(ident)
    told: list[str | StepEnd] = []
    order = Drill(
        runbook,
        load_scenario(plan.scenario),
        act=act,
        without_alert=plan.without_alert,
        answers=answers_of(plan.answers, runbook),
        postmortem=postmortem,
        ledger=ledger,
    )
    return run_drill(order, told.append), told
