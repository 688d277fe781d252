"""`burndeck identity`: made once, shown without its private half."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.control.identity import VARIABLE, read_identity
from agent.settings import load_settings
from console.cli import burndeck
from console.cli import run as main


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the identity of the test is kept."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.key"))
    return tmp_path / "mine.key"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "burndeck.toml"
    path.write_text('[organization]\nid = "org-1"\n')
    monkeypatch.setenv("BURNDECK_CONFIG", str(path))
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(burndeck, ["identity", *arguments], catch_exceptions=False)


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_what_create_prints_makes_the_identity_known(file: Path, config: Path) -> None:
    made = run("create", "--name", "ada")
    unknown = run("show")
    with config.open("a") as stream:
        stream.write(made.stdout)

    known = run("show")

    assert made.exit_code == known.exit_code == 0
    assert unknown.exit_code == 1
    assert made.stdout in unknown.stdout
    (person,) = load_settings(config).people
    assert (person.name, person.public_key) == ("ada", read_identity(file).public_key)
    assert "roles       operator" in known.stdout
    assert "scopes      everything" in known.stdout
    assert "ada" in run("list").stdout


def test_the_private_key_is_never_printed(file: Path, config: Path) -> None:
    printed = [run("create", "--name", "ada"), run("show"), run("list"), run("show", "--json")]
    printed.append(run("create", "--name", "ada", "--force", "--json"))

    seed = file.read_text().split()[-1]

    assert not [result for result in printed if seed in result.stdout + result.stderr]


def test_an_identity_that_is_there_stays_unless_forced(
    file: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create", "--name", "ada")
    before = file.read_text()

    assert main(["identity", "create", "--name", "bob"]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert file.read_text() == before

    run("create", "--name", "bob", "--force")
    assert read_identity(file).name == "bob"


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_refused(
    file: Path, config: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identity", "create", "--name", name]) == 2
    assert "is no name" in capsys.readouterr().err
    assert not file.exists()


def test_create_does_not_replace_a_file_that_it_cannot_read_either(file: Path, config: Path) -> None:
    file.write_text("something else of mine")
    file.chmod(0o600)

    assert main(["identity", "create", "--name", "ada"]) == 2

    assert file.read_text() == "something else of mine"


def test_without_an_identity_show_ends_with_a_finding_and_a_way_out(
    file: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identity", "show"]) == 1
    assert "burndeck identity create" in capsys.readouterr().err
    assert main(["identity", "list"]) == 0


def test_show_as_json_has_stable_keys(file: Path, config: Path) -> None:
    made = document("create", "--name", "ada")
    with config.open("a") as stream:
        stream.write(
            made["block"].replace('["operator"]', '["lead", "finance"]') + 'scopes = ["team:search"]\n'
        )

    assert document("show") == {
        "name": "ada",
        "public_key": made["public_key"],
        "place": str(file),
        "known": True,
        "roles": ["lead", "finance"],
        "titles": [],
        "scopes": ["team:search"],
    }
    assert [person["name"] for person in document("list")["people"]] == ["ada"]


def test_titles_are_listed_with_the_roles_that_each_comes_to() -> None:
    result = CliRunner().invoke(burndeck, ["identity", "titles"])

    assert any(
        line.startswith("ai-platform-owner") and "engineering, admin" in line
        for line in result.stdout.splitlines()
    )


def test_whoever_replaces_a_key_is_told_what_is_lost_and_asked_on_a_terminal(
    file: Path, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create", "--name", "ada")
    before = file.read_text()
    typed = io.StringIO("n\n")
    typed.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", typed)

    assert main(["identity", "create", "--name", "ada", "--force"]) != 0

    assert f"replaces the private key in {file} for good" in " ".join(capsys.readouterr().err.split())
    assert file.read_text() == before
