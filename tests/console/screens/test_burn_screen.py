"""The Burn screen, by its keys, on a fixed report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from rich.color import Color
from textual.events import Key

from agent.errors import ConfigError, LedgerError
from agent.reports.status import AgentState, Reading
from console.screens.burn.screen import BurnScreen
from console.screens.help import HelpScreen
from console.screens.triage.screen import TriageScreen
from tests.console import samples
from tests.console.harness import FixedLive, console, piloted

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


@piloted
async def test_an_empty_ledger_says_what_to_do():
    async with console(live=FixedLive(samples.empty_report())) as burn:
        assert "burndeck agent start" in burn.text and "burndeck demo" in burn.text
        assert "BURN NOW" not in burn.text

        burn.live.change(samples.burn_report())
        await burn.settle()
        assert "BURN NOW" in burn.text


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("burndeck.toml, line 7: sources: unknown key 'evry'", hint="Did you mean 'every'?"),
        LedgerError("there is no ledger at /x/ledger.sqlite", hint="Run burndeck agent start."),
    ],
)
@piloted
async def test_trouble_is_shown_with_its_way_out(error):
    async with console(live=FixedLive(trouble=error)) as burn:
        assert error.message in burn.text and error.hint in burn.text


@piloted
async def test_trouble_after_a_report_leaves_the_report_and_says_so():
    async with console((120, 40)) as burn:
        burn.live.trouble = LedgerError("the ledger is locked", hint="Try again")
        burn.live.ask(burn.live.watched)
        await burn.settle()

        assert "BURN NOW" in burn.text and "the ledger is locked" in burn.lines[-1]


@piloted
async def test_a_dead_agent_is_named_with_the_command_that_starts_it():
    status = replace(samples.STATUS, agent=AgentState("stopped", None, "", "", None))
    async with console(live=FixedLive(replace(samples.burn_report(), status=status))) as burn:
        assert "▲ no agent: run `burndeck agent start`" in burn.text


@piloted
async def test_a_report_without_allocation_history_or_price_is_no_crash():
    nothing = samples.figure(None)
    report = samples.burn_report()
    bare = replace(
        report,
        budgets=(),
        runway=None,
        alerts=(),
        change=None,
        verdict="unknown",
        attributed=None,
        usual=replace(report.usual, expected=nothing, low=nothing, high=nothing, basis="none", samples=0),
        forecast=replace(report.forecast, projected=nothing, smoothed=nothing),
        teams=tuple(
            replace(row, change=None, usual=nothing, share=None, sparkline=()) for row in report.teams
        ),
        hour=replace(report.hour, points=()),
    )
    for size in SIZES:
        async with console(size, FixedLive(bare)) as burn:
            assert "no allocation" in burn.text and "usual not known" in burn.text


@piloted
async def test_data_that_ended_long_ago_says_when():
    old = replace(samples.burn_report(), at=samples.AT - 86_400)
    async with console(live=FixedLive(old)) as burn:
        assert "DATA ENDS 20 Sep 11:30" in burn.lines[0]


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


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_models_without_a_price_are_never_hidden(size):
    async with console(size) as burn:
        assert "unpriced" in burn.text


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


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_burn_that_nobody_priced_is_no_zero(size):
    report = samples.burn_report()
    unknown = replace(report, burn=replace(report.burn, value=Decimal(0)))
    async with console(size, FixedLive(unknown)) as burn:
        assert "unpriced" in burn.lines[3] + burn.lines[2] + burn.lines[4]
        assert "requests/min" in burn.text


@piloted
async def test_while_the_history_is_read_nothing_is_foretold():
    report = samples.burn_report()
    reading = replace(report, status=replace(report.status, reading=Reading(12, 30)))
    async with console((200, 60), FixedLive(reading)) as burn:
        assert "reading the history: 12 of 30 days" in burn.text
        assert "not yet" in burn.text
        assert "40.9M" not in burn.text
