"""What is known of keys, data, alerts, incidents, changes and actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.change import Change, ChangeKind, PlotMark
from agent.domain.gateway import GatewayKey, Limit, LimitUnit
from agent.domain.incident import Incident
from agent.domain.run import Run, evidence_of
from agent.domain.runbook import Runbook
from agent.ledger import open_writer
from agent.ledger.rows import CostRow, DirectoryKey, SourceStatus
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_schema import Source
from tests.agent.reports.audited import direct, serve
from tests.agent.reports.world import CHAT, NOBODY, NOW, SEARCH, use
from tests.agent.runbooks.asked.look import AT, NANO, ask, column, first, spiking
from tests.console.acting_world import spike as spike_alert

DAY = 86_400
TODAY = NOW // DAY * DAY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[LedgerWriter]:
    spiking(path)
    with open_writer(path) as opened:
        yield opened


def metered(path: Path, *stretches: tuple[int, int]) -> None:
    with open_writer(path) as writer:
        for start, end in stretches:
            rows = {"completions": [use(start, 60, SEARCH, 1)]}
            writer.write_usage_window("openai", start, end, rows, read_at=end)


def test_keys_come_oldest_first_with_what_they_lack(path: Path) -> None:
    metered(path, (NOW - 3_600, NOW))
    old = DirectoryKey("key_search", "proj_search", "search-prod", "sk-..1", created_at=AT - 100 * DAY)
    bot = DirectoryKey(
        "key_bot", "proj_search", "bot", "sk-..2", "service_account", "sa", "bot", AT - 9 * DAY, AT - 120
    )
    direct(path, bot, old)

    found = ask(path, "keys", Settings(), scope="project:proj_search")

    assert column(found, "key") == ["key_search", "key_bot"]
    assert column(found, "age") == ["100 d", "9 d"]
    assert column(found, "service account") == ["no", "yes"]
    assert column(found, "missing labels") == ["none", "team, cost_center, environment"]
    assert column(found, "last use") == ["–", "2 min ago"]
    assert found.sentence == "2 keys: 1 older than 90 days, 1 of service accounts."


def test_labels_and_coverage_name_what_lacks_them_and_what_it_burnt(spike: Path) -> None:
    labels, coverage = ask(spike, "labels"), ask(spike, "coverage")

    assert column(labels, "subject") == ["api_key:key_nobody"]
    assert first(labels)["what mends it"]
    assert "no gateway" in column(coverage, "finding")
    assert coverage.layer == "metered"


def test_pitfalls_tell_aliases_and_unsafe_caps(spike: Path) -> None:
    found = ask(spike, "pitfalls")

    assert {"model alias", "unsafe cap"} <= set(column(found, "finding"))


def test_a_source_that_brings_nothing_is_blind_since_its_newest_data(writer: LedgerWriter) -> None:
    status = SourceStatus("openai", "openai", "openai", "failed", "HTTP 500", "wait", covered_to=AT - 7_200)
    writer.save_source_status(status)
    writer.save_source_status(SourceStatus("proxy", "litellm", "proxy", "ok", last_ok=AT - 30))
    settings = Settings(sources=(Source(kind="openai", name="openai"), Source(kind="openai", name="second")))

    found = ask(writer.path, "sources", settings)

    assert column(found, "source") == ["openai", "proxy", "second"]
    assert column(found, "blind since") == ["2026-11-18 10:31 UTC", "", "always"]
    assert found.sentence.startswith("openai, second: no new data")


def test_gaps_tell_which_layer_was_missing_and_what_is_known_meanwhile(path: Path) -> None:
    metered(path, (NOW - 2 * DAY, NOW - DAY), (NOW - DAY + 7_200, NOW - 3_600))
    with open_writer(path) as writer:
        bill = [CostRow(TODAY - 6 * DAY, SEARCH, CHAT, "gpt", NANO, "USD", 100 * NANO)]
        end = TODAY - 5 * DAY
        writer.write_costs("openai", TODAY - 6 * DAY, end, bill, final_before=end, read_at=NOW)

    found = ask(path, "gaps")

    assert [row[1:5] for row in found.rows] == [
        ("metered", "2026-11-18 11:30 UTC", "now", "1 h 1 min"),
        ("billed", "2026-11-13 00:00 UTC", "now", "2 d"),
        ("metered", "2026-11-17 12:30 UTC", "2026-11-17 14:30 UTC", "2 h"),
    ]
    assert column(found, "meanwhile") == ["nothing: blind", "lower layers stand in", "nothing: blind"]
    assert found.sentence.startswith("2 stretches without usage data, 3 h 1 min together, 1 of them going on")


def test_days_without_a_gap_say_so(spike: Path) -> None:
    assert ask(spike, "gaps").sentence == "No stretch without usage data."


def told(writer: LedgerWriter, *, closed_at: int | None = None) -> None:
    case = writer.incidents.add_incident(
        Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540, above_nano=75 * NANO)
    )
    writer.alerts.save([replace(spike_alert(case.id), above_nano=75 * NANO)])
    if closed_at is not None:
        writer.incidents.update_incident(replace(case, closed_at=closed_at))


def test_an_alert_and_its_incident_are_told_with_their_cost_and_line(writer: LedgerWriter) -> None:
    told(writer)

    alert, incident = ask(writer.path, "alert", alert="1"), ask(writer.path, "incident", incident="1")

    facts = dict(alert.rows)
    assert (facts["scope"], facts["now"]) == ("api_key:key_search", "6.00 credits/min")
    assert facts["above expected so far"] == "75 credits"
    assert alert.line is not None and alert.line.values[-1] == 6 * NANO
    assert incident.sentence == (
        "Incident 1 is open after 10 min: 75 credits above what was expected, 1 alert."
    )
    assert first(incident)["scope"] == "api_key:key_search"
    assert incident.layer == "metered"


def test_a_run_without_an_alert_says_so(spike: Path) -> None:
    assert ask(spike, "alert", alert="").sentence == "This run was started without an alert."
    assert ask(spike, "incident", incident="").sentence == "This run is about no incident."


def changed(writer: LedgerWriter, at: int, title: str, kind: ChangeKind = ChangeKind.RELEASE) -> None:
    change = Change(at, None, "ci", kind, title, "bo", "team", "search", external_id=title)
    writer.changes.add([change])


def test_what_was_changed_meanwhile_is_marked_on_the_burn_and_kept_with_it(writer: LedgerWriter) -> None:
    changed(writer, NOW - 1_800, "search-api 2.4.1")
    changed(writer, NOW - 2 * 3_600, "search-api 2.4.0")

    found = ask(writer.path, "burn", scope="team:search")

    assert found.line is not None
    assert found.line.marks == (PlotMark(NOW - 1_800, "search-api 2.4.1", release=True),)
    assert evidence_of(json.loads(found.text())) == found


def test_changes_are_those_before_the_alert_of_the_run(writer: LedgerWriter) -> None:
    told(writer)
    began = NOW - 600
    changed(writer, began - 120, "search-api 2.4.1")
    changed(writer, began - 7 * 3_600, "search-api 2.4.0")
    changed(writer, began + 60, "search-api 2.4.2")
    run = Run(Runbook("r", "R", ""), "ada", NOW, "ada", alert=1)

    found = ask(writer.path, "changes", run=run, scope="team:search")

    assert column(found, "what") == ["search-api 2.4.1"]
    assert column(found, "before") == ["2 min"]
    assert "the newest release is search-api 2.4.1, 2 min before the alert began" in found.sentence
    assert column(ask(writer.path, "changes", before="8h"), "what")[0] == "search-api 2.4.2"


def test_a_release_is_told_before_the_keys_that_were_made_after_it(writer: LedgerWriter) -> None:
    changed(writer, AT - 600, "search-api 2.4.1")
    for number in range(30):
        changed(writer, AT - 500 + number, f"key {number}", ChangeKind.KEY)
    changed(writer, AT - 100, "deploy of sk-proj-abcdefghijklmnop", ChangeKind.OTHER)

    found = ask(writer.path, "changes")

    assert column(found, "what")[:2] == ["search-api 2.4.1", "deploy of sk-pro***"]
    assert "the newest release is search-api 2.4.1" in found.sentence


def acted(writer: LedgerWriter, state: ActionState, **fields: object) -> Action:
    spec = ActionSpec(
        ActionKind.THROTTLE, Scope.parse("team:search"), limit=Limit(1, LimitUnit.RPS), expires_s=3_600
    )
    made = Action(spec, state, "ada", NOW - 300, "a spike")
    return writer.actions.add(replace(made, **fields))  # type: ignore[arg-type]


def test_actions_tell_what_holds_until_when(writer: LedgerWriter) -> None:
    told(writer)
    acted(
        writer,
        ActionState.CONFIRMED,
        incident=1,
        accepted_at=NOW,
        expires_at=AT + 1_800,
        effect="burn fell",
    )
    waits = acted(writer, ActionState.STANDBY, needs=(("finance",),))
    acted(writer, ActionState.STANDBY, needs=waits.needs, spec=replace(waits.spec, drill=True))

    mine, all_ = ask(writer.path, "actions", incident="1"), ask(writer.path, "actions")

    assert [row[:4] for row in mine.rows] == [
        ("1", "throttle team:search to 1 rps for 1 h", "confirmed", "in 30 min")
    ]
    assert mine.rows[0][6] == "burn fell"
    assert all_.sentence.startswith("1 action in force, the first to end in 30 min")
    assert all_.sentence.endswith("1 action waiting for approval.")


def test_keys_that_a_gateway_serves_are_known_by_it(path: Path) -> None:
    metered(path, (NOW - 3_600, NOW))
    serve(path, GatewayKey("k", "key_new", "new", labels={"team": "labs"}))

    found = ask(path, "keys", Settings(), scope="key:new")

    assert first(found)["key"] == "key_new"
    assert first(found)["team"] == "labs"


def test_what_nobody_owns_has_its_keys(path: Path) -> None:
    with open_writer(path) as writer:
        rows = {"completions": [use(NOW - 60, 60, NOBODY, 1)]}
        writer.write_usage_window("openai", NOW - 60, NOW, rows, read_at=NOW)

    assert column(ask(path, "keys", scope="team:"), "key") == ["key_nobody"]
