"""A retry storm in a small town: it rises, is told of, throttled, released and over, with a run beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.alerts import BurnMemory, evaluate
from agent.control.planning import Plan
from agent.control.proposing import begin
from agent.domain.action import ActionKind, ActionSpec, Step
from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Scope
from agent.domain.gateway import Limit, LimitUnit, Traffic
from agent.domain.run import Evidence, Line, RunEvent, SignOff, StepRun, StepState
from agent.ledger.run_store import RunRow
from agent.settings import Settings
from tests.agent.alerts.build import NOON, Town, Use
from tests.agent.control.engine.shop import KEY, RPM, Shop

STRIKE = NOON + 600
HELD = STRIKE + 900  # when the throttle bites
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
RUNBOOK = """+++
id = "storm"
title = "Retry storm"
+++
# Retry storm

## 1. What burns?
```toml burndeck
kind = "query"
report = "top"
```

## 2. Is it tagged?
```toml burndeck
kind = "note"
prompt = "Look."
```

## 3. What to change
```toml burndeck
kind = "note"
prompt = "What is to be done?"
```

## 4. Agree
```toml burndeck
kind = "approval"
sign = [["finance"]]
```
"""


def storm(at: int, uses: Sequence[Use]) -> Sequence[Use]:
    """One key calls eight times as often until it is held."""
    if not STRIKE <= at < HELD:
        return uses
    return [use.times(requests=8) if use.key == "key_a" else use for use in uses]


@dataclass
class World:
    """The ledger after it all."""

    path: Path
    settings: Settings
    now: int
    alert: Alert
    incident: int
    action: int
    run: int


def build(folder: Path) -> World:
    """Plays it minute by minute through the agent's own parts."""
    town = Town(folder / "ledger.sqlite", change=storm, history_d=15)
    town.close()
    shop = Shop(folder)
    town.writer = shop.writer
    memory = BurnMemory()
    fired: list[Alert] = []
    action = 0
    busy, quiet = range(STRIKE - 60, HELD + 180, 60), range(HELD + 300, HELD + 2_700, 300)
    for now in (*busy, *quiet):
        town.advance(now)
        shop.clock.advance(now - shop.now)
        found = evaluate(shop.writer, shop.settings, now + 20, memory)
        fired += [each for each in found.fired if each.signal.rule is AlertRule.BURN_SPIKE]
        if now == HELD - 60:
            action = _throttle(shop, fired[0])
        shop.memory.traffic = (
            Traffic(refused=90, passed=10, first_refused_at=HELD + 1.0) if now >= HELD else None
        )
        shop.settle()
        if now == HELD + 1_200:
            shop.release(action)
            shop.settle()
    run = _run(shop, fired[0], action)
    shop.close()
    assert fired[0].incident is not None
    return World(shop.writer.path, shop.settings, shop.now, fired[0], fired[0].incident, action, run)


def _throttle(shop: Shop, alert: Alert) -> int:
    spec = ActionSpec(
        ActionKind.THROTTLE, Scope.parse("team:search"), limit=Limit(10, LimitUnit.RPM), expires_s=7_200
    )
    want = {RPM: 10}
    step = Step(0, KEY, want, {RPM: shop.memory.held[KEY][RPM]}, version="v")
    made = begin(
        shop.writer,
        shop.settings,
        Plan(spec, (step,), keys=(), needs=()),
        shop.now,
        by="ada",
        reason=f"storm | of {SECRET}",
        incident=alert.incident,
        alert=alert.id,
        tell=shop.tell,
    )
    assert made.id is not None
    return made.id


def _run(shop: Shop, alert: Alert, action: int) -> int:
    """A run that was worked on by hand."""
    store, at = shop.writer.runs, STRIKE + 300
    steps = (
        StepRun(1, StepState.DONE, 1, at, at + 5, "agent", "key_a burns most"),
        StepRun(2, StepState.SKIPPED, 1, at + 5, at + 60, "ada", reason="no time | really"),
        StepRun(
            3,
            StepState.DONE,
            1,
            at + 60,
            at + 90,
            "ada",
            answer="- cap key_a\n- call the team",
            action=action,
        ),
        StepRun(4, StepState.FAILED, 1, at + 90, at + 99, "fin", outcome="denied"),
    )
    row = RunRow(
        text=RUNBOOK,
        source="storm.md",
        parameters={},
        alert=alert.id,
        incident=alert.incident,
        drill=False,
        started_by="ada",
        started_at=at,
        holder="bob",
        at_step=0,
        state="done",
        ended_at=at + 120,
        ended_by="bob",
        outcome="throttled",
        revision=0,
        steps=steps,
        runbook="storm",
        title="Retry storm",
    )
    line = Line(STRIKE - 600, 60, (None, 10**9, 2 * 10**9, 30 * 10**9), (10**9,) * 4)
    seen = Evidence(
        name="top",
        title="Top keys",
        using={"by": "key"},
        sentence="key_a makes *all* of it",
        columns=("key", "note"),
        rows=(("key_a", "a | b"), ("key_b", "<script>")),
        layer="metered",
        as_of=at,
        line=line,
    )
    with shop.writer.transaction():
        ident = store.add(row)
        store.add_events(
            ident,
            [RunEvent(at, "started", "ada", "started"), RunEvent(at + 60, "skipped", "ada", "no time", 2)],
        )
        store.add_evidence(ident, 1, 1, at + 5, "agent", seen)
        store.sign(ident, SignOff(4, 1, "fin", "finance", False, at + 99, "not like this"))
    return ident
