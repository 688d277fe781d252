"""The demo without a terminal: moves time step by step and says what the agent found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.demo.stage import build_stage, keep, throw_away_key, use_only

if TYPE_CHECKING:
    from agent.clock import ManualClock
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from fixtures.scenario import Scenario

EPOCH = datetime(2026, 11, 18, 10, 0, tzinfo=UTC).timestamp()
"""Where simulated time starts unless told otherwise: a fixed hour, so that two runs of one seed agree."""

SETTLES_S = 900.0
"""Simulated seconds that are still played after the first spike fired: its cause is looked at once more."""

REAL_LIMIT_S = 60.0
"""A headless run ends here even on a machine too slow for its scenario."""


@dataclass(frozen=True, slots=True)
class Run:
    """How to run: which organization, how much simulated time in how much real time."""

    scenario: Scenario
    seed: int
    speed: float  # simulated seconds a real second
    for_s: float  # real seconds
    start: float = EPOCH
    keep: Path | None = None  # where to leave the ledger


def run_headless(run: Run, progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Plays the scenario against the real agent and compares its finding with the ground truth.

    The agent knows only what the provider serves; `found` is read from the ledger. `progress` takes the
    done share and a word. Returns the document that `burndeck demo --headless --json` prints.
    """
    from agent.clock import ManualClock
    from agent.ledger import open_reader
    from agent.settings import load_settings
    from fixtures.organization import build_organization
    from fixtures.provider import SimulatedProvider

    organization = build_organization(run.seed)
    clock = ManualClock(run.start)
    admin_key = throw_away_key()
    use_only(admin_key)
    with (
        tempfile.TemporaryDirectory(prefix="burndeck-demo-") as folder,
        SimulatedProvider(run.seed, clock, run.start, run.scenario, admin_key) as provider,
    ):
        deploys = run.scenario.deploys(organization, run.start)
        stage = build_stage(
            Path(folder), organization, provider.base_url, tick_s=run.scenario.tick_s, deploys=deploys
        )
        played = _play(run, load_settings(stage.config), clock, progress)
        with open_reader(stage.ledger) as reader:
            found = _found(reader, run)
        if run.keep:
            keep(stage, run.keep)
    truth = run.scenario.truth(organization)
    return {
        "scenario": run.scenario.name,
        "seed": run.seed,
        "simulated_s": round(played.seconds),
        "complete": played.complete,
        "truth": {"api_key_id": truth.api_key_id, "team": truth.team, "cause": truth.cause},
        "found": found,
    }


@dataclass(frozen=True, slots=True)
class _Played:
    seconds: float  # simulated
    complete: bool  # False: the machine was too slow, and time ran out before the answer was there


def _play(
    run: Run, settings: Settings, clock: ManualClock, progress: Callable[[float, str], None]
) -> _Played:
    """Collects and evaluates step by step until the answer is there."""
    from agent.alerts import BurnMemory, evaluate
    from agent.daemon import Collecting
    from agent.domain.alert import AlertRule
    from agent.ledger import open_writer

    deadline = time.monotonic() + REAL_LIMIT_S
    span, step = run.speed * run.for_s, run.scenario.tick_s
    memory = BurnMemory()
    with open_writer(settings.ledger_path) as writer, Collecting(settings, writer) as collecting:
        progress(0.0, "reading the history")
        collecting.catch_up(clock.now())
        evaluate(writer, settings, clock.now(), memory)
        passed, last = 0.0, span
        while passed < last and time.monotonic() < deadline:
            clock.advance(step)
            passed += step
            collecting.tick(clock.now())
            fired = evaluate(writer, settings, clock.now(), memory).fired
            if last == span and any(alert.signal.rule is AlertRule.BURN_SPIKE for alert in fired):
                last = min(span, passed + max(SETTLES_S, step))
            progress(min(1.0, passed / last), "playing")
    return _Played(passed, passed >= last)


def _found(reader: LedgerReader, run: Run) -> dict[str, Any]:
    """The first burn spike that fired during the run, as the ledger tells it."""
    from agent.reports.alerts import alerts

    spikes = [
        alert
        for alert in alerts(reader, run.start + run.speed * run.for_s)
        if alert.rule == "burn_spike" and alert.fired_at is not None and alert.fired_at >= run.start
    ]
    if not spikes:
        return {"api_key_id": "", "team": "", "cause": "", "detected_after_s": None}
    first = min(spikes, key=lambda alert: alert.fired_at or 0)
    began = run.start + run.scenario.starts_after_s
    return {
        "api_key_id": first.api_key,
        "team": first.team,
        "cause": first.cause,
        "detected_after_s": round((first.fired_at or 0) - began),
    }
