"""Admin keys: where they are looked for, and that they never show."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError

from agent.errors import ConfigError
from agent.secrets import Secret, find_secret, secret_name, store_secret, where
from agent.settings_channels import Channel

VALUE = "sk-admin-very-secret"


class InMemory(KeyringBackend):
    """A keyring that forgets everything at the end of the test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class Headless(KeyringBackend):
    """A machine without a keyring."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError("No recommended backend was available. Install one.")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NoKeyringError("No recommended backend was available. Install one.")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    backend = InMemory()
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setattr(keyring, "set_password", backend.set_password)
    return backend


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", Headless().get_password)
    monkeypatch.setattr(keyring, "set_password", Headless().set_password)


def test_a_secret_shows_itself_only_when_asked_to() -> None:
    secret = Secret(VALUE)

    assert secret.reveal() == VALUE
    for shown in (str(secret), repr(secret), f"{secret}", repr([secret]), repr({"key": secret})):
        assert VALUE not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)


def test_the_places_are_asked_in_their_order(tmp_path: Path, desk: InMemory) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "openai_admin_key").write_text("from-systemd\n")
    file = tmp_path / "key"
    file.write_text("from-file\n")
    store_secret("openai", Secret("from-keyring"))
    environ = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "OPENAI_ADMIN_KEY_FILE": str(file),
        "OPENAI_ADMIN_KEY": "from-variable",
    }

    found = []
    for name in (*environ, "nothing more"):
        found.append(find_secret("openai", environ=environ))
        environ.pop(name, None)

    assert [it.secret.reveal() for it in found] == [
        "from-systemd",
        "from-file",
        "from-variable",
        "from-keyring",
    ]
    assert [it.place for it in found] == [
        "systemd credential openai_admin_key",
        "file named by OPENAI_ADMIN_KEY_FILE",
        "environment variable OPENAI_ADMIN_KEY",
        "keyring",
    ]


def test_a_source_has_a_key_of_its_own_before_that_of_its_kind(desk: InMemory) -> None:
    environ = {"OPENAI_EU_ADMIN_KEY": "of-the-source", "OPENAI_ADMIN_KEY": "of-the-kind"}

    assert secret_name("openai-eu") == "openai_eu_admin_key"
    assert find_secret("openai-eu", "openai", environ=environ).secret.reveal() == "of-the-source"
    assert find_secret("openai-us", "openai", environ=environ).secret.reveal() == "of-the-kind"


def test_no_key_anywhere_says_how_to_give_one(desk: InMemory) -> None:
    with pytest.raises(ConfigError) as caught:
        find_secret("openai", environ={})

    assert "burndeck login openai" in caught.value.hint
    assert where("openai", environ={}) is None


@pytest.mark.parametrize("content", ["", "  \n"])
def test_an_empty_key_file_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)

    with pytest.raises(ConfigError) as caught:
        find_secret("openai", environ={"OPENAI_ADMIN_KEY_FILE": str(file)})

    assert str(file) in caught.value.message


@pytest.mark.usefixtures("headless")
def test_a_headless_machine_is_told_of_the_other_ways() -> None:
    with pytest.raises(ConfigError) as reading:
        find_secret("openai", environ={})
    with pytest.raises(ConfigError) as storing:
        store_secret("openai", Secret(VALUE))

    assert "No recommended backend was available" in reading.value.message
    assert "OPENAI_ADMIN_KEY_FILE" in reading.value.hint
    assert "OPENAI_ADMIN_KEY_FILE" in storing.value.hint
    assert "systemd credential" in storing.value.hint
    assert VALUE not in f"{storing.value.message}{storing.value.hint}"


@pytest.mark.parametrize("content", [f"{VALUE}\n# our admin key\n", f"{VALUE} two", f"{VALUE}é"])
def test_more_than_one_word_is_refused_without_being_shown(
    tmp_path: Path, desk: InMemory, content: str
) -> None:
    file = tmp_path / "key"
    file.write_text(content, encoding="utf-8")
    store_secret("openai", Secret(content))

    for environ in ({"OPENAI_ADMIN_KEY_FILE": str(file)}, {"OPENAI_ADMIN_KEY": content}, {}):
        with pytest.raises(ConfigError) as caught:
            find_secret("openai", environ=environ)

        assert "one word" in caught.value.hint
        assert VALUE not in f"{caught.value.message}{caught.value.hint}"


def test_a_key_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(VALUE, encoding="utf-8-sig")

    found = find_secret("openai", environ={"OPENAI_ADMIN_KEY_FILE": str(file)})

    assert found.secret.reveal() == VALUE


def test_a_channel_has_a_secret_of_its_own_that_is_found_in_the_same_places(desk: InMemory) -> None:
    channel = Channel(name="payments-slack", kind="slack")
    assert channel.secret is not None
    store_secret(channel.secret, Secret("https://hooks.slack.com/services/T/B/x"))

    assert where(channel.secret, environ={}) == "keyring"
    environ = {"BURNDECK_PAYMENTS_SLACK_WEBHOOK_URL": "https://other"}
    assert find_secret(channel.secret, environ=environ).secret.reveal() == "https://other"


def test_a_channel_without_its_secret_says_how_to_give_it(desk: InMemory) -> None:
    channel = Channel(name="pager", kind="pagerduty")
    assert channel.secret is not None

    with pytest.raises(ConfigError) as caught:
        find_secret(channel.secret, environ={})

    assert caught.value.message == "no integration key for pager"
    assert "`burndeck login pager`" in caught.value.hint
    assert "BURNDECK_PAGER_ROUTING_KEY_FILE" in caught.value.hint


def test_a_password_may_hold_blanks_and_a_mail_server_without_accounts_needs_none(desk: InMemory) -> None:
    mail = Channel(name="mail", kind="email", url="smtp://m:587", sender="a@b.c", user="a")
    assert mail.secret is not None

    found = find_secret(mail.secret, environ={"BURNDECK_MAIL_PASSWORD": " two words "})

    assert found.secret.reveal() == "two words"
    assert Channel(name="mail", kind="email", url="smtp://m:587", sender="a@b.c").secret is None
