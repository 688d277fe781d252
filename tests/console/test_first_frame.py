"""What the first frame of the console loads: it is waited for, so only what it draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.ledger import open_writer
from tests.agent.reports.world import SEARCH, use

HOUR = 3_600
NOW = 1_795_003_200  # 2026-11-18 12:00 UTC
SCRIPT = """
import sys
from pathlib import Path
from agent.ledger import open_reader
from agent.settings import Settings
from console.questions import burn_question, watch_question
from console.view import View
import console.deck
with open_reader(Path(sys.argv[1])) as reader:
    for question in (burn_question(View()), watch_question(())):
        assert question.ask(reader, Settings(), float(sys.argv[2]))
print(*sys.modules)
"""


def test_actions_and_runs_are_loaded_only_where_there_are_some(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.sqlite") as writer:
        rows = [use(hour, HOUR, SEARCH, 120.0) for hour in range(NOW - 48 * HOUR, NOW, HOUR)]
        writer.write_usage_window("openai", NOW - 48 * HOUR, NOW, {"completions": rows}, read_at=NOW)

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "l.sqlite"), str(NOW)],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {name for name in done.stdout.split() if name.startswith("agent.")}
    assert "agent.reports.burn" in loaded
    assert loaded.isdisjoint(
        {
            *("agent.domain.action", "agent.domain.gateway", "agent.domain.run", "agent.domain.runbook"),
            *("agent.ledger.action_store", "agent.ledger.run_store", "agent.ledger.control_store"),
            *("agent.reports.own_changes", "agent.ledger.rows"),
        }
    )
