"""Replays of rules on how data arrives: what the agent told of drift and silence is told again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.alerts import BurnMemory, evaluate
from agent.alerts.context import Rule
from agent.alerts.replay import Replay, replay
from agent.alerts.rules import drift, silent_data
from agent.domain.usage import Dimensions
from agent.errors import ConfigError
from agent.ledger import open_reader, open_writer
from agent.ledger.rows import SourceStatus
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_change import assigned, changed
from tests.agent.ledger.build import batch, cost, event
from tests.agent.reports.world import NANO, SEARCH, use

DAY, HOUR = 86_400, 3_600
START = 1_793_577_600  # Monday 2026-11-02 00:00 UTC
END = START + 12 * DAY
GATEWAY = Dimensions("gateway", api_key="key_g", team="labs")
GAP = range(START + 9 * DAY + 12 * HOUR, START + 9 * DAY + 18 * HOUR, HOUR)  # on a Wednesday
Told = set[tuple[str, int]]


def play(path: Path, rule: str, *assignments: str) -> Replay:
    settings = Settings()
    tried = changed(settings, assigned(assignments, settings)) if assignments else None
    with open_reader(path) as reader:
        return replay(reader, settings, tried, rule, START, END)


def fired(found: Replay) -> Told:
    return {(alert.signal.fingerprint, alert.fired_at or 0) for alert in found.now.episodes}


def live(
    path: Path, write: Callable[[LedgerWriter, int, int], None], rule: Rule, watched: range, step: int
) -> Told:
    """What the agent tells of in some hours, each with everything that is written of it in its time."""
    told: Told = set()
    memory = BurnMemory()
    with open_writer(path) as writer:
        write(writer, START, watched.start)
        for hour in watched:
            write(writer, hour, hour + HOUR)
            for at in range(hour + HOUR, hour + 2 * HOUR, step):
                said = evaluate(writer, Settings(), at, memory, rules=[rule]).fired
                told |= {(each.signal.fingerprint, each.fired_at or 0) for each in said}
        write(writer, watched.stop, END)
    return told


def metered(writer: LedgerWriter, start: int, end: int) -> None:
    rows = [use(hour, HOUR, SEARCH, 120.0) for hour in range(start, end, HOUR)]
    writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=end)


def billed(writer: LedgerWriter, start: int, end: int) -> None:
    """Bills that settle a day after their day has ended; from the sixth day on a tenth dearer."""
    metered(writer, start, end)
    for day in range(START, end - 2 * DAY + 1, DAY):
        if day + 2 * DAY > start:
            amount = 2_880 * (1.1 if day >= START + 5 * DAY else 1.0)
            rows = [cost(day, round(amount * NANO), dimensions=SEARCH)]
            writer.write_costs("openai", day, day + DAY, rows, final_before=day + DAY, read_at=end)


def streamed(writer: LedgerWriter, start: int, end: int) -> None:
    metered(writer, start, end)
    rows = [
        event(f"g-{hour}", hour + 60, dimensions=GATEWAY, credits_nano=100 * NANO)
        for hour in range(start, end, HOUR)
        if hour not in GAP
    ]
    writer.write_events(batch(rows))


def test_drift_is_told_at_the_hour_at_which_the_agent_told(tmp_path: Path) -> None:
    told = live(tmp_path / "l.sqlite", billed, drift.judge, range(START + 7 * DAY, END, HOUR), HOUR)

    found = play(tmp_path / "l.sqlite", "drift", "alerts.rules.drift.above=0.2")

    assert told
    assert fired(found) == told
    assert found.gone == found.now.episodes
    assert any("as they are today" in note for note in found.notes)


def test_a_stream_that_breaks_off_is_told_within_the_hour_in_which_the_agent_told(tmp_path: Path) -> None:
    told = live(tmp_path / "l.sqlite", streamed, silent_data.judge, GAP, 300)

    found = play(tmp_path / "l.sqlite", "silent_data", "alerts.rules.silent_data.after=5h")

    ((mine, at),) = fired(found)
    ((theirs, when),) = told
    assert mine == theirs == "silent_data:gateway"
    assert at == GAP.start + HOUR and 0 <= when - at < HOUR
    assert found.now.episodes[0].resolved_at is not None
    assert found.changed is not None and found.changed.episodes[0].fired_at == GAP.start + 5 * HOUR
    assert "not replayed: openai, since the ledger does not keep when that usage was read" in found.notes


def test_what_a_source_reads_is_not_replayed_by_its_events(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        streamed(writer, START, END)
        writer.save_source_status(SourceStatus("litellm", "litellm", "gateway", "ok", "", "", END, END, END))

    with pytest.raises(ConfigError, match="when usage of gateway, openai was read"):
        play(path, "silent_data")
