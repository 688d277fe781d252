"""The Burn screen in time: paused, stepped back, and on data that stopped to come."""

from __future__ import annotations

from dataclasses import replace

from textual.events import Key

from tests.console import samples
from tests.console.harness import console, piloted


@piloted
async def test_data_that_stopped_to_come_is_not_called_live():
    async with console() as burn:
        burn.live.change(replace(burn.live.report, at=samples.NOW - 1500))
        await burn.settle()

        assert "● live" not in burn.lines[0] and "data 25m old" in burn.lines[0]


@piloted
async def test_stepping_back_shows_the_past_with_a_badge_and_now_returns():
    async with console() as burn:
        await burn.press("[", "[")
        assert burn.live.view.at == samples.AT - 1800
        assert "PAST 21 Sep 11:00" in burn.lines[0]

        await burn.press("]")
        assert burn.live.view.at == samples.AT - 900

        await burn.press(".")
        assert burn.live.view.at is None and "● live" in burn.lines[0]


@piloted
async def test_leaps_go_a_day_and_forward_ends_at_the_newest_data():
    async with console() as burn:
        await burn.press("{")
        assert burn.live.view.at == samples.AT - 86_400

        await burn.press("}", "]")
        assert burn.live.view.at is None and "newest data" in burn.lines[-1]


@piloted
async def test_an_answer_to_the_view_before_is_not_shown():
    async with console() as burn:
        before = burn.live.watched
        await burn.press("[")

        burn.live.ask(before)
        await burn.settle()

        assert burn.app.screen.report.at == samples.AT - 900


@piloted
async def test_a_report_made_before_the_pause_ended_is_shown():
    async with console() as burn:
        await burn.press("space", "]", "space")

        burn.live.change(replace(burn.live.report, organization="Renamed"))
        await burn.settle()

        assert burn.app.screen.report.organization == "Renamed"


@piloted
async def test_keys_typed_in_one_burst_after_the_slash_go_to_the_filter():
    async with console() as burn:
        for key in ("slash", "p", "a", "y", "slash", "s"):  # as one read of the terminal brings them
            burn.app.post_message(Key(key, key.replace("slash", "/")))
        await burn.settle()

        assert burn.app.screen.table.filter.text == "pay/s"


@piloted
async def test_the_window_sets_the_step():
    async with console() as burn:
        await burn.press("w", "[")

        assert burn.live.view.at == samples.AT - 3600


@piloted
async def test_pause_holds_the_link_and_shows_a_badge():
    async with console() as burn:
        await burn.press("space")
        assert burn.live.held and "PAUSED" in burn.lines[0]

        await burn.press("space")
        assert not burn.live.held and "PAUSED" not in burn.lines[0]
