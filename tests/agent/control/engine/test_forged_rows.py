"""Rows that somebody with a SQL prompt writes into the tables of acting do nothing, and people are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agent.control.audit import verify
from agent.control.engine import Executor
from agent.control.engine.ending import Deadlines, ended_in_time
from agent.control.engine.owning import Owning
from agent.domain.action import ActionState, Approval, Verdict
from agent.ledger import open_reader
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.seals import NotOurOwnError
from tests.agent.control.build import tamper
from tests.agent.control.engine.shop import HOUR, KEY, OTHER, QUICK, RPM, Shop
from tests.agent.ledger.look import rows

COPY = (
    "CREATE TEMP TABLE a AS SELECT * FROM action WHERE id = 1",
    "UPDATE a SET id = 2, state = 'pending', ended_at = NULL",
    "INSERT INTO action SELECT * FROM a",
    "INSERT INTO action_step SELECT 2, seq, gateway, target_kind, target, want, before, version, 'planned', "
    "detail, at FROM action_step WHERE action = 1",
)


def forged(shop: Shop) -> list[str]:
    """Subjects of the audit records that tell of forged rows."""
    return [
        row[0] for row in rows(shop.writer.path, "SELECT subject FROM audit WHERE kind = 'action.forged'")
    ]


def test_an_action_that_no_agent_made_is_not_carried_out(shop: Shop) -> None:
    first = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.release(first)
    shop.settle()
    done = len(shop.memory.effects)

    tamper(shop.writer.path, *COPY)
    shop.settle()

    assert len(shop.memory.effects) == done
    assert (shop.state(2), shop.action(2).why) == (ActionState.FAILED, "its row was not written by the agent")
    assert forged(shop) == ["action:2"]
    assert shop.told[-1].recipients == ("ops_on_call",)


def test_what_is_written_while_rows_are_proved_is_not_taken_for_forged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = shop.writer.actions.open_rows, []

    def then_another_is_asked_for() -> object:
        rows_then = found()
        if not asked:
            asked.append(shop.ask((KEY, {RPM: 10}), needs=(("finance",),)))
        return rows_then

    monkeypatch.setattr(type(shop.writer.actions), "open_rows", lambda store: then_another_is_asked_for())

    opened = Owning().open_actions(shop.writer, shop.now, shop.tell)

    assert [action.id for action in opened] == asked
    assert forged(shop) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE action SET state = 'pending'",
        "UPDATE action SET state = 'executing'",
        "UPDATE action SET needs = '[]', state = 'pending'",
        "UPDATE action SET spec = replace(spec, '\"amount\":10', '\"amount\":11'), state = 'pending'",
        "UPDATE action_step SET want = '{\"rpm_limit\":1}'",
        "UPDATE action_step SET before = '{\"rpm_limit\":1000000}'",
        "UPDATE action_step SET target = 'sk-ranking'",
        "DELETE FROM action_step",
        "UPDATE action SET requested_by = 'eve'",
        "UPDATE action SET approve_by = approve_by + 1000000",
    ],
)
def test_a_request_that_somebody_changed_in_the_ledger_is_never_done(shop: Shop, statement: str) -> None:
    ident = shop.ask((KEY, {RPM: 10}), needs=(("finance",), ("engineering",)))
    shop.settle()

    tamper(shop.writer.path, statement)
    shop.settle()

    assert shop.memory.effects == []
    assert shop.state(ident) is ActionState.FAILED
    assert forged(shop) == ["action:1"]


@pytest.mark.parametrize("state", ["pending", "reversing", "accepted", "standby"])
def test_an_ended_action_that_is_set_back_is_not_done_again(shop: Shop, state: str) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.release(ident)
    shop.settle()
    done = len(shop.memory.effects)

    tamper(
        shop.writer.path, f"UPDATE action SET state = '{state}'", "UPDATE action_step SET state = 'applied'"
    )
    shop.settle()

    assert len(shop.memory.effects) == done
    assert forged(shop) == ["action:1"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE action SET spec = substr(spec, 1, 40)",
        "UPDATE action SET spec = CAST(x'fffe' AS TEXT)",
        "UPDATE action SET state = 'root'",
        "UPDATE action SET needs = '{'",
        "UPDATE action SET expires_at = 'never'",
        "UPDATE action SET requested_at = x'00'",
        "UPDATE action_step SET want = '[' || printf('%.*c', 5000, '[')",
        "UPDATE action_step SET state = 'half'",
        "UPDATE action_step SET target_kind = 'moon'",
    ],
)
def test_a_row_that_nobody_can_read_ends_and_stops_no_other_one(shop: Shop, statement: str) -> None:
    shop.ask((KEY, {RPM: 10}), needs=(("finance",),))
    tamper(shop.writer.path, statement)
    good = shop.ask((KEY, {RPM: 20}))

    shop.settle()

    assert shop.state(good) is ActionState.ACCEPTED
    assert forged(shop) == ["action:1"]
    assert rows(shop.writer.path, "SELECT state FROM action WHERE id = 1") == [("failed",)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE action SET expires_at = NULL",
        "UPDATE action SET why = 'x'",
        "UPDATE action SET spec = '{'",
        "UPDATE action SET state = 'reversed', ended_at = 1",
        "UPDATE action_step SET before = '{\"rpm_limit\":1000000}'",
        "UPDATE action_step SET target = CAST(x'fffe' AS TEXT)",
        "DELETE FROM action_step",
        "DELETE FROM action",
    ],
)
def test_what_somebody_spoils_of_an_action_that_holds_is_put_back_and_ends_in_time(
    shop: Shop, statement: str
) -> None:
    shop.ask((KEY, {RPM: 10}))
    shop.settle()

    tamper(shop.writer.path, statement)
    shop.settle()
    held = shop.memory.held[KEY][RPM]
    shop.clock.advance(HOUR)
    shop.settle()

    assert held == 10
    assert shop.memory.held[KEY][RPM] is None
    assert shop.state(1) is ActionState.EXPIRED
    assert forged(shop) == ["action:1"]
    assert [each.recipients for each in shop.told if each.kind == "forged"] == [("ops_on_call",)]


def test_without_a_proved_copy_people_are_told_where_to_look_and_the_top_up_ends(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.writer.actions.add_allocation_change(replace(CHANGE, action=1, ends_at=None))

    tamper(
        shop.writer.path,
        "UPDATE action SET expires_at = NULL",
        "UPDATE action_copy SET text = replace(text, 'sk-search', 'sk-ranking')",
    )
    shop.settle()

    assert forged(shop) == ["action:1"]
    assert "look at what holds now for gate/key/sk-search" in shop.told[-1].text
    assert shop.writer.actions.allocation_changes(shop.now) == []


def test_nothing_is_kept_of_actions_that_are_over(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}))
    shop.settle()
    shop.clock.advance(HOUR)
    shop.settle()

    assert rows(shop.writer.path, "SELECT * FROM action_copy") == []


def test_a_forged_approval_is_not_counted(shop: Shop) -> None:
    ident = shop.ask((KEY, {RPM: 10}), needs=(("finance",), ("engineering",)))
    digest = shop.action(ident).digest
    tamper(
        shop.writer.path,
        "INSERT INTO approval (action, digest, person, role, verdict, at) "
        f"VALUES (1, '{digest}', 'fred', 'finance', 'approved', {shop.now})",
    )

    with pytest.raises(NotOurOwnError):
        shop.writer.actions.add_approval(
            Approval(ident, digest, "eve", "engineering", Verdict.APPROVED, shop.now)
        )
    shop.settle()

    assert forged(shop) == ["action:1"]


def test_an_approval_that_is_forged_while_the_agent_runs_holds_up_no_end(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}))
    shop.ask((OTHER, {RPM: 20}))

    async def run() -> None:
        bench = shop.bench()
        executor = Executor(bench, QUICK)
        await executor.settle()
        tamper(
            shop.writer.path,
            "INSERT INTO approval (action, digest, person, role, verdict, at) "
            f"VALUES (1, 'd', 'fred', 'finance', 'approved', {shop.now})",
        )
        shop.clock.advance(HOUR)
        await executor.settle()
        await bench.close()

    asyncio.run(run())

    assert (shop.state(1), shop.state(2)) == (ActionState.EXPIRED, ActionState.EXPIRED)
    assert (shop.memory.held[KEY][RPM], shop.memory.held[OTHER][RPM]) == (None, 60)
    assert shop.writer.actions.approvals(1) == []
    assert forged(shop) == ["action:1"]


def test_an_approval_and_steps_that_lie_there_before_the_action_does_are_gone(shop: Shop) -> None:
    tamper(
        shop.writer.path,
        "INSERT INTO approval (action, digest, person, role, verdict, at) "
        "VALUES (1, 'd', 'f', 'r', 'approved', 1)",
        "INSERT INTO action_step VALUES (1, 7, 'gate', 'key', 'x', '{}', '{}', '', 'planned', '', NULL)",
    )

    ident = shop.ask((KEY, {RPM: 10}), needs=(("finance",),))

    assert shop.writer.actions.approvals(ident) == []
    assert len(shop.action(ident).steps) == 1
    assert shop.writer.actions.own(shop.action(ident))


def test_an_action_that_cannot_be_ended_holds_up_the_end_of_no_other_and_says_so_once(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = shop.ask((KEY, {RPM: 10})), shop.ask((OTHER, {RPM: 10}))
    shop.settle()
    own = [shop.action(first), shop.action(second)]
    tamper(
        shop.writer.path, f"UPDATE action SET requested_by = 'eve' WHERE id = {first}"
    )  # since it was read
    later = int(shop.clock.now()) + 2 * HOUR

    deadlines = Deadlines(shop.clock)
    for _ in range(3):
        ended_in_time(shop.writer, own, later, shop.tell, deadlines)

    assert shop.state(second) is ActionState.REVERSING
    assert [record.getMessage() for record in caplog.records if "cannot be ended" in record.getMessage()] == [
        f"action {first} cannot be ended in time; it is tried on"
    ]


def test_a_proof_that_is_put_behind_the_head_of_the_log_proves_nothing(shop: Shop) -> None:
    shop.ask((KEY, {RPM: 10}), needs=(("finance",),))
    tamper(
        shop.writer.path,
        "UPDATE action SET state = 'pending'",
        "INSERT INTO audit SELECT seq + 100, at, actor, kind, subject, detail, hash, hash FROM audit "
        "WHERE kind = 'action.kept'",
    )
    shop.settle()

    assert shop.memory.effects == []
    with open_reader(shop.writer.path) as reader:
        assert not verify(reader).intact


CHANGE = AllocationChange(5, "org-1234", {"top_up_nano": 7}, 100, 1_000)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE allocation_change SET change = '{\"top_up_nano\":700000}'",
        "UPDATE allocation_change SET ends_at = NULL",
        "UPDATE allocation_change SET allocation = 'org-9'",
        "UPDATE allocation_change SET change = '{'",
        "UPDATE allocation_change SET starts_at = 10",
    ],
)
def test_of_a_changed_top_up_holds_what_the_agent_had_written(shop: Shop, statement: str) -> None:
    shop.writer.actions.add_allocation_change(CHANGE)
    assert shop.writer.actions.allocation_changes(200) == [CHANGE]

    tamper(shop.writer.path, statement)

    assert shop.writer.actions.allocation_changes(200) == [CHANGE]
    assert [each.action for each in shop.writer.actions.forged_changes(200)] == [5]
    with open_reader(shop.writer.path) as reader:
        assert reader.action_store().allocation_changes(200) == [CHANGE]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE allocation_change SET starts_at = 10000000000",
        "UPDATE allocation_change SET undone_at = 101",
        "UPDATE allocation_change SET ends_at = 101",
        "UPDATE allocation_change SET action = 6",
        "DELETE FROM allocation_change",
    ],
)
def test_a_change_that_was_ended_or_taken_away_by_its_row_holds_on(shop: Shop, statement: str) -> None:
    ident = shop.ask((KEY, {RPM: 10}))
    shop.settle()
    change = replace(CHANGE, action=ident, ends_at=None)
    shop.writer.actions.add_allocation_change(change)

    tamper(shop.writer.path, "UPDATE action SET kind = 'top_up'", statement)

    assert shop.writer.actions.allocation_changes(200) == [change]
    assert [each.kept for each in shop.writer.actions.forged_changes(200)] != [None]


def test_changes_hold_in_the_order_in_which_the_agent_made_them_whatever_their_rows_say(shop: Shop) -> None:
    later = replace(CHANGE, action=6)
    shop.writer.actions.add_allocation_change(CHANGE)
    shop.writer.actions.add_allocation_change(later)

    tamper(shop.writer.path, "UPDATE allocation_change SET id = 99 WHERE action = 5")

    assert shop.writer.actions.allocation_changes(200) == [CHANGE, later]


def test_a_change_whose_proof_is_gone_counts_for_nothing_and_says_so(shop: Shop) -> None:
    shop.writer.actions.add_allocation_change(CHANGE)

    tamper(
        shop.writer.path,
        "UPDATE allocation_change SET ends_at = NULL",
        "UPDATE audit SET detail = replace(detail, 'org-1234', 'org-9') WHERE kind = 'allocation.kept'",
    )

    assert shop.writer.actions.allocation_changes(200) == []
    (forged,) = shop.writer.actions.forged_changes(200)
    assert "is not known" in forged.words


def test_a_forged_change_is_taken_back_as_the_agent_had_written_it(shop: Shop) -> None:
    shop.writer.actions.add_allocation_change(CHANGE)
    tamper(shop.writer.path, "UPDATE allocation_change SET change = '{\"top_up_nano\":700000}'")

    shop.writer.actions.undo_allocation_change(5, 150)

    assert shop.writer.actions.allocation_changes(149) == [CHANGE]
    assert shop.writer.actions.allocation_changes(200) == []
    assert shop.writer.actions.forged_changes(149) == []


def test_a_top_up_that_was_taken_back_is_not_brought_back_by_its_row(shop: Shop) -> None:
    shop.writer.actions.add_allocation_change(CHANGE)
    shop.writer.actions.undo_allocation_change(5, 150)
    tamper(shop.writer.path, "UPDATE allocation_change SET undone_at = NULL")

    assert shop.writer.actions.allocation_changes(200) == []


def test_a_forged_top_up_neither_holds_nor_stands_in_the_way_of_a_real_one(shop: Shop) -> None:
    tamper(
        shop.writer.path,
        "INSERT INTO allocation_change (action, allocation, change, starts_at) "
        "VALUES (5, 'org-1234', '{\"top_up_nano\":999}', 1)",
    )
    assert shop.writer.actions.allocation_changes(200) == []

    shop.writer.actions.add_allocation_change(CHANGE)

    assert shop.writer.actions.allocation_changes(200) == [CHANGE]
