"""A new critical alert is shown and heard at once, wherever the person is; what is known does not ring."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent.reports.alert_badge import AlertBadge
from console.alarm import Alarm, rings
from console.screens.frame import TABS, Head, draw_header, draw_top
from console.screens.runbook.choices import ChoiceScreen
from console.view import View
from tests.console import samples
from tests.console.alert_samples import BUDGET, HARD_CAP, PENDING, SPIKE, badge
from tests.console.harness import FixedLive, console, piloted

pytestmark = pytest.mark.usefixtures("ada")

NOTHING = AlertBadge(())
INFO = replace(PENDING, id=9, tier="info", state="firing")


def text(line) -> str:
    return "".join(span.text for span in line)


def header(width: int, fires: AlertBadge | None, **changes: object) -> str:
    head = Head("burn", "Example Corp", View(), samples.AT, samples.NOW, fires)
    return text(draw_header(head._replace(**changes), width))


def has_clock(line: str) -> bool:
    return re.search(r" \d\d:\d\d( UTC)? $", line) is not None


# The badge


@pytest.mark.parametrize("screen", [name for name, _ in TABS])
@pytest.mark.parametrize("late", [0, 400, 7_200])
def test_the_time_of_day_is_on_every_screen_of_eighty_columns_whatever_fires(screen, late):
    fires = badge(HARD_CAP, SPIKE, BUDGET, INFO)
    known = {"runs": 1, "acting": (2, 1, 0), "now": samples.AT + late}

    for changes in ({}, {"read_only": True}, {"held": True, "away": True}, {"view": View(paused=True)}):
        line = header(80, fires, screen=screen, **(known | changes))
        assert len(line) == 80 and has_clock(line), line


def test_the_badge_counts_what_fires_by_gravity_with_sign_and_word():
    assert "■ 1 hard cap ▲ 1 critical ! 1 warning · 1 info" in header(
        132, badge(HARD_CAP, SPIKE, BUDGET, INFO)
    )


def test_the_badge_keeps_its_signs_where_there_is_no_room_for_words():
    past = header(80, badge(), view=View(at=samples.AT - 900), at=samples.AT - 900)

    assert "■1 ▲1 !1" in past and "PAST" in past and len(past) == 80


def test_without_a_firing_alert_there_is_no_badge():
    assert not set("■▲!") & set(header(120, NOTHING)) and "Example Corp" in header(120, NOTHING)


def test_a_tier_that_burndeck_toml_made_up_counts_as_a_warning():
    assert "! 1 warning" in header(120, badge(replace(SPIKE, tier="watch")))


def test_read_only_is_a_badge():
    assert "READ-ONLY" in header(80, badge(), read_only=True)


@piloted
async def test_the_badge_is_on_every_screen():
    live = FixedLive()
    live.badge = badge()
    async with console(live=live) as running:
        for key in ("b", "t", "a", "?"):
            await running.press(key)

            assert "■ 1 hard cap ▲ 1 critical ! 1 warning" in running.lines[0]


@piloted
async def test_a_click_on_the_badge_opens_alerts():
    live = FixedLive()
    live.badge = badge()
    async with console(live=live) as running:
        await running.pilot.click(offset=(running.lines[0].index("critical"), 0))
        await running.settle()

        assert running.app.screen.has_class("on-alerts")


def test_the_line_of_a_page_has_tabs_and_badge():
    assert " Alerts  4 5 6 7  ■ 1 hard cap" in text(draw_top("help", badge(), 80))


def test_a_narrow_header_still_says_where_every_screen_is():
    assert " Burn  2 Tri 3 Alert 4 Act 5 Alloc 6 Audit 7 Runs" in header(80, NOTHING)
    assert " 1 2 3 4 5 Audit  7  ■ 1 hard cap" in header(80, badge(), screen="audit")


def test_ages_stand_still_for_nobody_who_has_left_for_a_form():
    late = header(80, NOTHING, now=samples.AT + 400)
    away = header(80, NOTHING, now=samples.AT + 400, away=True)

    assert "data 6m old" in late and "old" not in away and "live" not in away


def test_a_screen_that_a_form_holds_says_so_and_its_clock_goes_on():
    assert " HELD " in header(80, badge(), held=True, away=True) and "HELD" not in header(80, badge())
    assert has_clock(header(80, badge(), held=True, away=True))


@piloted
async def test_while_a_form_is_open_the_screen_behind_says_that_it_is_held():
    async with console(live=FixedLive()) as running:
        assert "HELD" not in running.text
        running.app.push_screen(ChoiceScreen("More", "of it", ()))
        await running.until("HELD")
        await running.press("escape")
        assert "HELD" not in running.lines[0]


def test_the_header_counts_runs_and_what_waits_for_an_approval_in_words_and_in_signs():
    wide, narrow = (header(width, badge(SPIKE), runs=2, acting=(1, 1, 0)) for width in (132, 64))

    assert "▸ 2 runs ⊘ 1 in force ? 1 to approve" in wide
    assert "▸2 ⊘1 ?1" in narrow and len(narrow) == 64


@pytest.mark.parametrize("width", [80, 110, 132, 200])
def test_a_forged_ledger_stands_in_the_header_before_all_that_fires(width: int):
    line = header(width, badge(HARD_CAP, SPIKE), forged=True, acting=(2, 1, 0), runs=1, read_only=True)

    assert ("▲ ledger forged" if width > 132 else "▲ forged") in line
    assert line.index("forged") < line.index("■")
    assert "forged" not in header(width, badge(HARD_CAP, SPIKE))


def test_a_drill_that_asks_for_an_approval_is_not_counted_with_what_is_real():
    wide = header(150, badge(SPIKE), acting=(0, 2, 1))
    narrow = header(64, NOTHING, acting=(0, 0, 1))

    assert "? 2 to approve ? 1 drill to approve" in wide
    assert "?1 drill" in narrow or "? 1 drill to approve" in narrow


# What is new


@piloted
async def test_what_fires_at_the_start_does_not_ring():
    live = FixedLive()
    live.badge = badge()
    async with console(live=live) as running:
        assert running.rung == [] and "new critical" not in running.text


@pytest.mark.parametrize("key", ["b", "t", "a", "?"])
@piloted
async def test_a_new_critical_alert_rings_once_and_shows_on_every_screen(key):
    async with console() as running:
        await running.press(key)

        running.live.fire(badge(SPIKE))
        await running.settle()
        running.live.fire(badge(SPIKE))
        await running.settle()

        assert (
            "▲ new critical: retry storm: search-prod-3" in running.lines[1] and "a opens" in running.lines[1]
        )
        assert running.rung == [rings(badge(SPIKE).firing[0])]
        await running.press("escape")
        assert "new critical" not in running.text


@piloted
async def test_the_bar_of_a_new_alert_goes_by_itself_and_the_badge_stays(monkeypatch):
    monkeypatch.setattr("console.attention.BANNER_S", 0.05)
    async with console() as running:
        running.live.fire(badge(SPIKE))
        await running.until("1 critical")
        for _ in range(500):
            if "new critical" not in running.text:
                break
            await running.pilot.pause(0.02)

        assert "new critical" not in running.text and "1 critical" in running.lines[0]


@piloted
async def test_a_warning_is_counted_and_does_not_ring():
    async with console() as running:
        running.live.fire(badge(BUDGET))
        await running.settle()

        assert running.rung == [] and "! 1 warning" in running.text and "new" not in running.lines[1]


@piloted
async def test_the_key_of_the_bar_opens_the_alert_itself():
    async with console() as running:
        running.live.fire(badge(HARD_CAP, SPIKE, BUDGET))
        await running.settle()
        assert "■ new hard cap" in running.lines[1] and "+1" in running.lines[1]

        running.live.fire(badge(SPIKE))  # the hard cap is over, the other one is known by now
        await running.settle()
        assert "new" not in running.lines[1]

        running.live.fire(badge(SPIKE, HARD_CAP))
        await running.settle()
        await running.press("a")

        assert "new hard cap" not in running.text
        assert running.app.screen.entry.id == HARD_CAP.id


@piloted
async def test_a_quiet_terminal_shows_and_does_not_ring(monkeypatch):
    monkeypatch.setenv("BURNDECK_QUIET", "1")
    async with console() as running:
        running.live.fire(badge(SPIKE))
        await running.settle()

        assert running.rung == [] and "new critical" in running.lines[1]


def test_an_alert_that_becomes_graver_is_new():
    alarm = Alarm()
    alarm.hear(badge(replace(SPIKE, tier="warning")))

    assert alarm.hear(badge(SPIKE)) == badge(SPIKE).firing[0]


def test_an_alert_that_somebody_took_leaves_the_bar():
    alarm = Alarm()
    alarm.hear(NOTHING)
    alarm.hear(badge(SPIKE))
    assert alarm.shown is not None

    alarm.hear(NOTHING)

    assert alarm.shown is None and not alarm.dismiss()


def test_a_name_cannot_end_the_desktop_message_early():
    evil = replace(SPIKE, summary="key x\x07\x1b]52;c;aGk=\x07 burns")
    sequence = rings(badge(evil).firing[0])

    assert sequence.startswith("\x1b]9;burndeck: critical: key x]52;c;aGk= burns")
    assert sequence.count("\x1b") == 1 and sequence.endswith("\x07\x07") and sequence.count("\x07") == 2
