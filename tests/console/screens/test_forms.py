"""Forms over a screen, where they say more than fits."""

from __future__ import annotations

from agent.domain.intent import IntentKind
from console.screens.forms.form import Field, Form, FormScreen, Values
from console.wants import Want
from tests.console.harness import console, piloted


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
