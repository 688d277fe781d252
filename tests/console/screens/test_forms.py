"""Forms over a screen, where they say more than fits."""

from __future__ import annotations

import pytest

from agent.domain.intent import IntentKind
from console.live import Question
from console.screens.forms.form import Field, Form, FormScreen, Values
from console.screens.forms.preview import Preview, PreviewForm, PreviewScreen
from console.wants import Want
from console.widgets.ink import Span
from tests.console.harness import FixedLive, console, piloted


def form(lines: int) -> Form:
    """One that says so many lines, and has room for five."""

    def want(values: Values) -> Want:
        return Want(IntentKind.SILENCE, "alert:1", {}, "done")

    field = Field("why", "why", "", "everybody sees it")
    said = [f"line {number}" for number in range(1, lines + 1)]
    return Form("Say", "something long", (field,), lambda values: said, want)


@piloted
async def test_what_does_not_fit_is_read_on_with_page_keys() -> None:
    async with console() as running:
        running.app.push_screen(FormScreen(form(7)))
        await running.settle()
        assert "line 3 " in running.text and "line 4 " not in running.text
        assert "4 more lines: PgDn reads on" in running.text
        await running.press("pagedown", "pagedown")
        assert "line 7 " in running.text and "line 1 " not in running.text
        assert "why: everybody sees it" in running.text
        assert "PgUp reads back" in running.text
        await running.press("pageup", "pageup")
        assert "line 1 " in running.text


@piloted
async def test_what_fits_is_shown_as_it_is() -> None:
    async with console() as running:
        running.app.push_screen(FormScreen(form(4)))
        await running.settle()
        assert "line 4 " in running.text
        assert "PgDn" not in running.text


WISH = Want(IntentKind.BLOCK, "team:search", {}, "done")
BLOCKS = (
    "ask finance and engineering to off-board team search: block 22 keys, 3 of them nobody asked for, "
    "of team search (94 % production, or of unknown environment) until somebody undoes it, whoever that is, "
    "and however long it takes"
)


class Foreseeing(FixedLive):
    """Answers what a form asks with nothing: the form reads its preview out of it."""

    def _answer(self, question: Question) -> object:
        return None if question.topic == "form/test" else super()._answer(question)


def long_preview(lines: int) -> PreviewForm:
    """One whose preview has so many lines, and whose confirmation takes more than one."""
    said = [[Span(f"key {number}.")] for number in range(1, lines + 1)]
    return PreviewForm(
        "Off-board",
        "a team",
        (
            Field(
                "why",
                "why",
                "gone",
                "everybody sees it, and the audit log keeps it for as long as it is kept",
            ),
        ),
        lambda values, first: Question("form/test", lambda reader, settings, now: None),
        lambda answer, values: Preview(lambda width: said, WISH, confirm=BLOCKS),
        said_lines=8,
    )


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
@piloted
async def test_a_long_preview_says_that_there_is_more_and_what_is_confirmed_stays_in_sight(size):
    async with console(size, live=Foreseeing()) as running:
        running.app.push_screen(PreviewScreen(long_preview(22)))
        await running.until("key 1.", "more lines: PgDn reads on", "Enter goes on to the confirmation")
        await running.press("enter")
        for _ in range(22):
            await running.until(f"Enter again: {BLOCKS}")
            if "key 22." in running.text:
                break
            assert "PgDn reads on" in running.text
            await running.press("pagedown")

        assert "key 22." in running.text and "PgUp reads back" in running.text


@piloted
async def test_a_preview_takes_the_lines_that_it_needs_where_the_terminal_has_them():
    async with console((80, 64), live=Foreseeing()) as running:
        running.app.push_screen(PreviewScreen(long_preview(22)))
        await running.until("key 1.", "key 22.", "Enter goes on to the confirmation")

        assert "PgDn" not in running.text
