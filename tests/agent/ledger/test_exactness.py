"""The ledger stays exact whatever arrives, in any order, as often as it likes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent.domain.usage import Dimensions
from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import CHAT, DAY, EMBED, batch
from tests.agent.ledger.plain import BucketRow, CostRow, Event, PlainLedger, assert_equal

ACCOUNTS = ("openai", "gateway")
IDS = [f"req-{number}" for number in range(5)] + [
    f"0b5f8a3e-1c2d-4e3f-8a9b-00000000000{number}" for number in range(5)
]


def dimensions(account: str) -> st.SearchStrategy[Dimensions]:
    return st.builds(
        Dimensions,
        account=st.just(account),
        api_key=st.sampled_from(("k1", "k2")),
        team=st.sampled_from(("", "payments", "search")),
        environment=st.sampled_from(("prod", "dev")),
    )


services = st.sampled_from((CHAT, EMBED))
minutes = st.builds(
    lambda day, hour, minute: DAY + day * 86400 + hour * 3600 + minute * 60,
    st.integers(0, 1),
    st.integers(0, 1),
    st.sampled_from((0, 1)),
)
amounts = st.integers(-5, 10**6)
prices = st.none() | amounts | st.just(2**60)

events = st.sampled_from(ACCOUNTS).flatmap(
    lambda account: st.builds(
        Event,
        request_id=st.sampled_from(IDS),
        at=st.builds(lambda minute, second: minute + second, minutes, st.integers(0, 59)),
        dimensions=dimensions(account),
        service=services,
        tokens_input=st.integers(0, 1000),
        tokens_output=st.integers(0, 10),
        credits_nano=st.none() | st.integers(0, 10**10) | st.just(2**55),
        latency_ms=st.integers(-1, 50),
        error_code=st.sampled_from((None, None, "429")),
    )
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, int, int, dict[str, list[BucketRow]], bool]:
    account, width = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from((60, 60, 3600)))
    start = draw(minutes) // width * width
    end = start + width * draw(st.integers(1, 3))
    row = st.builds(
        BucketRow,
        start=st.integers(0, (end - start) // width - 1).map(lambda place: start + place * width),
        width=st.just(width),
        dimensions=dimensions(account),
        service=services,
        requests=st.integers(0, 9),
        tokens_input=st.integers(0, 99),
        tokens_cached=st.integers(0, 9),
        tokens_output=st.integers(0, 9),
        quantity_micro=st.integers(0, 2),
        credits_nano=st.none() | amounts,
    )
    kinds = draw(st.sets(st.sampled_from(("completions", "embeddings")), min_size=1))
    return (
        account,
        start,
        end,
        {kind: draw(st.lists(row, max_size=4)) for kind in sorted(kinds)},
        draw(st.booleans()),
    )


@st.composite
def bills(draw: st.DrawFn) -> tuple[str, int, int, list[CostRow], int]:
    account, start = draw(st.sampled_from(ACCOUNTS)), DAY + 86400 * draw(st.integers(0, 1))
    days = draw(st.integers(1, 2))
    row = st.builds(
        CostRow,
        day=st.integers(0, days - 1).map(lambda place: start + place * 86400),
        dimensions=dimensions(account),
        service=services,
        line_item=st.sampled_from(("input", "output")),
        amount_nano=amounts,
        currency=st.just("usd"),
        credits_nano=amounts,
    )
    final_before = DAY + draw(st.integers(0, 3)) * 86400 + draw(st.sampled_from((0, 5)))
    return account, start, start + days * 86400, draw(st.lists(row, max_size=3)), final_before


steps = st.one_of(
    st.tuples(
        st.just("events"),
        st.lists(events, min_size=2, max_size=8),
        st.booleans(),
        st.sampled_from((1, 3, 50)),
    ),
    st.tuples(st.just("window"), windows()),
    st.tuples(st.just("window"), windows()),
    st.tuples(st.just("costs"), bills()),
    st.just(("reopen",)),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.lists(steps, min_size=2, max_size=12), st.sampled_from((2**64 - 1, 1)))
def test_rollups_equal_a_plain_recomputation_after_any_history(history: list[tuple], hash_mask: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder) / "ledger.sqlite", PlainLedger()
        writer = LedgerWriter(path, hash_mask=hash_mask)

        refused = 0
        for kind, *step in history:
            match kind:
                case "events":
                    rows, correct, max_rows = step
                    plain.write_events(rows, correct=correct)
                    result = writer.write_events(batch(rows), correct=correct, max_rows=max_rows)
                    assert result.accepted + result.duplicates + result.refused == len(rows)
                    refused += result.refused
                case "window":
                    account, start, end, buckets, covered = step[0]
                    try:
                        plain.write_usage_window(account, start, end, buckets, covered=covered)
                    except ValueError:
                        _assert_refused(writer, account, start, end, buckets)
                    else:
                        writer.write_usage_window(account, start, end, buckets, covered=covered, read_at=1)
                case "costs":
                    account, start, end, rows, final_before = step[0]
                    plain.write_costs(account, start, end, rows, final_before=final_before)
                    writer.write_costs(account, start, end, rows, final_before=final_before, read_at=1)
                case "reopen":
                    writer.close()
                    writer = LedgerWriter(path, hash_mask=hash_mask)
        writer.close()

        assert_equal(path, plain)
        assert refused == plain.refused


def _assert_refused(writer: LedgerWriter, account: str, start: int, end: int, buckets: dict) -> None:
    try:
        writer.write_usage_window(account, start, end, buckets, read_at=1)
    except ValueError:
        return
    raise AssertionError("a window that cuts a stored bucket was taken")
