"""What is printed of limits behind hard caps where there are many of them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.domain.backstop import Backstop
from console.cli import burndeck
from console.commands.backstop_text import backstop_lines
from tests.agent.reports.audited import NOW, SEARCH, burn, use

TEAMS = 17


def behind(ident: str, sentence: str) -> Backstop:
    return Backstop(ident, False, None, (), (), sentence)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A company with a cap for each of many teams."""
    tables = "".join(
        f'[[allocations]]\nid = "org-1-team-t{number}"\nscope = "team:t{number}"\nmonthly_credits = 1000\n'
        for number in range(TEAMS)
    )
    clock = f"[clock]\nepoch = {NOW}\nstarted = {int(time.time())}\nspeed = 1\n"
    (tmp_path / "burndeck.toml").write_text(f'{clock}[organization]\nid = "org-1"\n{tables}')
    monkeypatch.setenv("BURNDECK_CONFIG", str(tmp_path / "burndeck.toml"))
    return burn(tmp_path / "l.sqlite", use(SEARCH, 60))


def run(ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(burndeck, [*words, "--db", str(ledger)], catch_exceptions=False)


@pytest.mark.parametrize("words", [("allocations",), ("audit", "caps", "--since", "1d")])
def test_a_command_names_the_first_few_caps_and_all_where_that_is_asked(
    ledger: Path, words: tuple[str, ...]
) -> None:
    few = run(ledger, *words).stdout.partition("behind each hard cap")[2]
    whole = run(ledger, *words, "--all").stdout.partition("behind each hard cap")[2]

    assert f"org-1-team-t0, org-1-team-t1, org-1-team-t2 and {TEAMS - 3} more (--all): none" in few
    assert "team-t16" not in few
    assert "(--all)" not in whole
    assert [number for number in range(TEAMS) if f"team-t{number}" not in whole] == []


def test_json_has_all_of_them_without_asking(ledger: Path) -> None:
    assert len(json.loads(run(ledger, "allocations", "--json").stdout)["rows"]) == TEAMS
    assert (
        len(json.loads(run(ledger, "audit", "caps", "--since", "1d", "--json").stdout)["backstops"]) == TEAMS
    )


def test_caps_that_differ_and_long_reasons_are_cut_to_a_few_lines() -> None:
    many = [behind(f"team-{number}", f"none: its project p{number} is shared") for number in range(20)]
    long = behind("org", "; ".join(f"none: its project p{number} is shared" for number in range(30)))

    few = backstop_lines(many, whole=False).splitlines()
    cut = backstop_lines([long], whole=False).splitlines()

    assert (len(few), few[-1]) == (8, "  and 14 more (--all)")
    assert len(cut) == 5
    assert cut[-1].endswith("more lines (--all)")
    assert len(backstop_lines(many).splitlines()) == 21
    assert "p29 is shared" in backstop_lines([long])
