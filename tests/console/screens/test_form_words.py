"""What commands say, as a form says it."""

from __future__ import annotations

from console.screens.forms.said import in_console


def test_a_command_that_shows_something_is_the_screen_that_shows_it():
    assert in_console("x is held so. `burndeck actions` shows by what; else the gateway itself does.") == (
        "x is held so. Actions (4) shows by what; else the gateway itself does."
    )


def test_what_only_a_shell_can_do_is_left_out():
    said = "openai has no rps. Use rpm: 600 rpm. That is `burndeck throttle api_key:k --rpm 600`."

    assert in_console(said) == "openai has no rps. Use rpm: 600 rpm."


def test_points_within_numbers_and_names_end_no_sentence():
    assert in_console("gpt-4.1 costs 1.5 credits. Type less.") == "gpt-4.1 costs 1.5 credits. Type less."
