"""Acting for real at LiteLLM: commands of people, an agent process, and callers who are refused."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.acting import until
from tests.labs.litellm import LiteLLMLab, needs_litellm
from tests.labs.litellm_place import Keys, Place
from tests.labs.speed import Tell

pytestmark = [pytest.mark.labs, needs_litellm, pytest.mark.timeout(300)]


@pytest.fixture
def place(request: pytest.FixtureRequest, litellm_lab: LiteLLMLab, tmp_path: Path) -> Iterator[Place]:
    made = Place(litellm_lab, tmp_path, getattr(request, "param", "2s"), Keys.new(litellm_lab))
    try:
        made.site.start()
        yield made
    finally:
        made.site.kill()


def test_a_throttle_hits_its_key_alone_and_is_seen_in_the_burn(place: Place, tell: Tell) -> None:
    site, before = place.site, place.held()
    began = time.time()
    with place.load() as (dev, prod):
        live_s = time.time() - began
        answer = place.throttle("--rpm", "5")
        held, refused = place.held(), dev.first(429, 0.0)
        ident = answer["action"]["id"]
        site.until_state(ident, "confirmed")
        passed = sum(status == 200 and at > refused for at, status in list(dev.answers))
        effect = site.action(ident)["effect"]
        fallen = "SELECT effect FROM action WHERE effect LIKE 'burn fell%'"
        ((fell,),) = until(lambda: site.rows(fallen), "a fall of the burn", 150, site.said)
        burn = site.burn()
        site.burndeck("release", str(ident), "--reason", "over")
        released = time.monotonic()
        again = dev.first(200, released)
        others = {status for _, status in list(prod.answers)}
    accepted_ms = answer["states"][-1]["after_ms"]

    tell(
        f"LiteLLM: burn live after {live_s:.2f} s; command to accepted {accepted_ms} ms; "
        f"{passed} passed after the first 429; "
        f"passing {again - released:.2f} s after the release; {effect!r}; {fell!r}"
    )
    assert {
        (place.dev.alias, f"alias-{place.team}", "dev"),
        (place.prod.alias, f"alias-{place.team}", "prod"),
    } <= set(burn)
    assert held == {**before, "rpm_limit": 5}
    assert passed <= 5
    assert others == {200}
    assert effect.startswith("refuses calls: the first ")
    was, is_, _ = map(float, re.findall(r"[\d.]+", fell.partition(";")[0]))
    assert was > 2 * is_
    assert site.state(ident) == "reversed"
    assert place.held() == before


@pytest.mark.parametrize("place", ["1h"], indirect=True)
def test_what_somebody_else_changed_since_the_preview_is_left_alone_and_named(place: Place) -> None:
    place.lab.admin("/key/update", key=place.dev.token, rpm_limit=700)

    entry = place.throttle("--rpm", "5", code=1)["action"]

    assert entry["state"] == "failed"
    assert "it has moved since the preview: 5000 rpm then, 700 rpm now" in entry["why"]
    assert place.held()["rpm_limit"] == 700


def test_what_expires_while_no_agent_runs_is_undone_at_its_next_start(place: Place) -> None:
    site, before = place.site, place.held()

    entry = place.throttle("--rpm", "5", "--for", "5s")["action"]
    site.kill()
    until(lambda: time.time() > entry["expires_at"], "the end of its time")
    alone = (site.state(entry["id"]), place.held())
    site.start()
    site.until_state(entry["id"], "expired")

    assert alone == ("accepted", {**before, "rpm_limit": 5})
    assert place.held() == before


def test_a_block_of_a_dev_key_is_done_at_once_and_one_of_production_when_two_people_say_so(
    place: Place,
) -> None:
    site, before = place.site, place.held(place.prod)
    with place.lab.load(place.dev, 10) as dev, place.lab.load(place.prod, 10) as prod:
        dev.first(200, 0.0)
        prod.first(200, 0.0)
        blocked = place.block(place.dev)
        dev.first(401, 0.0)
        asked = place.block(place.prod)
        number = str(asked["id"])
        site.burndeck("approve", number, "--yes", code=1)
        site.burndeck("approve", number, "--yes", person="fay")
        site.burndeck("approve", number, "--yes", person="fay", code=1)
        waited = (site.state(asked["id"]), place.held(place.prod), {status for _, status in prod.answers})
        site.burndeck("approve", number, "--yes", person="eve")
        prod.first(401, 0.0)
        site.until_state(asked["id"], "confirmed")
        site.burndeck("release", number, "--reason", "rotated")

    assert blocked["state"] in ("accepted", "confirmed")
    assert asked["waits_for"] == [["finance"], ["engineering"]]
    assert waited == ("standby", before, {200})
    assert place.held(place.prod) == before


def test_limits_of_two_keys_are_released_one_by_one_and_a_drill_changes_nothing(place: Place) -> None:
    before = (place.held(), place.held(place.prod))

    drill = place.throttle("--rpm", "5", "--drill")["action"]
    untouched = (place.held(), place.held(place.prod))
    asked = [place.throttle("--rpm", "60"), place.throttle("--tpm", "9000", key=place.prod)]
    held = (place.held()["rpm_limit"], place.held(place.prod)["tpm_limit"])
    numbers = [str(each["action"]["id"]) for each in asked]
    released = [place.site.burndeck("release", each, "--reason", "over")["actions"][0] for each in numbers]

    assert not drill["open"]
    assert untouched == before
    assert held == (60, 9_000)
    assert {each["action"]["state"] for each in released} == {"reversed"}
    assert (place.held(), place.held(place.prod)) == before
