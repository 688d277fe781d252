"""The LiteLLM source: rows to events, pages to their end, and what is read when."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.domain.duration import Duration
from agent.domain.usage import Pattern
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.litellm.client import Proxy as Http
from agent.litellm.keys import Owner, labels_of, owner_of
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.attribution import load_attributor
from agent.telemetry.decode import RowError
from agent.telemetry.once import Collecting
from agent.telemetry.rates import load_rate_card
from agent.telemetry.sources.litellm.progress import Progress, missing
from agent.telemetry.sources.litellm.reader import Decoder, LogReader
from agent.telemetry.sources.litellm.rows import Owners, record_of_row
from agent.telemetry.sources.litellm.spend_log import SpendLog
from tests.agent.telemetry.answering import KEY, Answer, AnsweringServer, Asked
from tests.agent.telemetry.conftest import Reading

NOW = 1_795_744_800  # 2026-11-27T02:00:00Z
TOKEN = "a" * 64
OWNER = Owner("search-prod", "t1", {"team": "search", "environment": "prod"})


def row(number: int = 0, at: float = NOW - 60, **changes: Any) -> dict[str, Any]:
    stamp = datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()
    usage = {"prompt_tokens_details": {"cached_tokens": 10}}
    return {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": TOKEN,
        "spend": 0.001075,
        "prompt_tokens": 30,
        "completion_tokens": 100,
        "total_tokens": 130,
        "startTime": stamp,
        "model": "openai/gpt-4o",
        "model_group": "gpt-4o",
        "custom_llm_provider": "openai",
        "user": "",
        "team_id": "t1",
        "request_tags": ["team:other", "project:ranker", "User-Agent: curl"],
        "request_duration_ms": 12,
        "status": "success",
        "metadata": {"user_api_key_alias": "search-prod", "usage_object": usage},
        **changes,
    }


def exact(values: dict[str, Any]) -> dict[str, Any]:
    """As the client decodes it."""
    decoded: dict[str, Any] = json.loads(json.dumps(values), parse_float=Decimal)
    return decoded


def test_a_row_is_a_record_with_exact_credits() -> None:
    record, pattern = record_of_row(exact(row(spend=0.1)), OWNER, Decimal("0.01"))

    assert (record.request_id, record.model_name, record.api_key_id) == (
        "chatcmpl-0",
        "gpt-4o",
        "search-prod",
    )
    assert record.credits_consumed == Decimal(10)
    assert json.loads(bytes(record.usage_labels)) == {
        "team": "search",
        "environment": "prod",
        "project": "ranker",
    }
    assert record.units_consumed.cached == 10  # type: ignore[union-attr]
    assert pattern is Pattern.GATEWAY


def test_a_team_that_only_the_caller_names_is_the_callers_word() -> None:
    record, pattern = record_of_row(exact(row()), Owner("k", "", {}), Decimal("0.01"))

    assert json.loads(bytes(record.usage_labels))["team"] == "other"
    assert pattern is Pattern.TAG


@pytest.mark.parametrize(
    ("call_type", "operation", "endpoint"),
    [
        ("acompletion", "completion", None),
        ("aresponses", "completion", None),
        ("", "completion", None),
        ("aembedding", "embedding", None),
        ("aimage_generation", "image", None),
        ("pass_through_endpoint", "completion", "pass_through_endpoint"),
    ],
)
def test_every_way_to_call_is_an_operation(call_type: str, operation: str, endpoint: str | None) -> None:
    record, _ = record_of_row(exact(row(call_type=call_type)), OWNER, Decimal(1))

    assert (record.operation_type, record.endpoint) == (operation, endpoint)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"error_code": "429", "error_class": "ProxyRateLimitError"}, "429"),
        ({"error_code": "", "error_message": "Key is blocked. Update"}, "blocked"),
        ({"error_code": "", "error_class": "Timeout"}, "Timeout"),
        (None, "error"),
    ],
)
def test_a_failure_has_a_code_whatever_the_log_says(error: dict[str, str] | None, code: str) -> None:
    failed = exact(row(status="failure", metadata={"error_information": error}, spend=0))

    assert record_of_row(failed, OWNER, Decimal(1))[0].error_code == code


@pytest.mark.parametrize("wrong", [{"request_id": None}, {"spend": "much"}, {"prompt_tokens": -1}])
def test_a_row_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RowError):
        record_of_row(exact(row(**wrong)), OWNER, Decimal(1))


def test_the_models_own_name_stands_where_no_group_does() -> None:
    for model, provider, name in (
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("vendor/gpt-4o", "", "gpt-4o"),
        ("", "", "unknown"),
    ):
        without = exact(row(model_group="", model=model, custom_llm_provider=provider))
        assert record_of_row(without, OWNER, Decimal(1))[0].model_name == name


def test_a_keys_labels_come_from_its_metadata_over_its_teams() -> None:
    teams = {
        "t1": {"team_alias": "search", "metadata": {"tags": ["environment:dev", "x:y"], "cost_center": 7}}
    }

    owner = owner_of({"token": TOKEN, "team_id": "t1", "metadata": {"environment": "prod"}}, teams)

    assert owner == Owner(TOKEN, "t1", {"team": "search", "environment": "prod", "cost_center": "7"})
    assert labels_of(None) == labels_of({"tags": "team:x"}) == {}


def test_made_up_keys_are_nobodys() -> None:
    owners = Owners({TOKEN: OWNER})
    refused = row(api_key="f" * 64, team_id=None, status="failure", metadata={})

    assert owners.of(refused).api_key == ""
    assert not owners.lacks(refused)
    assert owners.lacks(row(api_key="b" * 64))
    assert owners.of(row()) == OWNER


def test_history_is_read_newest_first_in_pieces_until_none_is_missing() -> None:
    progress, seen = Progress().with_read((9_000, 10_000)), []
    while window := missing(progress, 7_000, 10_000):
        seen.append(window)
        progress = Progress.decode(progress.with_read(window).encode())

    assert seen == [(8_100, 9_000), (7_200, 8_100), (7_000, 7_200)]
    assert progress.read.pairs == ((7_000, 10_000),)


class Proxy:
    """A log of spend by pages, which counts to `cap` as the real one does to ten thousand."""

    def __init__(self, rows: list[dict[str, Any]], cap: int = 10_000) -> None:
        self.rows = rows
        self.cap = cap
        self.day_usd = 0.0  # what it says of a day, on two pages
        self.lost = 0  # rows that the next answers leave out
        self.server = AnsweringServer(self._answer)

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/key/list":
            keys = [{"token": TOKEN, "key_alias": "search-prod", "team_id": "t1", "metadata": {}}]
            return Answer({"keys": keys, "total_count": 1, "total_pages": 1})
        if asked.path == "/v2/team/list":
            teams = [{"team_id": "t1", "team_alias": "search", "metadata": {}}]
            return Answer({"teams": teams, "total": 1, "total_pages": 1})
        if asked.path == "/user/daily/activity":
            days = [{"metrics": {"spend": self.day_usd / 2}}]
            return Answer({"results": days, "metadata": {"total_pages": 2}})
        start, end = (
            datetime.datetime.fromisoformat(f"{asked.one(name)}+00:00") for name in ("start_date", "end_date")
        )
        found = [
            each
            for each in sorted(self.rows, key=lambda row: str(row["startTime"]))
            if start <= datetime.datetime.fromisoformat(each["startTime"]) <= end
        ]
        page, size = int(asked.one("page") or 1), int(asked.one("page_size") or 1)
        total, given = min(len(found), self.cap), found[(page - 1) * size : page * size]
        if self.lost and len(given) > 1:
            self.lost -= 1
            given = given[1:]
        return Answer(
            {
                "data": given,
                "total": total,
                "total_pages": -(-total // size),
                "total_is_capped": len(found) > self.cap,
            }
        )


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
