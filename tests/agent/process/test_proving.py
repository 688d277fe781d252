"""The agent looks by itself whether somebody else has written into its ledger, and tells people once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.ledger import open_reader
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.proving import Finding, kept_finding
from agent.ledger.reader import LedgerReader
from agent.process.proving import BUDGET_S, REST_S, Prover, tell
from agent.reports.health import State, health
from tests.agent.alerts.office import Office
from tests.agent.control.build import tamper

FORGED_CHANGE = "UPDATE allocation_change SET change = '{\"top_up_nano\":8}'"
CHANGED = "allocation_change row 1 of action 9 (team:x) was changed"


@dataclass
class Looking:
    """An agent's proof, at instants of its own."""

    office: Office
    reader: LedgerReader
    at: float = 0.0
    prover: Prover = field(init=False)

    def __post_init__(self) -> None:
        self.prover = Prover(self.reader, lambda: self.at)

    def look(self, after: float = 0.0) -> Finding | None:
        self.at += after
        return self.prover.look()

    def told(self, after: float = 0.0) -> list[str]:
        """What people are told at a look."""
        before = len(self.office.notices())
        self.office.now += 60
        found = self.look(after)
        if found is not None:
            tell(self.office.writer, self.office.settings, found, self.office.now)
        return [each.summary for each in self.office.notices()[before:]]

    def problems(self, *, whole: bool) -> dict[str, str]:
        found = health(self.reader, self.office.settings, self.office.now, integrity=whole)
        return {each.part: each.detail for each in found.checks if each.state is State.PROBLEM}

    def tamper(self, *statements: str) -> None:
        tamper(self.office.path, *statements)


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Looking]:
    office = Office(tmp_path / "l.sqlite")
    for number in range(5):
        office.writer.control.audit(office.now, "ada", "note", "", {"number": number})
    office.writer.actions.add_allocation_change(AllocationChange(9, "team:x", {"top_up_nano": 7}, office.now))
    with open_reader(office.path) as reader:
        yield Looking(office, reader)


def test_a_ledger_as_the_agent_wrote_it_is_told_of_to_nobody(looking: Looking) -> None:
    assert looking.look() == Finding()
    assert looking.told() == []
    assert "audit log" not in looking.problems(whole=True)
    assert "audit log" not in looking.problems(whole=False)


def test_a_changed_row_of_the_log_is_told_once_and_stays_a_problem(looking: Looking) -> None:
    looking.look()
    looking.tamper("UPDATE audit SET actor = 'eve' WHERE seq = 3")
    assert looking.told() == []  # what was proved is proved again after a rest

    (told,) = looking.told(REST_S)

    words = "the audit log is broken at row 3: the row was changed"
    assert told == f"the ledger was changed by somebody else than the agent: {words}"
    assert looking.told(REST_S) == []
    assert kept_finding(looking.reader).broken_at == 3
    assert looking.problems(whole=True)["audit log"] == words
    assert looking.problems(whole=False)["audit log"] == words
    (notice,) = looking.office.notices()
    assert (notice.tier, notice.next_command) == ("critical", "burndeck audit verify")


def test_a_new_row_that_is_changed_shows_at_the_next_look_without_a_proof_of_everything(
    looking: Looking,
) -> None:
    looking.look()
    change = AllocationChange(10, "team:y", {"top_up_nano": 7}, looking.office.now)
    looking.office.writer.actions.add_allocation_change(change)
    looking.tamper("UPDATE allocation_change SET change = '{}' WHERE action = 10")

    (told,) = looking.told()

    assert "allocation_change row 2 of action 10 (team:y) was changed" in told


def test_what_was_mended_is_a_problem_no_more(looking: Looking) -> None:
    looking.look()
    looking.tamper(FORGED_CHANGE)
    assert len(looking.told(REST_S)) == 1
    problems = looking.problems(whole=False)
    assert problems["audit log"] == CHANGED
    assert "what the agent had written there holds on" in problems["allocations"]

    looking.tamper("UPDATE allocation_change SET change = '{\"top_up_nano\":7}'")

    assert looking.told() == []
    assert kept_finding(looking.reader) == Finding()
    assert "allocations" not in looking.problems(whole=True)


def test_an_agent_that_begins_anew_says_nothing_again_and_clears_nothing_before_it_has_looked(
    looking: Looking,
) -> None:
    looking.tamper(FORGED_CHANGE)
    assert len(looking.told()) == 1

    again = Looking(looking.office, looking.reader)

    assert again.told() == []
    assert kept_finding(again.reader).rows == (CHANGED,)


def test_a_look_works_no_longer_than_its_budget_and_goes_on_at_the_next(looking: Looking) -> None:
    with looking.office.writer.transaction():
        for number in range(2_000):
            looking.office.writer.control.audit(looking.office.now, "ada", "note", "", {"number": number})
    looking.tamper("UPDATE audit SET actor = 'eve' WHERE seq = 1900")

    def slow() -> float:
        looking.at += BUDGET_S / 2
        return looking.at

    prover = Prover(looking.reader, slow)
    looks = 1
    while (found := prover.look()) is None:
        looks += 1

    assert found.broken_at == 1900
    assert looks > 2
