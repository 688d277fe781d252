"""The Burn screen in its themes and without colour, and the palette."""

from __future__ import annotations

from rich.color import Color

from console.screens.triage.screen import TriageScreen
from tests.console.harness import console, piloted


@piloted
async def test_no_color_leaves_grey_and_every_sign(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with console() as burn:
        triplets = {
            segment.style.color.triplet
            for strip in burn.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.color and segment.style.color.triplet
        }
        assert all(triplet.red == triplet.green == triplet.blue for triplet in triplets)
        assert burn.app.no_color and "▲ +31 %" in burn.text and "▲ critical" in burn.text


@piloted
async def test_themes_go_round():
    async with console() as burn:
        seen = []
        for _ in range(3):
            await burn.press("T")
            seen.append(burn.app.theme)

        assert seen == ["burndeck-light", "burndeck-blue-orange", "burndeck-dark"]


@piloted
async def test_another_theme_colours_what_is_shown_already():
    async with console() as burn:
        for _ in range(3):
            await burn.press("T")
            inks = burn.app.current_theme.variables
            strips = burn.app.screen._compositor.render_strips()
            colours = {part.style.color for strip in strips for part in strip if part.style is not None}

            assert {Color.parse(inks[f"ink-{tone}"]) for tone in ("accent", "dim", "strong")} <= colours


@piloted
async def test_the_palette_lists_the_registry_and_runs_an_action():
    async with console() as burn:
        await burn.press(":")
        await burn.press(*"Triage")
        await burn.pilot.pause(0.3)
        await burn.press("enter")
        await burn.pilot.pause(0.1)

        assert isinstance(burn.app.screen, TriageScreen)
