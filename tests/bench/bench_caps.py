"""What the agent does by itself when many caps are near at once: how long one look holds up its writer."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from agent.alerts import BurnMemory, evaluate
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.domain.money import NANO
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.process.acting import Enforcer, Told
from agent.settings import Settings
from agent.settings_gateways import Gateway
from agent.settings_schema import Organization
from tests.bench.ledgers import END, MODELS, fill_with_events
from tests.bench.result import Result

CAPS = int(os.environ.get("BENCH_CAPS", "200"))
EVENTS = int(os.environ.get("BENCH_EVENTS", "300000"))
KEYS_EACH = 10
DAYS = 4
NEAR = Decimal("0.75")
LOOKS = 60
NOW = END + 5 * 86_400


def run() -> list[Result]:
    """All caps reach the warning tier at one moment: the longest look, and how many until all stand."""
    logging.getLogger("agent.process.acting").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        path = Path(folder) / "ledger.sqlite"
        fill_with_events(path, EVENTS, DAYS, end=NOW, keys=CAPS * KEYS_EACH, projects=CAPS, teams=CAPS)
        with open_writer(path) as writer:
            writer.actions.save_inventory("oa", _inventory(), NOW)
            settings = _near(writer, path)
            memory = BurnMemory()
            enforcer = Enforcer(settings, Told(settings))
            times: list[float] = []
            looks = 1
            for look in range(LOOKS):
                now = NOW + 60 * look
                evaluate(writer, settings, now, memory)
                began = time.perf_counter()
                enforcer.enforce(writer, now)
                times.append((time.perf_counter() - began) * 1_000)
                looks += enforcer.left
            kinds = Counter(
                f"{each.spec.kind.value} {each.state.value}" for each in writer.actions.open_actions()
            )
    rest = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    note = f"{CAPS} caps, {CAPS * KEYS_EACH:,} keys; {looks} looks until all is begun: {rest}; "
    note += f"later looks {sorted(times[looks:])[-1]:.0f} ms at most"
    return [Result("longest look at caps that are near", max(times), "ms", 1_000.0, note=note)]


def _inventory() -> Inventory:
    keys = [_key(number) for number in range(CAPS * KEYS_EACH)]
    states = []
    for project in range(CAPS):
        name = f"proj_{project:03d}"
        states.append(TargetState(Target("oa", TargetKind.PROJECT, name), {"spend_limit_cents": None}, "v"))
        for model in MODELS:
            target = Target("oa", TargetKind.PROJECT_MODEL, f"{name}/{model}")
            states.append(TargetState(target, {"max_requests_per_1_minute": 30_000}, "v"))
    return Inventory(keys, states)


def _key(number: int) -> GatewayKey:
    project = number % CAPS
    name = f"key_{number:04d}"
    return GatewayKey(
        id=name, api_key=name, name=name, team=f"team-{project:02d}", project=f"proj_{project:03d}"
    )


def _near(writer: LedgerWriter, path: Path) -> Settings:
    """Every team with credits of which it has burnt three quarters by now."""
    scopes = [Scope.parse(f"team:team-{project:02d}") for project in range(1, CAPS)]
    series = writer.rules.series(scopes)
    burnt = writer.rules.burnt(set(series.values()), NOW - DAYS * 86_400, NOW)
    allocations = tuple(
        Allocation(f"org-1-{scope.value}", scope, int(burnt[series[scope]] / NEAR), at_hard_cap="automatic")
        for scope in scopes
        if burnt[series[scope]] >= NANO
    )
    return replace(
        Settings(
            ledger_path=path, allocations=allocations, own_gateways=(Gateway(kind="openai", name="oa"),)
        ),
        organization=Organization(usd_per_credit=Decimal("0.01")),
    )
