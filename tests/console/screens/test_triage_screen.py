"""The Triage screen, by its keys, on a fixed report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.cause import Cause
from agent.ledger.kinds import Kind
from console.questions import DETAIL, TRIAGE
from console.screens.burn.screen import BurnScreen
from console.screens.triage.detail import draw_detail
from console.screens.triage.drill import Drill, Step
from tests.console import samples, triage_samples
from tests.console.harness import FixedLive, console, piloted

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_what_rose_whose_it_is_and_why_stand_at_every_size(size):
    async with console(size) as triage:
        await triage.press("t")

        for text in ("key_search_prod_3", "retry storm", "mira.okafor", "CC-4410", "requests", "team search"):
            assert text in triage.text
        assert "hard cap in 3 d 4 h" in triage.text or "in 3 d 4 h" in triage.text


@piloted
async def test_the_largest_rise_comes_first():
    async with console() as triage:
        await triage.press("t")

        assert "↓rise" in triage.text and triage.names("rows")[0] == "key_search_prod_3"


@piloted
async def test_dimensions_go_round_in_both_directions():
    async with console() as triage:
        await triage.press("t", "d")
        assert "Teams 12" in triage.text

        await triage.press("D", "D")
        assert "Environments 3" in triage.text


@piloted
async def test_a_click_on_a_dimension_turns_to_it():
    async with console() as triage:
        await triage.press("t")

        await triage.pilot.click(offset=(triage.lines[2].index("model"), 2))
        await triage.settle()

        assert "Models 8" in triage.text


@piloted
async def test_drilling_goes_from_team_to_project_to_key_and_back():
    async with console() as triage:
        await triage.press("t", "d", "enter")
        assert triage.live.watched.about[1] == (Kind.TEAM, "search")
        assert "Projects 2" in triage.text and "team search" in triage.text

        await triage.press("enter")
        assert triage.live.watched.about[1] == (Kind.PROJECT, "proj_search_prod")
        assert "Keys 9" in triage.text

        await triage.press("enter")
        assert "as deep as it goes" in triage.lines[-1]

        await triage.press("backspace", "escape")
        assert triage.live.watched.about[1] is None
        assert "Teams 12" in triage.text and triage.app.screen.table.selected.key == "search"


@piloted
async def test_the_detail_follows_the_cursor():
    async with console() as triage:
        await triage.press("t", "j")

        assert triage.live.asked[-1].about == (Kind.API_KEY, "key_moderation_1")
        assert triage.app.screen.detail.value == "key_moderation_1"


@piloted
async def test_a_late_detail_of_the_row_before_is_not_shown():
    async with console() as triage:
        await triage.press("t")
        before = triage.live.asked[-1]
        await triage.press("j")

        triage.live.ask(before)
        await triage.settle()

        assert triage.app.screen.detail.value == "key_moderation_1"


@piloted
async def test_a_late_report_of_the_place_before_is_not_shown():
    async with console() as triage:
        await triage.press("t", "d")
        before = triage.live.watched
        await triage.press("enter")

        triage.live.ask(before)
        await triage.settle()

        assert triage.app.screen.report.within == (Kind.TEAM, "search")


@piloted
async def test_the_window_changes_what_is_asked():
    async with console() as triage:
        await triage.press("t", "w")
        assert triage.live.view.window_s == 3600 and "60 min to" in triage.text

        await triage.press("w")
        assert "5 min to" in triage.text


@piloted
async def test_both_screens_show_the_same_instant():
    async with console() as triage:
        await triage.press("[", "t")

        assert triage.live.view.at == samples.AT - 900 and "PAST" in triage.lines[0]


@piloted
async def test_a_step_forward_in_a_triage_opened_in_the_past_stays_in_the_past():
    async with console() as triage:
        await triage.press("[", "[", "t", "]")

        assert triage.live.view.at == samples.AT - 900 and "PAST" in triage.lines[0]


@piloted
async def test_escape_takes_the_filter_off_before_it_steps_out():
    async with console() as triage:
        await triage.press("t", "d", "enter", "/", *"supp", "enter")
        assert triage.names("rows") == ["proj_support"]

        await triage.press("escape")
        assert len(triage.names("rows")) == 2 and "Projects" in triage.text


@piloted
async def test_copy_takes_the_id_of_the_row():
    async with console() as triage:
        await triage.press("t", "y")

        assert triage.copied == ["key_search_prod_3"]


@piloted
async def test_burn_is_one_key_back_and_a_hidden_screen_asks_nothing():
    async with console() as triage:
        await triage.press("t")
        assert triage.live.watched.topic == "triage"

        await triage.press("1")
        assert isinstance(triage.app.screen, BurnScreen) and triage.live.watched.topic == "burn"

        await triage.press("?")
        assert triage.live.watched is None


@pytest.mark.parametrize(("width", "height"), [(80, 11), (52, 34), (90, 50)])
def test_the_detail_fits_and_keeps_cause_and_drivers(width, height):
    lines = draw_detail(triage_samples.triage_detail(Kind.API_KEY, "key_1"), samples.NOW, width, height)
    text = ["".join(span.text for span in line) for line in lines]

    assert len(lines) <= height and all(len(line) <= width for line in text)
    assert any("retry storm" in line for line in text) and any("+3,460" in line for line in text)


def test_the_listed_drivers_end_with_their_exact_sum():
    lines = draw_detail(triage_samples.triage_detail(Kind.API_KEY, "key_1"), samples.NOW, 90, 50)
    text = ["".join(span.text for span in line) for line in lines]

    assert any("all together" in line and "+3,351" in line for line in text)


def test_a_detail_of_which_nothing_is_known_is_drawn():
    detail = replace(
        triage_samples.triage_detail(Kind.TEAM, ""),
        label="",
        owner="",
        key=None,
        budgets=(),
        binding=None,
        drivers=(),
        cause=None,
        error_share=None,
        latency_ms=None,
        first_seen=None,
        sentence="Nothing rose.",
    )
    text = "\n".join("".join(s.text for s in line) for line in draw_detail(detail, samples.NOW, 80, 11))

    assert "(unattributed)" in text and "no allocation covers this" in text and "nobody known" in text


def test_a_drill_remembers_its_way():
    step = Step(Kind.TEAM, "search", "search")
    inside = Drill(Kind.TEAM).into(step)

    assert inside == Drill(Kind.PROJECT, (step,))
    assert inside.out() == Drill(Kind.TEAM)
    assert Drill().into(Step(Kind.API_KEY, "k", "k")) is None
    assert Drill().out() is None


@piloted
async def test_an_empty_window_says_what_to_do():
    class Empty(FixedLive):
        def _answer(self, question):
            value = super()._answer(question)
            if question.topic != "triage":
                return value
            return replace(value[0], empty="No usage in this window. Press . for the newest data."), value[1]

    async with console(live=Empty()) as triage:
        await triage.press("t")

        assert "No usage in this window" in triage.text


def details_asked(triage) -> list[tuple]:
    return [question.about[:2] for question in triage.live.asked if question.topic == DETAIL]


@piloted
async def test_new_figures_have_the_detail_made_again_once():
    class Rising(FixedLive):
        def _answer(self, question):
            value = super()._answer(question)
            if question.topic != TRIAGE:
                return value
            keys, *others = value[0].tables
            first = replace(keys.rows[0], requests=keys.rows[0].requests + len(self.asked))
            return replace(value[0], tables=(replace(keys, rows=(first, *keys.rows[1:])), *others)), value[1]

    async with console(live=Rising()) as triage:
        await triage.press("t")
        assert details_asked(triage) == [(Kind.API_KEY, "key_search_prod_3")]

        triage.live.asked.clear()
        triage.live.ask(triage.live.watched)
        await triage.settle()

        assert details_asked(triage) == [(Kind.API_KEY, "key_search_prod_3")]


@piloted
async def test_turning_to_another_dimension_asks_for_one_detail():
    async with console() as triage:
        await triage.press("t")
        triage.live.asked.clear()

        await triage.press("d")

        assert details_asked(triage) == [(Kind.TEAM, "search")]


@pytest.mark.parametrize(("now", "warned"), [("111", False), ("600", True)])
def test_an_ordinary_rise_has_a_cause_without_a_warning(now, warned):
    told = triage_samples.triage_detail(Kind.TEAM, "search")
    told = replace(
        told,
        now=replace(told.now, value=Decimal(now)),
        usual=replace(told.usual, value=Decimal(100)),
        cause=Cause.LOST_CACHE,
    )

    text = "\n".join("".join(span.text for span in line) for line in draw_detail(told, samples.NOW, 60, 30))

    assert "lost cache: " in text and ("▲ lost cache" in text) is warned
