"""Replaying 90 days through a rule and a changed one: 20 allocations, 200 keys, hours only."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from agent.alerts.replay import replay
from agent.domain.allocation import Allocation, Scope
from agent.domain.money import NANO
from agent.ledger import open_reader
from agent.settings import Settings
from agent.settings_change import assigned, changed
from tests.agent.alerts.build import DAY, HOUR, NOON, Town, Use
from tests.bench.result import Result

KEYS, TEAMS, ALLOCATIONS = 200, 19, 20
DAYS, HISTORY = 90, 160
CHANGES = {
    "budget": "alerts.tiers.critical.at=0.85",
    "pace": "alerts.rules.pace.tickets=[]",
    "runway": "alerts.rules.runway.critical=8h",
    "last_month": "alerts.tiers.critical.over_last_month=0.1",
    "day_forecast": "alerts.tiers.info.at=0.6",
    "burn_spike": "alerts.spike.sensitivity=2",
}


def run() -> list[Result]:
    """Every rule that is replayed by hours alone, in processor time."""
    uses = [Use(f"key_{n}", f"team_{n % TEAMS}", 60.0 + n) for n in range(KEYS)]
    scopes = ["organization", *(f"team:team_{n}" for n in range(TEAMS))]
    rows = tuple(
        Allocation(f"org-1-{n}", Scope.parse(text), (1_300_000 if n else 15_000_000) * NANO)
        for n, text in enumerate(scopes)
    )
    assert len(rows) == ALLOCATIONS
    end = NOON // HOUR * HOUR
    with tempfile.TemporaryDirectory(prefix="burndeck-bench-") as folder:
        path = Path(folder) / "ledger.sqlite"
        Town(path, uses=uses, history_d=HISTORY).close()
        return [_measured(path, name, change, rows, end) for name, change in CHANGES.items()]


def _measured(path: Path, name: str, change: str, rows: tuple[Allocation, ...], end: int) -> Result:
    settings = Settings(allocations=rows)
    alerts = changed(Settings(), assigned([change], Settings())).alerts
    tried = Settings(allocations=rows, alerts=alerts)
    with open_reader(path) as reader:
        start = time.process_time()
        found = replay(reader, settings, tried, name, end - DAYS * DAY, end)
        spent = time.process_time() - start
    note = f"{DAYS} days, {KEYS} keys, {ALLOCATIONS} allocations, {len(found.now.episodes)} episodes"
    return Result(f"replay of {name}, as it is and changed", spent, "s", 10, note=note)
