"""A new alert rings in a real terminal, soon after its commit; what fired before does not."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.ledger.writer import LedgerWriter
from tests.bench.terminal import Terminal

pytestmark = pytest.mark.e2e

MESSAGE = b"\x1b]9;burndeck: critical: team search burns 40 credits/min\x07\x07"
FRAME = (b"BURN NOW", b"LAST HOUR", b"quit")
WITHIN_S = 5.0  # a console takes a fraction of a second; a busy machine may take longer


def alert(now: int, name: str, tier: str = "critical") -> Alert:
    signal = Signal(
        fingerprint=f"burn_spike:{name}",
        rule=AlertRule.BURN_SPIKE,
        tier=tier,
        at=now,
        scope_kind="team",
        scope=name,
        current_nano=40 * 10**9,
        expected_nano=10**9,
        threshold=Decimal("0.5"),
        team=name,
        summary=f"team {name} burns 40 credits/min",
    )
    return Alert(signal, AlertState.FIRING, now, fired_at=now)


@pytest.fixture
def writer(tmp_path: Path):
    now = int(time.time()) // 60 * 60
    who = Dimensions(account="openai", api_key="key", project="p", environment="prod", team="search")
    service = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
    rows = [BucketRow(at, 60, who, service, 10, 9_000, 0, 900, 0, 10**9) for at in range(now - 600, now, 60)]
    with open_writer(tmp_path / "ledger.sqlite") as opened:
        opened.write_usage_window("openai", now - 600, now, {"completions": rows}, read_at=now)
        opened.alerts.save([alert(now - 300, "payments", "hard_cap")])
        yield opened


def console(writer: LedgerWriter) -> Terminal:
    return Terminal([sys.executable, "-m", "console.cli", "--db", str(writer.path)], columns=100, rows=30)


def test_a_new_critical_alert_rings_and_tells_the_desktop(writer: LedgerWriter):
    with console(writer) as terminal:
        terminal.wait_for(*FRAME, b"1 hard cap")
        assert b"\x1b]9;" not in terminal.output

        writer.alerts.save([alert(int(time.time()), "search")])

        terminal.wait_for(MESSAGE, b"new critical", within=WITHIN_S)


def test_a_quiet_terminal_shows_it_and_does_not_ring(writer: LedgerWriter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BURNDECK_QUIET", "1")
    with console(writer) as terminal:
        terminal.wait_for(*FRAME, b"1 hard cap")

        writer.alerts.save([alert(int(time.time()), "search")])

        terminal.wait_for(b"new critical", within=WITHIN_S)
        assert b"\x1b]9;" not in terminal.output
