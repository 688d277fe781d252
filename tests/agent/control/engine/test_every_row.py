"""The proof names every row of acting that somebody else has changed, added or taken away."""

from __future__ import annotations

import pytest

from agent.domain.action import Approval, Verdict
from agent.ledger import open_reader
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.proving import prove
from tests.agent.control.build import tamper
from tests.agent.control.engine.shop import KEY, OTHER, RPM, Shop


def foreign(shop: Shop) -> list[str]:
    """Every row that is not the agent's own, while the chain itself holds."""
    with open_reader(shop.writer.path) as reader:
        found = prove(reader)
    assert found.chain.intact
    assert found.intact is not bool(found.foreign)
    return [row.words for row in found.foreign]


@pytest.fixture
def done(shop: Shop) -> Shop:
    """Action 1, approved by two people, is over; action 2 waits; action 9 has given credits."""
    ident = shop.ask((KEY, {RPM: 10}), (OTHER, {RPM: 10}), needs=(("finance",), ("engineering",)))
    for person, role in (("bo", "finance"), ("cy", "engineering")):
        said = Approval(ident, shop.action(ident).digest, person, role, Verdict.APPROVED, shop.now, "fine")
        shop.writer.actions.add_approval(said)
    shop.settle()
    shop.release(ident)
    shop.settle()
    shop.ask((KEY, {RPM: 5}), needs=(("finance",),))
    change = AllocationChange(9, "team:support", {"top_up_nano": 7}, 100, 1_000)
    shop.writer.actions.add_allocation_change(change)
    return shop


def test_what_the_agent_wrote_is_its_own(done: Shop) -> None:
    assert foreign(done) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE approval SET person = 'eve' WHERE id = 2", "approval row 2 of action 1 was changed"),
        ("UPDATE approval SET note = 'never' WHERE id = 1", "approval row 1 of action 1 was changed"),
        ("DELETE FROM approval WHERE id = 1", "a row of approval of action 1 was taken away"),
        (
            "INSERT INTO approval (action, digest, person, role, verdict, at) "
            "VALUES (2, 'x', 'y', 'z', 'approved', 1)",
            "approval row 3 of action 2 was not written by the agent",
        ),
        ("UPDATE action SET reason = 'fun' WHERE id = 1", "action row 1 was changed"),
        ("UPDATE action SET why = 'fun' WHERE id = 2", "action row 2 was changed"),
        ("DELETE FROM action WHERE id = 1", "action row 1 was taken away"),
        (
            "UPDATE action_step SET before = '{\"rpm_limit\":1}' WHERE action = 1 AND seq = 1",
            "action_step row 1 of action 1 was changed",
        ),
        (
            "DELETE FROM action_step WHERE action = 1 AND seq = 0",
            "a row of action_step of action 1 was taken away",
        ),
        (
            "UPDATE action SET state = 'root' WHERE id = 1",
            "action row 1 (or a step or an approval of it) cannot be read",
        ),
        (
            "UPDATE approval SET verdict = 'maybe' WHERE id = 1",
            "action row 1 (or a step or an approval of it) cannot be read",
        ),
        (
            "UPDATE allocation_change SET change = '{\"top_up_nano\":700}'",
            "allocation_change row 1 of action 9 (team:support) was changed",
        ),
        (
            "DELETE FROM allocation_change",
            "a row of allocation_change of action 9 (team:support) was taken away",
        ),
        (
            "INSERT INTO allocation_change (action, allocation, change, starts_at) "
            "VALUES (1, 'org', '{}', 1)",
            "allocation_change row 2 of action 1 (org) was not written by the agent",
        ),
    ],
)
def test_a_row_by_another_hand_is_named(done: Shop, statement: str, words: str) -> None:
    tamper(done.writer.path, statement)

    assert foreign(done) == [words]


def test_an_action_that_no_agent_made_is_named(done: Shop) -> None:
    tamper(
        done.writer.path,
        "CREATE TEMP TABLE a AS SELECT * FROM action WHERE id = 1",
        "UPDATE a SET id = 77",
        "INSERT INTO action SELECT * FROM a",
    )

    assert foreign(done) == ["action row 77 was not written by the agent"]
