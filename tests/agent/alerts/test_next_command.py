"""A message and the screen of its alert name the same command to run first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.duties import Due
from agent.alerts.notices import Facts, notice_of
from agent.domain.alert import Alert, AlertRule, AlertState
from agent.domain.notice import NoticeKind
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.reports.alert_detail import alert_detail
from agent.settings_alerts import Alerts
from tests.agent.reports.test_alert_detail import firing
from tests.agent.reports.world import NOW, SETTINGS

TIER = Alerts().policy("critical")


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path_factory.mktemp("next") / "l.sqlite") as opened:
        yield opened


def both(writer: LedgerWriter, alert: Alert) -> tuple[str, str]:
    """What the message names, and what the alert's own screen does; empty: nothing but itself."""
    writer.alerts.save([alert])
    (kept,) = (each for each in writer.alerts.open_alerts() if each.signal == alert.signal)
    with open_reader(Path(writer.path)) as reader:
        found = alert_detail(reader, SETTINGS, kept.id or 0, NOW)
    assert found is not None
    message = notice_of(Due(kept, NoticeKind.FIRED, "", ()), TIER, Facts(), NOW).next_command
    return message, next(iter(found.commands)).text


@pytest.mark.parametrize("rule", list(AlertRule))
@pytest.mark.parametrize(
    ("scope_kind", "team"),
    [("api_key", "data platform"), ("api_key", ""), ("team", ""), ("model", ""), ("organization", "")],
)
def test_of_any_live_alert_both_name_the_same(
    writer: LedgerWriter, rule: AlertRule, scope_kind: str, team: str
) -> None:
    alert = firing(rule=rule, fingerprint=f"{rule}{scope_kind}{team}", scope_kind=scope_kind, team=team)

    message, screen = both(writer, alert)

    assert message == screen
    assert not message.startswith("burndeck alerts")


def test_of_an_alert_that_is_over_the_message_names_the_alert_itself() -> None:
    alert = replace(firing(), id=17, state=AlertState.RESOLVED)

    found = notice_of(Due(alert, NoticeKind.RESOLVED, "", ()), TIER, Facts(), NOW)

    assert found.next_command == "burndeck alerts show 17"
