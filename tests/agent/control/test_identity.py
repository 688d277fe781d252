"""Key pairs: kept where only their owner reads them, and never shown."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import keyring
import pytest
from keyring.errors import NoKeyringError

from agent.control.identity import (
    VARIABLE,
    Identity,
    find_identity,
    new_identity,
    read_identity,
    store_identity,
    write_identity,
)
from agent.errors import ConfigError


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring that works."""
    items: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: items.get((service, name)))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, name, value: items.update({(service, name): value})
    )
    return items


@pytest.fixture(params=["raises", "forgets"])
def headless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a keyring: one kind says so, the other keeps nothing."""

    def ask(*_: str) -> None:
        if request.param == "raises":
            raise NoKeyringError("No recommended backend was available.")

    monkeypatch.setattr(keyring, "get_password", ask)
    monkeypatch.setattr(keyring, "set_password", ask)


def same(one: Identity | None, other: Identity) -> bool:
    return one is not None and (one.name, one.sign("x")) == (other.name, other.sign("x"))


def test_an_identity_is_found_again_in_the_keyring(kept: dict[tuple[str, str], str], tmp_path: Path) -> None:
    made = store_identity(new_identity("ada"), environ={})

    assert made.place == "keyring"
    assert same(find_identity(environ={}), made)
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("headless")
def test_without_a_keyring_it_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    made = store_identity(new_identity("ada"), environ={})

    (file,) = (tmp_path / "data").rglob("*.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.place == str(file)
    assert same(find_identity(environ={}), made)


def test_the_file_that_the_environment_names_comes_first(
    kept: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    environ = {VARIABLE: str(tmp_path / "mine")}
    store_identity(new_identity("bob"), environ={})

    made = store_identity(new_identity("ada"), environ=environ)

    assert same(find_identity(environ=environ), made)
    found = find_identity(environ={})
    assert found is not None
    assert found.name == "bob"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    write_identity(new_identity("ada"), file)
    file.chmod(mode)

    with pytest.raises(ConfigError) as caught:
        read_identity(file)

    assert f"chmod 600 {file}" in caught.value.hint


def test_writing_anew_replaces_the_file_and_closes_it_to_others(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    file.chmod(0o644)

    made = write_identity(new_identity("ada"), file)

    assert same(read_identity(file), made)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "content", ["", "burndeck-identity-1 ada", "burndeck-identity-1 ada QUJD", "x" * 9999]
)
def test_a_file_that_is_no_identity_is_named_and_not_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text(content)

    with pytest.raises(ConfigError, match="no identity") as caught:
        read_identity(file)

    assert str(file) in caught.value.message
    assert "QUJD" not in caught.value.message + caught.value.hint


def test_the_private_key_shows_nowhere(tmp_path: Path) -> None:
    identity = write_identity(new_identity("ada"), tmp_path / "key")
    seed = (tmp_path / "key").read_text().split()[-1]

    for shown in (repr(identity), str(identity), identity.config_block(), f"{[identity]}"):
        assert seed not in shown
        assert repr(base64.b64decode(seed)) not in shown


@pytest.mark.parametrize("name", ["", "two words", "ada\n", "agent", "unverified", "a" * 65, 'a"b'])
def test_a_name_that_would_not_stand_in_a_log_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        new_identity(name)
