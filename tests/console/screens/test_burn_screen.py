"""The Burn screen, by its keys, on a fixed report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from console.screens.burn.screen import BurnScreen
from console.screens.help import HelpScreen
from console.screens.triage.screen import TriageScreen
from tests.console import samples
from tests.console.harness import console, piloted

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_the_figures_that_matter_stand_at_every_size(size):
    async with console(size) as burn:
        for figure in (
            "1,270",
            "$762",
            "+31 %",
            "972",
            "28.1M of 40.0M",
            "3 d 4 h",
            "hard cap",
            "1.40M",
            "40.9M",
        ):
            assert figure in burn.text


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_every_figure_says_its_layer_and_age(size):
    async with console(size) as burn:
        assert "met 1m" in burn.text and "bil 1m" in burn.text


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_no_line_is_wider_than_the_terminal(size):
    async with console(size) as burn:
        assert len(burn.lines) == size[1]
        assert all(len(line.rstrip()) <= size[0] for line in burn.lines)


@piloted
async def test_one_table_at_80_columns_and_both_from_120_on():
    async with console((80, 24)) as narrow:
        assert "Teams 12" in narrow.text and "Models 8" not in narrow.text
    async with console((120, 40)) as wide:
        assert "Teams 12" in wide.text and "Models 8" in wide.text


@pytest.mark.parametrize("key", ["tab", "d", "l", "shift+tab", "D", "h"])
@piloted
async def test_the_other_table_is_one_key_away(key):
    async with console() as burn:
        await burn.press(key)

        assert "Models 8" in burn.text and "gpt-5" in burn.text


@piloted
async def test_the_worst_alert_comes_first_and_the_rest_is_counted():
    async with console() as burn:
        assert burn.lines[1].startswith(" ▲ critical")
        assert burn.lines[1].rstrip().endswith("+1 more")


@piloted
async def test_sorting_goes_through_the_columns_and_turns_round():
    async with console() as burn:
        assert burn.names("teams")[0] == "search"

        await burn.press("s")
        assert "↓usual" in burn.text and burn.names("teams")[0] == "support-bots"

        await burn.press("S")
        assert "↑usual" in burn.text and burn.names("teams")[0] == "labs"


@piloted
async def test_a_click_on_a_heading_sorts_and_a_click_on_a_row_selects():
    async with console() as burn:
        head = next(y for y, line in enumerate(burn.lines) if "change" in line)

        await burn.pilot.click(offset=(burn.lines[head].index("change"), head))
        await burn.settle()
        assert "↓change" in burn.text

        await burn.pilot.click(offset=(5, head + 3))
        await burn.settle()
        assert burn.app.screen.table.cursor == 2


@piloted
async def test_the_filter_narrows_while_typing_and_escape_takes_it_off():
    async with console() as burn:
        await burn.press("/", *"^p|mob")
        assert burn.names("teams") == ["payments", "mobile"]
        assert "2 of 12" in burn.text

        await burn.press("enter")
        assert burn.names("teams") == ["payments", "mobile"]

        await burn.press("escape")
        assert len(burn.names("teams")) == 12


@piloted
async def test_an_inverse_filter_hides_what_matches():
    async with console() as burn:
        await burn.press("/", *"!s", "enter")

        assert burn.names("teams") == ["growth", "content-moderation", "data-platform", "mobile", ""]


@piloted
async def test_a_filter_that_matches_nothing_says_so():
    async with console() as burn:
        await burn.press("/", *"zzz", "enter")

        assert "no row matches /zzz" in burn.text


@piloted
async def test_a_filter_that_is_no_expression_says_so():
    async with console((80, 24)) as burn:
        await burn.press("/", *"zz(", "enter")
        assert "/zz( is not a valid expression, and no row holds it as text" in burn.text

        await burn.press("/", "backspace", "backspace", "backspace", *"*", "enter")
        assert "not a valid expression, taken as text" in burn.text


@piloted
async def test_rows_move_by_vim_keys_and_arrows():
    async with console() as burn:
        table = burn.app.screen.table

        async def after(*keys):
            await burn.press(*keys)
            return table.cursor

        assert await after("j", "j", "down") == 3
        assert await after("k", "up") == 1
        assert await after("G") == 11
        assert await after("g") == 0
        assert await after("ctrl+d") == 3
        assert await after("ctrl+u") == 0


@piloted
async def test_copy_takes_the_row_and_says_so():
    async with console() as burn:
        await burn.press("j", "y")

        assert burn.copied == ["support-bots"]
        assert "Copied support-bots" in burn.lines[-1]


@piloted
async def test_enter_drills_into_the_team():
    async with console() as burn:
        await burn.press("enter")

        assert isinstance(burn.app.screen, TriageScreen)
        assert "team search" in burn.text and "Projects" in burn.text


@pytest.mark.parametrize(
    ("key", "screen"), [("t", TriageScreen), ("2", TriageScreen), ("?", HelpScreen), ("f1", HelpScreen)]
)
@piloted
async def test_screens_are_one_key_away_and_back(key, screen):
    async with console() as burn:
        await burn.press(key)
        assert isinstance(burn.app.screen, screen)

        await burn.press("escape" if screen is HelpScreen else "1")
        assert isinstance(burn.app.screen, BurnScreen)


@piloted
async def test_a_change_keeps_the_cursor_on_its_row():
    async with console() as burn:
        await burn.press("j")
        report = samples.burn_report()
        first, second, *others = report.teams
        swapped = (replace(second, now=samples.figure("900")), first, *others)

        burn.live.change(replace(report, teams=swapped))
        await burn.settle()

        assert burn.names("teams")[0] == "support-bots"
        assert burn.app.screen.table.selected.key == "support-bots"


@piloted
async def test_only_lines_that_changed_are_painted_again():
    async with console((120, 40)) as burn:
        painted = []
        for name in ("tiles", "plots", "teams", "models", "alerts"):
            widget = burn.app.screen.query_one(f"#{name}")
            render, widget.render_line = widget.render_line, None
            widget.render_line = lambda y, name=name, render=render: painted.append((name, y)) or render(y)
        report = samples.burn_report()
        last = replace(report.teams[4], now=samples.figure("96.9"))

        burn.live.change(replace(report, teams=(*report.teams[:4], last, *report.teams[5:])))
        await burn.settle()

        assert set(painted) == {("teams", 6)}


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_models_without_a_price_are_never_hidden(size):
    async with console(size) as burn:
        assert "unpriced" in burn.text


@piloted
async def test_q_leaves():
    async with console() as burn:
        await burn.press("q")

        assert burn.app._exit


@piloted
async def test_a_click_on_a_hint_does_what_the_key_does():
    async with console() as burn:
        line = burn.lines[-1]

        await burn.pilot.click(offset=(line.index("help"), 23))
        await burn.settle()

        assert isinstance(burn.app.screen, HelpScreen)


def test_the_samples_add_up():
    assert sum(Decimal(now) for _, now, _ in samples.TEAMS) == Decimal("1270.48")
