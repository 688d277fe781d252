"""A file read by another process gives what it gives when it is read here."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from agent.domain.usage import Pattern
from agent.errors import BurndeckError
from agent.settings import Settings
from agent.telemetry.attribution import Attributor
from agent.telemetry.intake_ahead import read_ahead
from agent.telemetry.intake_files import open_usage_file
from agent.telemetry.intake_read import ReadBatch, Reader
from agent.telemetry.rates import load_rate_card
from agent.telemetry.registry import Registry

LATEST = 4_000_000_000  # a row may be this late


def make_reader() -> Reader:
    return Reader(load_rate_card(Settings()), Attributor(Registry()), "acct", Pattern.TAG, LATEST)


def write_lines(file: Path, count: int) -> None:
    """`count` rows, the later ones of new keys and models; every thousandth is refused."""
    with file.open("w") as stream:
        for number in range(count):
            row = {
                "timestamp": 1_772_366_400 + number,
                "request_id": f"req-{number}",
                "api_key_id": f"key-{number // 1000}",
                "model_name": f"model-{number // 20_000}" if number % 1000 else "",
                "operation_type": "chat",
                "units_consumed": number,
                "usage_labels": {"team": "Not A Slug" if number > 55_000 else "search"},
                "error_code": "429" if number % 7 == 0 else None,
            }
            stream.write(json.dumps(row) + "\n")


def contents(batches: Iterable[ReadBatch]) -> list[list[object]]:
    """What each batch says, with names in the place of numbers."""
    found = []
    for read in batches:
        batch = read.batch
        columns = (getattr(batch, name) for name in batch.__slots__)
        lists: list[object] = [
            column.tolist() if isinstance(column, np.ndarray) else list(column) for column in columns
        ]
        who = [batch.dimensions[place] for place in batch.context.tolist()]
        what = [batch.services[place] for place in batch.service.tolist()]
        refused = [(row.line, row.reason, row.raw) for row in read.refused]
        found.append([lists, who, what, refused, read.findings, read.rows, read.done])
    return found


def test_a_file_read_ahead_gives_the_same_batches(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    write_lines(file, 60_000)

    with open_usage_file(str(file)) as here, open_usage_file(str(file)) as there:
        expected = contents(make_reader().batches(here))
        ahead = contents(read_ahead(make_reader(), there))

        assert len(expected) == 2
        assert ahead == expected
        assert there.done == file.stat().st_size


def test_an_error_of_the_other_process_is_raised_here_with_its_hint(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text("[{}]")

    with open_usage_file(str(file)) as opened, pytest.raises(BurndeckError, match="JSON array") as raised:
        list(read_ahead(make_reader(), opened))

    assert "jq" in raised.value.hint


def test_the_other_process_ends_with_the_one_who_stops_early(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    write_lines(file, 60_000)

    with open_usage_file(str(file)) as opened, closing(read_ahead(make_reader(), opened)) as batches:
        next(batches)

    assert not multiprocessing.active_children()


def test_a_process_that_vanishes_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    write_lines(file, 60_000)

    with open_usage_file(str(file)) as opened, closing(read_ahead(make_reader(), opened)) as batches:
        next(batches)
        for child in multiprocessing.active_children():
            child.kill()
        with pytest.raises(BurndeckError, match="ended") as raised:
            list(batches)

    assert "once" in raised.value.hint
