"""Plots are whole SVG documents, whatever their words and numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import cairosvg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.run import Line
from agent.runbooks.postmortem.model import Mark, Plot
from agent.runbooks.postmortem.plots import HEIGHT, WIDTH, svg

NANO = 10**9
NOON = 1_795_003_200
SPACE = "{http://www.w3.org/2000/svg}"
AMOUNTS = st.lists(st.none() | st.integers(-NANO, 10**7 * NANO), max_size=70)


def plot(
    values: Sequence[int | None], expected: Sequence[int | None] = (), *marks: Mark, width: int = 60
) -> Plot:
    return Plot(
        "burn",
        "Burn of team:search",
        Line(NOON, width, tuple(values), tuple(expected)),
        marks,
        "metered",
        NOON,
    )


def texts(drawn: str) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(drawn).iter(f"{SPACE}text")]


def test_burn_is_a_line_expected_a_dashed_one_and_marks_have_their_words() -> None:
    drawn = svg(
        plot([NANO, 20 * NANO, NANO], [NANO] * 3, Mark(NOON + 60, "fired"), Mark(NOON + 120, "throttled"))
    )

    lines = list(ElementTree.fromstring(drawn).iter(f"{SPACE}polyline"))
    assert [each.get("class") for each in lines] == ["usual", "burn"]
    assert [each.get("stroke-dasharray") for each in lines] == ["5 4", None]
    found = texts(drawn)
    assert {"fired", "throttled", "burn", "expected", "credits/min", "0", "5", "20", "12:00", "12:03"} <= set(
        found
    )
    assert any("metered" in each and "2026-11-18" in each for each in found)


def test_what_is_not_known_breaks_the_line() -> None:
    drawn = svg(plot([NANO, NANO, None, NANO]))

    assert len(list(ElementTree.fromstring(drawn).iter(f"{SPACE}polyline"))) == 2
    assert "expected" not in texts(drawn)


def test_marks_at_one_time_do_not_lie_on_each_other() -> None:
    marks = [Mark(NOON + 60, f"throttled, action {place}") for place in range(3)]

    root = ElementTree.fromstring(svg(plot([NANO] * 30, (), *marks)))

    heights = [each.get("y") for each in root.iter(f"{SPACE}text") if "throttled" in "".join(each.itertext())]
    assert len(set(heights)) == 3


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_with_ink_on_a_ground_that_it_can_be_read_on(dark: bool) -> None:
    drawn = svg(plot([NANO, 20 * NANO], [NANO, NANO]))
    if dark:  # what draws it here knows no dark mode: its rules are taken out of their condition
        drawn = drawn.replace("@media (prefers-color-scheme: dark) {", "").replace("\n}</style>", "</style>")

    png = cairosvg.svg2png(bytestring=drawn.encode())

    ground, brightest, darkest = pixels(png)
    assert ground < 40 and brightest > 150 if dark else ground > 240 and darkest < 90


def pixels(png: bytes) -> tuple[int, int, int]:
    """Brightness of the corner, of the brightest and of the darkest point."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("L")
    assert image.size == (WIDTH, HEIGHT)
    low, high = image.getextrema()
    corner = image.getpixel((2, 2))
    assert isinstance(corner, int) and isinstance(low, int) and isinstance(high, int)
    return corner, high, low


@settings(deadline=None)
@given(
    st.text(),
    AMOUNTS,
    AMOUNTS,
    st.lists(st.tuples(st.integers(0, 4_000), st.text()), max_size=20),
    st.sampled_from([60, 3_600]),
)
def test_any_words_and_amounts_are_well_formed(
    title: str, values: list[int | None], usual: list[int | None], marks: list[tuple[int, str]], width: int
) -> None:
    made = plot(values, usual, *(Mark(NOON + at, label) for at, label in sorted(marks)), width=width)
    made = Plot(made.name, title, made.line, made.marks, title, made.as_of)

    root = ElementTree.fromstring(svg(made))

    for each in root.iter(f"{SPACE}polyline"):
        for point in (each.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= y <= HEIGHT and x >= 0
