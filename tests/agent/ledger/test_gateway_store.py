"""Inventories of gateways, and open actions: what has not changed is neither written nor read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.ledger import open_writer
from agent.ledger.gateway_store import GatewayStatus
from agent.ledger.writer import LedgerWriter

NOW = 1_795_003_200
KEYS = [GatewayKey(f"k{n}", f"key_{n}", labels={"team": "search"}) for n in range(3)]
STATES = [
    TargetState(Target("gate", TargetKind.KEY, key.id), {"rpm": None, "blocked": False}, "v") for key in KEYS
]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as made:
        made.actions.save_inventory("gate", Inventory(KEYS, STATES), NOW)
        made.actions.save_inventory("other", Inventory(KEYS[:1]), NOW)
        yield made


def written(writer: LedgerWriter, keys: list[GatewayKey], states: list[TargetState]) -> int:
    """How many rows an inventory writes or deletes."""
    with writer.transaction() as conn:
        before = conn.total_changes
        writer.actions.save_inventory("gate", Inventory(keys, states), NOW + 30)
        return conn.total_changes - before


def test_an_inventory_that_is_as_it_was_writes_nothing(writer: LedgerWriter) -> None:
    assert written(writer, KEYS, STATES) == 0


def test_what_has_changed_is_written_and_what_is_gone_is_forgotten(writer: LedgerWriter) -> None:
    keys = [KEYS[0], replace(KEYS[1], labels={"team": "ranking"}), GatewayKey("k9", "key_9")]
    held = {"rpm": 5, "blocked": False}
    states = [replace(STATES[0], fields=held), replace(STATES[1], version="w"), replace(STATES[2])]

    assert written(writer, keys, states) == 5
    assert writer.actions.gateway_keys() == {"gate": keys, "other": KEYS[:1]}
    assert list(writer.actions.targets().values()) == states

    assert written(writer, keys, states[1:]) == 1
    assert list(writer.actions.targets().values()) == states[1:]


def test_a_value_of_another_type_is_another_value(writer: LedgerWriter) -> None:
    states = [replace(state, fields={"rpm": None, "blocked": 0}) for state in STATES]

    assert written(writer, KEYS, states) == 3
    assert {type(each.fields["blocked"]) for each in writer.actions.targets().values()} == {int}


@pytest.mark.parametrize(("kind", "seen_at"), [("litellm", NOW + 60), ("webhook", NOW)])
def test_what_is_as_it_was_was_seen_when_its_gateway_was_last_read(
    writer: LedgerWriter, kind: str, seen_at: int
) -> None:
    writer.actions.save_gateway(GatewayStatus("gate", kind, "ok", "", "", NOW + 60, NOW + 60))

    assert {row["seen_at"] for row in writer.actions._rows("gateway_targets")} == {seen_at}


def test_a_target_of_no_kind_that_somebody_wrote_hides_no_other(writer: LedgerWriter) -> None:
    with writer.transaction() as conn:
        conn.execute("INSERT INTO gateway_target VALUES ('gate', 'moon', 'x', '{}', '', 0)")
        conn.execute("UPDATE gateway_key SET name = CAST(x'ff' AS TEXT) WHERE id = 'k0'")

    assert list(writer.actions.targets().values()) == STATES
    assert [key.id for key in writer.actions.gateway_keys()["gate"]] == ["k0", "k1", "k2"]


def action(writer: LedgerWriter) -> Action:
    spec = ActionSpec(ActionKind.BLOCK, Scope.parse("team:search"), expires_s=3_600)
    steps = tuple(
        Step(seq, state.target, {"blocked": True}, {"blocked": False}) for seq, state in enumerate(STATES)
    )
    return writer.actions.add(Action(spec, ActionState.PENDING, "ada", NOW, "it burns", steps=steps))


def test_open_actions_are_read_anew_only_when_somebody_has_changed_one(writer: LedgerWriter) -> None:
    made = action(writer)
    (first,) = writer.actions.open_actions()
    writer.beat(1, "host", "1", NOW, NOW)
    assert writer.actions.open_actions()[0] is first

    later = writer.actions.save(replace(made, reason="it burns more"))
    assert writer.actions.open_actions() == [later]

    with closing(sqlite3.connect(writer.path)) as other, other:
        other.execute("UPDATE action SET reason = 'forged'")
    assert writer.actions.open_actions()[0].reason == "forged"
    assert writer.actions.action(made.id or 0) == replace(later, reason="forged")


def test_what_was_read_of_a_change_that_was_undone_is_forgotten(writer: LedgerWriter) -> None:
    made = action(writer)
    writer.actions.open_actions()

    with pytest.raises(ZeroDivisionError), writer.transaction():
        writer.actions.save(replace(made, reason="never"))
        assert writer.actions.open_actions()[0].reason == "never"
        raise ZeroDivisionError

    assert writer.actions.open_actions() == [made]
    assert writer.actions.action(made.id or 0) == made


def test_a_saved_action_keeps_exactly_its_steps(writer: LedgerWriter) -> None:
    made = action(writer)
    changed = replace(made, steps=(made.steps[0], replace(made.steps[1], detail="x"), made.steps[2]))
    assert writer.actions.save(changed) == writer.actions.action(made.id or 0)

    fewer = replace(changed, steps=changed.steps[:2])
    writer.actions.save(fewer)
    assert writer.actions.action(made.id or 0) == fewer
