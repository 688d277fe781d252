from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.decode import RowError
from agent.telemetry.timestamps import epoch, epochs

moments = st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2099, 12, 31))
FORMS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00"]


@given(st.lists(st.tuples(moments, st.sampled_from(FORMS)), min_size=1))
def test_every_form_of_a_moment_is_its_second(given: list[tuple[datetime.datetime, str]]) -> None:
    expected = [int(moment.replace(tzinfo=datetime.UTC, microsecond=0).timestamp()) for moment, _ in given]

    at, bad = epochs([moment.strftime(form) for moment, form in given])

    assert at.tolist() == expected
    assert not bad


@pytest.mark.parametrize(
    "stamp",
    [1_772_323_200, 1_772_323_200.9, 1_772_323_200_000, 1_772_323_200_000_000, "1772323200", "1772323200.5"],
)
def test_epoch_numbers_may_be_seconds_or_finer(stamp: str | float) -> None:
    assert epoch(stamp) == 1_772_323_200


def test_an_offset_is_honoured() -> None:
    assert epoch("2026-03-01T02:30:00+02:30") == 1_772_323_200


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00.12aZ",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "yesterday",
        "nan",
        "infinity",
        "",
        12,
        -1.5,
        10**30,
    ],
)
def test_a_stamp_that_is_none_is_refused_alone_and_with_others(stamp: str | float) -> None:
    with pytest.raises(RowError, match=r"^timestamp: "):
        epoch(stamp)

    at, bad = epochs(["2026-03-01T00:00:00Z", stamp])

    assert at[0] == 1_772_323_200
    assert list(bad) == [1]
