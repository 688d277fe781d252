"""Acting for real at HAProxy: commands of people, an agent process, and callers who are refused."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.labs.acting import until
from tests.labs.haproxy import needs_haproxy
from tests.labs.haproxy_place import DEV, PROD, Place
from tests.labs.speed import Tell

pytestmark = [pytest.mark.labs, needs_haproxy]

# What is looked at in the ledger to know that something has begun, and the seconds that the rest may take.
# Without a query it is what HAProxy holds.
ASKED = (
    ("", 0.002),
    ("SELECT count(*) FROM action_step WHERE state <> 'planned'", 0.02),
    ("SELECT max(id) FROM intent", 0.15),
)
RELEASED = (
    ("", 0.002),
    ("SELECT count(*) FROM action_step WHERE state IN ('undoing', 'undone')", 0.02),
    ("SELECT max(id) FROM intent", 0.15),
)
NOTHING: dict[str, list[str]] = {"rps.map": [], "rpm.map": [], "block.map": []}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, getattr(request, "param", "1s"))
    try:
        made.site.start()
        yield made
    finally:
        made.close()


@contextmanager
def watching(place: Place) -> Iterator[list[int]]:
    """The most entries that a key was ever seen to have in a map."""
    most, stop = [0], threading.Event()

    def look() -> None:
        while not stop.wait(0.002):
            for entries in place.held().values():
                count = Counter(entry.split()[0] for entry in entries)
                most[0] = max([most[0], *count.values()])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()


def test_a_throttle_holds_its_key_to_its_limit_and_hits_no_other(place: Place, tell: Tell) -> None:
    site = place.site
    with place.lab.load(DEV, rate=40) as load, place.lab.load(PROD, rate=20) as other:
        began = time.time()
        place.burning()
        live_s = time.time() - began
        answer = place.throttle("--rps", "5", "--for", "1h")
        held = place.held()
        refused = load.first(429, 0.0)
        load.after(refused + 3)
        passed = load.count(200, refused, refused + 3)
        ident = answer["action"]["id"]
        site.until_state(ident, "confirmed")
        effect = site.action(ident)["effect"]
        released = time.monotonic()
        undone = site.burndeck("release", str(ident), "--reason", "over")
        again = load.first(200, time.monotonic())
    accepted_ms = answer["states"][-1]["after_ms"]

    tell(
        f"HAProxy: burn live after {live_s:.2f} s; command to accepted {accepted_ms} ms; "
        f"{passed} passed in 3 s at 5 rps; "
        f"released and passing {again - released:.2f} s; {effect!r}"
    )
    assert answer["state"] in ("accepted", "confirmed")
    assert answer["states"][-1]["state"] in ("accepted", "confirmed")
    assert held == {**NOTHING, "rps.map": [f"{DEV} 5"]}
    assert 5 <= passed <= 5 * 4
    assert other.count(429, 0.0, time.monotonic()) == 0
    assert effect.startswith("refuses calls: the first ")
    assert undone["actions"][0]["states"][-1]["state"] == "reversed"
    assert place.held() == place.files() == NOTHING


def test_the_burn_is_seen_to_fall_by_what_really_passes(place: Place, tell: Tell) -> None:
    site = place.site
    with place.lab.load(DEV, rate=60) as load, place.lab.load(PROD, rate=20):
        place.burning()
        until(lambda: load.count(200, 0.0, time.monotonic()) > 600, "a burn that can fall")
        words = ("throttle", f"api_key:{DEV}", "--rps", "2", "--reason", "storm", "--yes")
        ident = site.burndeck(*words)["action"]["id"]
        until(lambda: site.rows("SELECT 1 FROM action WHERE effect LIKE 'burn fell%'"), "a fall", 240)
        entry = site.action(ident)
    was, is_, after_s = map(float, re.findall(r"[\d.]+", entry["effect"].partition(";")[0]))
    each = site.rows("SELECT avg(credits_nano) / 1e9 FROM event WHERE error IS NULL")[0][0]

    tell(f"HAProxy: {entry['effect']!r}; a call costs {each:.4f} credits; 2 rps are {120 * each:.2f}")
    assert entry["state"] == "confirmed"
    assert after_s <= time.time() - entry["accepted_at"]
    assert was > 2 * is_
    assert is_ > 0.5 * 120 * each


def test_a_release_restores_exactly_what_was_there_before(place: Place) -> None:
    with place.lab.load(DEV, rate=20), place.lab.load(PROD, rate=20):
        place.burning()
        place.set_by_hand(DEV, 100)
        before = place.held()
        until(lambda: place.known(DEV) == 100, "the agent's reading of it", why=place.site.said)
        ident = place.throttle("--rps", "4")["action"]["id"]
        held = place.held()
        place.site.burndeck("release", str(ident), "--reason", "over")

    assert held["rps.map"] == [f"{DEV} 4"]
    assert place.site.state(ident) == "reversed"
    assert place.held() == place.files() == before


@pytest.mark.parametrize("place", ["1h"], indirect=True)
def test_what_somebody_else_changed_since_the_preview_is_left_alone_and_named(place: Place) -> None:
    with place.lab.load(DEV, rate=20), place.lab.load(PROD, rate=20):
        place.burning()
        place.set_by_hand(DEV, 7)
        answer = place.throttle("--rps", "4", code=1)
    detail = place.site.burndeck("actions", "show", str(answer["action"]["id"]))

    assert answer["action"]["state"] == "failed"
    assert "it has moved since the preview: no limit then, 7 rps now" in answer["action"]["why"]
    assert detail["steps"][0]["state"] == "failed"
    assert place.held()["rps.map"] == place.files()["rps.map"] == [f"{DEV} 7"]


def test_what_expires_while_no_agent_runs_is_undone_at_its_next_start(place: Place) -> None:
    site = place.site
    with place.lab.load(DEV, rate=20), place.lab.load(PROD, rate=20):
        place.burning()
        entry = place.throttle("--rps", "4", "--for", "4s")["action"]
        site.kill()
        until(lambda: time.time() > entry["expires_at"], "the end of its time")
        alone = (site.state(entry["id"]), place.held()["rps.map"], place.lab.tell("show info") != "")
        site.start()
        site.until_state(entry["id"], "expired")

    assert alone[0] in ("accepted", "confirmed")
    assert alone[1:] == ([f"{DEV} 4"], True)
    assert place.held() == place.files() == NOTHING


def test_a_block_of_a_dev_key_is_done_at_once_and_one_of_production_when_two_people_say_so(
    place: Place,
) -> None:
    site = place.site
    why = ("--reason", "leaked", "--yes")
    with place.lab.load(DEV, rate=20) as dev, place.lab.load(PROD, rate=20) as prod:
        place.burning()
        blocked = site.burndeck("block", f"api_key:{DEV}", *why)
        dev.first(403, 0.0)
        asked = site.burndeck("block", f"api_key:{PROD}", *why)["action"]
        number = str(asked["id"])
        own = site.burndeck("approve", number, "--yes", code=1)
        site.burndeck("approve", number, "--yes", person="fay")
        again = site.burndeck("approve", number, "--yes", person="fay", code=1)
        waited = (site.state(asked["id"]), place.held()["block.map"], prod.count(403, 0.0, time.monotonic()))
        site.burndeck("approve", number, "--yes", person="eve")
        prod.first(403, 0.0)
        site.until_state(asked["id"], "confirmed")

    assert blocked["action"]["state"] in ("accepted", "confirmed")
    assert asked["state"] == "standby"
    assert asked["waits_for"] == [["finance"], ["engineering"]]
    assert own["reason"] and again["reason"]
    assert waited == ("standby", [f"{DEV} 1"], 0)
    assert place.held()["block.map"] == [f"{DEV} 1", f"{PROD} 1"]
    assert [each["person"] for each in site.action(asked["id"])["given"]] == ["fay", "eve"]


def test_an_incidents_actions_are_released_together_and_a_drill_changes_nothing(place: Place) -> None:
    site = place.site
    place.called_before(minutes=30)  # three quarters of what the team may burn
    with place.lab.load(DEV, rate=20), place.lab.load(PROD, rate=20):
        place.burning()
        files = {path: path.stat().st_mtime_ns for path in place.lab.maps.iterdir()}
        drill = place.throttle("--rps", "4", "--drill")
        untouched = (place.held(), {path: path.stat().st_mtime_ns for path in place.lab.maps.iterdir()})
        ((incident,),) = until(lambda: site.rows("SELECT id FROM incident"), "an incident", why=site.said)
        of_it = ("--incident", str(incident))
        first = place.throttle("--rps", "4", *of_it)["action"]["id"]
        second = place.throttle("--rpm", "180", *of_it, key=PROD)["action"]["id"]
        apart = site.burndeck("block", f"api_key:{DEV}", "--reason", "leaked", "--yes")["action"]["id"]
        held = place.held()
        released = site.burndeck("release", *of_it, "--reason", "over")

    assert drill["action"]["drill"]
    assert not drill["action"]["open"]
    assert untouched == (NOTHING, files)
    assert held == {"rps.map": [f"{DEV} 4"], "rpm.map": [f"{PROD} 180"], "block.map": [f"{DEV} 1"]}
    became = {each["action"]["id"]: each["action"]["state"] for each in released["actions"]}
    assert (became.pop(first), became.pop(second)) == ("reversed", "reversed")
    assert set(became.values()) <= {"standby"}  # what the agent itself asks for at a soft cap
    assert site.state(apart) in ("accepted", "confirmed")
    assert place.held() == place.files() == {**NOTHING, "block.map": [f"{DEV} 1"]}


def test_an_agent_killed_at_any_moment_of_a_throttle_or_its_undo_ends_it_right(
    place: Place, tell: Tell
) -> None:
    site, chance, done = place.site, random.Random(7), []
    with place.lab.load(DEV, rate=50), place.lab.load(PROD, rate=20), watching(place) as most:
        place.burning()
        for turn in range(1, 7):
            words = ["throttle", f"api_key:{DEV}", "--rps", str(turn), "--reason", "storm", "--yes"]
            begun, rest_s = ASKED[turn % 3]
            done.append(place.killed_during(words, begun, chance.uniform(0, rest_s)))
            site.until_state(turn, "accepted", "confirmed")
            assert place.held() == place.files() == {**NOTHING, "rps.map": [f"{DEV} {turn}"]}
            begun, rest_s = RELEASED[(turn + 1) % 3]
            done.append(place.killed_during(["release", str(turn)], begun, chance.uniform(0, rest_s)))
            site.until_state(turn, "reversed")
            assert place.held() == place.files() == NOTHING

    tell(f"HAProxy: killed when the action was {', '.join(done)}")
    assert most == [1]
    assert site.rows("SELECT count(*) FROM action") == [(6,)]
    assert site.burndeck("audit", "verify")
