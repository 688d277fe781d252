"""What fires, what somebody has taken, what is muted: the badge, the board and the silences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.silence import Silence
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.reports.alert_badge import AlertBadge, alert_badge
from agent.reports.alert_board import AlertBoard, alert_board
from agent.reports.alert_report import SilenceEntry
from agent.reports.silences import matching, silences
from tests.agent.ledger.build import DAY, batch, event
from tests.agent.reports.world import NANO, SETTINGS

NOW = DAY + 7_200


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "l.sqlite") as opened:
        yield opened


def alert(name: str, tier: str = "critical", started: int = NOW - 600, **changes: Any) -> Alert:
    signal = Signal(
        fingerprint=f"burn_spike:{name}",
        rule=AlertRule.BURN_SPIKE,
        tier=tier,
        at=started,
        scope_kind="team",
        scope=name,
        current_nano=30 * NANO,
        expected_nano=5 * NANO,
        threshold=Decimal("0.5"),
        team=name,
        summary=f"{name} burns",
    )
    return replace(Alert(signal, AlertState.FIRING, started, fired_at=started), **changes)


def save(writer: LedgerWriter, *alerts: Alert) -> None:
    writer.write_events(batch([event("r-1", NOW - 120)]))
    writer.alerts.save(alerts)


def badge(writer: LedgerWriter) -> AlertBadge:
    with open_reader(writer.path) as reader:
        return alert_badge(reader)


def board(writer: LedgerWriter, **asked: Any) -> AlertBoard:
    with open_reader(writer.path) as reader:
        return alert_board(reader, SETTINGS, NOW, **asked)


def listed(writer: LedgerWriter, **asked: Any) -> list[SilenceEntry]:
    with open_reader(writer.path) as reader:
        return silences(reader, NOW, **asked)


def silence(writer: LedgerWriter, **changes: Any) -> Silence:
    base = Silence("ada", "load test", {"team": "labs"}, NOW - 900, NOW + 900, 500 * NANO)
    return writer.incidents.add_silence(replace(base, **changes))


def test_the_badge_counts_what_fires_and_is_told_the_gravest_first(writer: LedgerWriter) -> None:
    save(
        writer,
        alert("a", "warning"),
        alert("b", "critical"),
        alert("c", "hard_cap"),
        alert("d", "critical", muted_by="silence:1"),
        alert("e", "critical", state=AlertState.ACKNOWLEDGED),
        alert("f", "critical", state=AlertState.PENDING, fired_at=None),
        alert("g", "critical", state=AlertState.RESOLVED, resolved_at=NOW - 60),
        alert("h", "watch"),
    )
    found = badge(writer)

    assert [each.team for each in found.firing] == ["c", "b", "a", "h"]
    assert list(found.counts().items()) == [("hard_cap", 1), ("critical", 1), ("warning", 2)]
    assert [each.urgent for each in found.firing] == [True, True, False, False]


def test_every_alert_is_in_one_list(writer: LedgerWriter) -> None:
    save(
        writer,
        alert("warm", "warning"),
        alert("seen", state=AlertState.ACKNOWLEDGED, acknowledged_at=NOW - 60, acknowledged_by="ada"),
        alert("quiet", muted_by="alert:1"),
        alert("soon", state=AlertState.PENDING, fired_at=None),
        alert("done", state=AlertState.RESOLVED, resolved_at=NOW - 60),
        alert("hot", "hard_cap"),
        alert("old", started=NOW - 40 * 86_400, state=AlertState.RESOLVED, resolved_at=NOW - 39 * 86_400),
    )
    found = board(writer)

    assert [each.scope for each in found.active] == ["hot", "warm", "soon"]
    assert [each.scope for each in found.acknowledged] == ["seen"]
    assert [each.scope for each in found.muted] == ["quiet"]
    assert [each.scope for each in found.history] == ["done"]
    assert found.live and not found.empty and found.entry(6) == found.active[0] and found.entry(99) is None


def test_an_empty_ledger_says_what_to_do(writer: LedgerWriter) -> None:
    assert "burndeck agent start" in board(writer).empty


def test_the_past_is_shown_as_it_stood(writer: LedgerWriter) -> None:
    begun = silence(writer, starts_at=NOW - 300)
    save(
        writer,
        alert("done", started=NOW - 3_000, state=AlertState.RESOLVED, resolved_at=NOW - 400),
        alert("quiet", started=NOW - 3_000, muted_by=f"silence:{begun.id}"),
        alert("later", started=NOW - 300),
    )
    then = board(writer, at=NOW - 600)

    assert not then.live and then.at == NOW - 600
    assert [each.scope for each in then.active] == ["quiet", "done"], "the silence began later"
    assert then.muted == () and then.history == () and then.silences == ()


def test_silences_say_what_they_mute_and_how_they_ended(writer: LedgerWriter) -> None:
    active = silence(writer, burnt_nano=100 * NANO)
    over = silence(writer, ended_at=NOW - 60, ended_why="credits", burnt_nano=500 * NANO)
    silence(writer, ended_at=NOW - 8 * 86_400, ended_why="lifted")
    save(writer, alert("labs", muted_by=f"silence:{active.id}"))

    found = listed(writer)

    assert [(each.id, each.state, each.ended_why, each.mutes) for each in found] == [
        (over.id, "ended", "credits", 0),
        (active.id, "active", "", 1),
    ]
    assert (found[1].burnt, found[1].limit, dict(found[1].matchers)) == (100, 500, {"team": "labs"})
    assert len(listed(writer, recent_s=30 * 86_400)) == 3


def test_what_a_silence_would_mute_is_what_the_agent_would_mute(writer: LedgerWriter) -> None:
    save(writer, alert("labs"), alert("lab-two"), alert("labs-cap", "hard_cap"), alert("search"))
    entries = board(writer).entries

    for matchers in (
        {"team": "lab*"},
        {"team": "labs"},
        {"rule": "burn_spike", "scope_kind": "team"},
        {"alert": "2"},
    ):
        wanted = Silence("ada", "x", matchers, 0, 1, 1)
        muted = {each.id for each in writer.alerts.open_alerts() if wanted.matches(each)}

        assert {each.id for each in matching(entries, matchers)} == muted and muted
    assert matching(entries, {}) == []
