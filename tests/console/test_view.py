"""Time travel as a value."""

from __future__ import annotations

from console.view import WINDOWS_S, View

NEWEST = 1_000_000


def test_a_step_back_from_live_starts_at_what_is_shown():
    assert View().moved(-900, shown=NEWEST, newest=NEWEST).at == NEWEST - 900


def test_steps_add_up_even_before_the_report_has_followed():
    view = View().moved(-900, NEWEST, NEWEST).moved(-900, NEWEST, NEWEST)

    assert view.at == NEWEST - 1800


def test_stepping_forward_to_the_newest_data_is_live_again():
    assert View(at=NEWEST - 600).moved(900, NEWEST - 600, NEWEST).at is None


def test_stepping_forward_when_live_changes_nothing():
    assert View().moved(900, NEWEST, NEWEST) == View()


def test_windows_go_round():
    view, seen = View(), []
    for _ in WINDOWS_S:
        view = view.next_window()
        seen.append(view.window_s)

    assert seen == [3600, 300, 900]


def test_now_ends_pause_and_past_but_keeps_the_window():
    assert View(at=5, window_s=300, paused=True).live() == View(window_s=300)
