"""The postmortem of a retry storm that the agent's own parts told of, throttled and released."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.action import ActionState
from agent.domain.change import Change, ChangeKind
from agent.domain.incident import TimelineEntry
from agent.domain.money import to_credits
from agent.domain.run import Evidence
from agent.domain.usage import Layer
from agent.ledger import open_reader, open_writer
from agent.ledger.kinds import Kind
from agent.ledger.reader import LedgerReader
from agent.runbooks.postmortem.build import postmortem
from agent.runbooks.postmortem.document import as_json
from agent.runbooks.postmortem.markdown import markdown
from agent.runbooks.postmortem.model import Postmortem
from agent.runbooks.postmortem.plots import svg
from agent.runbooks.postmortem.record import Records, record_of
from agent.runbooks.postmortem.write import of_incident
from agent.settings_schema import BillingGroup
from tests.agent.runbooks.postmortem.storm import HELD, SECRET, STRIKE, World


@pytest.fixture
def made(world: World, reader: LedgerReader) -> Postmortem:
    return of_incident(reader, world.settings, world.incident, world.now)


def burnt_by(world: World, api_key: str, start: int, end: int) -> int:
    """Nano-credits of a key, straight from the rows that the provider reported."""
    with sqlite3.connect(world.path) as conn:
        ((total,),) = conn.execute(
            "SELECT sum(b.credits_nano) FROM bucket b JOIN context c ON c.id = b.context"
            " JOIN dim k ON k.id = c.api_key WHERE k.value = ? AND b.start >= ? AND b.start < ?",
            (api_key, start, end),
        ).fetchall()
    return int(total)


def test_the_cost_is_exactly_what_the_ledger_has_less_what_is_usual(world: World, made: Postmortem) -> None:
    cost = made.cost

    assert cost is not None and cost.scopes == ("api_key:key_a",)
    assert cost.start == STRIKE and cost.end > HELD
    assert cost.burnt.value == to_credits(burnt_by(world, "key_a", cost.start, cost.end))
    assert cost.expected.value is not None and cost.above.value is not None
    assert cost.above.value == cost.burnt.value - cost.expected.value
    # Twenty a minute are usual, and it lasted a quarter of an hour at eight times as much.
    assert abs(cost.expected.value - 20 * (cost.end - cost.start) // 60) < 10
    assert abs(cost.above.value - 15 * 140) < 10
    assert (cost.above.layer, cost.above.as_of) == (Layer.METERED, cost.end)
    assert cost.rate == Decimal("0.01")
    assert cost.money.value == (cost.above.value * cost.rate).quantize(Decimal("0.000001"))


def test_money_follows_the_rate_of_the_billing_group(world: World, reader: LedgerReader) -> None:
    dear = replace(
        world.settings, billing_groups=(BillingGroup(id="product", usd_per_credit=Decimal("0.5")),)
    )

    cost = of_incident(reader, dear, world.incident, world.now).cost

    assert cost is not None and cost.above.value is not None
    assert cost.rate == Decimal("0.5")
    assert cost.money.value == (cost.above.value / 2).quantize(Decimal("0.000001"))


def test_it_says_when_the_burn_rose_was_told_of_held_and_over(made: Postmortem) -> None:
    times = made.times

    assert times is not None and times.rose == STRIKE
    assert times.fired is not None and STRIKE < times.fired <= STRIKE + 180
    assert times.mitigated == HELD - 60
    assert times.resolved is not None and times.resolved > times.mitigated
    assert "the alert fired 1 min later" in " ".join(made.summary)
    assert made.first_said.startswith("critical: more requests: key_a")


def test_the_timeline_has_everything_once_and_in_order(made: Postmortem) -> None:
    at = [each.at for each in made.timeline]
    said = [each.text for each in made.timeline]

    assert at == sorted(at)
    assert {each.source for each in made.timeline} == {"incident", "run", "approval"}
    assert sum("accepted by 1 target" in text for text in said) == 1
    assert "step 4: denied as finance: not like this" in said
    assert len(set(made.timeline)) == len(made.timeline)
    assert any(text.startswith("resolved: ") for text in said)


def test_what_somebody_notes_when_taking_an_alert_is_told_as_that(world: World) -> None:
    with open_writer(world.path) as writer:
        line = TimelineEntry(world.incident, STRIKE + 240, "acknowledged", "eve", "on it", world.alert.id)
        writer.incidents.add_timeline([line])
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    assert "acknowledged: on it" in [each.text for each in made.timeline]
    assert ("took the alert",) in [each.did for each in made.people if each.name == "eve"]


def test_a_drill_says_so_first(world: World, reader: LedgerReader) -> None:
    record = record_of(reader, world.run)
    assert record is not None

    drill = replace(record, run=replace(record.run, drill=True))
    made = postmortem(reader, world.settings, world.now, runs=Records((drill,)))

    assert made.summary[0] == "This was a drill: nothing was changed."
    assert made.times is not None and made.times.mitigated is None


@pytest.mark.parametrize(("drill", "told"), [(False, True), (True, False)])
def test_what_still_waits_for_approvals_is_to_be_followed_up_unless_it_is_a_drill(
    world: World, drill: bool, told: bool
) -> None:
    with open_writer(world.path) as writer:
        done = writer.actions.action(world.action)
        assert done is not None
        spec = replace(done.spec, drill=drill)
        waits = replace(done, id=None, spec=spec, state=ActionState.STANDBY, needs=(("finance",),), steps=())
        writer.actions.add(waits)
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    assert any("waits for approvals" in each.text for each in made.follow_ups) is told


def test_every_change_is_told_with_its_undo_and_effect(made: Postmortem) -> None:
    (measure,) = made.measures

    assert measure.state == "reversed"
    assert measure.undo.startswith("undone by ada at ")
    assert "90 so far" in measure.effect
    assert [(each.before, each.after) for each in measure.targets] == [("no limit", "10 rpm")]
    burn = next(each for each in made.plots if each.name.startswith("burn-"))
    assert [mark.label for mark in burn.marks] == [
        "fired, alert 1",
        "throttled, action 1",
        "released, action 1",
        "resolved, alert 1",
    ]


def test_a_change_that_still_holds_is_left_to_do(world: World) -> None:
    with open_writer(world.path) as writer:
        action = writer.actions.action(world.action)
        assert action is not None
        again = replace(action, incident=world.incident, id=None, ended_at=None, ended_by="")
        writer.actions.add(replace(again, state=ActionState.CONFIRMED, steps=()))
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    held = [each.text for each in made.follow_ups if each.source == "action"]
    assert len(held) == 1 and "still holds until" in held[0] and "action 2" in held[0]


def test_follow_ups_come_from_notes_skipped_and_failed_steps(made: Postmortem) -> None:
    found = {(each.source, each.text) for each in made.follow_ups}

    assert ("note of step 3, ada", "cap key_a") in found
    assert ("note of step 3, ada", "call the team") in found
    assert ("skipped step", "step 2 (Is it tagged?) was skipped: no time | really") in found
    assert ("failed step", "step 4 (Agree) failed: denied") in found


def test_people_are_told_with_what_they_did(made: Postmortem) -> None:
    did = {each.name: each.did for each in made.people}

    assert did.keys() == {"ada", "bob", "fin"}
    assert "asked for action 1" in did["ada"]
    assert did["fin"] == ("denied step 4 as finance",)
    assert "held the run" in did["bob"]


def test_evidence_keeps_its_hash_and_says_when_it_was_changed(world: World, made: Postmortem) -> None:
    assert [each.intact for each in made.evidence] == [True]

    with sqlite3.connect(world.path) as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f'DROP TRIGGER "{name}"')
        conn.execute("UPDATE run_evidence SET text = replace(text, 'makes *all*', 'makes *none*')")
    with open_reader(world.path) as reader:
        changed = of_incident(reader, world.settings, world.incident, world.now)

    assert [each.intact for each in changed.evidence] == [False]
    assert "which is not that of what is shown" in markdown(changed, {})
    assert "evidence" in {each.source for each in changed.follow_ups}


def test_no_secret_that_somebody_wrote_down_leaves_the_ledger(made: Postmortem) -> None:
    everything = markdown(made, {}) + json.dumps(as_json(made))

    assert "storm" in everything
    assert SECRET not in everything and SECRET[8:] not in everything


def test_a_run_alone_has_the_cost_of_its_incident_and_one_without_has_none(
    world: World, reader: LedgerReader, made: Postmortem
) -> None:
    record = record_of(reader, world.run)
    assert record is not None
    alone = replace(record, run=replace(record.run, incident=None, alert=None))

    whole = postmortem(reader, world.settings, world.now, runs=Records((record,)))
    review = postmortem(reader, world.settings, world.now, runs=Records((alone,)))

    assert whole == made
    assert (review.cost, review.times, review.alerts) == (None, None, ())
    assert review.title == "Run 1: Retry storm"
    assert [each.name for each in review.plots] == ["evidence-1-top"]
    assert "Nothing was tried" in review.earlier.sentence


def test_the_document_has_no_float_and_every_amount_exactly(made: Postmortem) -> None:
    def floats(value: object) -> list[float]:
        if isinstance(value, float):
            return [value]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [found for each in inner for found in floats(each)]

    document = as_json(made)

    assert floats(document) == []
    assert made.cost is not None and made.cost.above.value is not None
    assert Decimal(document["cost"]["above"]["value"]) == made.cost.above.value
    assert document["cost"]["above"]["layer"] == "metered"
    assert json.loads(json.dumps(document)) == document


def test_releases_near_the_rise_mark_the_burn(world: World) -> None:
    def release(title: str, at: int, team: str) -> Change:
        return Change(at, None, "ci", ChangeKind.RELEASE, title, "", "team", team, external_id=title)

    with open_writer(world.path) as writer:
        writer.changes.add(
            [release("search 2.4.1", STRIKE - 120, "search"), release("other", STRIKE, "nobody")]
        )
        writer.changes.add([release("long ago", STRIKE - 7_200, "search")])
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    burn = next(each for each in made.plots if each.name.startswith("burn-"))
    assert [mark.label for mark in burn.marks][:2] == ["release, search 2.4.1", "fired, alert 1"]
    assert [mark.label for mark in burn.marks if "other" in mark.label or "ago" in mark.label] == []
    assert "search 2.4.1" in svg(burn)


def again(world: World, *, drill: bool) -> int:
    """A second run of the incident, which somebody else held."""
    with open_writer(world.path) as writer, writer.transaction():
        row = writer.runs.run(world.run)
        assert row is not None
        ident = writer.runs.add(replace(row, id=None, drill=drill, holder="eve", started_by="eve"))
        writer.runs.add_evidence(ident, 1, 1, STRIKE + 600, "agent", Evidence("top", "Later", sentence="b"))
        return ident


def test_every_run_that_is_no_drill_is_told_the_newest_last(world: World) -> None:
    later, drill = again(world, drill=False), again(world, drill=True)
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    said = markdown(made, {})
    assert [run.id for run in made.runs] == [world.run, later] and drill == 3
    assert [proof.run for proof in made.evidence] == [world.run, later]
    assert len({plot.name for plot in made.plots}) == len(made.plots)
    assert f"### Step 1 of run {later}: What burns?" in said and f"Run {later} of `storm`" in said
    assert "eve" in {each.name for each in made.people}
    assert f"Step 2 of run {later} (Is it tagged?)" in said


def test_a_run_that_cannot_be_read_is_named_and_costs_nothing_else(world: World) -> None:
    later = again(world, drill=False)
    with sqlite3.connect(world.path) as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f'DROP TRIGGER "{name}"')
        conn.execute("UPDATE run SET text = 'nothing' WHERE id = ?", (later,))
    with open_reader(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    assert [run.id for run in made.runs] == [world.run]
    assert made.unread == (later,)
    assert markdown(made, {}).count(f"Run {later} cannot be read by this version") == 2


class Tidied(LedgerReader):
    """Reads while a writer writes and tidies its log, and knows how often it was in the way."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = sqlite3.connect(path, timeout=0, isolation_level=None)
        self.busy: list[bool] = []

    def rows(self, name: str, params: Any = ()) -> list[Any]:
        found = super().rows(name, params)
        self._writer.execute("UPDATE alert SET told = told + 1")
        self.busy.append(bool(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]))
        return found

    def close(self) -> None:
        self._writer.close()
        super().close()


def test_a_writer_can_tidy_its_log_while_a_postmortem_is_made(world: World) -> None:
    with Tidied(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)
        tidied = reader.busy.count(False)

    assert made.cost is not None and len(reader.busy) > 40
    assert tidied > len(reader.busy) // 2


class Revised(LedgerReader):
    """Reads while the provider adds to a minute of the storm after every look."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = sqlite3.connect(path, timeout=5, isolation_level=None)
        self._deep = 0

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        self._deep += 1
        try:
            with super().snapshot():
                yield
        finally:
            self._deep -= 1
        if not self._deep:
            self._revise()

    def _revise(self) -> None:
        key = "SELECT id FROM dim WHERE kind = ? AND value = 'key_a'"
        done = self._writer.execute(
            "UPDATE bucket SET credits_nano = credits_nano + 1000000001 WHERE start = ? AND context IN"
            f" (SELECT id FROM context WHERE api_key IN ({key}))",
            (STRIKE + 120, int(Kind.API_KEY)),
        )
        self._writer.execute(
            "UPDATE roll_hour SET credits_nano = credits_nano + ?"
            f" WHERE kind = ? AND bucket = ? AND id IN ({key})",
            (1_000_000_001 * done.rowcount, int(Kind.API_KEY), STRIKE // 3_600 * 3_600, int(Kind.API_KEY)),
        )

    def close(self) -> None:
        self._writer.close()
        super().close()


def test_cost_and_keys_agree_to_the_nano_credit_though_minutes_are_revised_meanwhile(world: World) -> None:
    with open_reader(world.path) as reader:
        before = of_incident(reader, world.settings, world.incident, world.now)
    with Revised(world.path) as reader:
        made = of_incident(reader, world.settings, world.incident, world.now)

    assert before.cost is not None and made.cost is not None
    assert made.cost.burnt.value != before.cost.burnt.value
    assert [each.api_key for each in made.impact.burners] == ["key_a"]
    assert made.impact.burners[0].credits == made.cost.burnt.value
