"""Shipped runbooks walked for real at HAProxy, under load: people, an agent, and callers who are refused."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.money import NANO
from tests.labs.acting import until
from tests.labs.haproxy import HAProxyLab, Load, needs_haproxy
from tests.labs.walking import LaterSite, Walk, lacking

pytestmark = [pytest.mark.labs, needs_haproxy]

DEV, PROD, NEXT = "key_batch", "key_search", "key_next"
OWNERS = """\
[keys.key_batch]
team = "search"
environment = "dev"

[keys.key_search]
team = "search"
environment = "prod"

[keys.key_next]
team = "search"
environment = "prod"
"""
CONFIG = """\
[registry]
files = ["owners.toml"]

[[sources]]
kind = "haproxy"
log = "{lab.log}"
listen = "127.0.0.1:{lab.log_port}"
every = "1s"

[[gateways]]
kind = "haproxy"
socket = "{lab.gateway.socket}"
maps = "{lab.maps}"
log = "{lab.log}"
every = "1s"
"""
ALLOCATIONS = """
[[allocations]]
id = "org-1"
scope = "organization"
monthly_credits = "{whole:.6f}"
emergency_buffer = "{buffer:.6f}"
at_hard_cap = "none"
at_hard_cap_prod = "none"

[[allocations]]
id = "org-1-team-search"
scope = "team:search"
monthly_credits = "{team:.6f}"
emergency_buffer = "{buffer:.6f}"
at_hard_cap_prod = "automatic"
"""
LEAK = {"answers": {"gone": "yes", "leaver": "no"}}
NOTHING: dict[str, list[str]] = {"rps.map": [], "rpm.map": [], "block.map": []}
_CAPPED = "SELECT id FROM alert WHERE tier = 'hard_cap' AND incident > 0"
USUAL = 120  # calls a minute of each key, in the hours before


class Place:
    """A HAProxy that has been called for hours, with an agent that reads and rules it."""

    def __init__(self, folder: Path) -> None:
        (folder / "haproxy").mkdir()
        self.lab = HAProxyLab(folder / "haproxy")
        with (self.lab.maps / "keys.map").open("a") as keys:
            keys.write(f"{hashlib.sha256(b'sk-test-next').hexdigest()} {NEXT}\n")
        self.site = LaterSite(folder / "site", CONFIG.format(lab=self.lab))
        (self.site.folder / "owners.toml").write_text(OWNERS)
        self.lab.start()
        self._call_before(hours=3)

    def held(self) -> dict[str, list[str]]:
        """What the running HAProxy holds, entry by entry, in each map."""
        found = {}
        for name in NOTHING:
            shown = self.lab.tell(f"show map {self.lab.maps / name}")
            found[name] = sorted(" ".join(line.split()[1:]) for line in shown.splitlines() if line)
        return found

    def burnt(self) -> Decimal:
        """Credits that all keys have burnt."""
        return Decimal(self.site.rows("SELECT sum(credits_nano) FROM event")[0][0]) / NANO

    def known(self) -> None:
        """Waits until the ledger has the calls of the hours before."""
        calls = 3 * 60 * USUAL
        sql = "SELECT count(*) FROM event"
        until(lambda: self.site.rows(sql) >= [(2 * calls,)], "the hours before", why=self.site.said)

    def _call_before(self, hours: int) -> None:
        """Puts an even burn of the hours before into the log: what is usual is known by it."""
        line = {"model": "gpt-4o", "method": "POST", "path": "/v1/chat/completions", "status": 200, "ms": 5}
        tokens = {"prompt_tokens": "30", "cached_tokens": "10", "completion_tokens": "100"}
        now, rest = time.time(), {"decision": "ok", "limit": "-", **line, **tokens}
        rows = (
            json.dumps({"ts": round(now - back * 60 / USUAL, 3), "key": key, **rest})
            for back in range(hours * 60 * USUAL, 0, -1)
            for key in (DEV, PROD)
        )
        with self.lab.log.open("a") as log:
            log.write("".join(f"{row}\n" for row in rows))

    def close(self) -> None:
        self.site.kill()
        self.lab.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    try:
        made.site.start()
        made.known()
        yield made
    finally:
        made.close()


def test_throttle_non_prod_is_walked_by_commands_and_hits_the_dev_key_alone(place: Place) -> None:
    with place.lab.load(DEV, rate=30) as dev, place.lab.load(PROD, rate=20) as prod:
        walk = Walk.start(place.site, "throttle-non-prod", scope="team:search")
        walk.at("decide")
        walk.do("answer", "yes")
        walk.do("act", "--yes")
        dev.first(429, 0.0)
        held = place.held()
        walk.at("keep")
        walk.do("answer", "release")
        walk.do("act", "--reason", "over")
        dev.first(200, time.monotonic())
        walk.at("note")
        walk.do("answer", "nothing holds; shorter prompts, by the team's lead")
        refused = prod.count(429, 0.0, time.monotonic())

    assert held == {**NOTHING, "rpm.map": [f"{DEV} 60"]}
    assert "is confirmed: refuses calls" in walk.step("fell")["run"]["outcome"]
    assert refused == 0
    assert place.held() == NOTHING
    assert walk.resume()["state"] == "done"
    assert lacking(walk.postmortem(), ["throttle non-prod of team:search to 60 rpm", "horter prompts"]) == []


def test_a_hard_cap_refuses_a_team_and_its_override_lets_it_pass_again(place: Place) -> None:
    site, used = place.site, place.burnt()
    site.more(ALLOCATIONS.format(whole=used * 40, team=used * Decimal("0.9"), buffer=used))
    site.later(minutes=0)
    with place.lab.load(DEV, rate=10) as dev, place.lab.load(PROD, rate=10) as prod:
        dev.first(403, 0.0)
        prod.first(403, 0.0)
        held = place.held()
        ((alert,),) = until(lambda: site.rows(_CAPPED), "the incident of the hard cap", why=site.said)
        walk = Walk.start(site, "hard-cap-override", "--alert", str(alert), amount=f"{used * 20:.6f}")
        assert walk.script({}, pause="resolved") is None
        for load in (dev, prod):
            load.first(200, time.monotonic())

    site.later(minutes=5)
    assert walk.ended({})
    assert held == {**NOTHING, "block.map": [f"{DEV} 1", f"{PROD} 1"]}
    assert place.held() == NOTHING
    assert "its hard cap of" in walk.sentence("evidence")
    assert "approved by fay (finance), eve (engineering)" in walk.sentence("approve")
    assert "below its hard cap" in walk.sentence("authorized")
    assert walk.sentence("resolved").startswith(f"Alert {alert} ended")
    assert lacking(walk.postmortem(), ["top team:search up by", "block non-prod of team:search"]) == []


def test_a_model_regression_says_that_haproxy_knows_no_models_and_leads_another_way(place: Place) -> None:
    walk = Walk.start(place.site, "model-regression", scope="team:search")
    told = {"answers": {"decide": ["downgrade", "accept"], "which": "gpt-4o-mini"}}

    assert walk.ended(told)

    by_step = [(end.id, end.state, end.answer) for end in walk.ends]
    assert [answer for ident, _, answer in by_step if ident == "decide"] == ["downgrade", "accept"]
    assert ("downgrade", "skipped", "") in by_step
    assert "haproxy cannot take models from a team. It can throttle or block it." in walk.sentence(
        "downgrade"
    )
    assert place.held() == NOTHING


def test_four_runbooks_are_walked_to_their_ends_on_two_keys_under_load(place: Place) -> None:
    site = place.site
    with place.lab.load(DEV, rate=30) as dev, place.lab.load(PROD, rate=20) as prod:
        spike = spike_until_it_stays_down(place, dev)
        outage = outage_until_half_holds(place, dev)
        assert prod.count(200, 0.0, time.monotonic()) == len(prod.answers)
        batch = batch_until_it_is_quiet(place, dev)
        leak = leak_until_it_is_silent(place, prod)

    site.later(minutes=13)
    assert spike.ended({"answers": {"prevent": "a standing limit"}})
    assert outage.script({}, pause="usual") is None
    assert batch.script({}, pause="stays-down") is None
    leak_until_it_was_silent_for_long(leak)
    site.later(minutes=18)
    leak.do("retry", "--reason", "a quarter of an hour is over")
    for walk in (outage, batch, leak):
        assert walk.ended(not_deleted(walk) if walk is leak else {})

    assert place.held() == {**NOTHING, "block.map": [f"{PROD} 1"]}
    for walk, words in (
        (spike, ["throttle non-prod of team:search"]),
        (outage, [f"throttle api_key:{DEV} to 6000 rpm", f"throttle api_key:{DEV} to 10 rpm"]),
        (batch, [f"block api_key:{DEV}"]),
        (leak, [f"block api_key:{PROD}", "fay", "eve"]),
    ):
        assert lacking(walk.postmortem(), words) == []


def spike_until_it_stays_down(place: Place, dev: Load) -> Walk:
    """Holds non-production back to what is usual, and lets it go."""
    walk = Walk.start(place.site, "cost-spike", scope="team:search", key=DEV)
    seen = {
        "throttle-non-prod": lambda: dev.first(429, 0.0),
        "release": lambda: dev.first(200, time.monotonic()),
    }
    assert walk.script({}, pause="stays-down", seen=seen) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-non-prod")
    assert place.held() == NOTHING
    return walk


def outage_until_half_holds(place: Place, dev: Load) -> Walk:
    """Holds a key loosely, which does nothing, then low, and takes the low limit off alone."""
    walk = Walk.start(
        place.site, "provider-outage-retry-storm", scope="team:search", key=DEV, half="6000 rpm"
    )
    assert walk.script({}, pause="fell-key") is None
    assert place.held()["rpm.map"] == [f"{DEV} 6000"]
    walk.do("overrule", "--not-met", "--reason", "nothing is refused")
    began = time.monotonic()
    over = {"overrule": {"recovered": "its status page says so, and our calls pass"}}
    seen = {
        "hold-low": lambda: dev.first(429, began),
        "let-go": lambda: dev.first(200, time.monotonic()),
    }
    assert walk.script(over, pause="half-holds", seen=seen) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-low")
    assert place.held()["rpm.map"] == [f"{DEV} 6000"]
    return walk


def batch_until_it_is_quiet(place: Place, dev: Load) -> Walk:
    """Blocks the key of a job at once: it is no production."""
    walk = Walk.start(place.site, "runaway-batch", scope="team:search", key=DEV)
    told = {"answers": {"decide": "block", "stop-job": "the night job"}}
    assert walk.script(told, pause="quiet", seen={"block": lambda: dev.first(403, 0.0)}) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-block")
    assert "calls came through" in walk.current()["waits"]
    return walk


def leak_until_it_is_silent(place: Place, prod: Load) -> Walk:
    """Blocks a key of production once finance and engineering say so."""
    walk = Walk.start(place.site, "leaked-key", key=PROD)
    assert walk.script({}, pause="silent", seen={"approve-block": lambda: prod.first(403, 0.0)}) is None
    assert "approved by fay (finance), eve (engineering)" in walk.sentence("approve-block")
    assert place.held()["block.map"] == [f"{DEV} 1", f"{PROD} 1"]
    assert "calls came through" in walk.current()["waits"]
    return walk


def leak_until_it_was_silent_for_long(walk: Walk) -> None:
    """No gateway passes the key any more; it may be deleted after a quarter of an hour."""
    played = walk.script({"answers": {"rotate": NEXT, **LEAK["answers"]}})
    assert played is not None
    assert played.stuck.startswith(f"not yet: api_key:{PROD}: ")
    assert "no call came through" in walk.sentence("silent")
    assert f"{PROD} is blocked at every gateway that serves it: haproxy" in walk.sentence("blocked")
    assert "served by haproxy" in walk.sentence("known")


def not_deleted(walk: Walk) -> dict[str, Any]:
    """The end of a script after it was said that HAProxy cannot delete a key."""
    played = walk.script(LEAK)
    assert played is not None
    assert "haproxy cannot delete a key" in played.stuck
    skip = {"revoke": "the block lasts until keys.map goes without it", "approve-revoke": "nothing was asked"}
    return {**LEAK, "skip": skip}
