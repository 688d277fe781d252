"""Which sources are read, with which key, and where rows of ingested files belong."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.ledger import open_reader, open_writer
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.collect import configured_sources
from agent.telemetry.once import collect_once

NOW = 1_790_003_000.0
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if "ADMIN_KEY" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def test_usage_of_a_key_alone_and_ingested_rows_belong_to_one_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-abc")

    (source,) = configured_sources(Settings())

    assert source.account == Settings().default_account


def test_without_a_key_there_is_no_source_but_a_key_file_that_cannot_be_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    none = configured_sources(Settings())
    monkeypatch.setenv("OPENAI_ADMIN_KEY_FILE", str(tmp_path / "missing"))

    with pytest.raises(ConfigError, match="OPENAI_ADMIN_KEY_FILE"):
        configured_sources(Settings())
    assert none == ()


def test_the_state_of_a_source_goes_when_it_is_read_no_longer(tmp_path: Path) -> None:
    before = Settings(sources=(Source(name="old"),), ledger_path=tmp_path / "ledger.sqlite")
    after = dataclasses.replace(before, sources=(Source(name="new"),))

    with open_writer(before.ledger_path) as writer:
        for settings in (before, after):
            collect_once(settings, writer, NOW)

    with open_reader(before.ledger_path) as reader:
        assert [row["source"] for row in reader.rows("source_states")] == ["new"]


def test_a_second_source_never_reads_the_organization_of_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-abc")
    sources = (Source(base_url=NOWHERE), Source(name="openai-eu", base_url=NOWHERE))
    settings = Settings(sources=sources, ledger_path=tmp_path / "ledger.sqlite")

    with open_writer(settings.ledger_path) as writer:
        first, second = collect_once(settings, writer, NOW).sources

    assert "no admin key" not in first.message
    assert (second.state, second.message) == ("failed", "no admin key for openai-eu")
    assert "OPENAI_EU_ADMIN_KEY" in second.hint
