"""Pictures of plots with what was changed meanwhile, at the sizes at which room is scarce."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from agent.domain.change import PlotMark
from agent.reports.burn_report import BurnReport, Series
from console.deck import BurndeckApp
from console.live import Question
from console.questions import ALERT
from tests.console import samples
from tests.console.harness import FixedLive, console, piloted

SMALL, WIDE = (80, 24), (120, 40)
MARKS = (
    PlotMark(samples.AT - 20 * 3_600, "status-page 1.9.0", release=True),
    PlotMark(samples.AT - 2_400, "rate limit updated: rl-gpt-5 (Search)", release=False),
    PlotMark(samples.AT - 1_320, "search-api 2.4.1", release=True),
)


def marked(series: Series) -> Series:
    return replace(series, marks=MARKS)


def burn_with_marks() -> BurnReport:
    report = samples.burn_report()
    return replace(report, hour=marked(report.hour), day=marked(report.day))


class Marked(FixedLive):
    """The samples, with changes in every plot."""

    def __init__(self) -> None:
        super().__init__(burn_with_marks())

    def _answer(self, question: Question) -> object:
        found = super()._answer(question)
        if question.topic != ALERT:
            return found
        series, month = found.series, found.month  # type: ignore[attr-defined]
        return replace(
            found,  # type: ignore[type-var]
            series=series and marked(series),
            month=month and replace(month, marks=MARKS[2:]),
        )


async def _spike(pilot: Pilot[None]) -> None:
    """Opens the alert of the spike; the picture waits for the answer who is here, asked in a thread."""
    await pilot.press("a")
    assert isinstance(pilot.app, BurndeckApp)
    while pilot.app.standing is None:
        await pilot.pause(0.01)
    await pilot.press("j")
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
def test_burn(snap_compare, size):
    assert snap_compare(BurndeckApp(Marked()), terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.usefixtures("ada")
def test_alert(snap_compare, size):
    assert snap_compare(BurndeckApp(Marked()), terminal_size=size, run_before=_spike)


@pytest.mark.parametrize("size", [SMALL, WIDE, (200, 60)])
@piloted
async def test_what_was_there_without_changes_is_there_with_them(size):
    async with console(size) as plain:
        expected = plain.text
    async with console(size, live=Marked()) as burn:
        text = burn.text

    assert "◇ 1" in text and "search-api 2.4.1" in text
    lines = expected.splitlines()
    first = next(place for place, line in enumerate(lines) if "LAST HOUR" in line)
    plot = next(place for place, line in enumerate(lines) if place > first and "11:30" in line)
    outside = [*lines[: first + 1], *lines[plot:]]
    assert [line for line in outside if line not in text] == []
