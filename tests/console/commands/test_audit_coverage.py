"""`burndeck audit caps`, `keys` and `pitfalls`: what they print, and their exit codes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.domain.gateway import GatewayKey
from console.cli import burndeck
from tests.agent.reports.audited import NOBODY, NOW, SEARCH, burn, serve, use

CONFIG = """\
[clock]
epoch = {now}
started = {started}
speed = 1
[organization]
id = "org-1234"
[[allocations]]
id = "org-1234-team-search"
scope = "team:search"
monthly_credits = 1000
emergency_buffer = 10
[[gateways]]
kind = "webhook"
base_url = "http://127.0.0.1:1/"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "burndeck.toml").write_text(CONFIG.format(now=NOW, started=int(time.time())))
    monkeypatch.setenv("BURNDECK_CONFIG", str(tmp_path / "burndeck.toml"))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    words = ["audit", *arguments, "--db", str(folder / "l.sqlite")]
    return CliRunner().invoke(burndeck, words, catch_exceptions=False)


def test_caps_ends_well_when_all_is_counted(folder: Path) -> None:
    burn(folder / "l.sqlite", use(SEARCH, 60))

    result = run(folder, "caps", "--since", "1d")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "2026-11-18 00:00:00Z to 2026-11-19 00:00:00Z: 60.00 credits [met], 1 key",
            "every credit is counted by a cap",
            "",
            "behind each hard cap, by the provider's own limits",
            "  org-1234-team-search: none: no gateway that has limits of its own serves its keys",
        ],
    )
    (behind,) = json.loads(run(folder, "caps", "--since", "1d", "--json").stdout)["backstops"]
    assert (behind["stands"], behind["allocation_id"]) == (False, "org-1234-team-search")


def test_caps_prints_each_finding_with_amount_and_fix_and_ends_with_one(folder: Path) -> None:
    burn(folder / "l.sqlite", use(SEARCH, 60), use(NOBODY, 20))

    result = run(folder, "caps", "--since", "1d")

    assert result.exit_code == 1
    assert "untagged  20.00 credits [met], 25.0 %\n    no team owns it: key_nobody\n    -> " in result.stdout
    assert result.stdout.splitlines()[-1] == "1 finding: 1 untagged"


def test_caps_as_json_keeps_amounts_exact_with_layer_and_age(folder: Path) -> None:
    burn(folder / "l.sqlite", use(SEARCH, 60), use(NOBODY, 20))

    (finding,) = json.loads(run(folder, "caps", "--since", "1d", "--json").stdout)["findings"]

    assert finding["amount"] == {
        "value": "20.000000000",
        "unit": "credits",
        "layer": "metered",
        "as_of": NOW,
        "mixed": False,
    }
    assert (finding["kind"], finding["keys"]) == ("untagged", ["key_nobody"])


def test_keys_asks_the_registry_of_today(folder: Path) -> None:
    path = folder / "l.sqlite"
    burn(path, use(SEARCH, 60), use(NOBODY, 20))
    serve(path, GatewayKey("h-1", "key_nobody"))

    found = run(folder, "keys", "--since", "1d")
    owners = folder / "owners.toml"
    owners.write_text('[keys.key_nobody]\nteam = "search"\ncost_center = "CC-1"\n')
    config = folder / "burndeck.toml"
    config.write_text(config.read_text() + '[registry]\nfiles = ["owners.toml"]\n')
    mended = run(folder, "keys", "--since", "1d")

    assert found.exit_code == 1
    assert "burndeck block api_key:key_nobody --for 0s --reason" in found.stdout
    assert (mended.exit_code, mended.stdout.splitlines()[-1]) == (0, "every key is in order")


def test_pitfalls_names_hard_caps_that_nobody_can_override(folder: Path) -> None:
    burn(folder / "l.sqlite", use(SEARCH, 60), use(replace(SEARCH, environment="dev"), 1))

    result = run(folder, "pitfalls", "--since", "1d")

    assert result.exit_code == 1
    kinds = [each["kind"] for each in json.loads(run(folder, "pitfalls", "--json").stdout)["findings"]]
    assert kinds == ["environments", "unsafe_cap"]
    assert "unsafe_cap  allocation:org-1234-team-search" in result.stdout


@pytest.mark.parametrize("name", ["caps", "keys", "pitfalls"])
def test_help_ends_with_an_example(folder: Path, name: str) -> None:
    assert f"burndeck audit {name}" in run(folder, name, "--help").stdout.split("Examples:")[-1]


@pytest.mark.parametrize("name", ["caps", "keys", "pitfalls"])
def test_without_a_ledger_it_says_what_to_do(folder: Path, name: str) -> None:
    from console.cli import run as run_line

    assert run_line(["audit", name, "--db", str(folder / "none.sqlite")]) == 2
