"""What people call a scope, and which one it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey
from agent.errors import ConfigError
from agent.ledger import open_reader
from agent.reports.find_scope import find_scope
from agent.settings import Settings
from tests.agent.reports.audited import SEARCH, burn, serve, use

KEYS = (
    GatewayKey("h-1", "key_search", name="search backend"),
    GatewayKey("h-2", "key_a", name="twin"),
    GatewayKey("h-3", "key_b", name="twin"),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "l.sqlite"
    burn(path, use(replace(SEARCH, department=""), 60))
    serve(path, *KEYS)
    return path


def found(ledger: Path, text: str) -> str:
    with open_reader(ledger) as reader:
        return str(find_scope(reader, Settings(), Scope.parse(text)))


@pytest.mark.parametrize("text", ["api_key:key_search", "api_key:search backend"])
def test_a_key_is_called_by_its_id_or_by_its_name(ledger: Path, text: str) -> None:
    assert found(ledger, text) == "api_key:key_search"


def test_of_two_with_one_name_both_are_named(ledger: Path) -> None:
    with pytest.raises(ConfigError, match="2 are called 'twin'") as refused:
        found(ledger, "api_key:twin")

    assert refused.value.hint == "Say which: api_key:key_a, api_key:key_b"


def test_what_nobody_knows_is_said_with_what_it_may_have_meant(ledger: Path) -> None:
    with pytest.raises(ConfigError, match="there is no team 'serach'; did you mean search"):
        found(ledger, "team:serach")
    with pytest.raises(ConfigError, match="there is no team 'nope': known are search"):
        found(ledger, "team:nope")


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("key_serach", "did you mean key_search"),
        ("BATCH", "did you mean batch job 7"),
        ("sarch-bakend", r"did you mean search backend\?"),
        ("x", "205 are known, and none is called like it"),
    ],
)
def test_of_hundreds_the_nearest_are_named_and_never_the_first_of_the_alphabet(
    tmp_path: Path, typed: str, near: str
) -> None:
    path = tmp_path / "l.sqlite"
    burn(path, use(SEARCH, 60))
    numbered = [GatewayKey(f"n-{each}", f"key_{each:03}", name=f"job {each}") for each in range(201)]
    serve(path, *KEYS, GatewayKey("b", "key_bat", name="batch job 7"), *numbered)

    with pytest.raises(ConfigError, match=near) as refused:
        found(path, f"api_key:{typed}")

    assert "known are" not in str(refused.value) and "more" not in refused.value.message


@pytest.mark.parametrize("text", ["organization", "team:search", "department:anything"])
def test_what_is_known_stays_as_it_is_and_so_does_what_nothing_is_known_of(ledger: Path, text: str) -> None:
    assert found(ledger, text) == text
