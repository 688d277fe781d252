"""The LiteLLM source: pages to their end, and what is read when."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.domain.duration import Duration
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.litellm.client import Proxy as Http
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.attribution import load_attributor
from agent.telemetry.once import Collecting
from agent.telemetry.rates import load_rate_card
from agent.telemetry.sources.litellm.progress import Progress, missing
from agent.telemetry.sources.litellm.reader import Decoder, LogReader
from agent.telemetry.sources.litellm.spend_log import SpendLog
from tests.agent.telemetry.answering import KEY
from tests.agent.telemetry.conftest import Reading
from tests.agent.telemetry.sources.litellm_proxy import NOW, Proxy, row


def test_history_is_read_newest_first_in_pieces_until_none_is_missing() -> None:
    progress, seen = Progress().with_read((9_000, 10_000)), []
    while window := missing(progress, 7_000, 10_000):
        seen.append(window)
        progress = Progress.decode(progress.with_read(window).encode())

    assert seen == [(8_100, 9_000), (7_200, 8_100), (7_000, 7_200)]
    assert progress.read.pairs == ((7_000, 10_000),)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy([])
    with made.server:
        yield made


@pytest.fixture
def reading(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-master-of-tests")
    url = proxy.server.base_url.removesuffix("/v1")
    source = Source(kind="litellm", base_url=url, history=7200)  # type: ignore[arg-type]
    return Reading(Settings(sources=(source,), ledger_path=tmp_path / "ledger.sqlite"))


def counted(reading: Reading) -> tuple[int, int]:
    return reading.rows("SELECT count(*), ifnull(sum(credits_nano), 0) FROM event")[0]  # type: ignore[return-value]


def test_all_pages_are_read_and_a_second_pass_adds_nothing(proxy: Proxy, reading: Reading) -> None:
    proxy.rows = [row(number, NOW - number % 3000) for number in range(1_300)]

    first = reading.once(NOW)
    whole = counted(reading)
    reading.once(NOW + 1)

    assert first.failed is None
    assert whole == (1_300, 1_300 * 107_500_000)
    assert counted(reading) == whole


def test_more_rows_than_the_proxy_counts_are_read_in_halves(proxy: Proxy, reading: Reading) -> None:
    proxy.cap = 600
    proxy.rows = [row(number, NOW - number % 200) for number in range(1_300)]

    assert reading.once(NOW).failed is None
    assert counted(reading)[0] == 1_300


def test_an_amount_never_passes_through_a_float(proxy: Proxy, reading: Reading) -> None:
    proxy.rows = [row(1, spend=2.5e-11)]

    reading.once(NOW)

    assert counted(reading) == (1, 2)  # 2.5 nano-credits go to the even neighbour; the float is a little more


def test_a_row_that_no_page_had_is_asked_for_again(proxy: Proxy, reading: Reading) -> None:
    proxy.rows = [row(number, NOW - 60) for number in range(5)]
    proxy.lost = 1

    assert reading.once(NOW).failed is None
    assert counted(reading)[0] == 5


def test_a_row_that_came_late_is_found_within_the_time_that_is_read_again(
    proxy: Proxy, reading: Reading
) -> None:
    proxy.rows = [row(number, NOW - 3_000) for number in range(3)]
    reading.once(NOW)
    proxy.rows.append(row(99, NOW - 3_000))

    reading.once(NOW + 60)
    before = counted(reading)[0]
    reading.once(NOW + 1_800)

    assert before == 3
    assert counted(reading)[0] == 4


def starts(proxy: Proxy) -> list[float]:
    """How long before `NOW` the log was asked for each time, in seconds."""
    asked = [each.one("start_date") for each in proxy.server.asked if each.path == "/spend/logs/v2"]
    return [NOW - datetime.datetime.fromisoformat(f"{text}+00:00").timestamp() for text in asked]


def test_a_poll_reads_on_from_where_the_last_one_was_and_now_and_then_further_back(
    proxy: Proxy, reading: Reading
) -> None:
    with open_writer(reading.settings.ledger_path) as writer, Collecting(reading.settings, writer) as agent:
        agent.catch_up(NOW)
        proxy.server.asked.clear()
        for number in range(1, 5):
            proxy.rows.append(row(number, NOW + 2 * number - 20))  # it took so long
            agent.tick(NOW + 2 * number)
        narrow = starts(proxy), counted(reading)[0]
        proxy.rows.append(row(99, NOW - 200))  # and this one longer
        proxy.server.asked.clear()
        agent.tick(NOW + 32)
        wide = max(starts(proxy)), counted(reading)[0]

    assert narrow == ([30, 28, 26, 24], 4)
    assert wide == (300 - 33, 5)


def test_a_poll_after_a_while_without_one_leaves_no_gap(proxy: Proxy, reading: Reading) -> None:
    with open_writer(reading.settings.ledger_path) as writer, Collecting(reading.settings, writer) as agent:
        agent.catch_up(NOW)
        proxy.rows = [row(number, NOW + number * 10) for number in range(100)]
        agent.tick(NOW + 1_000)

    assert counted(reading)[0] == 100


def test_a_slow_proxy_rests_for_as_long_as_it_was_busy(proxy: Proxy, reading: Reading) -> None:
    (source,), real = reading.settings.sources, iter((0.0, 9.0, 10.0, 17.9, 18.1, 18.2))

    async def run() -> list[int]:
        with open_writer(reading.settings.ledger_path) as writer:
            desk, settings = Written(writer), reading.settings
            made = Http(source.base_url, KEY, owner="litellm", timeout_s=5)
            decoder = Decoder("a", load_rate_card(settings), load_attributor(settings), Decimal(1))
            calls = LogReader(
                source, SpendLog(made), desk, decoder, nothing, Progress(), monotonic=lambda: next(real)
            )
            found = []
            for number in range(4):
                await calls.run(NOW + 2 * number)
                found.append(len(proxy.server.asked))
            await made.close()
            return found

    assert asyncio.run(run()) == [1, 1, 1, 2]


async def nothing(now: float) -> None:
    pass


class Written:
    """Writes at once."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], Any]) -> Any:
        return task(self._writer)


def test_a_gap_while_the_agent_was_down_is_caught_up(proxy: Proxy, reading: Reading) -> None:
    reading.once(NOW - 5_000)
    proxy.rows = [row(number, NOW - 4_500 + number * 400) for number in range(10)]

    reading.once(NOW)

    assert counted(reading)[0] == 10


def test_bad_rows_are_kept_aside_and_free_models_are_told(proxy: Proxy, reading: Reading) -> None:
    proxy.rows = [row(1), row(2, spend=0, model_group="house-model"), row(3, prompt_tokens=-1)]

    assert reading.once(NOW).failed is None
    assert counted(reading)[0] == 2
    assert len(reading.rows("SELECT * FROM quarantine")) == 1
    assert ("gateway_unpriced", "litellm:house-model") in reading.rows("SELECT kind, subject FROM finding")


@pytest.mark.parametrize(("usd", "found"), [(0.108, 0), (0.12, 1)])
def test_a_day_that_the_proxy_sums_up_otherwise_is_a_finding(
    proxy: Proxy, reading: Reading, usd: float, found: int
) -> None:
    midnight = NOW // 86_400 * 86_400
    proxy.rows = [row(number, midnight - 40_000 - number) for number in range(100)]
    proxy.day_usd = usd
    reading.settings = with_yesterday(reading.settings)

    reading.once(midnight + 3 * 3_600)  # the day is read, and compared with the next round
    reading.once(midnight + 3 * 3_600 + 60)

    findings = reading.rows("SELECT subject, detail FROM finding WHERE kind = 'gateway_drift'")
    assert len(findings) == found
    if found:
        assert findings[0][0] == "litellm:2026-11-26"
        assert "10.75 credits" in findings[0][1]


def with_yesterday(settings: Settings) -> Settings:
    """The same, reading all of yesterday."""
    (source,) = settings.sources
    longer = msgspec.structs.replace(source, history=Duration(28 * 3_600))
    return dataclasses.replace(settings, sources=(longer,))


def test_a_proxy_has_no_address_that_could_be_guessed() -> None:
    with pytest.raises(ValueError, match="base_url"):
        Source(kind="litellm")


def test_an_address_where_nobody_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-master-of-tests")
    source = Source(kind="litellm", base_url="http://127.0.0.1:1")
    ledger = tmp_path / "ledger.sqlite"

    (report,) = Reading(Settings(sources=(source,), ledger_path=ledger)).once(NOW).sources

    assert report.state == "failed"
    assert "base_url" in report.hint
