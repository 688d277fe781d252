"""What becomes of keys without the labels that every key must have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.planning import books_of
from agent.control.proposal import Proposal
from agent.control.tags import MOST_AT_ONCE, QUIET_S, decide
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Acting

NOW = 1_795_003_200
HOUR = 3_600
LABELS = {"team": "search", "cost_center": "CC-1", "project": "p", "environment": "prod"}
BARE = GatewayKey("hash-1", "key_bare", labels={"team": "search", "project": "p"})
LABELLED = GatewayKey("hash-2", "key_fine", labels=LABELS)
SPEC = ActionSpec(ActionKind.BLOCK, Scope.parse("api_key:key_bare"), expires_s=HOUR)
WHY = "the key has no cost_center and no environment"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "l.sqlite") as opened:
        opened.actions.save_inventory("litellm", Inventory(keys=(BARE, LABELLED)), NOW)
        yield opened


def policy(name: str, *, automatic: bool = True) -> Settings:
    return Settings(acting=Acting(untagged_keys=name, automatic=automatic))  # type: ignore[arg-type]


def decided(
    writer: LedgerWriter,
    settings: Settings,
    now: int = NOW,
    declared: dict[str, dict[str, str]] | None = None,
) -> list[Proposal]:
    return decide(books_of(writer), settings, writer.actions.open_actions(), now, declared)


def begun(writer: LedgerWriter, **fields: object) -> Action:
    """The agent's own block of the key, accepted and ending in an hour."""
    values = {"expires_at": NOW + HOUR, "begun_at": NOW, "accepted_at": NOW} | fields
    action = Action(SPEC, ActionState.ACCEPTED, "agent", NOW, WHY)
    return writer.actions.add(replace(action, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "automatic"),
    [
        pytest.param(policy("block"), [True], id="blocked"),
        pytest.param(policy("block", automatic=False), [False], id="nothing is automatic"),
        pytest.param(policy("propose"), [False], id="proposed"),
        pytest.param(policy("report"), [], id="reported only"),
    ],
)
def test_policy_says_what_becomes_of_a_key_without_labels(
    writer: LedgerWriter, settings: Settings, automatic: list[bool]
) -> None:
    found = decided(writer, settings)

    assert [(each.spec, each.reason, each.automatic) for each in found] == [(SPEC, WHY, a) for a in automatic]


def test_a_key_that_a_gateway_names_anew_is_found_at_the_next_look(writer: LedgerWriter) -> None:
    made = GatewayKey("hash-3", "key_made")
    writer.actions.save_inventory("litellm", Inventory(keys=(LABELLED, made)), NOW)

    assert [str(each.spec.scope) for each in decided(writer, policy("block"))] == ["api_key:key_made"]


def test_a_key_that_waits_is_blocked_or_that_the_registry_names_now_is_left_alone(
    writer: LedgerWriter,
) -> None:
    assert decided(writer, policy("block"), declared={"key_bare": LABELS}) == []

    begun(writer, state=ActionState.STANDBY, expires_at=None)
    assert decided(writer, policy("block")) == []


def test_a_key_that_is_blocked_already_or_that_no_gateway_serves_is_left_alone(writer: LedgerWriter) -> None:
    writer.actions.save_inventory("litellm", Inventory(keys=(replace(BARE, blocked=True),)), NOW)

    assert decided(writer, policy("block")) == []


def test_a_block_is_renewed_in_its_second_half_and_released_with_the_labels(writer: LedgerWriter) -> None:
    action = begun(writer)

    assert decided(writer, policy("block"), NOW + HOUR // 4) == []
    (renewal,) = decided(writer, policy("block"), NOW + HOUR // 2)
    assert (renewal.renew, renewal.release, renewal.automatic) == (action.id, None, True)
    (release,) = decided(writer, policy("block"), declared={"key_bare": LABELS})
    assert (release.renew, release.release) == (None, action.id)


def test_with_policy_report_a_running_block_is_not_renewed_but_released_with_the_labels(
    writer: LedgerWriter,
) -> None:
    action = begun(writer)

    assert decided(writer, policy("report"), NOW + HOUR - 1) == []
    (release,) = decided(writer, policy("report"), declared={"key_bare": LABELS})
    assert release.release == action.id


def test_a_persons_own_block_is_neither_renewed_nor_released_nor_doubled(writer: LedgerWriter) -> None:
    begun(writer, requested_by="ada")

    assert decided(writer, policy("block"), NOW + HOUR - 1) == []
    assert decided(writer, policy("block"), declared={"key_bare": LABELS}) == []


@pytest.mark.parametrize("state", [ActionState.DECLINED, ActionState.REVERSED, ActionState.FAILED])
def test_what_somebody_ended_is_not_asked_again_for_a_day(writer: LedgerWriter, state: ActionState) -> None:
    begun(writer, state=state, ended_at=NOW, ended_by="ada")

    assert decided(writer, policy("block"), NOW + QUIET_S) == []
    assert len(decided(writer, policy("block"), NOW + QUIET_S + 1)) == 1


def test_a_block_that_only_ran_out_is_asked_for_again(writer: LedgerWriter) -> None:
    begun(writer, state=ActionState.EXPIRED, ended_at=NOW)

    assert len(decided(writer, policy("block"), NOW + 1)) == 1


def test_when_very_many_keys_lack_labels_at_once_a_person_is_asked_of_a_few(writer: LedgerWriter) -> None:
    keys = [GatewayKey(f"hash-{number}", f"key_{number}") for number in range(MOST_AT_ONCE + 1)]
    writer.actions.save_inventory("litellm", Inventory(keys=keys), NOW)

    assert [each.automatic for each in decided(writer, policy("block"))] == [False] * MOST_AT_ONCE

    for number in range(MOST_AT_ONCE):
        scope = Scope.parse(f"api_key:key_{number}")
        spec = replace(SPEC, scope=scope)
        begun(writer, spec=spec, state=ActionState.STANDBY, expires_at=None)

    assert decided(writer, policy("block")) == []


def test_a_few_keys_that_lack_labels_at_once_are_blocked(writer: LedgerWriter) -> None:
    keys = [GatewayKey(f"hash-{number}", f"key_{number}") for number in range(MOST_AT_ONCE)]
    writer.actions.save_inventory("litellm", Inventory(keys=keys), NOW)

    assert [each.automatic for each in decided(writer, policy("block"))] == [True] * MOST_AT_ONCE
