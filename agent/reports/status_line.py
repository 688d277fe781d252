"""Reads the status line: layers, age of the data, the agent's heartbeat, the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.usage import Layer
from agent.living import has_died
from agent.reports.layers import Truth
from agent.reports.moment import Moment
from agent.reports.status import AgentState, LayerShare, Reading, SourceState, Status

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MISSED_BEATS = 4
_LEAST_LATE_S = 15
_DAY_S = 86_400
_HISTORY_S = 30 * _DAY_S  # of a source that burndeck.toml does not name


def read_status(reader: LedgerReader, settings: Settings, moment: Moment, last_day: Truth) -> Status:
    """The status line of a report; `last_day` is the truth of the last 24 hours."""
    shares = [LayerShare(layer, last_day.share(layer)) for layer in reversed(Layer)]
    agent, sources = agent_state(reader, settings, moment.now), source_states(reader)
    return Status(
        layers=tuple(share for share in shares if share.share),
        data_as_of=moment.as_of,
        age_s=moment.age_s,
        agent=agent,
        sources=sources,
        reading=_reading(reader, settings, sources, moment.now) if agent.state == "alive" else None,
    )


def _reading(
    reader: LedgerReader, settings: Settings, sources: tuple[SourceState, ...], now: int
) -> Reading | None:
    """How much of the history is there, of the source that lacks most; None when a day at most is missing."""
    wanted = {source.name: int(source.history) for source in settings.sources}
    least: Reading | None = None
    for source in sources:
        history = wanted.get(source.name, _HISTORY_S)
        row = reader.one("metered_seconds", {"account": source.account, "start": now - history, "end": now})
        known = int(row["seconds"] or 0) if row else 0
        if history - known > _DAY_S and (least is None or known // _DAY_S < least.days):
            least = Reading(known // _DAY_S, history // _DAY_S)
    return least


def agent_state(reader: LedgerReader, settings: Settings, now: int) -> AgentState:
    """The agent as its heartbeat shows it; a beat missed a few times in a row is late.

    On its own machine one that was killed is dead at once: its process says so before its heartbeat does.
    """
    row = reader.one("agent_state")
    if row is None:
        return AgentState("never", None, "", "", None)
    age = max(0, now - row["beat_at"])
    clock = settings.scaled_clock
    # Under a fast clock a beat of the same real time is that much longer.
    late_after = max(_MISSED_BEATS * settings.agent.heartbeat, _LEAST_LATE_S) * (clock.speed if clock else 1)
    if row["stopped_at"] is not None:
        state = "stopped"
    elif has_died(row["pid"], row["host"]):
        state = "dead" if clock is None else "over"
    else:
        state = "late" if age > late_after else "alive"
    return AgentState(state, row["pid"], row["host"], row["version"], age)


def agent_gone(reader: LedgerReader) -> bool:
    """Whether the agent that wrote last was stopped, or killed on this machine; cheap enough to ask often."""
    row = reader.one("agent_state")
    return row is not None and (row["stopped_at"] is not None or has_died(row["pid"], row["host"]))


def no_agent(reader: LedgerReader, settings: Settings, now: int) -> str:
    """That no agent runs and what to do, in a sentence without its full stop; empty where one may."""
    agent = agent_state(reader, settings, now)
    if agent.state == "over":
        return f"the demo's agent (process {agent.pid}) has died: begin another with `burndeck demo`"
    if agent.state == "dead":
        return f"the agent (process {agent.pid}) has died: `burndeck agent start` starts it again"
    return "no agent runs: `burndeck agent start` starts it" if agent.state in ("stopped", "never") else ""


def source_states(reader: LedgerReader) -> tuple[SourceState, ...]:
    """Every source that ever reported."""
    return tuple(
        SourceState(
            name=row["source"],
            kind=row["kind"],
            account=row["account"],
            state=row["state"],
            message=row["message"],
            hint=row["hint"],
            covered_to=row["covered_to"],
            last_ok=row["last_ok"],
            retry_at=row["retry_at"],
        )
        for row in reader.rows("source_states")
    )
