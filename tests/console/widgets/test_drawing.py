"""Lines, charts, gauges and sparklines: pure drawing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.widgets.chart import CHANGE, POST, Instant, Mark, Series, draw_chart, nice_ceiling
from console.widgets.gauge import Notch, draw_gauge
from console.widgets.ink import (
    Span,
    Tone,
    beside,
    clip,
    clip_middle,
    clip_words,
    first_that_fits,
    fit,
    spread,
    width_of,
    wrap,
)
from console.widgets.sparkline import resample, sparkline


def text_of(line):
    return "".join(span.text for span in line)


def toned(lines, tone):
    return "".join(span.text for line in lines for span in line if span.tone is tone)


@given(st.text(max_size=30), st.integers(1, 40))
def test_a_line_is_always_exactly_as_wide_as_asked(text, width):
    assert width_of(fit([Span(text), Span("tail", Tone.DIM)], width)) == width


@pytest.mark.parametrize(("width", "text"), [(9, "burn rate"), (6, "burn…"), (3, "bu…"), (1, "…")])
def test_cut_text_ends_with_an_ellipsis(width, text):
    assert clip("burn rate", width) == text


@pytest.mark.parametrize(
    "name", ["campaign-images-prod-1", "campaign-images-prod-3", "東京東京東京東京東京東京"]
)
def test_names_keep_their_ends_by_which_they_are_told_apart(name):
    cut = clip_middle(name, 16)

    assert width_of([Span(cut)]) <= 16
    assert "…" in cut and name.endswith(cut[-5:]) and name.startswith(cut[:2])


def test_sentences_are_cut_between_words():
    assert clip_words("requests multiplied today", 22) == "requests multiplied…"


def test_wide_characters_count_twice():
    assert width_of(fit([Span("東京東京")], 5)) == 5


def test_the_end_of_a_spread_line_stays_whole():
    assert text_of(spread([Span("a long beginning")], [Span("end")], 10)) == "a long…end"


def test_the_longest_wording_that_fits_is_taken():
    wordings = [[Span("credits per minute")], [Span("credits/min")], [Span("cr")]]

    assert text_of(first_that_fits(wordings, 12)) == "credits/min"


def test_blocks_of_different_height_stand_side_by_side():
    lines = beside([([[Span("ab")], [Span("c")]], 2), ([[Span("x")]], 3)], gap=1)

    assert [text_of(line) for line in lines] == ["ab x  ", "c     "]


def test_text_wraps_between_words():
    assert wrap("one two three", 7) == ["one two", "three"]


def test_a_path_too_long_for_a_line_is_broken_and_never_cut():
    assert wrap("see /etc/burndeck.toml:3: bad", 10) == ["see", "/etc/burnd", "eck.toml:3", ": bad"]


def test_more_points_than_columns_become_means():
    assert resample([1, 3, 5, 7], 2) == [2, 6]


def test_fewer_points_than_columns_are_repeated():
    assert resample([1, 2], 4) == [1, 1, 2, 2]


def test_unknown_points_stay_unknown():
    assert resample([None, None, 4, None], 2) == [None, 4]


def test_a_sparkline_rises_with_its_series():
    assert sparkline([0, 2, 4, 8], 4) == "▁▃▅█"


def test_ordinary_noise_does_not_look_like_a_spike():
    heights = ["▁▂▃▄▅▆▇█".index(char) for char in sparkline([100, 99, 100, 99], 4)]

    assert max(heights) - min(heights) <= 1


def test_nothing_burning_is_a_flat_line():
    assert sparkline([0, 0, None], 3) == "▁▁ "


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_an_axis_ends_at_or_above_the_highest_point(value):
    assert value <= nice_ceiling(value) * (1 + 1e-9) <= value * 2.1


def test_a_chart_has_the_size_asked_for():
    lines = draw_chart(Series([1, 2, 3], labels=["10:00", "11:00"]), 40, 8)

    assert len(lines) == 8
    assert all(width_of(line) <= 40 for line in lines)


def test_only_what_burns_above_the_band_is_hot():
    calm = draw_chart(Series([10, 10], low=[5, 5], high=[12, 12]), 30, 9)
    burning = draw_chart(Series([10, 40], low=[5, 5], high=[12, 12]), 30, 9)

    assert toned(calm, Tone.HOT) == ""
    assert "█" in toned(burning, Tone.HOT)


def test_the_band_shows_without_colour_where_no_column_covers_it():
    lines = draw_chart(Series([1, 1], low=[5, 5], high=[10, 10]), 30, 9)

    assert "░" in toned(lines, Tone.BAND)


def test_a_little_burn_is_never_drawn_as_nothing():
    lines = draw_chart(Series([0.001, 100.0]), 30, 5)

    assert text_of(lines[-2]).strip(" 0").startswith("▁")


def test_marks_carry_their_name_at_their_level():
    lines = draw_chart(Series([1, 2], marks=[Mark(9.5, "hard cap")]), 40, 8)

    assert text_of(lines[0]).endswith("hard cap")


def test_axis_labels_never_touch():
    axis = text_of(draw_chart(Series([1, 2], labels=["10:00"] * 9), 40, 5)[-1])

    assert all(word == "10:00" for word in axis.split())


def test_a_gauge_is_filled_by_its_share_with_its_marks():
    spans = draw_gauge(50, 100, 20, [Notch(70, "┊", Tone.WARM), Notch(99.9, "┃", Tone.HOT)])
    text = text_of(spans)

    assert text == "██████████····┊····┃"


def test_a_gauge_shows_the_first_credit():
    assert text_of(draw_gauge(0.001, 100, 10)).startswith("▏")


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(1, 60))
def test_a_gauge_is_as_wide_as_asked(used, full, width):
    assert width_of(draw_gauge(used, full, width, [Notch(full, "┃", Tone.HOT)])) == width


DEPLOY = Instant(0.5, "14:02 search-api 2.4.1")


def test_a_change_stands_at_its_place_with_its_name_below_the_axis():
    lines = [
        text_of(line)
        for line in draw_chart(Series([1, 1, 9, 9], labels=["10:00", "11:00"], changes=[DEPLOY]), 44, 8)
    ]

    assert len(lines) == 8 and {len(line) for line in lines[:6]} == {44}
    assert lines[0].index(CHANGE) - 22 in (0, 1, 2)
    assert "10:00" in lines[6] and CHANGE not in lines[6]
    assert lines[7].strip() == f"{CHANGE} 14:02 search-api 2.4.1"


def test_a_post_leads_down_from_the_sign_where_no_bar_stands():
    lines = [text_of(line) for line in draw_chart(Series([0.1, 0.1, 10], changes=[DEPLOY]), 44, 8)]

    column = lines[0].index(CHANGE)
    assert [line[column] for line in lines[1:5]] == [POST] * 4
    assert lines[5][column] not in f" {POST}"


def test_a_chart_without_changes_gives_no_line_away():
    assert len(draw_chart(Series([1, 2]), 40, 6)) == 6
    plain, marked = (draw_chart(Series([1, 2], changes=found), 40, 6) for found in ([], [DEPLOY]))
    assert [text_of(line) for line in plain][-1].strip() == ""
    assert CHANGE not in "".join(map(text_of, plain)) and CHANGE in text_of(marked[-1])


def test_a_low_chart_shows_the_sign_and_keeps_its_lines():
    lines = draw_chart(Series([1, 2], labels=["10:00", "11:00"], changes=[DEPLOY]), 40, 4)

    assert len(lines) == 4
    assert CHANGE in text_of(lines[0]) and "10:00" in text_of(lines[3])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.text("ab 東◇", max_size=60)), min_size=1, max_size=12),
    st.integers(12, 90),
    st.integers(2, 12),
)
def test_names_of_changes_never_outgrow_the_chart(changes, width, height):
    series = Series([1, 2, 3], changes=[Instant(*change) for change in changes])

    lines = draw_chart(series, width, height)

    assert len(lines) == height
    assert all(width_of(line) <= width for line in lines)


def test_what_has_no_room_is_counted():
    changes = [Instant(0.9 - place / 20, f"14:0{place} release {place}") for place in range(8)]

    legend = text_of(draw_chart(Series([1, 2], changes=changes), 60, 8)[-1]).strip()

    assert legend == f"{CHANGE} 14:00 release 0  {CHANGE} 14:01 release 1  +6"
