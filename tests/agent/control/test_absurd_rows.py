"""Rows with absurd numbers, written by hand, stop neither intents nor the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.ledger import open_writer
from tests.agent.control.build import tamper
from tests.agent.control.court import THROTTLE, Court

END = 2**63 - 1


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO audit VALUES ({END}, 1, 'x', 'x', 'x', '{{}}', 'x', 'x')",
        f"INSERT INTO intent (id, body, signature) VALUES ({END}, 'x', 'x')",
    ],
)
def test_no_number_is_so_high_that_there_is_no_next_one(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        with closing(sqlite3.connect(path)) as stranger, pytest.raises(sqlite3.IntegrityError):
            stranger.execute(statement)

        assert writer.control.audit(1, "agent", "alert.fired", "alert:1", {}) == 1


@pytest.mark.parametrize("text", ["'{'", "'[]'", "'null'", "x'ff00'", "CAST(x'fffe' AS TEXT)", "7"])
def test_what_a_gateway_is_said_to_serve_and_hold_stops_no_request_and_is_put_right(
    court: Court, text: str
) -> None:
    tamper(
        court.writer.path,
        f"UPDATE gateway_key SET labels = {text} WHERE id = 'sk-prod'",
        f"UPDATE gateway_target SET fields = {text} WHERE target = 'sk-prod'",
    )

    assert court.request("olga", THROTTLE) == ""

    key = GatewayKey("sk-prod", "sk-prod", labels={"team": "search"})
    state = TargetState(Target("gate", TargetKind.KEY, "sk-prod"), {"rpm_limit": 7}, "v2")
    court.writer.actions.save_inventory("gate", Inventory([key], [state]), court.now)
    assert court.writer.actions.gateway_keys() == {"gate": [key]}
    assert court.writer.actions.targets() == {state.target: state}
