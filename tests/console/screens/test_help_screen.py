"""The help: every key, every sign, every word."""

from __future__ import annotations

import pytest

from console.actions import by_group, key_sign
from console.glossary import GLOSSARY
from console.screens.help import draw_help
from tests.console.harness import console, piloted


def page(width: int) -> str:
    return "\n".join("".join(span.text for span in line) for line in draw_help("burn", width))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_key_is_on_the_page_and_nothing_is_wider(width):
    text = page(width)

    for actions in by_group().values():
        for action in actions:
            assert " ".join(action.help.split()[:3]) in text
            assert all(key_sign(key) in text for key in action.keys)
    assert max(map(len, text.splitlines())) <= width


def test_the_glossary_has_the_words_that_people_ask_for():
    names = {name for name, _ in GLOSSARY}

    assert {"Credit", "Allocation", "Soft cap", "Hard cap", "Showback", "Chargeback"} <= names
    assert {"Runbook", "Run", "Step", "Evidence", "Drill"} <= names
    assert all(name in page(80) for name in names)


@piloted
async def test_the_page_scrolls_to_its_last_word():
    async with console() as running:
        await running.press("?")
        assert "j down  k up  Ctrl+D page on" in running.lines[-1]
        await running.press(*["ctrl+d"] * 30)

        await running.until(GLOSSARY[-1][0])  # it glides there


@pytest.mark.parametrize("key", ["escape", "backspace", "q", "?"])
@piloted
async def test_help_closes_without_leaving(key):
    async with console() as running:
        await running.press("?", key)

        assert running.app.screen.has_class("on-burn") and not running.app._exit
