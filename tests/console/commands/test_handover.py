"""`burndeck handover`: one page of text, Markdown or JSON, and exit code 1 where somebody is wanted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.allocation import Scope
from agent.domain.change import Change, ChangeKind
from agent.domain.incident import Incident, TimelineEntry
from agent.domain.person import Role
from agent.domain.planned import Planned
from agent.domain.silence import Silence
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.reports.handover import handover
from console.cli import run
from console.commands.handover_text import as_text
from tests.agent.reports.world import NANO, NOW
from tests.console.acting_world import AT, Desk, block, open_desk, throttle


@dataclass(frozen=True)
class Place:
    """A ledger without usage, an agent that beats now, and a configuration."""

    writer: LedgerWriter
    config: Path
    now: int

    def run(self, *words: str) -> int:
        """The exit code of the command."""
        where = ("--config", str(self.config), "--db", str(self.writer.path))
        return run(["handover", *words, *where])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    config, now = tmp_path / "burndeck.toml", int(time.time())
    config.write_text('[organization]\nname = "Example Corp"\n')
    with open_writer(tmp_path / "ledger.sqlite") as writer:
        writer.beat(1, "host", "0", now, now)
        yield Place(writer, config, now)


def test_a_quiet_shift_says_so_and_is_fine(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.run() == 0

    said = capsys.readouterr().out
    assert said.startswith("Handover of Example Corp, ")
    assert "Nothing wants a person now." in said
    assert "None: open incidents, untaken alerts, blind parts, pending approvals" in said


def test_an_incident_that_nobody_holds_is_a_finding(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.writer.incidents.add_incident(
        Incident("retry storm", "team:search", "critical", "", place.now - 600)
    )

    assert place.run() == 1

    said = capsys.readouterr().out
    assert "Wants somebody: 1 incident that nobody holds." in said
    assert "- incident 1, critical: retry storm; open for 10 min, 0 alerts;" in said
    assert "NOBODY HOLDS IT" in said


def test_alerts_for_information_want_nobody_but_are_said_to_be_left_out(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    at = place.now - 600
    told = Signal("x", AlertRule.BURN_SPIKE, "info", at, "team", "search", 2 * NANO, NANO, Decimal("0.5"))
    place.writer.alerts.save([Alert(told, AlertState.FIRING, at, fired_at=at)])

    assert place.run() == 0

    assert "Nothing wants a person now. Not counted: 1 alert for information." in capsys.readouterr().out


def test_json_holds_everything_and_what_wants_a_person(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.writer.incidents.add_incident(
        Incident("retry storm", "team:search", "critical", "", place.now - 600)
    )

    assert place.run("--json", "--since", "8h") == 1

    found = json.loads(capsys.readouterr().out)
    assert found["wanting"] == ["1 incident that nobody holds"]
    assert found["now"] - found["since"] == 8 * 3_600
    assert found["incidents"][0]["entry"]["title"] == "retry storm"
    assert {"alerts", "in_force", "waiting", "silences", "caps", "owed", "blind", "planned", "runs"} <= set(
        found
    )


@pytest.mark.parametrize("form", [[], ["--md"], ["--json"]])
def test_keys_that_people_wrote_into_reasons_are_cut(
    place: Place, form: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    why = "while I rotate sk-proj-abcdefghijklmnopqrstuvwxyz"
    place.writer.incidents.add_silence(
        Silence("ada", why, {"team": "x"}, place.now - 60, place.now + 600, NANO)
    )

    place.run(*form)

    said = capsys.readouterr().out
    assert "while I rotate sk-pro" in said and "abcdef" not in said


def test_a_release_of_the_next_day_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.writer.changes.add(
        [
            Change(
                place.now + 3_630,
                None,
                "burndeck.toml",
                ChangeKind.RELEASE,
                "Search 3",
                scope_kind="team",
                scope="search",
            )
        ]
    )

    assert place.run() == 0

    assert "Releases ahead (1):\n- Search 3 (team search); in 1 h" in capsys.readouterr().out


def test_json_and_markdown_are_two_things(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.run("--json", "--md") == 2
    assert "one of the two" in capsys.readouterr().out


def test_names_with_marks_stay_what_they_are_in_markdown(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.writer.incidents.add_incident(
        Incident("key_a_b *rises* <b>", "team:search", "critical", "", place.now - 600)
    )

    place.run("--md")

    said = capsys.readouterr().out
    assert (
        said.startswith("# Handover of Example Corp, ") and "\n## Open incidents (1)\n\n- incident 1" in said
    )
    assert r"key\_a\_b \*rises\* \<b\>" in said


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        made.writer.beat(1, "host", "0", AT - 600, AT)
        yield made


def page(desk: Desk, *, markdown: bool = False) -> str:
    with open_reader(desk.settings.ledger_path) as reader:
        return as_text(handover(reader, desk.settings, AT), markdown=markdown)


def test_every_line_says_whose_it_is_and_until_when(desk: Desk) -> None:
    desk.fires()
    known = Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540, None, 165 * NANO, 1)
    box = desk.writer.incidents
    box.update_incident(known)
    box.add_timeline([TimelineEntry(1, NOW - 540, "fired", "agent", "retry storm", 1)])
    box.add_silence(Silence("ada", "load test", {"team": "x"}, NOW - 60, AT + 600, 5_000 * NANO))
    box.add_planned(Planned("team", "search", NOW + 900, AT + 4_500, "ada", "re-indexing"))
    desk.in_force(throttle(non_prod=True), incident=1, alert=1)
    desk.asked(ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=500 * NANO))
    desk.ended(block())
    desk.writer.actions.save_duty(1, "postmortem", due_at=AT - 60)

    said = page(desk)

    for line in (
        "Burn now: 7.00 credits/min [metered, 1 min old].",
        "above expected 165.0 credits [metered, 1 min old]; NOBODY HOLDS IT",
        "last 10 min ago: ",
        "alert 1, critical: retry storm: search-prod (team search) burns 6.0 credits/min",
        "action 2: top team:search up by 500 credits",
        "waits for ",
        "confirmed by traffic 9 min ago: burn fell from 41.2 to 6.3 credits/min, 38 s after; ends in 48 min",
        "silence 1: team=x, by ada: load test; ends in 10 min, 2026-11-18 12:41 UTC",
        "0 credits [metered, 1 min old] of 5,000 burnt under it",
        "team search, from 2026-11-18 12:45 to 2026-11-18 13:46 UTC, by ada: re-indexing",
        "incident 1: OVERDUE since 2026-11-18 12:30 UTC",
        "Over in this shift (1):\n- 2026-11-18 12:30 UTC action 3: block team:support",
        "reaches its hard cap in 6 d 7 h at the mean burn of the last 15 min [metered, 1 min old].",
    ):
        assert line in said, line


def test_what_traffic_does_not_show_is_said_loudly(desk: Desk) -> None:
    made = desk.in_force(throttle())
    late = replace(made, state=made.state.ACCEPTED, confirmed_at=None, effect="no effect after 5 min")
    desk.writer.actions.save(late)

    assert "NOT CONFIRMED by traffic: no effect after 5 min" in page(desk)


def test_a_long_shift_is_one_page(desk: Desk) -> None:
    for number in range(30):
        desk.writer.incidents.add_incident(
            Incident(f"storm {number}", f"team:{number}", "warning", "", NOW - 900, NOW - 600 + number)
        )

    said = page(desk)

    assert "Over in this shift (30):" in said and said.count("storm") == 20
    assert "- and 10 more" in said


def test_markdown_and_text_say_the_same(desk: Desk) -> None:
    desk.fires()
    desk.in_force(throttle())

    text, markdown = page(desk), page(desk, markdown=True)

    plain = re.sub(r"^#+ (.*)$\n?", r"\1\n", markdown, flags=re.MULTILINE).replace("\\", "")
    assert re.findall(r"^- .*$", plain, re.MULTILINE) == re.findall(r"^- .*$", text, re.MULTILINE)
