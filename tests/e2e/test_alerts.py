"""An agent, people and a receiver as real processes: from a commit to a signed request, and back."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from agent.control.identity import VARIABLE, new_identity, write_identity
from agent.domain.money import NANO
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from tests.agent.ledger.build import batch, event
from tests.e2e.agents import wait_for
from tests.servers.receiver import Receiver

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("alerts-e2e")]

SECRET = "whsec_" + base64.b64encode(b"a secret of this test, 32 bytes.").decode()
CONFIG = """\
[organization]
id = "org-1234"

[ledger]
path = "ledger.sqlite"

[[allocations]]
id = "org-1234-bg-payments"
scope = "billing_group:payments"
monthly_credits = "500000"

[[alerts.channels]]
name = "automation"
kind = "webhook"
url = "{url}"

[[alerts.routes]]
rules = ["budget"]
send = ["automation"]

{people}
"""


@dataclass
class Place:
    """A folder with a burndeck.toml, and what runs in it."""

    folder: Path
    receiver: Receiver

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "console.cli", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        return kept | {
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "BURNDECK_AUTOMATION_SIGNING_SECRET": SECRET,
            VARIABLE: str(self.folder / "identity"),
        }

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite"

    def burn(self, credits_: int, request: str) -> float:
        """Payments burn so many credits now; returns the moment after the commit (time.monotonic())."""
        now = int(time.time())
        dimensions = Dimensions("openai", api_key="key_a", team="wallet", billing_group="payments")
        row = event(request, at=now, dimensions=dimensions, credits_nano=credits_ * NANO)
        with open_writer(self.ledger) as writer:
            writer.write_events(batch([row]))
        return time.monotonic()

    def alive(self) -> bool:
        """Whether the agent has begun."""
        return self.ledger.exists() and self.command("agent", "status").returncode == 0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    identity = write_identity(new_identity("ada"), tmp_path / "identity")
    with Receiver() as receiver:
        config = CONFIG.format(url=f"{receiver.url}/hook", people=identity.config_block())
        (tmp_path / "burndeck.toml").write_text(config)
        made = Place(tmp_path, receiver)
        process = subprocess.Popen(
            [sys.executable, "-m", "console.cli", "agent", "run"],
            cwd=tmp_path,
            env=made.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            wait_for(made.alive, "the agent's start")
            yield made
        finally:
            process.terminate()
            process.communicate(timeout=10)


def test_a_cap_that_is_reached_is_told_within_a_second_of_its_commit(place: Place) -> None:
    place.burn(300_000, "r-1")

    committed = place.burn(151_200, "r-2")
    (got,) = place.receiver.wait_for(1)

    body = Webhook(SECRET).verify(got.body, dict(got.headers))
    assert got.at - committed < 1.0
    assert list(body)[:8] == [
        "event",
        "severity",
        "allocation_id",
        "threshold",
        "current_usage",
        "monthly_allocation",
        "action",
        "notify",
    ]
    assert (body["event"], body["severity"], body["allocation_id"]) == (
        "spend.alert",
        "critical",
        "org-1234-bg-payments",
    )
    assert (body["threshold"], body["current_usage"], body["monthly_allocation"]) == (0.9, 451_200, 500_000)
    assert body["action"] == {"type": "rate_limit", "params": {"scope": "non-prod", "max_rps": 10}}


def test_people_take_and_silence_alerts_by_signed_commands(place: Place) -> None:
    place.burn(360_000, "r-1")
    place.receiver.wait_for(1)
    (listed,) = _budget_alerts(place)

    taken = place.command("alerts", "ack", str(listed["id"]), "--note", "looking")
    again = place.command("alerts", "ack", str(listed["id"]))
    place.receiver.wait_for(2)
    matcher = "allocation=org-1234-bg-payments"
    silenced = place.command("silence", "add", matcher, "--credits", "400000", "--reason", "load test")
    capped = place.command("silence", "add", "tier=hard_cap", "--reason", "no")
    place.burn(100_000, "r-2")
    wait_for(lambda: len(_budget_alerts(place)) == 2, "the critical step")
    muted = next(alert for alert in _budget_alerts(place) if alert["tier"] == "critical")
    place.burn(50_000, "r-3")
    messages = place.receiver.wait_for(3)
    silences = json.loads(place.command("silence", "list", "--json").stdout)["silences"]
    proof = place.command("audit", "verify")

    assert (taken.returncode, again.returncode) == (0, 1), taken.stderr
    assert "ada has acknowledged it already" in again.stderr
    assert silenced.returncode == 0, silenced.stderr
    assert "a hard cap is never silenced" in capped.stderr
    assert muted["muted_by"] == "silence:1"
    told = [json.loads(message.body)["severity"] for message in messages]
    assert told[-1] == "hard_cap"
    assert "critical" not in told
    assert silences[0]["author"] == "ada"
    assert proof.returncode == 0, proof.stdout


def _budget_alerts(place: Place) -> list[dict[str, object]]:
    answer = json.loads(place.command("alerts", "--open", "--json").stdout)
    return [alert for alert in answer["alerts"] if alert["rule"] == "budget"]
