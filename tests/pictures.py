"""Draws the pictures in README: the real console on the ledger of a headless demo (`make pictures`)."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from agent.control.identity import VARIABLE
from agent.domain.alert import AlertRule
from agent.domain.run import Run
from agent.ledger import open_reader, open_writer
from agent.runbooks import progress, records
from agent.runbooks.about import filled_from
from agent.runbooks.library import library
from agent.runbooks.machine import keep, look
from agent.settings import Settings, load_settings
from console.app import ledger_opener
from console.deck import BurndeckApp
from console.demo.headless import Run as Played
from console.demo.headless import run_headless
from console.demo.stage import build_stage
from console.live import Live
from console.questions import burn_question
from console.view import View
from fixtures.organization import build_organization
from fixtures.scenario import load_scenario
from tests.clocks import standing

FOLDER = Path(__file__).parent.parent / ".github"
SCENARIO, SEED, SIZE = "retry-storm", 1, (120, 40)
PATIENCE_S = 20.0
AFTERNOON = datetime(2026, 11, 18, 14, 0, tzinfo=UTC).timestamp()


async def draw(config: Path) -> None:
    """Opens the console headless, goes through its screens and saves each as SVG."""
    live = Live(ledger_opener(config, None))
    live.watch(burn_question(View()))
    live.start()
    app = BurndeckApp(live)
    async with app.run_test(size=SIZE) as pilot:
        await _until(lambda: "credits/min" in _text(app))
        await pilot.pause(0.5)
        app.save_screenshot("burn.svg", path=str(FOLDER))
        await pilot.press("t")
        await _until(lambda: "rise by" in _text(app))
        await pilot.pause(0.5)
        app.save_screenshot("triage.svg", path=str(FOLDER))
        await pilot.press("a")
        await _until(lambda: "BURN BY MINUTE" in _text(app) and app.standing is not None)
        await pilot.pause(0.5)
        app.save_screenshot("alerts.svg", path=str(FOLDER))
        await pilot.press("r")
        await _until(lambda: "chooses an answer" in _text(app))
        await pilot.press("k")  # what the step before has found
        await pilot.pause(0.5)
        app.save_screenshot("runbook.svg", path=str(FOLDER))


def start_runbook(settings: Settings, now: float) -> None:
    """A run of the alert's runbook, as far as it goes without a person."""
    with open_writer(settings.ledger_path) as writer, open_reader(settings.ledger_path) as reader:
        alert = next(each for each in writer.alerts.open_alerts() if each.signal.rule is AlertRule.BURN_SPIKE)
        runbook = library(settings).find("cost-spike")
        assert runbook is not None
        who = settings.people[0].name
        run = Run(
            runbook,
            who,
            int(now),
            who,
            filled_from(runbook, alert, {}),
            alert=alert.id,
            incident=alert.incident,
        )
        records.add(writer.runs, progress.begin(run, int(now)))
        while sum(keep(writer, settings, found, now) for found in look(reader, settings, now)):
            pass


def _text(app: BurndeckApp) -> str:
    return app.export_screenshot().replace("&#160;", " ")


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the console did not show what was waited for")
        await asyncio.sleep(0.1)


def main() -> None:
    """Plays the scenario until shortly after its alert, then draws."""
    scenario = load_scenario(SCENARIO)
    organization = build_organization(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = folder / "ledger.sqlite"
        run = Played(scenario, SEED, scenario.speed, scenario.for_s, start=AFTERNOON, keep=ledger)
        answer = run_headless(run, lambda share, word: None)
        end = AFTERNOON + answer["simulated_s"]
        stage = build_stage(folder, organization, "http://127.0.0.1:9/v1", clock=astuple(standing(end)))
        start_runbook(load_settings(stage.config), end)
        os.environ[VARIABLE] = str(stage.identity)  # the demo's person, not the one who draws
        asyncio.run(draw(stage.config))


if __name__ == "__main__":
    main()
