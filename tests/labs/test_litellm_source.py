"""The LiteLLM source against the real proxy: its rows are the proxy's rows, to the last nano-credit."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.domain.duration import Duration
from agent.domain.money import to_nano
from agent.ledger import open_writer
from agent.ledger.writer import LedgerWriter
from agent.litellm.client import Proxy
from agent.secrets import Secret
from agent.settings import Settings
from agent.settings_schema import Source
from agent.telemetry.sources.litellm.check import Compared, DayCheck
from agent.telemetry.sources.litellm.progress import Progress
from tests.agent.telemetry.conftest import Reading
from tests.labs.litellm import Key, LiteLLMLab, needs_litellm, until

pytestmark = [pytest.mark.labs, needs_litellm, pytest.mark.timeout(300)]

USD_PER_CREDIT = Decimal("0.01")
EVENTS = """
SELECT event.request_id, event.at, model.value, event.tokens_input, event.tokens_cached, event.tokens_output,
  event.credits_nano, error.value
FROM event JOIN context ON context.id = event.context JOIN dim AS key ON key.id = context.api_key
JOIN service ON service.id = event.service JOIN dim AS model ON model.id = service.model
LEFT JOIN dim AS error ON error.id = event.error
WHERE key.value = '{}'
"""
OWNERS = """
SELECT DISTINCT team.value, project.value, environment.value, cost_center.value, pattern.value
FROM event JOIN context ON context.id = event.context JOIN dim AS key ON key.id = context.api_key
JOIN dim AS team ON team.id = context.team JOIN dim AS project ON project.id = context.project
JOIN dim AS environment ON environment.id = context.environment
JOIN dim AS cost_center ON cost_center.id = context.cost_center
JOIN dim AS pattern ON pattern.id = context.pattern
WHERE key.value = '{}'
"""


class Desk:
    """Writes at once."""

    def __init__(self, writer: LedgerWriter) -> None:
        self._writer = writer

    async def write(self, task: Callable[[LedgerWriter], Any]) -> Any:
        return task(self._writer)


@pytest.fixture
def reading(litellm_lab: LiteLLMLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    monkeypatch.setenv("LITELLM_MASTER_KEY", litellm_lab.master_key)
    source = Source(kind="litellm", base_url=litellm_lab.url, history=900)  # type: ignore[arg-type]
    return Reading(Settings(sources=(source,), ledger_path=tmp_path / "ledger.sqlite"))


def test_the_ledgers_rows_are_the_proxys_rows_with_exact_credits(
    litellm_lab: LiteLLMLab, reading: Reading
) -> None:
    team = litellm_lab.new_team(metadata={"cost_center": "CC-1"})
    key = litellm_lab.new_key(team_id=team, metadata={"project": "ranker"})
    tags = {"tags": ["environment:prod", "team:somebody-else", "feature:x"]}
    statuses = [litellm_lab.call(key, model, metadata=tags) for model in ("gpt-4o", "gpt-4o-mini") * 3]
    litellm_lab.admin("/key/update", key=key.token, blocked=True)
    statuses.append(litellm_lab.call(key))
    litellm_lab.admin("/key/update", key=key.token, blocked=False, rpm_limit=0)
    statuses.append(litellm_lab.call(key))
    logged = _logged(litellm_lab, key, 8)

    first = reading.once(time.time())
    events = {_id(row[0]): row[1:] for row in reading.rows(EVENTS.format(key.alias))}
    whole = reading.rows("SELECT * FROM event ORDER BY id")
    again = reading.once(time.time())

    assert statuses == [200] * 6 + [401, 429]
    assert [source.state for report in (first, again) for source in report.sources] == ["ok", "ok"]
    assert events == {row["request_id"]: _expected(row) for row in logged}
    assert sum(row[-2] for row in events.values()) > 0
    assert reading.rows(OWNERS.format(key.alias)) == [
        (f"alias-{team}", "ranker", environment, "CC-1", "B") for environment in ("prod", "")
    ]
    assert reading.rows("SELECT * FROM event ORDER BY id") == whole


def test_calls_are_named_as_the_gateway_names_their_key(litellm_lab: LiteLLMLab, reading: Reading) -> None:
    named, nameless = litellm_lab.new_key(), litellm_lab.admin("/key/generate")
    unnamed = Key(nameless["key"], nameless["token"], nameless["token"])
    for key in (named, unnamed):
        litellm_lab.call(key)
        _logged(litellm_lab, key, 1)

    reading.once(time.time())
    inventory = litellm_lab.run(litellm_lab.link.inventory())

    api_keys = {key.id: key.api_key for key in inventory.keys}
    for key in (named, unnamed):
        assert len(reading.rows(EVENTS.format(api_keys[key.token]))) == 1
        assert reading.rows(f"SELECT count(*) FROM directory_key WHERE id = '{api_keys[key.token]}'") == [
            (1,)
        ]


def test_what_the_proxy_writes_later_is_read_with_the_next_poll(
    litellm_lab: LiteLLMLab, reading: Reading
) -> None:
    reading.once(time.time())
    key = litellm_lab.new_key()  # made after the keys were read
    litellm_lab.call(key)
    early = reading.once(time.time())
    _logged(litellm_lab, key, 1)

    late = reading.once(time.time())

    assert early.failed is None and late.failed is None
    assert len(reading.rows(EVENTS.format(key.alias))) == 1


def test_the_tag_of_a_caller_counts_where_the_gateway_says_nothing(
    litellm_lab: LiteLLMLab, reading: Reading
) -> None:
    key = litellm_lab.new_key()
    litellm_lab.call(key, metadata={"tags": ["team:search", "environment:dev"]})
    _logged(litellm_lab, key, 1)

    reading.once(time.time())

    assert reading.rows(OWNERS.format(key.alias)) == [("search", "", "dev", "", "A")]


def test_a_made_up_key_is_an_error_and_no_new_key(litellm_lab: LiteLLMLab, reading: Reading) -> None:
    made_up = Key(f"sk-{uuid.uuid4().hex}", "", "")
    before = time.time()
    assert litellm_lab.call(made_up) == 401
    until(lambda: any(row["status"] == "failure" for row in _rows_since(litellm_lab, before)))

    reading.once(time.time())

    errors = [row[-1] for row in reading.rows(EVENTS.format("")) if row[1] >= int(before)]
    assert errors == ["401"]


def test_the_day_of_the_ledger_is_the_day_that_the_proxy_sums_up(
    litellm_lab: LiteLLMLab, reading: Reading
) -> None:
    for _ in range(3):
        litellm_lab.call(litellm_lab.new_key())
    today = int(time.time()) // 86_400 * 86_400
    (source,) = reading.settings.sources
    whole = msgspec.structs.replace(source, history=Duration(86_400))
    reading.settings = dataclasses.replace(reading.settings, sources=(whole,))
    proxy = Proxy(litellm_lab.url, Secret(litellm_lab.master_key), owner="litellm", timeout_s=10)

    def compared() -> Compared | None:
        reading.once(time.time())
        with open_writer(reading.settings.ledger_path) as writer:
            check = DayCheck("litellm", "litellm", proxy, Desk(writer), USD_PER_CREDIT, Progress)
            found: Compared = litellm_lab.run(check.compare(today))
        return found if found.ledger_nano == found.proxy_nano else None

    assert until(compared).ledger_nano > 0
    litellm_lab.run(proxy.close())


def test_a_wrong_master_key_stops_the_source_with_the_way_out(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-wrong-0123456789abcdef")

    (source,) = reading.once(time.time()).sources

    assert source.state == "stopped"
    assert "burndeck login litellm" in source.hint
    assert "0123456789abcdef" not in f"{source.message} {source.hint}"


def _logged(lab: LiteLLMLab, key: Key, count: int) -> list[dict[str, Any]]:
    """The proxy's rows of a key, once there are so many; numbers as they stand in its answer."""

    def rows() -> list[dict[str, Any]]:
        return [row for row in _rows_since(lab, time.time() - 600) if row["api_key"] == key.token]

    return until(lambda: found if len(found := rows()) == count else [])  # type: ignore[no-any-return]


def _rows_since(lab: LiteLLMLab, since: float) -> list[dict[str, Any]]:
    start, end = (
        datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d+%H:%M:%S")
        for at in (since, time.time() + 60)
    )
    request = urllib.request.Request(
        f"{lab.url}/spend/logs/v2?start_date={start}&end_date={end}&page=1&page_size=1000",
        headers={"authorization": f"Bearer {lab.master_key}"},
    )
    with urllib.request.urlopen(request) as answer:
        page = json.loads(answer.read(), parse_float=Decimal)
    return list(page["data"])


def _expected(row: dict[str, Any]) -> tuple[Any, ...]:
    """A row of the proxy as the ledger must have it."""
    error = row["metadata"].get("error_information") or {}
    code = "blocked" if "is blocked" in (error.get("error_message") or "") else error.get("error_code")
    succeeded = row["status"] == "success"
    return (
        int(datetime.datetime.fromisoformat(row["startTime"]).timestamp()),
        row["model_group"] or row["model"],
        row["prompt_tokens"],
        10 if succeeded else 0,
        row["completion_tokens"],
        to_nano(Decimal(row["spend"]) / USD_PER_CREDIT),
        None if succeeded else code,
    )


def _id(stored: str | bytes) -> str:
    return str(uuid.UUID(bytes=stored)) if isinstance(stored, bytes) else stored
