"""In the demo somebody is told, whoever a tier or a runbook names."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.alerts.routes import Facts, destinations
from agent.runbooks.checking import parts_of
from agent.settings import load_settings
from console.demo.pager import DESKS, channels_toml, open_pager
from console.demo.stage import build_stage, config_beside, keep
from fixtures.organization import build_organization
from tests.agent.alerts.channels.channels import a_message, deliver


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DESKS:  # so that what the pager sets is forgotten afterwards
        monkeypatch.setenv(f"BURNDECK_{name.upper().replace('-', '_')}_SIGNING_SECRET", "")


def test_every_part_of_the_shipped_tiers_and_runbooks_reaches_its_desk(tmp_path: Path) -> None:
    with open_pager(tmp_path) as pager:
        stage = build_stage(
            tmp_path, build_organization(1), "http://127.0.0.1:9/v1", more=channels_toml(pager)
        )
        settings = load_settings(stage.config)
        for channel in settings.alerts.channels:
            deliver(channel, a_message())

    alerts, at = settings.alerts, datetime(2026, 11, 18, tzinfo=UTC)
    for part in sorted(parts_of(settings)):
        told = destinations(Facts("critical"), [part], alerts.routes, alerts.channels, at)
        assert (len(told.destinations), told.unreached) == (1, ()), part
    log = (tmp_path / "pager.log").read_text()
    assert all(f"to {name}  CRITICAL" in log for name in DESKS)


def test_a_kept_ledger_has_its_pages_beside_it_and_no_channel_that_is_gone(tmp_path: Path) -> None:
    from agent.ledger import open_writer

    folder = tmp_path / "demo"
    folder.mkdir()
    with open_pager(folder) as pager:
        stage = build_stage(folder, build_organization(1), "http://127.0.0.1:9/v1", more=channels_toml(pager))
        deliver(load_settings(stage.config).alerts.channels[0], a_message())
    open_writer(stage.ledger).close()

    keep(stage, tmp_path / "kept.sqlite")

    assert "payments has burnt" in (tmp_path / "kept.sqlite.pager.log").read_text()
    assert load_settings(config_beside(tmp_path / "kept.sqlite")).alerts.channels == ()
