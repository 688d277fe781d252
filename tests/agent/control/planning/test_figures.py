"""The figures of a plan: over what stretch they are, and what a limit does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.planning import NothingToDoError, Plan, books_of, plan
from agent.control.planning.replay import replay
from agent.control.policy import TWO
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.agent.ledger.build import DAY, batch, bucket, event

NANO = 1_000_000_000
HOUR = 3_600
NOW = DAY + HOUR
WHO = Dimensions("openai", api_key="key_a", project="p-1", environment="prod", team="search")
CHAT = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
BATCHES = (replace(CHAT, tier="batch"), replace(CHAT, endpoint="/v1/batches"))
THROTTLE = ActionSpec(
    ActionKind.THROTTLE, Scope.parse("team:search"), limit=Limit(30, LimitUnit.RPM), expires_s=60
)
OPENAI = Gateway(kind="openai")
HAPROXY = Gateway(kind="haproxy", name="edge", socket="/run/haproxy.sock", maps="/etc/haproxy/maps")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as opened:
        yield opened


def planned(
    writer: LedgerWriter,
    spec: ActionSpec = THROTTLE,
    held: Mapping[str, object] | None = None,
    gateway: Gateway = OPENAI,
    now: float = NOW,
) -> Plan:
    at = Target("openai", TargetKind.PROJECT_MODEL, "p-1/gpt-5")
    states = [
        TargetState(at, held or {"max_requests_per_1_minute": 500}),
        TargetState(Target("openai", TargetKind.PROJECT, "p-1"), {"spend_limit": None}),
    ]
    key = GatewayKey("key_a", "key_a", project="p-1", team="search", environment="prod")
    writer.actions.save_inventory(gateway.name, Inventory([key], states if gateway is OPENAI else []), DAY)
    return plan(books_of(writer), Settings(own_gateways=(gateway,)), spec, now)


def metered(writer: LedgerWriter, service: Service, requests: int = 100) -> None:
    row = bucket(NOW - HOUR, HOUR, requests=requests * 60, nano=60 * NANO, dimensions=WHO, service=service)
    writer.write_usage_window("openai", NOW - HOUR, NOW, {"completions": [row]}, read_at=NOW)


@pytest.mark.parametrize("service", BATCHES)
def test_batches_are_not_held_by_the_providers_rate_limits(writer: LedgerWriter, service: Service) -> None:
    metered(writer, service)

    made = planned(writer)

    assert (made.burn_nano, made.saved_nano, made.refused) == (NANO, 0, 0)
    assert "1.00 credits/min of it are batch, which this limit does not hold" in made.notes


def test_what_is_no_batch_is_held(writer: LedgerWriter) -> None:
    metered(writer, CHAT)

    made = planned(writer)

    assert (made.burn_nano, made.saved_nano, made.refused) == (NANO, NANO * 7 // 10, 70 * 60)
    assert not any("batch, which" in note for note in made.notes)


def test_the_burn_of_single_calls_is_that_of_the_last_minute(writer: LedgerWriter) -> None:
    rows = [
        event(f"e-{at}", NOW - 30 - at, dimensions=WHO, service=CHAT, credits_nano=NANO) for at in range(60)
    ]
    writer.write_events(batch(rows))

    made = planned(writer, now=NOW - 29)
    metered(writer, CHAT)

    assert (made.burn_s, made.burn_nano) == (60, 60 * NANO)
    assert planned(writer).burn_s == 300


@pytest.mark.parametrize("service", [CHAT, BATCHES[0]])
def test_the_preview_of_single_calls_agrees_with_a_replay(writer: LedgerWriter, service: Service) -> None:
    rows = [
        event(f"e-{at}-{n}", NOW - HOUR + at, dimensions=WHO, service=service, credits_nano=NANO)
        for at in (*range(0, HOUR - 1, 60), HOUR - 1)
        for n in range(20)
    ]
    writer.write_events(batch(rows))
    for gateway, limit in ((HAPROXY, Limit(2, LimitUnit.RPS)), (OPENAI, Limit(15, LimitUnit.RPM))):
        spec = replace(THROTTLE, limit=limit)
        made = planned(writer, spec, gateway=gateway)

        again = replay(books_of(writer), Settings(own_gateways=(gateway,)), spec, NOW - HOUR, NOW, made)

        assert (made.refused, made.requests) == (again.refused, again.calls)
        assert (made.refused > 0) is (service is CHAT or gateway is HAPROXY)
        assert (made.saved_nano > 0) is (made.refused > 0)


def test_a_cap_below_what_is_spent_already_saves_all_of_the_burn(writer: LedgerWriter) -> None:
    metered(writer, CHAT)
    cap = ActionSpec(ActionKind.CAP, Scope.parse("project:p-1"), amount_nano=40 * NANO)

    below, above = planned(writer, cap), planned(writer, replace(cap, amount_nano=90 * NANO))

    assert (below.spent_nano, above.spent_nano) == (60 * NANO, 60 * NANO)
    assert (below.reached, below.saved_nano, below.needs) == (True, below.burn_nano, TWO)
    assert (above.reached, above.saved_nano) == (False, 0)
    assert below.burn_nano > 0


@pytest.mark.parametrize(("held", "how"), [(10, "tighter already: 10 rpm"), (30, "so already")])
def test_what_is_held_already_says_by_how_much(writer: LedgerWriter, held: int, how: str) -> None:
    metered(writer, CHAT)

    with pytest.raises(NothingToDoError, match=f"team:search is held {how}"):
        planned(writer, held={"max_requests_per_1_minute": held})


def test_a_limit_by_the_second_names_the_command_by_the_minute(writer: LedgerWriter) -> None:
    metered(writer, CHAT)

    with pytest.raises(NothingToDoError) as caught:
        planned(writer, replace(THROTTLE, limit=Limit(2, LimitUnit.RPS)))

    assert "`burndeck throttle team:search --rpm 120`" in caught.value.hint
