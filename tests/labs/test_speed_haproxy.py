"""From what a person does to a change at HAProxy, and from there to the first refused call: a second each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.acting import enter_again, needs_tmux
from tests.labs.haproxy import needs_haproxy
from tests.labs.haproxy_place import DEV, PROD, Place
from tests.labs.speed import Pace, Tell, clocking, hold_goal

pytestmark = [pytest.mark.labs, needs_haproxy, pytest.mark.timeout(300)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, "1s")
    try:
        made.site.start()
        yield made
    finally:
        made.close()


def test_a_throttle_by_command_is_there_within_a_second_and_bites_within_another(
    place: Place, tell: Tell
) -> None:
    with place.lab.load(DEV, rate=40) as load, place.lab.load(PROD, rate=20):
        place.burning()

        def throttled() -> Pace:
            began = time.monotonic()
            with clocking(place.site, place.held) as moments:
                place.throttle("--rps", "5")
                refused = load.first(429, began)
            assert moments.held["rps.map"] == [f"{DEV} 5"]
            place.site.release()
            load.first(200, time.monotonic())
            return moments.pace(refused)

        hold_goal(tell, "HAProxy, throttle by command from its intent", throttled)


def test_a_block_is_there_within_a_second_of_its_second_approval_and_bites_within_another(
    place: Place, tell: Tell
) -> None:
    site = place.site
    with place.lab.load(DEV, rate=20), place.lab.load(PROD, rate=20) as load:
        place.burning()

        def blocked() -> Pace:
            asked = site.burndeck("block", f"api_key:{PROD}", "--reason", "leaked", "--yes")["action"]["id"]
            site.burndeck("approve", str(asked), "--yes", person="fay")
            began = time.monotonic()
            with clocking(site, place.held) as moments:
                site.burndeck("approve", str(asked), "--yes", person="eve")
                refused = load.first(403, began)
            assert moments.held["block.map"] == [f"{PROD} 1"]
            place.site.release()
            load.first(200, time.monotonic())
            return moments.pace(refused)

        hold_goal(tell, "HAProxy, block from the intent of its second approval", blocked)


@needs_tmux
def test_two_keys_and_enter_throttle_the_row_under_the_cursor_within_a_second_and_bite_within_another(
    place: Place, tell: Tell
) -> None:
    place.called_before(minutes=10)
    with place.lab.load(DEV, rate=60) as load, place.lab.load(PROD, rate=5) as other:
        place.burning()

        def throttled() -> Pace:
            terminal = place.site.console()
            try:
                asked = enter_again(terminal, DEV)
                with clocking(place.site, place.held) as moments:
                    pressed = time.monotonic()
                    terminal.press("Enter")
                    refused = load.first(429, pressed)
                terminal.press("4")
                terminal.until("confirmed", DEV)
            finally:
                terminal.close()
            assert DEV in asked
            assert len(moments.held["rps.map"] + moments.held["rpm.map"]) == 1
            place.site.release()
            load.first(200, time.monotonic())
            return moments.pace(refused, since=pressed)

        hold_goal(tell, "HAProxy, throttle in the console from Enter", throttled)
    assert other.count(429, 0.0, time.monotonic()) == 0
