"""Which windows of usage are read: everything once, nothing in pieces, the newest first."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.sources.openai.windows import (
    DAY,
    HOUR,
    MINUTE,
    Pace,
    Progress,
    Window,
    live,
    merge,
    missing,
    revisable,
    subtract,
)

NOW = 1_790_003_000.0
PACE = Pace(settle=60, detail=6 * HOUR, reread=90 * MINUTE, history=30 * DAY)
stretches = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 30)).map(lambda it: (it[0], it[0] + it[1]))
)
paces = st.builds(
    Pace,
    settle=st.sampled_from([0, 60, 600]),
    detail=st.sampled_from([60, HOUR, 6 * HOUR, 2 * DAY]),
    reread=st.sampled_from([60, 90 * MINUTE, 6 * HOUR]),
    history=st.sampled_from([HOUR, DAY, 5 * DAY]),
)


def read_all(now: float, pace: Pace, progress: Progress) -> tuple[Progress, list[Window]]:
    """Reads whatever is missing, one window after another."""
    done = []
    while window := next(missing(now, pace, progress), None):
        done.append(window)
        progress = progress.with_read([(window.start, window.end)])
    return progress, done


@given(stretches)
def test_merging_keeps_every_point_and_no_other(parts: list[tuple[int, int]]) -> None:
    merged = merge(parts)

    assert {at for low, high in merged for at in range(low, high)} == {
        at for low, high in parts for at in range(low, high)
    }
    assert all(before[1] < after[0] for before, after in itertools.pairwise(merged))


@given(stretches, st.integers(0, 200), st.integers(0, 60))
def test_a_gap_is_what_nothing_covers(parts: list[tuple[int, int]], start: int, length: int) -> None:
    covered = merge(parts)

    gaps = subtract((start, start + length), covered)

    inside = {at for low, high in covered for at in range(low, high)}
    assert [at for low, high in gaps for at in range(low, high)] == [
        at for at in range(start, start + length) if at not in inside
    ]


@given(st.integers(0, 3 * DAY), paces)
def test_a_first_start_reads_the_whole_history_once_and_the_newest_first(later: int, pace: Pace) -> None:
    now = NOW + later

    progress, done = read_all(now, pace, Progress())

    assert progress.covered in ((), ((pace.horizon(now), pace.end(now)),))
    assert all(after.end == before.start for before, after in itertools.pairwise(done))
    for window in done:
        assert window.start % window.width == window.end % window.width == 0
        assert (window.width == MINUTE) == (window.start >= pace.detail_from(now))


@given(st.integers(0, 5 * DAY), st.integers(0, 5 * DAY), paces)
def test_after_any_pause_the_gap_is_read_and_nothing_is_missing(seen: int, pause: int, pace: Pace) -> None:
    progress, _ = read_all(NOW + seen, pace, Progress())

    progress, _ = read_all(NOW + seen + pause, pace, progress)

    assert list(missing(NOW + seen + pause, pace, progress)) == []


def test_what_was_read_before_it_could_be_final_is_read_again_after_a_long_pause() -> None:
    progress = Progress(((int(NOW) - DAY, int(NOW)),), revised_at=int(NOW))
    later = NOW + 2 * DAY

    again = list(revisable(later, PACE, progress))

    assert min(window.start for window in again) <= NOW - PACE.reread
    assert max(window.end for window in again) >= NOW


@given(st.integers(0, 2 * DAY), paces)
def test_polls_and_revisions_read_an_hour_kept_as_an_hour_only_whole(later: int, pace: Pace) -> None:
    progress, _ = read_all(NOW, pace, Progress(revised_at=int(NOW)))
    now = NOW + later

    windows = [live(now, pace), *revisable(now, pace, progress)]

    for window in windows:
        if window.width == MINUTE and window.start < window.end:
            assert window.start >= pace.detail_from(now)
        else:
            assert window.start % HOUR == window.end % HOUR == 0 or window.start >= window.end
