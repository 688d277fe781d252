"""A throttle tried on the ledger's own traffic: every call once, counted as its gateway counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.planning import books_of, plan
from agent.control.planning.replay import Replay, replay
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.usage import Dimensions
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.agent.ledger.build import DAY, batch, bucket, event
from tests.agent.ledger.plain import Event

NANO = 1_000_000_000
HOUR = 3_600
RPS, RPM = LimitUnit.RPS, LimitUnit.RPM


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LedgerWriter]:
    with open_writer(tmp_path / "ledger.sqlite") as opened:
        yield opened


def who(key: str, environment: str = "dev", team: str = "search") -> Dimensions:
    return Dimensions("openai", api_key=key, project="p-1", environment=environment, team=team)


def calls(key: str, seconds: Sequence[int], each: int = 1, **fields: object) -> list[Event]:
    """Calls of a key in these seconds of the day."""
    return [
        event(f"{key}-{at}-{n}", DAY + at, **({"dimensions": who(key), "credits_nano": NANO} | fields))
        for at in seconds
        for n in range(each)
    ]


def tried(
    writer: LedgerWriter, amount: int, unit: LimitUnit = RPS, gateways: Sequence[Gateway] = (), **spec: object
) -> Replay:
    settings = Settings(own_gateways=tuple(gateways))
    what = ActionSpec(
        ActionKind.THROTTLE, Scope.parse("organization"), limit=Limit(amount, unit), expires_s=60
    )
    what = replace(what, **spec)  # type: ignore[arg-type]
    books = books_of(writer)
    made = plan(books, settings, what, DAY + HOUR) if gateways else None
    return replay(books, settings, what, DAY, DAY + HOUR, made)


def metered(writer: LedgerWriter, *rows: BucketRow) -> None:
    writer.write_usage_window("openai", DAY, DAY + HOUR, {"completions": list(rows)}, read_at=DAY + HOUR)


def test_each_key_has_its_calls_refused_share_credits_and_worst_minute(writer: LedgerWriter) -> None:
    writer.write_events(
        batch([*calls("key_a", range(120), each=3), *calls("key_a", range(120, 130), each=10)])
    )
    writer.write_events(batch(calls("key_b", range(600))))

    found = tried(writer, 2)

    (a, b) = found.keys
    assert (a.api_key, a.calls, a.refused, a.saved_nano) == ("key_a", 460, 200, 200 * NANO)
    assert (a.worst_minute, a.worst_refused) == (DAY + 120, 80)
    assert (b.calls, b.refused, b.worst_minute) == (600, 0, None)
    assert (found.calls, found.refused) == (1_060, 200)
    assert (found.seen, found.spread) == (1_060, 0)


def test_production_is_spared_or_has_its_share_of_the_refused(writer: LedgerWriter) -> None:
    prod = {"dimensions": who("key_p", "prod")}
    writer.write_events(batch([*calls("key_a", [0], each=4), *calls("key_p", [0], each=4, **prod)]))

    everybody, spared = tried(writer, 1), tried(writer, 1, non_prod=True)

    assert (everybody.refused, str(everybody.production_share)) == (6, "0.5000")
    assert ([key.api_key for key in spared.keys], spared.refused) == (["key_a"], 3)


def test_buckets_are_spread_evenly_and_that_is_said(writer: LedgerWriter) -> None:
    metered(writer, bucket(DAY, 60, requests=120, nano=120 * NANO, dimensions=who("key_a")))

    found = tried(writer, 1)

    assert (found.seen, found.spread) == (0, 120)
    assert (found.calls, found.refused, found.saved_nano) == (120, 60, 60 * NANO)
    assert "120 of 120 calls are known by the minute or hour only" in found.notes[0]


@pytest.mark.parametrize(("seen", "by_the_second"), [(60, True), (59, False)])
def test_a_call_that_is_metered_and_was_seen_counts_once(
    writer: LedgerWriter, seen: int, by_the_second: bool
) -> None:
    writer.write_events(batch(calls("key_a", [5], each=seen)))
    metered(writer, bucket(DAY, 60, requests=60, nano=60 * NANO, dimensions=who("key_a")))

    found = tried(writer, 1)

    assert found.calls == 60
    assert (found.seen, found.spread) == ((60, 0) if by_the_second else (0, 60))
    assert found.refused == (59 if by_the_second else 0)


def test_the_parts_of_an_hour_are_the_whole_of_it(writer: LedgerWriter) -> None:
    metered(writer, bucket(DAY, HOUR, requests=7, nano=1_000_003, dimensions=who("key_a")))

    assert tried(writer, 0).saved_nano == 1_000_003


def test_refused_calls_of_the_past_are_left_out(writer: LedgerWriter) -> None:
    writer.write_events(
        batch([*calls("key_a", [0, 1]), *calls("key_b", [0, 1], error_code="429", credits_nano=0)])
    )

    assert tried(writer, 0).calls == 2


def test_a_team_at_a_proxy_shares_one_window_that_its_first_call_opens(writer: LedgerWriter) -> None:
    writer.write_events(batch([*calls("key_a", range(30, 150)), *calls("key_b", range(30, 150))]))
    keys = [GatewayKey(f"h-{each}", each, labels={"team_id": "t-1"}) for each in ("key_a", "key_b")]
    states = [
        TargetState(Target("litellm", TargetKind.TEAM, "t-1"), {"rpm_limit": None}),
        *(TargetState(Target("litellm", TargetKind.KEY, key.id), {"rpm_limit": None}) for key in keys),
    ]
    writer.actions.save_inventory("litellm", Inventory(keys, states), DAY)
    proxy = Gateway(kind="litellm", base_url="http://127.0.0.1:9")

    shared = tried(writer, 30, RPM, [proxy], scope=Scope.parse("team:search"))
    alone = tried(writer, 30, RPM, [proxy])

    assert (shared.calls, shared.refused) == (240, 180)  # two windows of thirty
    assert (alone.calls, alone.refused) == (240, 120)
    assert "a window of a minute that the first call opens" in shared.ways[0]


def test_a_project_at_the_provider_counts_by_model_and_clock_minute(writer: LedgerWriter) -> None:
    writer.write_events(batch([*calls("key_a", range(30, 90)), *calls("key_b", range(30, 90))]))
    keys = [GatewayKey(each, each, project="p-1") for each in ("key_a", "key_b")]
    limit = TargetState(
        Target("openai", TargetKind.PROJECT_MODEL, "p-1/gpt-a"),
        {"max_requests_per_1_minute": 500, "max_tokens_per_1_minute": 90_000},
    )
    writer.actions.save_inventory("openai", Inventory(keys, [limit]), DAY)

    found = tried(writer, 10, RPM, [Gateway(kind="openai")])

    assert (found.calls, found.refused) == (120, 100)  # ten in each of two minutes, for both keys together


def test_calls_at_once_go_by_how_long_they_took(writer: LedgerWriter) -> None:
    writer.write_events(batch(calls("key_a", [0, 1, 2, 3], latency_ms=2_000)))

    found = tried(writer, 1, LimitUnit.PARALLEL)

    assert (found.calls, found.refused) == (4, 2)
