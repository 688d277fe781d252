"""Rules that are sound, a ledger that they are judged by, and what the lint finds in them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent.alerts.lint import Case, Finding, Past, lint
from agent.ledger import open_reader, open_writer
from agent.ledger.history_store import HistoryStore
from agent.settings import parse_settings
from tests.agent.reports.world import NOW, SEARCH, SUPPORT, use

FILE = Path("/etc/burndeck/burndeck.toml")


def person(name: str, *roles: str, scopes: str = "[]") -> str:
    """A [[people]] table."""
    key = base64.b64encode(name.encode().ljust(32, b".")).decode()
    named = f'[[people]]\nname = "{name}"\npublic_key = "ed25519:{key}"\n'
    return f"{named}roles = {list(roles)}\nscopes = {scopes}\n"


PEOPLE = person("ada", "finance") + person("bob", "engineering")
ROUTES = """
[[alerts.channels]]
name = "pager"
kind = "pagerduty"
[[alerts.routes]]
send = ["pager"]
recipient = "team_lead"
[[alerts.routes]]
send = ["pager"]
recipient = "exec_sponsor"
[[alerts.tiers]]
name = "warning"
at = "0.70"
notify = ["team_lead"]
[[alerts.tiers]]
name = "hard_cap"
at = "1.00"
action = "block"
notify = ["exec_sponsor"]
"""
ALLOCATION = """
[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "100000"
emergency_buffer = "500"
"""
SOUND = PEOPLE + ALLOCATION + ROUTES


def check(text: str, past: Past | None = None, secret: str | None = "keyring") -> list[Finding]:
    """What the lint finds in a burndeck.toml."""
    return list(lint(Case(parse_settings(text, FILE), text, past, lambda _: secret)))


def only(found: list[Finding]) -> Finding:
    """The one finding."""
    assert len(found) == 1, found
    return found[0]


def world(path: Path, days: int) -> Iterator[Past]:
    """A ledger of some days."""
    who = (SEARCH, SUPPORT, replace(SUPPORT, department="sales"))
    hours = range((NOW - days * 86_400) // 3_600 * 3_600, NOW // 3_600 * 3_600, 3_600)
    rows = [use(hour, 3_600, each, 60.0) for hour in hours for each in who]
    with open_writer(path) as writer:
        writer.write_usage_window("openai", hours[0], hours[-1] + 3_600, {"completions": rows}, read_at=NOW)
    with open_reader(path) as reader:
        history = HistoryStore(reader.rows)
        yield Past(history, tuple(history.places()), NOW)
