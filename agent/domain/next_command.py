"""The command to run first for an alert: the same one in its message and on every screen of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from agent.domain.alert import AlertRule

OF_A_BUDGET = frozenset({AlertRule.BUDGET, AlertRule.LAST_MONTH})
_TRIAGED = frozenset(
    {
        *(AlertRule.BURN_SPIKE, AlertRule.RATE_OF_CHANGE, AlertRule.NEW_BURNER, AlertRule.UNTAGGED),
        *(AlertRule.ERRORS, AlertRule.CACHE, AlertRule.PACE, AlertRule.RUNWAY, AlertRule.DAY_FORECAST),
    }
)
_OF_DATA = {AlertRule.SILENT_DATA: "burndeck doctor", AlertRule.DRIFT: "burndeck report drift"}
_WORDS = {
    "api_key": "key",
    "team": "team",
    "model": "model",
    "project": "project",
    "environment": "environment",
}


@dataclass(frozen=True, slots=True)
class NextCommand:
    """A command, and what it is for."""

    text: str
    purpose: str


def next_command(
    rule: AlertRule, scope_kind: str, scope: str, team: str, *, live: bool
) -> NextCommand | None:
    """What to run first; None where nothing tells more than `burndeck alerts show` does."""
    if not live:
        return None
    if rule in _TRIAGED:
        return NextCommand(_triage(scope_kind, scope, team), "whose burn it is, and why")
    if rule in _OF_DATA:
        return NextCommand(_OF_DATA[rule], "what is wrong with the data")
    if rule in OF_A_BUDGET:
        return NextCommand("burndeck burn", "every allocation against its caps")
    return None


def _triage(scope_kind: str, scope: str, team: str) -> str:
    if scope_kind == "api_key" and team:
        return f"burndeck triage --within team:{shlex.quote(team)} --of key:{shlex.quote(scope)}"
    word = _WORDS.get(scope_kind)
    return f"burndeck triage --within {word}:{shlex.quote(scope)}" if word else "burndeck triage"
