"""A small organization in a ledger: a steady past by the hour, the last hours by the minute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.domain.allocation import Allocation, Scope
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.settings import Settings

NANO = 10**9
NOW = 1_795_003_200 + 1_800  # 2026-11-18 12:30 UTC, a Wednesday
DETAIL_FROM = NOW - 1_800 - 6 * 3_600
CHAT = Service("gpt-5-mini", Operation.COMPLETION, "completions")
SEARCH = Dimensions(
    "openai",
    api_key="key_search",
    project="proj_search",
    environment="prod",
    team="search",
    department="engineering",
    billing_group="product",
    cost_center="CC-1",
    owner="ada@example.com",
    pattern="C",
)
SUPPORT = replace(
    SEARCH,
    api_key="key_support",
    project="proj_support",
    team="support",
    cost_center="CC-2",
    owner="bob@example.com",
)
NOBODY = Dimensions("openai", api_key="key_nobody")
SETTINGS = Settings(
    allocations=(
        Allocation("org-1", Scope.parse("organization"), 10**6 * NANO),
        Allocation("org-1-bg-product", Scope.parse("billing_group:product"), 200_000 * NANO),
        Allocation("org-1-team-search", Scope.parse("team:search"), 60_000 * NANO),
    )
)

ORDINARY = ((SEARCH, 1.0), (SUPPORT, 0.5), (NOBODY, 0.1))
"""Who burns how many credits a minute, at any time of any day: 1.6 together."""


def use(
    start: int, width: int, who: Dimensions, credits_: float, *, service: Service = CHAT, requests: int = 10
) -> BucketRow:
    """A bucket of `requests` a minute with ordinary prompts and answers."""
    count = requests * width // 60
    return BucketRow(
        start, width, who, service, count, count * 1_000, count * 600, count * 200, 0, round(credits_ * NANO)
    )


def fill(
    path: Path,
    *,
    days: int = 30,
    end: int = NOW,
    spike: list[BucketRow] | None = None,
    unpriced: bool = False,
) -> None:
    """Write the past of `days` and everything up to `end`; `spike` rows replace the ordinary ones."""
    rows = spike or []
    if path.exists():
        _write(path, days, end, rows, unpriced)
        return
    asked = repr((days, end, rows, unpriced))
    if asked not in _FILLED:
        _write(path, days, end, rows, unpriced)
        _FILLED[asked] = path.read_bytes()
    else:
        path.write_bytes(_FILLED[asked])


_FILLED: dict[str, bytes] = {}
"""Whole ledgers by what was asked for: many tests begin with the same one."""


def _write(path: Path, days: int, end: int, spike: list[BucketRow], unpriced: bool) -> None:
    with open_writer(path) as writer:
        first = (DETAIL_FROM - days * 86_400) // 3_600 * 3_600
        for start in range(first, DETAIL_FROM, 86_400):
            stop = min(start + 86_400, DETAIL_FROM)
            hours = [
                use(hour, 3_600, who, rate * 60)
                for hour in range(start, stop, 3_600)
                for who, rate in ORDINARY
            ]
            writer.write_usage_window("openai", start, stop, {"completions": hours}, read_at=end)
        minutes = [
            use(minute, 60, who, rate) for minute in range(DETAIL_FROM, end, 60) for who, rate in ORDINARY
        ]
        rows = {(row.start, row.dimensions): row for row in [*minutes, *spike]}
        priced = [_without_price(row) if unpriced else row for row in rows.values()]
        writer.write_usage_window("openai", DETAIL_FROM, end, {"completions": priced}, read_at=end)


def _without_price(row: BucketRow) -> BucketRow:
    return replace(row, service=replace(row.service, model="gpt-unknown"), credits_nano=None)
