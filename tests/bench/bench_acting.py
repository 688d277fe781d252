"""Planning an action, as a preview does it, on a ledger of many keys: what it would hit, save and refuse."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from agent.control.asking import preview
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.ledger import open_reader, open_writer
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.bench.ledgers import END, MODELS, fill_with_events
from tests.bench.result import Result

EVENTS = int(os.environ.get("BENCH_EVENTS", "2000000"))
BURNING, SERVED = 20_000, 20_000
DAYS = 2
REPEATS = 5


def run() -> list[Result]:
    """A team and the whole organization, by two kinds of gateway; the best of some."""
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        path = Path(folder) / "ledger.sqlite"
        fill_with_events(path, EVENTS, DAYS, keys=BURNING)
        with open_writer(path) as writer:
            writer.actions.save_inventory("litellm", _keys_one_by_one(), END)
            writer.actions.save_inventory("openai", _whole_projects(), END)
        return [*_measure(path, "litellm"), *_measure(path, "openai")]


def _measure(path: Path, kind: str) -> list[Result]:
    gateway = Gateway(kind=kind, base_url="http://127.0.0.1:9" if kind == "litellm" else "")  # type: ignore[arg-type]
    settings = Settings(ledger_path=path, own_gateways=(gateway,))
    found = []
    for scope, goal in (("team:team-03", 200.0), ("organization", 1_000.0)):
        spec = ActionSpec(
            ActionKind.THROTTLE, Scope.parse(scope), limit=Limit(10, LimitUnit.RPM), expires_s=3_600
        )
        times, steps = [], 0
        for _ in range(REPEATS):
            with open_reader(path) as reader:
                began, cpu = time.perf_counter(), time.process_time()
                steps = len(preview(reader, settings, spec, END).steps)
                wall, cpu = time.perf_counter() - began, time.process_time() - cpu
                times.append((wall * 1_000, cpu * 1_000))
        cpu_ms = min(cpu for _, cpu in times)
        size = f"{steps:,} targets of {SERVED:,} keys, {EVENTS:,} events over {DAYS} days"
        note = f"{cpu_ms:.0f} ms of processor; {size}"
        found.append(
            Result(f"preview of {scope} at {kind}", min(wall for wall, _ in times), "ms", goal, note=note)
        )
    return found


def _key(number: int) -> GatewayKey:
    project = number % 80
    return GatewayKey(
        id=f"sk-{number:05d}",
        api_key=f"key_{number:04d}",
        name=f"key {number}",
        team=f"team-{project % 24:02d}",
        project=f"proj_{project:03d}",
        environment=("prod", "staging", "dev")[number % 3],
    )


def _keys_one_by_one() -> Inventory:
    keys = [_key(number) for number in range(SERVED)]
    states = [
        TargetState(Target("litellm", TargetKind.KEY, key.id), {"rpm_limit": None, "models": []}, "v")
        for key in keys
    ]
    return Inventory(keys, states)


def _whole_projects() -> Inventory:
    keys = [_key(number) for number in range(SERVED)]
    states = [
        TargetState(
            Target("openai", TargetKind.PROJECT_MODEL, f"proj_{project:03d}/{model}"),
            {"max_requests_per_1_minute": 30_000},
            "v",
        )
        for project in range(80)
        for model in MODELS
    ]
    return Inventory(keys, states)
