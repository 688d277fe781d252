"""The real agent against a mock server made from the provider's own contract.

Runs where BURNDECK_CONTRACT names the OpenAPI file and BURNDECK_PRISM the Prism command (`.ci/contract`).
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CONTRACT = os.environ.get("BURNDECK_CONTRACT", "")
PRISM = os.environ.get("BURNDECK_PRISM", "")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (CONTRACT and PRISM), reason="needs the contract and Prism: run .ci/contract"),
]

KEY = "sk-admin-contract-check-0123456789"


@dataclass
class Prism:
    """A running mock server and everything that it has said so far."""

    url: str
    log: Path

    def refused(self) -> list[str]:
        """Requests that it found to break the contract."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_text())
        return [
            line
            for line in text.splitlines()
            if "Request terminated with error" in line or "Violation" in line
        ]

    def asked(self) -> int:
        return len(re.findall(r"\[HTTP SERVER\]\s+get", self.log.read_text()))


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    log = tmp_path_factory.mktemp("prism") / "prism.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [PRISM, "mock", "-h", "127.0.0.1", "-p", "0", CONTRACT], stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield Prism(_address(server, log), log)
        finally:
            server.terminate()
            server.wait(10)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"listening on (http://[0-9.:]+)", log.read_text())
        if found:
            return found[1]
        select.select([], [], [], 0.1)
    raise AssertionError(f"Prism did not start: {log.read_text()[-500:]}")


def agent_once(folder: Path, prism: Prism, prefer: str = "") -> subprocess.CompletedProcess[str]:
    """`burndeck agent once --json` on an empty ledger."""
    config = folder / "burndeck.toml"
    headers = f'headers = {{ Prefer = "{prefer}" }}\n' if prefer else ""
    config.write_text(f'[[sources]]\nkind = "openai"\nbase_url = "{prism.url}"\n{headers}')
    command = [sys.executable, "-m", "console.cli", "agent", "once", "--json"]
    return subprocess.run(
        [*command, "--config", str(config), "--db", str(folder / "ledger.sqlite")],
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "OPENAI_ADMIN_KEY": KEY},
    )


def test_a_pass_ends_by_itself_and_sends_nothing_that_the_contract_refuses(
    prism: Prism, tmp_path: Path
) -> None:
    done = agent_once(tmp_path, prism)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    asked = {endpoint["endpoint"] for endpoint in report["sources"][0]["endpoints"]}
    assert any("usage/completions" in endpoint for endpoint in asked)
    assert any("costs" in endpoint for endpoint in asked)
    assert any("projects" in endpoint for endpoint in asked)
    assert prism.asked() > 10
    assert prism.refused() == []


@pytest.mark.parametrize("code", [401, 403, 429, 500, 503])
def test_an_error_answer_ends_with_exit_code_3_and_a_sentence_that_helps(
    prism: Prism, tmp_path: Path, code: int
) -> None:
    done = agent_once(tmp_path, prism, prefer=f"code={code}")

    assert done.returncode == 3
    report = json.loads(done.stdout)
    assert str(code) in report["error"]
    assert len(report["hint"]) > 20
    assert KEY not in done.stdout + done.stderr
