"""`burndeck audit`: the list, the proof, and their exit codes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.ledger import open_writer
from agent.ledger.allocation_changes import AllocationChange
from console.cli import burndeck
from tests.agent.control.build import tamper


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "burndeck.toml"
    config.write_text('[organization]\nid = "org-1"\n')
    monkeypatch.setenv("BURNDECK_CONFIG", str(config))
    path = tmp_path / "ledger.sqlite"
    now = int(time.time())
    with open_writer(path) as writer:
        writer.control.audit(now - 40 * 86_400, "agent", "alert_fired", "16", {"tier": "critical"})
        writer.control.audit(now - 60, "ada", "acknowledge", "17", {"note": "mine"})
    return path


def run(ledger: Path, *arguments: str) -> Result:
    return CliRunner().invoke(burndeck, ["audit", *arguments, "--db", str(ledger)], catch_exceptions=False)


def test_an_intact_log_ends_well_and_prints_a_head_that_can_be_noted(ledger: Path) -> None:
    found = json.loads(run(ledger, "verify", "--json").stdout)

    assert (found["intact"], found["rows"], found["broken_at"]) == (True, 2, None)
    assert found["limits"] in run(ledger, "verify").stdout
    assert run(ledger, "verify", "--noted", found["head"]).exit_code == 0
    assert run(ledger, "verify", "--noted", f"2:{'0' * 64}").exit_code == 1


def test_a_broken_log_ends_with_a_finding_that_names_the_row(ledger: Path) -> None:
    tamper(ledger, "UPDATE audit SET actor = 'eve' WHERE seq = 2")

    result = run(ledger, "verify")

    assert result.exit_code == 1
    assert "BROKEN at row 2: the row was changed" in result.stdout
    found = json.loads(run(ledger, "verify", "--json").stdout)
    assert (found["intact"], found["broken_at"]) == (False, 2)


def test_a_row_that_the_log_proves_and_somebody_changed_is_named_with_its_table(ledger: Path) -> None:
    change = AllocationChange(9, "team:support", {"top_up_nano": 7}, 100)
    with open_writer(ledger) as writer:
        writer.actions.add_allocation_change(change)
    assert run(ledger, "verify").exit_code == 0

    tamper(ledger, "UPDATE allocation_change SET change = '{\"top_up_nano\":700}'")

    said = run(ledger, "verify")
    found = json.loads(run(ledger, "verify", "--json").stdout)
    words = "allocation_change row 1 of action 9 (team:support) was changed"
    assert said.exit_code == 1
    assert "intact: 3 rows" in said.stdout
    assert f"NOT AS THE AGENT WROTE IT: {words}" in said.stdout
    assert "Compare with a backup" in said.stdout
    assert (found["intact"], found["not_as_written"]) == (True, [words])
    assert found["foreign"][0]["table"] == "allocation_change"


def test_the_list_shows_who_did_what_lately(ledger: Path) -> None:
    lately = run(ledger, "list")
    everything = json.loads(run(ledger, "list", "--since", "90d", "--json").stdout)

    assert "ada" in lately.stdout
    assert "alert_fired" not in lately.stdout
    assert [record["kind"] for record in everything["records"]] == ["acknowledge", "alert_fired"]
    assert everything["records"][0]["detail"] == {"note": "mine"}
    assert "nothing was done" in run(ledger, "list", "--since", "1s").stdout


def test_the_list_says_first_why_and_leaves_out_what_only_programs_compare(ledger: Path) -> None:
    payload = {"seconds": 3600, "limit_nano": 5, "reason": "load test"}
    digest = "9f2c" * 16
    detail = {"body_sha256": digest, "intent": 3, "made_at": 5, "payload": payload}
    with open_writer(ledger) as writer:
        writer.control.audit(int(time.time()), "ada", "silence", "silence", detail)
        refused = detail | {"reason": "ada may not", "payload": payload | {"note": "mine"}}
        writer.control.audit(int(time.time()), "ada", "intent_refused", "silence", refused)

    refusal, silence, *_ = run(ledger, "list").stdout.splitlines()[2:]

    assert '{"reason": "load test", ' in silence and '"seconds": 3600' in silence
    assert '{"reason": "ada may not", "note": "mine", ' in refusal
    assert "body_sha256" not in silence + refusal
    assert digest in run(ledger, "list", "--json").stdout


@pytest.mark.parametrize(
    "words", [("identity", "create"), ("identity", "list"), ("audit", "list"), ("audit", "verify")]
)
def test_help_ends_with_an_example(words: tuple[str, ...]) -> None:
    assert (
        f"burndeck {' '.join(words)}"
        in CliRunner().invoke(burndeck, [*words, "--help"]).stdout.split("Example")[-1]
    )
