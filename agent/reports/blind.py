"""What no longer tells what burns, or through which nothing can be done: agent, sources, gateways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.reports.handover_report import Blind
from agent.reports.status import DEMO_OVER, SourceState
from agent.reports.status_line import agent_state, source_states

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_REAL_S = 60
_WAYS_OUT = {
    "late": "look at its log, then burndeck agent stop and start",
    "stopped": "burndeck agent start",
    "never": "burndeck agent start",
    "dead": "burndeck agent start",
    "over": DEMO_OVER,
}


def blind_parts(reader: LedgerReader, settings: Settings, now: int) -> Iterator[Blind]:
    """The agent where it does not run, sources that fail or lag, gateways that do not answer.

    A source or gateway of the configuration that was never read is blind, too.
    """
    agent = agent_state(reader, settings, now)
    if agent.state != "alive":
        since = None if agent.beat_age_s is None else now - agent.beat_age_s
        why = "nothing is read, judged or undone while the agent does not run"
        yield Blind("agent", agent.state, since, why, _WAYS_OUT.get(agent.state, ""))
    named = {source.name for source in settings.sources}
    read = source_states(reader)
    for source in read:
        if source.name in named or not named:
            yield from _source(source, settings, now)
    for name in sorted(named - {source.name for source in read}):
        yield _unread("source", name)
    seen = reader.rows("gateways_seen")
    for gateway in settings.own_gateways:
        if gateway.name not in [row["gateway"] for row in seen]:
            yield _unread("gateway", gateway.name)
    for row in seen:
        if row["state"] == "failed":
            yield Blind(f"gateway {row['gateway']}", "failed", row["ok_at"], row["message"], row["hint"])


def _unread(what: str, name: str) -> Blind:
    why = "burndeck.toml has it, and the agent has never read it"
    return Blind(f"{what} {name}", "unread", None, why, "burndeck doctor")


def _source(source: SourceState, settings: Settings, now: int) -> Iterator[Blind]:
    """A source that metered nothing for as long as silent data takes to alert is late."""
    known_to = source.last_ok if source.covered_to is None else source.covered_to
    clock = settings.scaled_clock
    # Under a fast clock a poll of the same real time is that much longer.
    patience = settings.alerts.rules.silent_data.after + (_REAL_S * clock.speed if clock else 0)
    if source.state in ("failed", "stopped"):
        yield Blind(f"source {source.name}", source.state, known_to, source.message, source.hint)
    elif known_to is not None and now - known_to > patience:
        yield Blind(f"source {source.name}", "late", known_to, source.message, source.hint)
