"""The Alerts screen, by its keys, on a fixed board of alerts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.alert import AlertState
from agent.ledger.kinds import Kind
from console.questions import ALERT
from console.screens.alerts.brief import brief
from console.screens.alerts.detail import draw_detail
from console.screens.alerts.plot import draw_plot
from console.screens.alerts.target import drill_of, instant_of
from console.screens.runbook.asking import Target
from console.screens.triage.drill import Drill, Step
from console.screens.triage.screen import TriageScreen
from console.widgets.rows import Brief
from tests.console import alert_samples, samples
from tests.console.acting_world import AT, console_on, open_desk
from tests.console.alert_samples import BUDGET, HARD_CAP, MUTED, OVER, SPIKE, TAKEN, badge
from tests.console.harness import FixedLive, console, piloted, taken

SIZES = [(80, 24), (120, 40), (200, 60)]

pytestmark = pytest.mark.usefixtures("ada")


def said(lines) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


@pytest.mark.parametrize("size", SIZES)
@piloted
async def test_the_worst_comes_first_and_is_shown_with_its_cause_and_its_deadline(size):
    async with console(size) as alerts:
        await alerts.press("a")

        assert alerts.names("rows") == ["3", "1", "2", "5"]
        for text in ("■ hard cap", "▲ critical", "! warning", "in 12m", "escalated", "pending"):
            assert text in alerts.text
        assert "MONTH, ADDED UP BY DAY" in alerts.text and "▲ fired 21 Sep" in alerts.text

        await alerts.press("j")
        for text in ("key key_search_prod_3", "retry storm", "BURN BY MINUTE", "fired 11:16", "+3,350"):
            assert text in alerts.text


@piloted
async def test_a_narrow_list_keeps_the_figure_of_a_budget_and_of_a_spike():
    async with console((80, 24)) as alerts:
        await alerts.press("a")

        assert "growth 100 % of the month" in alerts.text and "search 76 % of the month" in alerts.text
        assert "retry storm: search-prod-3 28.2x" in alerts.text


@piloted
async def test_a_wide_list_says_the_sentence():
    async with console((300, 60)) as alerts:
        await alerts.press("a")

        assert "76 % of the month" not in alerts.text
        assert "search-prod-3 (team search) burns 231.5 credits/min, 28.2x the usual 8.2" in alerts.text


def test_what_is_no_budget_and_no_spike_has_no_brief_wording():
    assert brief(TAKEN) is None


def test_a_spike_of_a_team_or_the_whole_or_where_nothing_is_usual_is_named():
    team = replace(SPIKE, scope_kind="team", scope="labs", cause="")
    whole = replace(team, scope_kind="organization", scope="")

    assert brief(team) == Brief("labs", " 28.2x")
    assert brief(whole) == Brief("the organization", " 28.2x")
    day = replace(team, rule="day_forecast", current=Decimal(53), expected=Decimal(100))
    assert brief(day) == Brief("labs", " 53 % of the day's forecast")
    assert brief(replace(team, scope="", expected=Decimal(0))) == Brief(
        "(unattributed)", " 231.5/min, all new"
    )


@piloted
async def test_lists_go_round_with_their_counts():
    async with console() as alerts:
        await alerts.press("3")
        assert "active 4  acknowledged 1  muted 1  history 1" in alerts.text

        await alerts.press("tab")
        assert alerts.names("rows") == ["6"] and "bo.lindqvist" in alerts.text
        await alerts.press("d")
        assert alerts.names("rows") == ["7"] and "silence 3" in alerts.text
        await alerts.press("l")
        assert alerts.names("rows") == ["8"] and "19 Sep 04:46" in alerts.text
        await alerts.press("l", "D")
        assert alerts.names("rows") == ["8"]


@piloted
async def test_a_click_on_a_list_turns_to_it():
    async with console() as alerts:
        await alerts.press("a")

        await alerts.pilot.click(offset=(alerts.lines[1].index("muted"), 1))
        await alerts.settle()

        assert alerts.names("rows") == ["7"]


@piloted
async def test_an_empty_list_says_what_that_means():
    class Quiet(FixedLive):
        def _answer(self, question):
            value = super()._answer(question)
            return replace(value, active=()) if question.topic == "alerts" else value

    async with console(live=Quiet()) as alerts:
        await alerts.press("a")

        assert "nothing fires that nobody has taken" in alerts.text


@piloted
async def test_enter_opens_all_of_an_alert_and_escape_goes_back():
    async with console() as alerts:
        await alerts.press("a", "j", "enter")
        assert "tier↓" not in alerts.text and "deviations 25.06" in alerts.text

        await alerts.press("G")
        for text in ("cap the retries", "burndeck triage --within team:search", "burndeck alerts ack 1"):
            assert text in alerts.text

        await alerts.press("g")
        assert "▲ critical firing for" in alerts.text
        await alerts.press("escape")
        assert "tier↓" in alerts.text and alerts.app.screen.table.has_focus


@piloted
async def test_the_other_lists_are_in_the_hints_and_the_open_page_says_how_to_leave_it():
    async with console((80, 24)) as alerts:
        await alerts.press("a")
        assert "Tab list" in alerts.lines[-1] and "Enter all of it" in alerts.lines[-1]

        await alerts.press("enter")
        assert "Esc back" in alerts.lines[-1] and "Enter" not in alerts.lines[-1]

        await alerts.press("escape")
        assert "Tab list" in alerts.lines[-1]


@piloted
async def test_the_whole_page_says_who_was_told_and_what_went_wrong():
    async with console((120, 60)) as alerts:
        await alerts.press("a", "j", "enter")

        for text in ("✓ sent  slack #llm-spend", "… waiting  pager", "connection refused", "▲ gone  hook"):
            assert text in alerts.text
        for text in ("by mira.okafor", "first cause retry storm", "! alert 2 firing"):
            assert text in alerts.text


@piloted
async def test_a_late_detail_of_the_row_before_is_not_shown():
    async with console() as alerts:
        await alerts.press("a")
        before = next(question for question in alerts.live.asked if question.topic == ALERT)
        await alerts.press("j")

        alerts.live.ask(before)
        await alerts.settle()

        assert alerts.app.screen.detail.entry.id == 1


@piloted
async def test_a_copied_alert_says_what_it_is_about():
    async with console() as alerts:
        await alerts.press("a", "j", "y", "enter", "y")

        assert alerts.copied == [f"alert 1: {SPIKE.summary}"] * 2


@piloted
async def test_the_filter_also_finds_what_is_in_no_column():
    async with console() as alerts:
        await alerts.press("a", "/", *"org-1-bg", "enter")

        assert alerts.names("rows") == ["3"]


@piloted
async def test_the_past_shows_how_it_stood_and_lets_nothing_be_done():
    async with console() as alerts:
        await alerts.press("a", "[")
        assert alerts.live.view.at == samples.AT - 900 and "PAST" in alerts.lines[0]

        for key in ("A", "z", "p"):
            await alerts.press(key)
            assert "This is the past" in alerts.text and alerts.app.screen.has_class("on-alerts")


def test_figures_that_are_newer_than_the_instant_looked_at_say_so():
    detail = alert_samples.detail(SPIKE.id)
    held = detail.entry.last_at

    def figures(now: float) -> str:
        lines = said(draw_detail(detail, now, 80, 40)).splitlines()
        return next(
            line for line in lines if "231.5 credits/min" in line and "usual" in line and "+3" in line
        )

    assert figures(held - 60).endswith("newest")
    assert figures(held + 60).endswith("1m")


@piloted
async def test_triage_opens_at_the_alert():
    async with console() as alerts:
        await alerts.press("a", "j", "t")

        assert isinstance(alerts.app.screen, TriageScreen)
        assert alerts.live.watched.about[1] == (Kind.TEAM, "search")
        assert alerts.app.screen.table.selected.key == "key_search_prod_3"
        assert alerts.live.view.at is None, "it fired within the window that is shown"


@piloted
async def test_triage_of_what_is_over_opens_at_the_time_it_fired():
    async with console() as alerts:
        await alerts.press("a", "h", "t")

        assert alerts.live.view.at == (OVER.fired_at + 300) // 60 * 60 and "PAST" in alerts.lines[0]


@piloted
async def test_a_click_on_the_tab_leads_to_triage_of_the_whole():
    async with console() as alerts:
        await alerts.press("a", "j")

        await alerts.pilot.click(offset=(alerts.lines[0].index("Tri"), 0))
        await alerts.settle()

        assert isinstance(alerts.app.screen, TriageScreen) and alerts.live.watched.about[1] is None


def test_an_alert_of_a_model_or_of_the_whole_has_its_place_in_triage():
    model = replace(SPIKE, api_key="", team="", scope_kind="model", scope="o3")
    whole = replace(model, scope_kind="organization", scope="")

    assert drill_of(model) == (Drill(Kind.TEAM, (Step(Kind.MODEL, "o3", "o3"),)), None)
    assert drill_of(whole) == (Drill(), None)
    assert instant_of(BUDGET, samples.AT, 900) is None


@piloted
async def test_a_hard_cap_is_not_silenced_and_no_form_opens():
    async with console() as alerts:
        await alerts.press("a", "z")

        assert "A hard cap is never silenced" in alerts.text and alerts.app.screen.has_class("on-alerts")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (("tab", "A"), "bo.lindqvist has taken it already"),
        (("j", "Z"), "No silence mutes this alert"),
        (("h", "z"), "there is nothing to silence"),
    ],
)
@piloted
async def test_what_cannot_be_done_says_why(keys, why):
    async with console() as alerts:
        await alerts.press("a", *keys)

        assert why in " ".join(alerts.text.split())


@piloted
async def test_what_cannot_be_done_with_an_alert_is_on_record(template, tmp_path, quick):
    with open_desk(template, tmp_path) as desk:
        taken_by = {"state": AlertState.ACKNOWLEDGED, "acknowledged_at": AT - 60, "acknowledged_by": "bo"}
        desk.writer.alerts.save([replace(desk.fires(), **taken_by)])
        async with console_on(desk, "a") as running:
            await running.press("tab")
            await running.until("acknowledged, fires for")
            await running.press("A")
            await running.until("bo has taken it already.")
            await taken(desk)

        assert desk.refusals() == [("acknowledge", "alert:1", "bo has taken it already")]


@piloted
async def test_a_long_note_takes_the_lines_that_it_needs():
    async with console() as alerts:
        await alerts.press("a", "z")

        assert "Acknowledge it with A." in " ".join(alerts.text.split())


@pytest.mark.parametrize(("width", "height"), [(80, 11), (52, 34), (90, 50)])
@pytest.mark.parametrize("entry", [HARD_CAP, SPIKE, MUTED, OVER])
def test_no_line_of_a_detail_is_wider_than_its_place(width, height, entry):
    lines = draw_detail(alert_samples.detail(entry.id), samples.NOW, width, height)
    text = ["".join(span.text for span in line) for line in lines]

    assert all(len(line) <= width for line in text)
    assert height >= 16 or len(lines) <= height


def test_a_muted_alert_says_by_whom_why_and_for_how_long():
    text = said(draw_detail(alert_samples.detail(MUTED.id), samples.NOW, 140, 50))

    assert "silence 3 by ada for 1 h 28 min more, 188 of 1,000 credits burnt: load test until noon" in text


def test_an_alert_of_which_little_is_known_is_drawn():
    detail = replace(
        alert_samples.detail(SPIKE.id),
        series=None,
        evidence=(),
        incident=None,
        others=(),
        timeline=(),
        deliveries=(),
        budgets=(),
        runway=None,
        suggestions=(),
        commands=(),
    )

    assert draw_plot(detail, 80, 10) == []
    assert "nobody: no route leads to a channel" in said(draw_detail(detail, samples.NOW, 80, 30))


@piloted
async def test_what_the_bar_opens_is_meant_before_it_is_in_the_list():
    live = FixedLive()
    async with console(live=live) as alerts:
        await alerts.press("a")
        before = alerts.app.screen.entry.id
        live.fire(badge(replace(SPIKE, id=77)))
        await alerts.settle()
        await alerts.press("a", "A")
        assert "Alert 77 is not in the list yet" in alerts.text and alerts.app.screen.entry.id == before

        wanted = []
        alerts.app.open_run = wanted.append
        await alerts.press("r")
        assert wanted == [Target(alert=77)]


@piloted
async def test_whoever_looks_elsewhere_no_longer_waits_for_what_the_bar_opened():
    live = FixedLive()
    async with console(live=live) as alerts:
        await alerts.press("a")
        live.fire(badge(replace(SPIKE, id=77)))
        await alerts.settle()
        wanted = []
        alerts.app.open_run = wanted.append
        await alerts.press("a", "j", "r")

        assert wanted == [Target(alert=alerts.app.screen.entry.id)]
