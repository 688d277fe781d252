"""`burndeck glossary`: the words of the help screen, one or all of them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from agent.errors import ConfigError
from console.cli import burndeck
from console.glossary import GLOSSARY


def run(*words: str) -> Result:
    return CliRunner().invoke(burndeck, ["glossary", *words])


def test_every_word_is_listed_with_its_meaning() -> None:
    said = " ".join(run().stdout.split())

    assert all(f"{name} {meaning}" in said for name, meaning in GLOSSARY)
    assert {each["term"] for each in json.loads(run("--json").stdout)["words"]} == {
        name for name, _ in GLOSSARY
    }


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("run", ["Run"]),
        ("HARD-CAP", ["Hard cap"]),
        ("cap", ["Soft cap", "Hard cap", "Binding cap"]),
        ("showback", ["Showback"]),
    ],
)
def test_a_word_is_found_however_it_is_written_and_a_part_finds_all_with_it(
    term: str, names: list[str]
) -> None:
    found = json.loads(run(term, "--json").stdout)["words"]

    assert [each["term"] for each in found] == names


def test_an_unknown_word_names_the_nearest() -> None:
    done = run("shwback")

    assert isinstance(done.exception, ConfigError)
    assert "did you mean 'showback'" in done.exception.message
