"""Shipped runbooks walked for real at LiteLLM, under load: people, an agent, and callers who are refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.domain.money import NANO
from tests.labs.acting import until
from tests.labs.litellm import Calls, Key, LiteLLMLab, needs_litellm
from tests.labs.walking import LaterSite, Walk, lacking

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
every = "2s"
"""
ALLOCATIONS = """
[[allocations]]
id = "org-1"
scope = "organization"
monthly_credits = "{whole:.9f}"
emergency_buffer = "{used:.9f}"
at_hard_cap = "none"
at_hard_cap_prod = "none"

[[allocations]]
id = "org-1-team-{team}"
scope = "team:{team}"
monthly_credits = "{used:.9f}"
emergency_buffer = "{used:.9f}"
at_hard_cap_prod = "automatic"
"""
LEAK = {"answers": {"gone": "yes", "leaver": "no"}}
_CAPPED = "SELECT id FROM alert WHERE tier = 'hard_cap' AND incident > 0"
_BURNT = """
SELECT count(*), sum(credits_nano) FROM event
JOIN context ON context.id = event.context JOIN dim AS team ON team.id = context.team WHERE team.value = ?
"""
_BLOCKS = "SELECT 1 WHERE (SELECT count(*) FROM action WHERE kind = 'block' AND state IN (?, ?)) = 2"
_SET = ("rpm_limit", "tpm_limit", "blocked")


class Place:
    """A team with a dev key, a production key and one that leaks, and an agent that reads and rules them."""

    def __init__(self, lab: LiteLLMLab, folder: Path) -> None:
        self.lab = lab
        self.team = lab.new_team()
        self.dev, self.prod, self.leaked = (self.key(where) for where in ("dev", "prod", "prod"))
        self.site = LaterSite(
            folder / "site", CONFIG.format(url=lab.url), {"LITELLM_MASTER_KEY": lab.master_key}
        )

    @property
    def scope(self) -> str:
        """The team, as burndeck knows it."""
        return f"team:alias-{self.team}"

    def key(self, environment: str) -> Key:
        """A new key of the team."""
        return self.lab.new_key(team_id=self.team, metadata={"environment": environment})

    def held(self, key: Key) -> dict[str, Any]:
        """What the proxy holds a key to."""
        info = self.lab.info(key)
        return {name: info[name] for name in _SET}

    def burning(self, *keys: Key) -> None:
        """Waits until the ledger has seen calls of these keys, or of all."""
        names = {key.alias for key in keys or (self.dev, self.prod, self.leaked)}
        until(lambda: names <= {key for key, _, _ in self.site.burn()}, "burn", 40, self.site.said)

    def burnt(self, calls: int) -> Decimal:
        """Credits that the team has burnt; 0 until all of its calls are known."""
        ((known, nano),) = self.site.rows(_BURNT, f"alias-{self.team}")
        return Decimal(nano) / NANO if known == calls else Decimal(0)

    def budget(self) -> float | None:
        """The dollars to which the proxy holds the team."""
        info: dict[str, Any] = self.lab.look("/team/info", team_id=self.team)["team_info"]
        found: float | None = info["max_budget"]
        return found


@pytest.fixture
def place(litellm_lab: LiteLLMLab, tmp_path: Path) -> Iterator[Place]:
    made = Place(litellm_lab, tmp_path)
    try:
        made.site.start()
        yield made
    finally:
        made.site.kill()


def test_five_runbooks_are_walked_to_their_ends_on_three_keys_under_load(place: Place) -> None:
    site = place.site
    free = place.held(place.dev)
    with ExitStack() as stack:
        dev, prod, leaked = (
            stack.enter_context(place.lab.load(key, rate))
            for key, rate in ((place.dev, 12), (place.prod, 4), (place.leaked, 4))
        )
        place.burning()
        leak = leak_until_it_is_silent(place, leaked)
        held_back = throttle_until_it_is_released(place, dev)
        spike = spike_until_it_stays_down(place, dev)
        outage = outage_until_half_holds(place, dev)
        batch = batch_until_it_is_quiet(place, dev)
        assert {status for _, status in list(prod.answers)} == {200}

    site.later(minutes=13)
    assert spike.ended({})
    assert outage.script({}, pause="usual") is None
    assert batch.script({}, pause="stays-down") is None
    leak_until_it_may_be_deleted(place, leak)
    site.later(minutes=18)
    leak.do("retry", "--reason", "a quarter of an hour is over")
    for walk in (outage, batch):
        assert walk.ended({})
    assert leak.script(LEAK, pause="ended") is None
    site.later(minutes=33)  # of silence since the key was deleted
    assert leak.ended(LEAK)
    assert place.lab.call(place.leaked) == 401
    assert place.lab.look("/key/list", key_hash=place.leaked.token)["total_count"] == 0
    assert "approved by fay (finance), dan (engineering)" in leak.sentence("approve-revoke")
    assert "no call came through" in leak.sentence("ended")

    assert place.held(place.dev) == free
    throttled = f"throttle non-prod of {place.scope} to"
    key = f"api_key:{place.dev.alias}"
    for walk, words in (
        (held_back, [f"{throttled} 60 rpm"]),
        (spike, [throttled]),
        (outage, [f"throttle {key} to 6000 rpm", f"throttle {key} to 10 rpm"]),
        (batch, [f"block {key}"]),
        (leak, [f"block api_key:{place.leaked.alias}", "delete the keys of", "fay", "eve", "dan"]),
    ):
        assert lacking(walk.postmortem(), words) == []


def test_a_model_is_taken_off_a_key_until_the_fix_is_out(place: Place) -> None:
    site, lab, dev = place.site, place.lab, place.dev
    before = lab.info(dev)["models"]
    with lab.load(dev, 12) as calls:
        place.burning(dev)
        walk = Walk.start(site, "model-regression", scope=f"api_key:{dev.alias}")
        told = {"answers": {"decide": "downgrade", "which": "gpt-4o-mini", "fixed": ["not-yet", "yes"]}}
        seen = {
            "downgrade": lambda: calls.first(403, 0.0),
            "fell": lambda: statuses.append((lab.call(dev), lab.call(dev, "gpt-4o-mini"))),
            "release": lambda: calls.first(200, time.monotonic()),
        }
        statuses: list[tuple[int, int]] = []
        assert walk.script(told, pause="stays-down", seen=seen) is None

    site.later(minutes=13)
    assert walk.ended(told)
    assert statuses == [(403, 200)]
    assert lab.info(dev)["models"] == before
    assert "it needed no approval" in walk.sentence("approve")
    assert "is confirmed: refuses calls" in walk.sentence("fell")
    assert lacking(walk.postmortem(), [f"api_key:{dev.alias}", "gpt-4o-mini"]) == []


def test_a_hard_cap_refuses_a_team_and_its_override_raises_its_budget_too(place: Place) -> None:
    site, keys = place.site, (place.dev, place.prod)
    statuses = [place.lab.call(key) for key in keys * 40]
    until(lambda: place.burnt(len(statuses)), "the burn of all calls", 40, site.said)
    used = place.burnt(len(statuses))
    tables = ALLOCATIONS.format(whole=used * 40, used=used, team=f"alias-{place.team}")
    site.more(tables, organization='usd_per_credit = "1"\n')
    site.later(minutes=2)  # caps count whole minutes
    until(lambda: site.rows(_BLOCKS, "accepted", "confirmed"), "both blocks", why=site.said)
    refused = [place.lab.call(key) for key in keys]
    budget = until(place.budget, "the budget behind the cap", why=site.said)
    ((alert,),) = until(lambda: site.rows(_CAPPED), "the incident of the hard cap", why=site.said)

    more = used * Decimal("0.3")
    walk = Walk.start(site, "hard-cap-override", "--alert", str(alert), amount=f"{more:.9f}")
    assert walk.script({}, pause="resolved") is None
    until(lambda: site.rows(_BLOCKS, "reversed", "reversed"), "the end of both blocks", why=site.said)
    passed = [place.lab.call(key) for key in keys]
    until(lambda: (place.budget() or 0) > budget, "a raised budget", why=site.said)

    site.later(minutes=5)
    assert walk.ended({})
    assert (set(statuses), refused, passed) == ({200}, [401, 401], [200, 200])
    assert place.budget() == pytest.approx(1.3 * budget, rel=0.01)
    assert "below its hard cap" in walk.sentence("authorized")
    assert walk.sentence("resolved").startswith(f"Alert {alert} ended")
    assert lacking(walk.postmortem(), [f"top {place.scope} up by"]) == []


def throttle_until_it_is_released(place: Place, dev: Calls) -> Walk:
    """Holds non-production back and lets it go."""
    walk = Walk.start(place.site, "throttle-non-prod", scope=place.scope)
    began = time.monotonic()
    seen = {
        "throttle": lambda: dev.first(429, began),
        "release": lambda: dev.first(200, time.monotonic()),
    }
    assert walk.script({"answers": {"keep": "release"}}, seen=seen)
    assert "is confirmed: refuses calls" in walk.sentence("fell")
    return walk


def spike_until_it_stays_down(place: Place, dev: Calls) -> Walk:
    """Holds non-production back, and lets it go."""
    walk = Walk.start(place.site, "cost-spike", scope=place.scope, key=place.dev.alias, limit="30 rpm")
    began = time.monotonic()
    seen = {
        "throttle-non-prod": lambda: dev.first(429, began),
        "release": lambda: dev.first(200, time.monotonic()),
    }
    assert walk.script({}, pause="stays-down", seen=seen) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-non-prod")
    return walk


def outage_until_half_holds(place: Place, dev: Calls) -> Walk:
    """Holds a key loosely, which does nothing, then low, and takes the low limit off alone."""
    given = {"scope": place.scope, "key": place.dev.alias, "half": "6000 rpm"}
    walk = Walk.start(place.site, "provider-outage-retry-storm", **given)
    assert walk.script({}, pause="fell-key") is None
    assert place.held(place.dev)["rpm_limit"] == 6_000
    walk.do("overrule", "--not-met", "--reason", "nothing is refused")
    began = time.monotonic()
    over = {"overrule": {"recovered": "its status page says so, and our calls pass"}}
    seen = {
        "hold-low": lambda: dev.first(429, began),
        "let-go": lambda: dev.first(200, time.monotonic()),
    }
    assert walk.script(over, pause="half-holds", seen=seen) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-low")
    assert place.held(place.dev)["rpm_limit"] == 6_000
    return walk


def batch_until_it_is_quiet(place: Place, dev: Calls) -> Walk:
    """Blocks the key of a job at once: it is no production."""
    walk = Walk.start(place.site, "runaway-batch", scope=place.scope, key=place.dev.alias)
    told = {"answers": {"decide": "block", "stop-job": "the night job"}}
    assert walk.script(told, pause="quiet", seen={"block": lambda: dev.first(401, 0.0)}) is None
    assert "is confirmed: refuses calls" in walk.sentence("fell-block")
    assert "calls came through" in walk.current()["waits"]
    return walk


def leak_until_it_is_silent(place: Place, leaked: Calls) -> Walk:
    """Blocks a key of production once finance and engineering say so."""
    walk = Walk.start(place.site, "leaked-key", key=place.leaked.alias)
    assert walk.script({}, pause="silent", seen={"approve-block": lambda: leaked.first(401, 0.0)}) is None
    assert "approved by fay (finance), eve (engineering)" in walk.sentence("approve-block")
    assert place.held(place.leaked)["blocked"]
    return walk


def leak_until_it_may_be_deleted(place: Place, walk: Walk) -> None:
    """No gateway passes the key; it may be deleted once it was silent for a quarter of an hour."""
    played = walk.script({"answers": {"rotate": place.key("prod").alias, **LEAK["answers"]}})
    assert played is not None
    assert f"api_key:{place.leaked.alias}: " in played.stuck
    assert played.stuck.startswith("not yet: ")
    assert "no call came through" in walk.sentence("silent")
    assert "is blocked at every gateway that serves it: litellm" in walk.sentence("blocked")
    assert "served by litellm" in walk.sentence("known")
