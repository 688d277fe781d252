"""Acting for real at LiteLLM: commands of people, an agent process, and callers who are refused."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.labs.acting import SLACK_S, Site, clocking, enter_again, needs_tmux, until
from tests.labs.litellm import Calls, Key, LiteLLMLab, needs_litellm

pytestmark = [pytest.mark.labs, needs_litellm, pytest.mark.timeout(300)]

CONFIG = """\
[[sources]]
kind = "litellm"
base_url = "{url}"
every = "1s"
history = "15m"

[[gateways]]
kind = "litellm"
base_url = "{url}"
every = "{every}"
"""
_MANY = 60
"""Calls of a load before anything is done: some minute of them is well above every limit used here."""
_SET = ("rpm_limit", "tpm_limit", "max_parallel_requests", "blocked", "max_budget", "models", "metadata")


class Keys(NamedTuple):
    """A team of the proxy with a key that is no production, and one that is."""

    team: str
    dev: Key
    prod: Key

    @classmethod
    def new(cls, lab: LiteLLMLab) -> Keys:
        """New ones."""
        team = lab.new_team()
        dev = lab.new_key(team_id=team, metadata={"environment": "dev"}, rpm_limit=5_000)
        return cls(team, dev, lab.new_key(team_id=team, metadata={"environment": "prod"}))


class Place:
    """Two keys of the proxy, one of production and one not, and an agent that reads and rules them."""

    def __init__(self, lab: LiteLLMLab, folder: Path, every: str, keys: Keys) -> None:
        self.lab = lab
        self.team, self.dev, self.prod = keys
        config = CONFIG.format(url=lab.url, every=every)
        self.site = Site(folder / "site", config, {"LITELLM_MASTER_KEY": lab.master_key})

    def held(self, key: Key | None = None) -> dict[str, Any]:
        """What the proxy holds a key to: the dev key, unless another one is named."""
        info = self.lab.info(key or self.dev)
        return {name: info[name] for name in _SET}

    def throttle(self, *words: str, key: Key | None = None, code: int = 0) -> dict[str, Any]:
        """What `burndeck throttle` says once the action is accepted or has failed."""
        why = ("--reason", "storm", "--yes")
        return self.site.burndeck("throttle", _scope(key or self.dev), *words, *why, code=code)

    def block(self, key: Key) -> dict[str, Any]:
        """What `burndeck block` says once the action is accepted or waits."""
        entry: dict[str, Any] = self.site.burndeck("block", _scope(key), "--reason", "leaked", "--yes")[
            "action"
        ]
        return entry

    @contextmanager
    def load(self, dev: float = 15, prod: float = 5) -> Iterator[tuple[Calls, Calls]]:
        """Callers on both keys, once the ledger has seen enough calls that a limit is foreseen to bite."""
        with self.lab.load(self.dev, dev) as first, self.lab.load(self.prod, prod) as second:
            until(lambda: self._seen(self.dev) > _MANY and self._seen(self.prod), "burn", 60, self.site.said)
            yield first, second

    def _seen(self, key: Key) -> int:
        return sum(count for (name, _, _), count in self.site.burn().items() if name == key.alias)


@pytest.fixture(scope="module", autouse=True)
def early(litellm_lab: LiteLLMLab) -> tuple[Keys, float]:
    """Keys that have called before all else, and when: screens show whole minutes."""
    keys = Keys.new(litellm_lab)
    assert {litellm_lab.call(key) for key in (keys.prod, *[keys.dev] * 20)} == {200}
    return keys, time.time()


@pytest.fixture
def place(request: pytest.FixtureRequest, litellm_lab: LiteLLMLab, tmp_path: Path) -> Iterator[Place]:
    made = Place(litellm_lab, tmp_path, getattr(request, "param", "2s"), Keys.new(litellm_lab))
    try:
        made.site.start()
        yield made
    finally:
        made.site.kill()


def test_a_throttle_bites_at_once_hits_its_key_alone_and_is_seen_in_the_burn(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    site, before = place.site, place.held()
    began = time.time()
    with place.load() as (dev, prod):
        live_s = time.time() - began
        with clocking(site, place.held, 0.02) as moments:
            answer = place.throttle("--rpm", "5")
            refused = dev.first(429, 0.0)
        refused_at = time.time() - (time.monotonic() - refused)
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

    with capsys.disabled():
        print(
            f"\nLiteLLM: burn live after {live_s:.2f} s; intent to proxy's change "
            f"{(moments.changed - moments.intent) * 1000:.0f} ms; command to accepted {accepted_ms} ms; "
            f"change to first 429 {(refused_at - moments.changed) * 1000:.0f} ms; {passed} passed after it; "
            f"passing {again - released:.2f} s after the release; {effect!r}; {fell!r}"
        )
    assert {
        (place.dev.alias, f"alias-{place.team}", "dev"),
        (place.prod.alias, f"alias-{place.team}", "prod"),
    } <= set(burn)
    assert moments.held[0] == {**before, "rpm_limit": 5}
    assert moments.changed - moments.intent < SLACK_S
    assert refused_at - moments.changed < SLACK_S
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
    place: Place, capsys: pytest.CaptureFixture[str]
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
        with clocking(site, lambda: place.held(place.prod), 0.02) as moments:
            site.burndeck("approve", number, "--yes", person="eve")
            refused = prod.first(401, 0.0)
        refused_at = time.time() - (time.monotonic() - refused)
        site.until_state(asked["id"], "confirmed")
        site.burndeck("release", number, "--reason", "rotated")

    with capsys.disabled():
        print(
            f"\nLiteLLM: second approval to the block {(moments.changed - moments.intent) * 1000:.0f} ms, "
            f"and to the first 401 {(refused_at - moments.changed) * 1000:.0f} ms more"
        )
    assert refused_at - moments.intent < SLACK_S
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


@needs_tmux
def test_two_keys_and_a_confirmation_throttle_the_row_under_the_cursor(
    litellm_lab: LiteLLMLab, early: tuple[Keys, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, called_at = early
    place = Place(litellm_lab, tmp_path, "2s", keys)
    until(lambda: time.time() // 60 > called_at // 60, "the end of the minute of the first calls", 70)
    place.site.start()
    until(lambda: len(place.site.burn()) > 1, "burn of two keys", 40, place.site.said)
    terminal = place.site.console()
    try:
        with litellm_lab.load(keys.dev, 20) as load:
            enter_again(terminal, keys.dev.alias, *"5", "Space", *"rpm")
            with clocking(place.site, place.held, 0.02) as moments:
                pressed = time.time()
                terminal.press("Enter")
                refused = load.first(429, 0.0)
        refused_at = time.time() - (time.monotonic() - refused)
    finally:
        terminal.close()
        place.site.kill()

    with capsys.disabled():
        print(
            f"\nLiteLLM, by keys: Enter to the change {(moments.changed - pressed) * 1000:.0f} ms, "
            f"from there to the first 429 {(refused_at - moments.changed) * 1000:.0f} ms"
        )
    assert moments.changed - pressed < SLACK_S
    assert refused_at - moments.changed < SLACK_S


def _scope(key: Key) -> str:
    return f"api_key:{key.alias}"
