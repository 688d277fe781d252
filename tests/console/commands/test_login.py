"""`burndeck login`: the secret of a source or of a channel, into the keyring and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner, Result

from agent.errors import ConfigError
from console.commands.login import login
from tests.agent.test_secrets import InMemory

CONFIG = """
[[alerts.channels]]
name = "ops-slack"
kind = "slack"
[[alerts.channels]]
name = "mail"
kind = "email"
url = "smtp://mail.example:587"
sender = "burndeck@example.com"
user = "burndeck"
[[alerts.channels]]
name = "relay"
kind = "email"
url = "smtp+plain://localhost"
sender = "burndeck@example.com"
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    backend = InMemory()
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setattr(keyring, "set_password", backend.set_password)
    return backend.kept


def run(tmp_path: Path, secret: str, *arguments: str, more: str = "") -> Result:
    config = tmp_path / "burndeck.toml"
    config.write_text(CONFIG + more)
    return CliRunner().invoke(login, [*arguments, "--stdin", "--config", str(config)], input=secret)


def test_a_kind_of_source_is_known_without_any_configured(
    tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    result = run(tmp_path, "sk-admin-x\n", "openai")

    assert result.exit_code == 0
    assert kept == {("burndeck", "openai_admin_key"): "sk-admin-x"}


def test_a_configured_source_is_known_by_its_name(tmp_path: Path, kept: dict[tuple[str, str], str]) -> None:
    more = '[[sources]]\nname = "openai-eu"\n'

    assert run(tmp_path, "sk-admin-x\n", "openai-eu", more=more).exit_code == 0
    assert kept == {("burndeck", "openai_eu_admin_key"): "sk-admin-x"}


@pytest.mark.parametrize("table", ["sources", "gateways"])
def test_a_proxy_has_its_master_key_as_a_source_and_as_a_gateway(
    tmp_path: Path, kept: dict[tuple[str, str], str], table: str
) -> None:
    more = f'[[{table}]]\nkind = "litellm"\nname = "llm-eu"\nbase_url = "http://127.0.0.1:4000"\n'

    assert run(tmp_path, "sk-master-x\n", "llm-eu", more=more).exit_code == 0
    assert kept == {("burndeck", "llm_eu_master_key"): "sk-master-x"}


def test_a_webhook_gateway_has_the_secret_that_both_sides_sign_with(
    tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    more = '[[gateways]]\nkind = "webhook"\nname = "engine"\nbase_url = "https://engine.example/hook"\n'

    assert run(tmp_path, "whsec_x\n", "engine", more=more).exit_code == 0
    assert kept == {("burndeck", "engine_webhook_secret"): "whsec_x"}


@pytest.mark.parametrize("name", ["opnai", "openai-eu", "ops-slak", ""])
def test_a_name_of_nothing_is_refused_with_those_that_are_known(
    tmp_path: Path, kept: dict[tuple[str, str], str], name: str
) -> None:
    error = run(tmp_path, "sk-admin-x\n", name).exception

    assert isinstance(error, ConfigError)
    assert error.message == f"there is no source, gateway or channel {name!r} that has a secret"
    assert error.hint.startswith("Known: openai, litellm, ops-slack, mail, relay.")
    assert kept == {}


def test_a_channel_has_what_its_kind_needs(tmp_path: Path, kept: dict[tuple[str, str], str]) -> None:
    result = run(tmp_path, "https://hooks.slack.com/services/T/B/x\n", "ops-slack", "--json")

    assert json.loads(result.stdout)["name"] == "burndeck_ops_slack_webhook_url"
    assert kept == {("burndeck", "burndeck_ops_slack_webhook_url"): "https://hooks.slack.com/services/T/B/x"}


def test_a_password_may_hold_blanks_and_a_webhooks_address_may_not(
    tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    assert run(tmp_path, "two words\n", "mail").exit_code == 0
    refused = run(tmp_path, "two words\n", "ops-slack")

    assert kept == {("burndeck", "burndeck_mail_password"): "two words"}
    assert refused.exception is not None
    assert str(refused.exception) == "that is no incoming webhook URL"
    assert "two words" not in refused.output


def test_a_mail_server_without_accounts_needs_no_secret(
    tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    result = run(tmp_path, "x\n", "relay")

    assert str(result.exception) == "the channel relay needs no secret"
    assert kept == {}
