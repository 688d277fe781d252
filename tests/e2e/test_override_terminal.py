"""The override of a hard cap by three people: two consoles and a command on one ledger, with a real agent."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.money import NANO
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from tests.e2e.agents import wait_for
from tests.e2e.test_console_terminal import Tmux
from tests.labs.acting import Site

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.scenarios,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux to have a real terminal"),
]
MINUTE, HOUR = 60, 3_600
NOON = int(datetime(2026, 11, 11, 12, 0, tzinfo=UTC).timestamp())
CONFIG = """\
[[allocations]]
id = "org-1"
scope = "organization"
monthly_credits = "100000"
emergency_buffer = "1000"
at_hard_cap = "none"
at_hard_cap_prod = "none"

[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "1000"
emergency_buffer = "100"
at_hard_cap = "none"
at_hard_cap_prod = "none"

[[alerts.channels]]
kind = "webhook"
name = "hook"
url = "http://127.0.0.1:9/"

[[alerts.routes]]
recipient = "central_finance"
send = ["hook"]

[clock]
epoch = {noon}
started = {started}
speed = 1
"""


def burnt(path: Path) -> None:
    """Team search has used 1,010 of its 1,000 credits, the last of them minute by minute until noon."""
    with open_writer(path) as writer:
        for start, width, count, credits_ in (
            (NOON - 2 * HOUR, HOUR, 1, Decimal(950)),
            (NOON - HOUR, MINUTE, 60, Decimal(1)),
        ):
            rows = [bucket(start + width * place, width, credits_) for place in range(count)]
            end = start + width * count
            writer.write_usage_window("openai", start, end, {"completions": rows}, read_at=NOON)


def bucket(start: int, width: int, credits_: Decimal) -> BucketRow:
    return BucketRow(
        start=start,
        width=width,
        dimensions=Dimensions("openai", api_key="key_search", team="search", environment="prod"),
        service=Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions"),
        requests=10,
        tokens_input=100,
        tokens_cached=0,
        tokens_output=100,
        quantity_micro=0,
        credits_nano=int(credits_ * NANO),
    )


class Office(Site):
    """A folder with three people, whose agent is there as soon as its heart beats."""

    def begin(self) -> None:
        """Starts the agent."""
        with (self.folder / "agent.out").open("ab") as out:
            self._agent = subprocess.Popen(
                self.command("agent", "run"),
                cwd=self.folder,
                env=self.environment(),
                stdout=out,
                stderr=out,
            )
        wait_for(lambda: bool(self.rows("SELECT 1 FROM incident")), "the incident of the hard cap")

    def console_of(self, person: str, columns: int, rows: int) -> Tmux:
        """The console of somebody in a terminal of their own."""
        names = ("BURNDECK_IDENTITY_FILE", "PYTHONPATH", "PYTHON_KEYRING_BACKEND")
        variables = self.environment(person)
        given = ["env", *(f"{name}={variables[name]}" for name in names)]
        words = self.command("--config", str(self.folder / "burndeck.toml"))
        return Tmux([*given, "sh", "-c", f"cd {self.folder} && exec {' '.join(words)}"], columns, rows)

    def at(self, step: int, state: str = "ready") -> bool:
        """Whether the run waits at a step."""
        query = "SELECT 1 FROM run r JOIN run_step s ON s.run = r.id AND s.seq = r.at_step"
        return bool(self.rows(f"{query} WHERE r.at_step = ? AND s.state = ?", step, state))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, CONFIG.format(noon=NOON, started=time.time()))
    burnt(made.ledger)
    made.begin()
    yield made
    made.stop()


@pytest.fixture
def ada(office: Office) -> Iterator[Tmux]:
    terminal = office.console_of("ada", 80, 24)
    yield terminal
    terminal.close()


@pytest.fixture
def eve(office: Office) -> Iterator[Tmux]:
    terminal = office.console_of("eve", 120, 40)
    yield terminal
    terminal.close()


def test_three_people_lift_a_hard_cap_and_nobody_does_it_alone(
    office: Office, ada: Tmux, eve: Tmux, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    ada.until("BURN NOW")
    ada.press("3")
    ada.until("Active 1", "firing for")
    ada.press("r")
    wait_for(lambda: office.at(4), "the evidence of step 3")

    eve.until("BURN NOW")
    eve.press("7")
    eve.until("Hard cap override")
    eve.press("Enter")
    eve.until("step 4 of 24")
    eve.press("Enter")
    eve.until("not-critical", "Esc leave")
    eve.press("a")
    eve.until("step 6 of 24")  # assessed, and the pool covers it
    ada.until("step 6 of 24", "waits for")
    ada.press("Enter")
    ada.until("goes on to the confirmation")
    ada.press("Enter")
    ada.until("Enter again")
    ada.press("Enter")
    wait_for(lambda: office.at(7, "working"), "the request")
    ada.until("step 7 of 24")
    eve.until("step 7 of 24", "to approve")  # two consoles show the same run
    eve.press("p")
    eve.until("Approve", "10,000")
    eve.press("1", "Enter")  # the number of the action that is meant
    wait_for(lambda: len(office.rows("SELECT 1 FROM approval")) == 1, "engineering's approval")
    assert office.state(1) == "standby"
    office.burndeck("approve", "1", "--yes", person="fay")

    wait_for(lambda: office.at(13), "the cap is lifted, and its alert over", 40.0)
    for step, text in ((13, "search traffic doubled"), (14, "more credits from December")):
        ada.until(f"step {step} of 24", "waits for")
        ada.press("Enter")
        ada.until("Esc cancel")
        ada.press("-l", text)
        ada.press("Enter")
    ada.until("✓ done · held by you")
    took = time.monotonic() - began

    ada.press("e")
    ada.until("postmortem is in")
    told = (office.folder / "run-1" / "postmortem.md").read_text()
    people = dict(office.rows("SELECT person, role FROM approval"))
    assert people == {"eve": "engineering", "fay": "finance"}
    assert office.rows("SELECT state FROM action") == [("accepted",)]
    assert office.rows("SELECT count(*) FROM incident WHERE closed_at IS NULL") == [(0,)]
    assert "search traffic doubled" in told
    assert "approved by eve (engineering), fay (finance)" in told
    with capsys.disabled():
        print(f"\nfrom the alert to the end of the override: {took:.0f} s")
    assert took < 90
