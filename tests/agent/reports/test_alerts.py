from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.silence import Silence
from agent.ledger import open_reader, open_writer
from agent.reports.alerts import AlertEntry, alerts, standing
from tests.agent.reports.world import NANO, NOW


def alert(
    scope: str,
    tier: str,
    state: AlertState,
    started: int,
    resolved: int | None = None,
    fired: int | None = None,
    muted_by: str = "",
) -> Alert:
    signal = Signal(
        fingerprint=f"spike:{scope}",
        rule=AlertRule.BURN_SPIKE,
        tier=tier,
        at=started,
        scope_kind="team",
        scope=scope,
        current_nano=30 * NANO,
        expected_nano=5 * NANO,
        threshold=Decimal("0.5"),
        team=scope,
        summary=f"{scope} burns",
    )
    return Alert(signal, state, started, fired_at=fired or started, resolved_at=resolved, muted_by=muted_by)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        writer.alerts.save(
            [
                alert("old", "warning", AlertState.RESOLVED, NOW - 9 * 86_400, NOW - 8 * 86_400),
                alert("done", "critical", AlertState.RESOLVED, NOW - 7_200, NOW - 3_600),
                alert("warm", "warning", AlertState.FIRING, NOW - 600),
                alert("hot", "critical", AlertState.FIRING, NOW - 300),
                alert("seen", "hard_cap", AlertState.ACKNOWLEDGED, NOW - 900),
            ]
        )
    return path


def listed(path: Path, **asked: object) -> list[AlertEntry]:
    with open_reader(path) as reader:
        return alerts(reader, NOW, **asked)  # type: ignore[arg-type]


def test_what_fires_comes_first_and_the_worst_of_it_before_the_rest(ledger: Path) -> None:
    assert [entry.scope for entry in listed(ledger)] == ["hot", "warm", "seen", "done"]


def test_what_is_muted_comes_after_what_somebody_has_taken(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        writer.alerts.save(
            [
                alert("done", "critical", AlertState.RESOLVED, NOW - 7_200, NOW - 3_600),
                alert("soon", "hard_cap", AlertState.PENDING, NOW - 60),
                alert("quiet", "hard_cap", AlertState.FIRING, NOW - 500, muted_by="silence:1"),
                alert("both", "critical", AlertState.ACKNOWLEDGED, NOW - 400, muted_by="silence:1"),
                alert("seen", "critical", AlertState.ACKNOWLEDGED, NOW - 900),
                alert("info", "info", AlertState.FIRING, NOW - 700),
            ]
        )

    found = [(entry.scope, standing(entry)) for entry in listed(path)]

    assert found == [
        ("info", "firing"),
        ("both", "acknowledged"),
        ("seen", "acknowledged"),
        ("quiet", "muted"),
        ("soon", "pending"),
        ("done", "resolved"),
    ]


def test_amounts_are_credits(ledger: Path) -> None:
    first = listed(ledger)[0]

    assert (first.current, first.expected) == (30, 5)


def test_an_earlier_instant_shows_alerts_as_they_stood(ledger: Path) -> None:
    then = listed(ledger, at=NOW - 5_400)

    assert [(entry.scope, entry.state, entry.resolved_at) for entry in then] == [("done", "firing", None)]


def test_resolved_ones_can_be_asked_for_further_back(ledger: Path) -> None:
    assert "old" in [entry.scope for entry in listed(ledger, recent_s=30 * 86_400)]


def test_an_old_alert_is_open_until_it_is_resolved_and_recent_thereafter(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        long = alert("long", "hard_cap", AlertState.RESOLVED, NOW - 12 * 86_400, NOW - 600)
        writer.alerts.save([long])

    assert [(entry.scope, entry.state) for entry in listed(path)] == [("long", "resolved")]
    assert [entry.state for entry in listed(path, at=NOW - 2 * 86_400)] == ["firing"]


def test_an_alert_that_had_not_fired_yet_was_pending(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        slow = alert("slow", "warning", AlertState.RESOLVED, NOW - 3_600, NOW - 600, fired=NOW - 3_000)
        writer.alerts.save([slow])

    then = listed(path, at=NOW - 3_300)

    assert [(entry.state, entry.fired_at, entry.resolved_at) for entry in then] == [("pending", None, None)]


def test_a_silence_that_began_later_did_not_mute_then(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with open_writer(path) as writer:
        made = Silence("ada", "test", {"team": "quiet"}, NOW - 300, NOW + 3_600, NANO)
        writer.incidents.add_silence(made)
        quiet = alert("quiet", "critical", AlertState.FIRING, NOW - 900, muted_by="silence:1")
        writer.alerts.save([quiet, alert("warm", "warning", AlertState.FIRING, NOW - 900)])

    for at, order in ((NOW - 600, ["quiet", "warm"]), (NOW - 200, ["warm", "quiet"])):
        found = listed(path, at=at)
        assert [entry.scope for entry in found] == order
        assert [standing(entry) for entry in found] == ["firing", "firing" if at < NOW - 300 else "muted"]
