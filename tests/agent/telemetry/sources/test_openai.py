"""The source `openai` against the simulated provider: exact sums, revisions, tombstones, trouble."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from agent.clock import ManualClock
from fixtures.provider import SimulatedProvider
from tests.agent.telemetry.conftest import Reading, Readings

HOUR = 3600
EPOCH = 1_790_003_000.0
NOON = int(EPOCH) // HOUR * HOUR
SUMS = "SELECT SUM(requests), SUM(tokens_input), SUM(tokens_cached), SUM(tokens_output) FROM bucket"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[SimulatedProvider, ManualClock]]:
    clock = ManualClock(EPOCH)
    with SimulatedProvider(seed=5, clock=clock, epoch=EPOCH) as provider:
        yield provider, clock


@pytest.fixture
def clock(running: tuple[SimulatedProvider, ManualClock]) -> ManualClock:
    running[1].at = EPOCH
    return running[1]


@pytest.fixture
def provider(
    running: tuple[SimulatedProvider, ManualClock], clock: ManualClock
) -> Iterator[SimulatedProvider]:
    yield running[0]
    fault(running[0], "DELETE")


@pytest.fixture
def reading(provider: SimulatedProvider, readings: Readings) -> Reading:
    return readings.of(provider.base_url, provider.admin_key)


def asked(provider: SimulatedProvider, path: str, **params: Any) -> dict[str, Any]:
    """The provider's own answer to a plain question."""
    headers = {"Authorization": f"Bearer {provider.admin_key}"}
    answer: dict[str, Any] = httpx.get(
        f"{provider.base_url}/{path}", params=params, headers=headers, verify=False
    ).json()
    return answer


def fault(provider: SimulatedProvider, method: str, *rules: dict[str, Any]) -> None:
    root = provider.base_url.removesuffix("/v1")
    headers = {"Authorization": f"Bearer {provider.admin_key}"}
    httpx.request(
        method, f"{root}/_faults", json=list(rules), headers=headers, verify=False
    ).raise_for_status()


def provider_sums(provider: SimulatedProvider, start: int, end: int) -> tuple[int, ...]:
    """Requests and tokens of completions as the provider adds them up by the hour."""
    page = asked(
        provider,
        "organization/usage/completions",
        start_time=start,
        end_time=end,
        bucket_width="1h",
        limit=168,
    )
    fields = ("num_model_requests", "input_tokens", "input_cached_tokens", "output_tokens")
    found = [result for bucket in page["data"] for result in bucket["results"]]
    return tuple(sum(result[name] for result in found) for name in fields)


def completions(where: str) -> str:
    return f"{SUMS} WHERE kind = (SELECT id FROM dim WHERE value = 'completions') AND {where}"


def test_the_ledger_holds_what_the_provider_adds_up(provider: SimulatedProvider, reading: Reading) -> None:
    report = reading.once(EPOCH)

    assert report.failed is None
    start, end = NOON - 5 * HOUR, NOON
    assert reading.rows(completions(f"start >= {start} AND start < {end}")) == [
        provider_sums(provider, start, end)
    ]
    widths = reading.rows(f"SELECT DISTINCT width, start >= {NOON - HOUR} FROM bucket ORDER BY 1")
    assert widths == [(60, 1), (3600, 0)]


def test_a_second_pass_reads_only_the_newest_minutes_and_changes_nothing(reading: Reading) -> None:
    reading.once(EPOCH)
    before = reading.rows("SELECT * FROM bucket ORDER BY 1, 2, 3, 4, 5")

    report = reading.once(EPOCH)

    usage = {it.endpoint: it for it in report.sources[0].endpoints}["organization/usage/completions"]
    assert usage.requests == 1
    assert reading.rows("SELECT * FROM bucket ORDER BY 1, 2, 3, 4, 5") == before


def test_usage_that_was_revised_replaces_what_was_read_too_early(
    provider: SimulatedProvider, reading: Reading, clock: ManualClock
) -> None:
    reading.once(EPOCH)
    early = reading.rows(completions(f"start >= {NOON - HOUR}"))[0]

    clock.advance(HOUR)
    reading.once(clock.now())

    end = int(clock.now()) // HOUR * HOUR - HOUR
    assert end == NOON
    final = provider_sums(provider, NOON - HOUR, NOON)
    assert reading.rows(completions(f"start >= {NOON - HOUR} AND start < {NOON}")) == [final]
    assert early[0] > 0


def test_costs_are_kept_to_the_last_digit(provider: SimulatedProvider, readings: Readings) -> None:
    reading = readings.of(provider.base_url, provider.admin_key, history=3 * 86400, costs_reread=86400)
    reading.once(EPOCH)

    day = int(EPOCH) // 86400 * 86400 - 2 * 86400
    page = asked(
        provider, "organization/costs", start_time=day, end_time=day + 86400, limit=1, group_by="line_item"
    )
    results = [result for bucket in page["data"] for result in bucket["results"]]
    expected = sum(Decimal(str(result["amount"]["value"])) for result in results)
    ((nano, lines),) = reading.rows(
        f"SELECT SUM(amount_nano), COUNT(DISTINCT line_item) FROM cost WHERE day = {day}"
    )
    assert abs(Decimal(nano).scaleb(-9) - expected) < Decimal("0.00001")
    assert lines == len(results)
    assert reading.rows(
        f'SELECT 1 FROM coverage WHERE layer = 3 AND start <= {day} AND "end" >= {day + 86400}'
    )


def test_the_directory_names_projects_keys_and_people(provider: SimulatedProvider, reading: Reading) -> None:
    reading.once(EPOCH)

    assert reading.rows("SELECT COUNT(*) FROM directory_project WHERE removed_at IS NULL")[0][0] >= 40
    assert (
        reading.rows("SELECT COUNT(*) FROM directory_key WHERE removed_at IS NULL AND name <> ''")[0][0] > 100
    )
    kinds = {kind for (kind,) in reading.rows("SELECT DISTINCT kind FROM directory_person")}
    assert kinds == {"user", "service_account"}


def test_a_key_that_vanishes_from_the_directory_leaves_a_tombstone(
    provider: SimulatedProvider, reading: Reading, clock: ManualClock
) -> None:
    reading.once(EPOCH)
    project, key = reading.rows(
        "SELECT project, id FROM directory_key WHERE owner_type = 'user' AND removed_at IS NULL LIMIT 1"
    )[0]
    url = f"{provider.base_url}/organization/projects/{project}/api_keys/{key}"
    httpx.delete(
        url, headers={"Authorization": f"Bearer {provider.admin_key}"}, verify=False
    ).raise_for_status()

    clock.advance(60)
    reading.once(clock.now())

    assert reading.rows(f"SELECT removed_at FROM directory_key WHERE id = '{key}'") == [(int(clock.now()),)]


@pytest.mark.parametrize("trouble", [429, 500, "truncate", "disconnect"])
def test_trouble_that_passes_loses_nothing(
    provider: SimulatedProvider, readings: Readings, trouble: int | str
) -> None:
    undisturbed = readings.of(provider.base_url, provider.admin_key)
    undisturbed.once(EPOCH)
    disturbed = readings.of(provider.base_url, provider.admin_key)
    fault(provider, "PUT", {"fault": trouble, "times": 2, "path": "/organization/usage"})

    report = disturbed.once(EPOCH)

    assert report.failed is None
    assert disturbed.rows(SUMS) == undisturbed.rows(SUMS)


def test_a_window_is_kept_only_when_every_kind_was_read(
    provider: SimulatedProvider, reading: Reading
) -> None:
    fault(provider, "PUT", {"fault": 500, "path": "/organization/usage/images"})

    report = reading.once(EPOCH)

    assert report.failed is not None
    assert "organization/usage/images" in report.failed.message
    assert reading.rows("SELECT COUNT(*) FROM bucket") == [(0,)]
    assert reading.rows("SELECT state FROM source_status") == [("failed",)]
    assert reading.rows("SELECT COUNT(*) FROM cost")[0][0] > 0, "costs do not wait for usage"


def test_a_kind_that_is_refused_alone_is_set_aside_with_its_reason(
    provider: SimulatedProvider, reading: Reading
) -> None:
    fault(provider, "PUT", {"fault": 404, "path": "/organization/usage/decisions"})

    report = reading.once(EPOCH)

    assert report.failed is None
    notes = {it.endpoint: it.note for it in report.sources[0].endpoints if it.note}
    assert list(notes) == ["organization/usage/decisions"]
    assert "set aside" in notes["organization/usage/decisions"]
    assert reading.rows("SELECT COUNT(*) FROM bucket")[0][0] > 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_scope_stops_the_source_and_says_how_to_get_it(
    provider: SimulatedProvider, reading: Reading, status: int
) -> None:
    fault(provider, "PUT", {"fault": status})

    failed = reading.once(EPOCH).failed

    assert failed is not None
    assert (failed.state, failed.exit_code) == ("stopped", 3)
    assert "lacks the scope api.usage.read" in failed.hint
    assert reading.rows("SELECT state, hint FROM source_status") == [("stopped", failed.hint)]


def test_the_provider_that_asks_to_wait_long_is_left_alone(
    provider: SimulatedProvider, reading: Reading
) -> None:
    fault(provider, "PUT", {"fault": 429, "retry_after": "300"})

    failed = reading.once(EPOCH).failed

    assert failed is not None
    assert failed.state == "waiting"
    assert reading.rows("SELECT retry_at FROM source_status") == [(int(EPOCH) + 300,)]
    assert sum(endpoint.requests for endpoint in failed.endpoints) < 15
