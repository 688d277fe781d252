"""From what a person does to a change at LiteLLM, and from there to the first refused call: a second each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.acting import enter_again, needs_tmux, until
from tests.labs.litellm import LiteLLMLab, needs_litellm
from tests.labs.litellm_place import Keys, Place
from tests.labs.speed import Pace, Tell, clocking, hold_goal

pytestmark = [pytest.mark.labs, needs_litellm, pytest.mark.timeout(300)]

PAUSE_S = 0.1
"""Between looks at what the proxy holds. Each has it work, as every call does: many would slow it down."""
RATE = 8.0
"""Calls a second of the key that is acted on."""


@pytest.fixture(scope="module", autouse=True)
def early(litellm_lab: LiteLLMLab) -> tuple[Keys, float]:
    """Keys that have called before all else, and when: screens show whole minutes."""
    keys = Keys.new(litellm_lab)
    assert {litellm_lab.call(key) for key in (keys.prod, *[keys.dev] * 20)} == {200}
    return keys, time.time()


@pytest.fixture
def place(litellm_lab: LiteLLMLab, tmp_path: Path) -> Iterator[Place]:
    made = Place(litellm_lab, tmp_path, "2s", Keys.new(litellm_lab))
    try:
        made.site.start()
        yield made
    finally:
        made.site.kill()


def test_a_throttle_by_command_is_there_within_a_second_and_bites_within_another(
    place: Place, tell: Tell
) -> None:
    before = place.held()
    with place.load(RATE, 1) as (load, _):

        def throttled() -> Pace:
            began = time.monotonic()
            with clocking(place.site, place.held, PAUSE_S) as moments:
                place.throttle("--rpm", "5")
                refused = load.first(429, began)
            assert moments.held == {**before, "rpm_limit": 5}
            place.site.release()
            load.first(200, time.monotonic())
            return moments.pace(refused)

        hold_goal(tell, "LiteLLM, throttle by command from its intent", throttled, heavy=True)


def test_a_block_is_there_within_a_second_of_its_second_approval_and_bites_within_another(
    place: Place, tell: Tell
) -> None:
    site = place.site
    with place.lab.load(place.prod, RATE) as load:
        load.first(200, 0.0)

        def blocked() -> Pace:
            asked = place.block(place.prod)["id"]
            site.burndeck("approve", str(asked), "--yes", person="fay")
            began = time.monotonic()
            with clocking(site, lambda: place.held(place.prod), PAUSE_S) as moments:
                site.burndeck("approve", str(asked), "--yes", person="eve")
                refused = load.first(401, began)
            assert moments.held["blocked"]
            place.site.release()
            load.first(200, time.monotonic())
            return moments.pace(refused)

        hold_goal(tell, "LiteLLM, block from the intent of its second approval", blocked, heavy=True)


@needs_tmux
def test_two_keys_and_enter_throttle_the_row_under_the_cursor_within_a_second_and_bite_within_another(
    litellm_lab: LiteLLMLab, early: tuple[Keys, float], tmp_path: Path, tell: Tell
) -> None:
    keys, called_at = early
    place = Place(litellm_lab, tmp_path, "2s", keys)
    until(lambda: time.time() // 60 > called_at // 60, "the end of the minute of the first calls", 70)

    def throttled() -> Pace:
        terminal = place.site.console()
        try:
            enter_again(terminal, keys.dev.alias, *"5", "Space", *"rpm")
            with clocking(place.site, place.held, PAUSE_S) as moments:
                pressed = time.monotonic()
                terminal.press("Enter")
                refused = load.first(429, pressed)
        finally:
            terminal.close()
        place.site.release()
        load.first(200, time.monotonic())
        return moments.pace(refused, since=pressed)

    try:
        place.site.start()
        until(lambda: len(place.site.burn()) > 1, "burn of two keys", 40, place.site.said)
        with litellm_lab.load(keys.dev, RATE) as load:
            hold_goal(tell, "LiteLLM, throttle in the console from Enter", throttled, heavy=True)
    finally:
        place.site.kill()
